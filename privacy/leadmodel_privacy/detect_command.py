"""`leadmodel-privacy detect`: redacts JSON lines from standard input, one by one. No message contains any part of a text."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from leadmodel_messages.exits import DetectExit
from leadmodel_privacy.configuration import ENTITIES, NAME_LEVELS, Config, ConfigError, loads, with_names
from leadmodel_privacy.detect import Detector

_MAX_TEXT = 1_000_000  # characters; the worst ones known take a hundred bytes of memory each
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
   "names": "balanced",                names of people: cues, careful, balanced or strict
   "keep": ["Acme"],                   words that are never taken for a name
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
        "--max-text",
        type=int,
        default=_MAX_TEXT,
        metavar="N",
        help=f"longest text read, in characters; a line with a longer one is left out (default: {_MAX_TEXT})",
    )
    p.add_argument(
        "--version", action="store_true", help="print the version of code and configuration, and end"
    )
    p.set_defaults(run=run)


def add_config(p: argparse.ArgumentParser) -> None:
    """Add the options from which `configured` makes the configuration."""
    p.add_argument("--config", metavar="FILE", type=Path, help="the detector's configuration (JSON)")
    add_names(p)


def add_names(p: argparse.ArgumentParser) -> None:
    """Add the options for names of people, which the backfill has too."""
    p.add_argument(
        "--names",
        choices=NAME_LEVELS,
        help="names of people: only after cues, or anywhere: careful alters least, strict finds most; default: the configuration's",
    )
    p.add_argument(
        "--keep",
        action="append",
        default=[],
        metavar="TEXT",
        help="never taken for a name, such as a company; repeatable",
    )


def configured(given: argparse.Namespace) -> Config:
    """The configuration in a file, or the default without one, with the names and kept words of the command line.

    Raises:
        ConfigError: The file cannot be read or holds no usable configuration.
    """
    config = Config()
    if given.config is not None:
        try:
            config = loads(given.config.read_bytes())
        except OSError as error:
            raise ConfigError(f"cannot read {given.config}: {error.strerror}") from error
    return with_names(config, given.names, given.keep)


def run(given: argparse.Namespace) -> int:
    """Redact standard input and return the exit code."""
    try:
        detector = Detector(configured(given))
    except ConfigError as error:
        print(f"leadmodel-privacy: {error}", file=sys.stderr)
        return DetectExit.BAD_INPUT
    if given.version:
        print(detector.version)
        return DetectExit.DONE
    return _lines(detector, given.max_text)


def _lines(detector: Detector, max_text: int) -> int:
    bad = 0
    for number, line in enumerate(sys.stdin, 1):
        if not line.strip():
            continue
        text = _text(line)
        if text is not None and len(text) <= max_text:
            print(_answer(detector, text), flush=True)
            continue
        bad += 1
        why = (
            'is not an object with a string "text", in UTF-8'
            if text is None
            else f"has a text of more than {max_text} characters (--max-text)"
        )
        print(f"leadmodel-privacy: line {number} {why}; left out", file=sys.stderr)
    return DetectExit.BAD_INPUT if bad else DetectExit.DONE


def _text(line: str) -> str | None:
    try:
        line.encode()  # raises where bytes were no UTF-8
        text = json.loads(line)["text"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return text if isinstance(text, str) else None


def _answer(detector: Detector, text: str) -> str:
    examined = detector.examine(text)
    answer = {"text": examined.text, "spans": [list(span) for span in examined.spans]}
    line = json.dumps(answer, ensure_ascii=False)
    try:
        line.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can spell and UTF-8 cannot
        return json.dumps(answer)
    return line
