"""`leadmodel-followup start`: lifts an opt-out that `stop` recorded, where the person asks for messages again."""

import argparse

from leadmodel_followup.commands.access import access_to_people, add_person, person
from leadmodel_followup.commands.access import add_arguments as add_access
from leadmodel_followup.dispatch.dispatcher import wall_ms
from leadmodel_messages.exits import FollowUpExit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the Redis and the id of the person."""
    add_access(parser)
    add_person(parser)


def run(arguments: argparse.Namespace) -> int:
    """Lift the opt-out recorded for the person, not one that came from an address, and print whether one was lifted."""
    own = access_to_people(arguments)
    freed = own.ledger.start(own.hasher.contact(person(arguments.person)), wall_ms())
    print(
        "started"
        if freed
        else "no opt-out was recorded for the person; one from an address is lifted from there"
    )
    return FollowUpExit.DONE if freed else FollowUpExit.NO
