"""`leadmodel-followup erase`: deletes what is kept of a person. A hash stays where the person opted out, so that nobody writes again."""

import argparse

from leadmodel_followup.commands.access import access_to_people, add_person, person
from leadmodel_followup.commands.access import add_arguments as add_access
from leadmodel_messages.exits import FollowUpExit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the Redis and the id of the person."""
    add_access(parser)
    add_person(parser)


def run(arguments: argparse.Namespace) -> int:
    """Delete follow-ups, consents, names and addresses of the person and print how many follow-ups there were."""
    own = access_to_people(arguments)
    contact = own.hasher.contact(person(arguments.person))
    deleted = own.ledger.erase(contact)
    own.book.erase(contact)
    print(f"erased, with {deleted} follow-ups")
    return FollowUpExit.DONE
