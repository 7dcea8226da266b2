"""`leadmodel-followup stop`: records an opt-out that reached somebody by mail, by phone or in person."""

import argparse

from leadmodel_followup.commands.access import access_to_people, add_person, person
from leadmodel_followup.commands.access import add_arguments as add_access
from leadmodel_messages.exits import FollowUpExit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the Redis and the id of the person."""
    add_access(parser)
    add_person(parser)


def run(arguments: argparse.Namespace) -> int:
    """Stop all channels for the person and print how many follow-ups ended."""
    own = access_to_people(arguments)
    ended = own.ledger.stop(own.hasher.contact(person(arguments.person)))
    print(f"stopped; {ended} that waited will not be sent")
    return FollowUpExit.DONE
