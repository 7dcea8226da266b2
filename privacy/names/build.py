"""Makes the lexicon and the weights of the name tagger anew: `make names`. The same sources make the same bytes."""

import argparse
import sys
from pathlib import Path

import lexicon
import sentences

import training
from leadmodel_privacy.name_tagger import DATA, lexicon_from

SEED, STRENGTH = 17, 0.5


def main() -> None:
    """Write the lexicon and the weights of the tagger."""
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument(
        "--text", type=Path, help="folder with Banking77 and CLINC150; without it only generated sentences"
    )
    p.add_argument("--out", type=Path, default=DATA, help="where the files go")
    given = p.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    words = lexicon.build()
    print(lexicon.summary(words), file=sys.stderr, flush=True)
    listed = lexicon.packed(words)
    (given.out / "lexicon.xz").write_bytes(listed)
    judged = training.rows(sentences.corpus(words, given.text, SEED), lexicon_from(listed), SEED)
    names = sum(is_name for _, is_name in judged)
    print(f"{len(judged):,} words judged, {names:,} of them names", file=sys.stderr, flush=True)
    weights = training.fit(judged, STRENGTH)
    (given.out / "weights.xz").write_bytes(packed := training.packed(weights))
    print(f"{len(weights):,} weights; {len(listed):,} + {len(packed):,} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
