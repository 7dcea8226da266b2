"""`leadmodel-followup`: one program with one module per command. No message holds an address, a name or a text."""

import leadmodel_messages.interrupt  # noqa: F401  # first: from here on a Ctrl-C prints no traceback

# isort: split
import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn, Protocol

from leadmodel_followup.commands import erase, lint, preview, run, start, status, stop
from leadmodel_followup.commands.access import Unusable
from leadmodel_followup.ledger.errors import LedgerUnavailable, UnsafeServer
from leadmodel_messages.exits import FollowUpExit
from leadmodel_messages.leaving import leave


class Command(Protocol):
    """A module with one command."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Run the command. Returns an exit code."""


COMMANDS: dict[str, tuple[Command, str]] = {
    "run": (run, "send what is due and serve intake and webhooks, as a pod does"),
    "preview": (preview, "show every message as leads would get it, in a table or as a page"),
    "lint": (lint, "name what is wrong with templates before a lead sees it"),
    "status": (status, "show how much waits, or one follow-up"),
    "stop": (stop, "record the opt-out of a person: nothing is sent any more, on any channel"),
    "start": (start, "lift an opt-out that `stop` recorded, where the person asks for messages again"),
    "erase": (erase, "delete everything of a person but the opt-out"),
}


def parser() -> argparse.ArgumentParser:
    """The program's arguments, one command after the other."""
    p = argparse.ArgumentParser(
        prog="leadmodel-followup",
        description="Write to leads: once, with consent, at a decent hour.",
    )
    commands = p.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (command, summary) in COMMANDS.items():
        child = commands.add_parser(name, help=summary, description=summary[:1].upper() + summary[1:] + ".")
        command.add_arguments(child)
    return p


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code."""
    given = parser().parse_args(arguments)
    command, _ = COMMANDS[given.command]
    try:
        return command.run(given)
    except Unusable as error:
        print(f"leadmodel-followup: {error}", file=sys.stderr)
        return FollowUpExit.USAGE
    except UnsafeServer as error:
        print(f"leadmodel-followup: {error}", file=sys.stderr)
        return FollowUpExit.UNSAFE
    except LedgerUnavailable as error:
        print(f"leadmodel-followup: the Redis does not answer ({error})", file=sys.stderr)
        return FollowUpExit.TRY_AGAIN


def program() -> NoReturn:
    """Run `leadmodel-followup` as a program of its own."""
    leave(main)


if __name__ == "__main__":
    program()
