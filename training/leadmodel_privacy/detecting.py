"""`leadmodel-privacy detect`: JSON lines in, JSON lines out."""

import argparse
import json
import sys
from typing import Any

from leadmodel_privacy.detect import detect, redact


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the command to the program."""
    p = commands.add_parser(
        "detect", help='JSON lines {"text": ...} on standard input, redacted on standard output'
    )
    p.set_defaults(run=run)


def _text(line: str) -> str | None:
    try:
        found = json.loads(line)["text"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if isinstance(found, str) else None


def run(_given: argparse.Namespace) -> int:
    """Redact standard input; the exit code."""
    for number, line in enumerate(sys.stdin, 1):
        text = _text(line)
        if text is None:
            print(f'leadmodel-privacy: line {number} is not an object with a string "text"', file=sys.stderr)
            return 2
        spans = [list(span) for span in detect(text)]
        print(json.dumps({"text": redact(text)[0], "spans": spans}, ensure_ascii=False))
    return 0
