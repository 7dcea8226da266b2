"""What a run says at its end: the report, the audit record, the one line of a termination message. Counts and shapes, never a value."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from leadmodel_privacy.backfill.outcomes import Exit, Outcome
from leadmodel_privacy.backfill.settings import Settings
from leadmodel_privacy.backfill.tally import Tally

SCHEMA = "leadmodel.backfill/v1"
TERMINATION_BYTES = 4096
_SHAPES = 20


@dataclass(frozen=True)
class RunResult:
    """How a run ended."""

    run: str
    code: Exit
    outcome: Outcome
    message: str
    started: float
    ended: float
    detector: str
    tally: Tally
    reported: str = ""  # where the report is


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def outcome_of(settings: Settings, tally: Tally) -> tuple[Exit, Outcome, str]:
    """What a finished run comes to."""
    if settings.apply and tally.incomplete:
        said = (
            f"{tally.residue} messages left, {tally.given_up} keys given up, {tally.unread} too long to read"
        )
        return Exit.RESIDUE, Outcome.RESIDUE, said
    if not tally.found and not tally.changed:
        return Exit.DONE, Outcome.CLEAN, ""
    return Exit.DONE, Outcome.REDACTED if settings.apply else Outcome.FOUND, ""


def full(settings: Settings, ended: RunResult) -> dict[str, Any]:
    """The report."""
    tally = ended.tally
    return {
        **_head(settings, ended),
        "name": settings.name,
        "partial": settings.partial,
        **_counts(tally),
        "unchangedKeys": tally.unchanged,
        "notText": tally.not_text,
        "scansBegunAnew": tally.restarts,
        "redisShare": round(tally.redis_seconds / tally.seconds, 3) if tally.seconds else 0,
        "messagesByType": dict(tally.kinds),
        "shapes": dict(tally.shapes.most_common(_SHAPES)),
        "left": tally.left,
    }


def audit(settings: Settings, ended: RunResult) -> dict[str, Any]:
    """What is kept for good: who, with what, when, how it ended."""
    facts = {"triggeredBy": settings.triggered_by, "image": settings.image, "report": ended.reported}
    return {**_head(settings, ended), "name": settings.name, **facts, **_counts(ended.tally)}


def termination(settings: Settings, ended: RunResult) -> str:
    """One line of at most 4 KB."""
    found = {**_head(settings, ended), **_counts(ended.tally), "report": ended.reported[:512]}
    line = json.dumps(found, separators=(",", ":"))
    if len(line.encode()) > TERMINATION_BYTES:
        found |= {"entities": {}, "skippedTypes": {}}
        line = json.dumps(found, separators=(",", ":"))
    return line


def _head(settings: Settings, ended: RunResult) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "run": ended.run,
        "mode": settings.mode,
        "outcome": str(ended.outcome),
        "message": ended.message[:512],
        "exitCode": int(ended.code),
        "detector": ended.detector,
        "config": settings.digest,
        "started": _instant(ended.started),
        "ended": _instant(ended.ended),
    }


def _counts(tally: Tally) -> dict[str, Any]:
    return {
        "seconds": round(tally.seconds, 1),
        "keys": tally.keys,
        "dirtyKeys": tally.dirty_keys,
        "scanned": tally.scanned,
        "found": tally.found,
        "changed": tally.changed,
        "returned": tally.returned,
        "verifiedKeys": tally.verified,
        "conflicts": tally.conflicts,
        "givenUp": tally.given_up,
        "residue": tally.residue,
        "tooLong": tally.unread,
        "entities": dict(tally.entities.most_common(40)),
        "skippedTypes": dict(tally.skipped.most_common(20)),
    }
