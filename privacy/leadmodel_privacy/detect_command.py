"""`leadmodel-privacy detect`: redacts JSON lines from standard input, one by one. No message contains any part of a text."""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from leadmodel_privacy.configuration import ENTITIES, Config, ConfigError, loads
from leadmodel_privacy.detect import Detector

_HELP = f"""\
Finds personal data in texts and replaces it by placeholders. Reads JSON lines, writes JSON lines, in the same order:

  $ echo '{{"text": "write to jane@example.org"}}' | leadmodel-privacy detect
  {{"text": "write to [EMAIL]", "spans": [[9, 25, "EMAIL"]]}}

"spans" are [start, end, entity] in characters of the text that came in. A text that is itself JSON is read string by string
and stays JSON. Other fields of a line are not copied: they could hold personal data too.

Entities: {", ".join(ENTITIES[:9])},
  {", ".join(ENTITIES[9:])}.

A configuration is a JSON object; every setting may be left out:

  {{"off": ["NAME"],                    entities that are not looked for
   "fields": ["text"],                 in JSON texts, only these fields
   "regions": ["US", "DE"],            countries whose national phone numbers are known
   "custom": [{{"entity": "CUSTOMER_NO", "pattern": "KD-\\\\d{{6}}", "ignoreCase": true}}]}}

Own patterns must be linear in time: each repeat needs an end, such as {{1,20}}.
"""


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the command `detect` to the program."""
    p = commands.add_parser(
        "detect",
        help='redact JSON lines {"text": ...} from standard input',
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_config(p)
    p.add_argument(
        "--version", action="store_true", help="print the version of code and configuration, and end"
    )
    p.set_defaults(run=run)


def add_config(p: argparse.ArgumentParser) -> None:
    """Add the option `--config`, whose file `configured` reads."""
    p.add_argument("--config", metavar="FILE", type=Path, help="the detector's configuration (JSON)")


def configured(path: Path | None) -> Config:
    """The configuration in a file, or the default for None.

    Raises:
        ConfigError: The file cannot be read or holds no usable configuration.
    """
    if path is None:
        return Config()
    try:
        return loads(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error


def run(given: argparse.Namespace) -> int:
    """Redact standard input and return the exit code."""
    try:
        detector = Detector(configured(given.config))
    except ConfigError as error:
        print(f"leadmodel-privacy: {error}", file=sys.stderr)
        return 2
    if given.version:
        print(detector.version)
        return 0
    try:
        return _lines(detector)
    except BrokenPipeError:
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
        )  # the reader has gone: the rest is for nobody
        return 0


def _lines(detector: Detector) -> int:
    bad = 0
    for number, line in enumerate(sys.stdin, 1):
        if not line.strip():
            continue
        text = _text(line)
        if text is None:
            bad += 1
            print(
                f'leadmodel-privacy: line {number} is not an object with a string "text"; left out',
                file=sys.stderr,
            )
            continue
        print(_answer(detector, text), flush=True)
    return 2 if bad else 0


def _text(line: str) -> str | None:
    try:
        text = json.loads(line)["text"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return text if isinstance(text, str) else None


def _answer(detector: Detector, text: str) -> str:
    found = detector.examine(text)
    answer = {"text": found.text, "spans": [list(span) for span in found.spans]}
    line = json.dumps(answer, ensure_ascii=False)
    try:
        line.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can spell and UTF-8 cannot
        return json.dumps(answer)
    return line
