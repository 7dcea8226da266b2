"""What each step of a pass did or withheld, and why: `Plan.trace`.

A trace holds words of the planner, names of objects and shortened digests. Messages of programs, text of leads and credentials never
enter a trace.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache


class PlanStep(StrEnum):
    """The steps of `plan`, in their order."""

    SPEC = "spec"  # compare the spec with the last one, record a pin
    ROLLOUT = "rollout"  # record what serves; take a champion out that its pods refuse
    COMMANDS = "commands"  # run the command annotations
    POLL_RESULTS = "poll results"
    RETRAINING_RESULT = "retraining result"
    BACKFILL_RESULT = "backfill result"
    VERDICT = "verdict"  # judge the report of a finished validation
    LIVE_LEADS = "live leads"  # assess drift, roll back or alert
    LOST_CHAMPION = "lost champion"  # replace a champion whose bytes are gone
    PROMOTION = "promotion"
    TEXT_SPEC = "text spec"  # begin or end with text models
    TEXT_TRAINING = "text training result"
    TEXT_VERDICT = "text verdict"  # judge the report of a finished check of a text model
    LIVE_TEXTS = "live texts"  # which pods load it; drift of texts
    TEXT_MODEL = "text model"  # choose the text model that serves
    FOLLOW_UPS = "follow-ups"  # which settings pods read, what they report
    VALIDATION = "validation"  # choose the validation that should run
    POLL = "poll"  # choose the poll that should run
    TEXT_CHECK = "text check"  # choose the check of a text model that should run


class Effect(StrEnum):
    """What became of a step."""

    DID = "did"
    WITHHELD = "withheld"  # something was due, and a rule stood against it
    NOTHING = "nothing"  # nothing was due


@dataclass(frozen=True)
class Outcome:
    """What one step did or withheld. `reason` is a sentence; empty if nothing was due."""

    step: PlanStep
    effect: Effect
    reason: str = ""


def did(step: PlanStep, reason: str) -> Outcome:
    """The outcome of a step that changed something."""
    return Outcome(step, Effect.DID, reason)


def withheld(step: PlanStep, reason: str) -> Outcome:
    """The outcome of a step that a rule kept from acting."""
    return Outcome(step, Effect.WITHHELD, reason)


@cache
def nothing(step: PlanStep) -> Outcome:
    """The outcome of a step for which nothing was due."""
    return Outcome(step, Effect.NOTHING)
