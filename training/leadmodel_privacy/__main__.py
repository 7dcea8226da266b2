"""`leadmodel-privacy detect`: JSON lines in, JSON lines out. Nothing of a text is ever in a message."""

import argparse
import json
import sys
from collections.abc import Sequence

from leadmodel_privacy.detect import detect, redact


def parser() -> argparse.ArgumentParser:
    """What the program takes."""
    p = argparse.ArgumentParser(prog="leadmodel-privacy", description="Find and redact personal data.")
    commands = p.add_subparsers(dest="command", required=True)
    commands.add_parser(
        "detect", help='JSON lines {"text": ...} on standard input, redacted on standard output'
    )
    return p


def _text(line: str) -> str | None:
    try:
        found = json.loads(line)["text"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if isinstance(found, str) else None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; the exit code."""
    parser().parse_args(arguments)
    for number, line in enumerate(sys.stdin, 1):
        text = _text(line)
        if text is None:
            print(f'leadmodel-privacy: line {number} is not an object with a string "text"', file=sys.stderr)
            return 2
        spans = [list(span) for span in detect(text)]
        print(json.dumps({"text": redact(text)[0], "spans": spans}, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
