"""Makes the shipped tables of language and sentiment anew: `make tables`. The same sources make the same document."""

import argparse
import hashlib
import sys
from pathlib import Path

import language
import sentiment
import snippets

from leadmodel_text.base import FILE
from leadmodel_text.document import Document, LanguageHead, LexiconHead, Source
from leadmodel_text.files import dump, pack
from leadmodel_text.tokens import VERSION

HERE = Path(__file__).parent
MADE = HERE / "made.sha256"
PARTS = ("sources.py", "snippets.py", "language.py", "sentiment.py", "domain_words.txt", "requirements.txt")
TRAINED_AT, TIME = "2026-11-30T00:00:00Z", 1_795_996_800


def main() -> None:
    """Write the document, and the digests that a test compares."""
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument(
        "--text", type=Path, help="folder with banking77 and CLINC150: chooses the domain's words anew"
    )
    given = p.parse_args()
    if given.text:
        sentiment.LIST.write_text("\n".join(sentiment.domain_words(given.text)) + "\n", encoding="utf-8")
    document = made(language.head(), sentiment.head())
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_bytes(packed := pack(document))
    lines = (f"{digest}  {name}\n" for name, digest in digests(dump(document)).items())
    MADE.write_text("".join(lines), encoding="utf-8")
    print(f"{len(packed):,} bytes", file=sys.stderr)


def made(languages: LanguageHead, lexicon: LexiconHead) -> Document:
    """Return the document of both tables with their sources."""
    others = len(snippets.CHAINS) + len(snippets.LISTED)
    return Document(
        name="base",
        version=TIME,
        trained_at=TRAINED_AT,
        tokenizer=VERSION,
        languages=("en",),
        sentiment=lexicon,
        language=languages,
        provenance=(
            Source("vaderSentiment 3.3.2, vader_lexicon.txt", "MIT", len(lexicon.table.features)),
            Source("banking77, train (choice of words)", "CC-BY-4.0", 10_003),
            Source("CLINC150, train (choice of words)", "CC-BY-3.0", 15_000),
            Source(
                "langdetect 1.0.9, counts of letters", "Apache-2.0", len(snippets.OURS) + len(snippets.CHAINS)
            ),
            Source("pyspellchecker 0.9.1, counts of words", "MIT", len(snippets.OURS)),
            Source("Django 5.2, counts of words in catalogs", "BSD-3-Clause", others),
        ),
    )


def digests(document: bytes) -> dict[str, str]:
    """SHA-256 of each part of the generator, and of the document that they made."""
    parts = {name: (HERE / name).read_bytes() for name in PARTS}
    return {name: hashlib.sha256(data).hexdigest() for name, data in (parts | {"document": document}).items()}


if __name__ == "__main__":
    main()
