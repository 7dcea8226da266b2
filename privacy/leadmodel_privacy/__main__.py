"""`leadmodel-privacy`: one program with one module per command. No message contains any part of a text."""

import leadmodel_messages.interrupt  # noqa: F401  # first: from here on a Ctrl-C prints no traceback

# isort: split
import argparse
from collections.abc import Sequence
from typing import NoReturn

from leadmodel_messages.leaving import leave
from leadmodel_privacy import detect_command
from leadmodel_privacy.backfill import command as backfill


def parser() -> argparse.ArgumentParser:
    """The program's arguments; each command registers itself and the function that runs the command."""
    p = argparse.ArgumentParser(prog="leadmodel-privacy", description="Find and redact personal data.")
    commands = p.add_subparsers(dest="command", required=True, metavar="COMMAND")
    detect_command.register(commands)
    backfill.register(commands)
    return p


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code."""
    given = parser().parse_args(arguments)
    code: int = given.run(given)
    return code


def program() -> NoReturn:
    """Run `leadmodel-privacy` as a program of its own."""
    leave(main)


if __name__ == "__main__":
    program()
