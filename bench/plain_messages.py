"""Altered messages per 1,000 for each level of `names`, on the tests of Banking77 and CLINC150, in which hardly anybody is named.

    LEADMODEL_DATA=FOLDER python bench/plain_messages.py [--show N]

The folder holds `text/banking77-test.csv.gz` (3,080 messages, column `text`) and `text/clinc150.json.gz` (5,500 messages under `test` and
`oos_test`). Some messages of CLINC150 do name a person (*call me bob*): read `--show` before you call an altered message an error.
"""

import argparse
import csv
import gzip
import json
import os
import sys
import time
from pathlib import Path

from leadmodel_privacy.configuration import NAME_LEVELS, Config
from leadmodel_privacy.detect import Detector


def banking77(folder: Path) -> list[str]:
    """The messages of the test."""
    with gzip.open(folder / "banking77-test.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file)]


def clinc150(folder: Path) -> list[str]:
    """The messages of the test, those of no intent too."""
    with gzip.open(folder / "clinc150.json.gz", "rt", encoding="utf-8") as file:
        parts = json.load(file)
    return [text for part in ("test", "oos_test") for text, _intent in parts[part]]


def main() -> None:
    """Print one line for each set and level."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument(
        "--show", type=int, default=0, metavar="N", help="print the first N altered messages of each line"
    )
    given = p.parse_args()
    if not os.environ.get("LEADMODEL_DATA"):
        sys.exit("bench/plain_messages.py: LEADMODEL_DATA is not set: name the folder that holds the texts")
    folder = Path(os.environ["LEADMODEL_DATA"]) / "text"
    print(
        f"{'set':12} {'names':10} {'messages':>8} {'altered':>8} {'by name':>8} {'per 1,000':>9} {'texts/s':>8}"
    )
    for name, texts in (("Banking77", banking77(folder)), ("CLINC150", clinc150(folder))):
        for level in NAME_LEVELS:
            detector = Detector(Config(names=level))
            detector.redact("Anna")  # reads the lexicon
            started = time.process_time()
            redacted = [detector.redact(text)[0] for text in texts]
            rate = len(texts) / (time.process_time() - started)
            altered = [new for old, new in zip(texts, redacted, strict=True) if new != old]
            by_name = sum("[NAME]" in text for text in altered)
            print(
                f"{name:12} {level:10} {len(texts):8,} {len(altered):8,} {by_name:8,} {1000 * len(altered) / len(texts):9.1f} {rate:8,.0f}"
            )
            for text in altered[: given.show]:
                print(f"    {text}")


if __name__ == "__main__":
    main()
