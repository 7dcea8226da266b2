"""`leadmodel-followup status`: what waits, or the record of one follow-up, as one line of JSON without a name or an address."""

import argparse
import json
from dataclasses import asdict

from leadmodel_followup.commands.access import access
from leadmodel_followup.commands.access import add_arguments as add_access
from leadmodel_messages.exits import FollowUpExit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the id of one follow-up, which may be left out."""
    add_access(parser)
    parser.add_argument("id", nargs="?", help="id of one follow-up, as the intake answered it")


def run(arguments: argparse.Namespace) -> int:
    """Print the counts of the tenant, or the record of a follow-up; NO where there is none."""
    own = access(arguments)
    ledger = own.ledger
    if arguments.id is None:
        arms = {one.arm: one.counts for one in ledger.arms(own.settings.spec.arms)}
        print(json.dumps(asdict(ledger.overview()) | ({"arms": arms} if arms else {})))
        return FollowUpExit.DONE
    record = ledger.read(arguments.id)
    print(json.dumps(record))
    return FollowUpExit.DONE if record else FollowUpExit.NO
