"""The termination message: the one line of JSON that a program leaves behind for the platform, at most 4 KB.

A program writes the line where Kubernetes looks for it, or where `--termination-log` says; a person's shell has neither.
"""

from __future__ import annotations

from pathlib import Path

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable
    from typing import Any, TypeVar

    T = TypeVar("T")

LIMIT = 4096  # bytes; Kubernetes cuts what is longer
LOG = Path("/dev/termination-log")


def add_option(parser: ArgumentParser) -> None:
    """Let a program take `--termination-log`, which is not for people."""
    from argparse import SUPPRESS

    parser.add_argument("--termination-log", type=Path, default=LOG, help=SUPPRESS)


def write(log: Path, line: str) -> None:
    """Write the line where somebody waits for a termination message: where the file exists already."""
    if log.exists():
        log.write_text(line, encoding="utf-8")


def document(line: str) -> dict[str, Any]:
    """Read the JSON object of a termination message.

    Raises:
        ValueError: The line is no JSON object: cut, empty, or written by another program.
    """
    import json

    try:
        value = json.loads(line)
    except RecursionError:
        raise ValueError("a termination message is not nested so deeply") from None
    if not isinstance(value, dict):
        raise ValueError("a termination message is a JSON object")  # noqa: TRY004  # a reader catches one error
    return value


def read(parse: Callable[[str], T], line: str) -> T | None:
    """Read a message with the `parse` of its type; None where the line cannot be read, which is no answer."""
    try:
        return parse(line)
    except ValueError:
        return None
