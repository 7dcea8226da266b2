"""The runbooks, and which of their commands run nowhere."""

import re
from typing import Any

from leadmodel_operator.resource.vocabulary import EventReason
from support.docs_commands import ROOT

PAGES = sorted((ROOT / "docs" / "runbooks").glob("LeadModel*.md"))
LEFT_OUT = {" top pods": "metrics-server is not part of the tests' cluster"}  # by a part of the command
SHOWS = re.compile(
    r"^kubectl .* (get .*-o jsonpath=|logs )"
)  # a command that asks for one field, or for a log

# Fields that a healthy LeadModel does not have: a rollout while one is on its way, a share of a previous model where one is kept, follow-ups
# where they are switched on, a challenger where live leads were asked.
MAY_BE_EMPTY = (
    "{.status.rollout}",
    "{.status.drift.previousBadShare}",
    "{.status.followUps}",
    "{.status.challenger.message}",
)

NOT_DONE = {EventReason.VERB_REFUSED, EventReason.PAUSED}  # the answers to a command that changed nothing


def refusals(events: list[dict[str, Any]]) -> list[str]:
    """The notes of the operator's events (`events.k8s.io`) that answer a command that it did not carry out."""
    return [event["note"] for event in events if event.get("reason") in NOT_DONE]


def silent(commands: list[str], outputs: list[str]) -> list[str]:
    """Commands that ask for a field and are shown nothing."""
    shown = zip(commands, outputs, strict=True)
    empty = [command for command, output in shown if SHOWS.match(command) and not output.strip()]
    return [command for command in empty if not any(field in command for field in MAY_BE_EMPTY)]


def left_out(command: str) -> str | None:
    """The reason why no test runs a command; None for one that runs."""
    return next((reason for part, reason in LEFT_OUT.items() if part in command), None)
