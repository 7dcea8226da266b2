"""The documents at the end of a run: report, audit record, termination message. Counts and shapes, never a value."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from leadmodel_messages import backfill
from leadmodel_messages.backfill import BackfillAnswer, Counts, Head, Outcome, document_of
from leadmodel_messages.exits import BackfillExit
from leadmodel_privacy.backfill.settings import Settings
from leadmodel_privacy.backfill.tally import Tally

_SHAPES = 20


@dataclass(frozen=True)
class RunResult:
    """The result of a run; `started` and `ended` are Unix seconds."""

    run: str
    code: BackfillExit
    outcome: Outcome
    message: str
    started: float
    ended: float
    detector: str
    tally: Tally
    reported: str = ""  # where the report is


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def outcome_of(settings: Settings, tally: Tally) -> tuple[BackfillExit, Outcome, str]:
    """Exit code, outcome and message of a run that was not interrupted."""
    if settings.apply and tally.incomplete:
        message = (
            f"{tally.residue} messages left, {tally.given_up} keys given up, {tally.unread} too long to read, "
            f"{tally.undecoded} in a format that a placeholder would break"
        )
        return BackfillExit.RESIDUE, Outcome.RESIDUE, message
    if not (tally.found or tally.changed or tally.undecoded):
        return BackfillExit.DONE, Outcome.CLEAN, ""
    return BackfillExit.DONE, settings.task.outcome if settings.apply else Outcome.FOUND, ""


def full(settings: Settings, result: RunResult) -> dict[str, Any]:
    """The report as a JSON object."""
    tally = result.tally
    return {
        **document_of(_head(settings, result)),
        "name": settings.name,
        "partial": settings.partial,
        **document_of(_counts(tally)),
        "unchangedKeys": tally.unchanged,
        "notText": tally.not_text,
        "scansBegunAnew": tally.restarts,
        "redisShare": round(tally.redis_seconds / tally.seconds, 3) if tally.seconds else 0,
        "messagesByType": dict(tally.kinds),
        "shapes": dict(tally.shapes.most_common(_SHAPES)),
        "left": tally.left,
    }


def audit(settings: Settings, result: RunResult) -> dict[str, Any]:
    """The audit record, kept for good: who ran what, when, with which result."""
    origin = {"triggeredBy": settings.triggered_by, "image": settings.image, "report": result.reported}
    return {
        **document_of(_head(settings, result)),
        "name": settings.name,
        **origin,
        **document_of(_counts(result.tally)),
    }


def termination(settings: Settings, result: RunResult) -> str:
    """The termination message: one line of JSON, at most 4 KB."""
    answer = BackfillAnswer(_head(settings, result), _counts(result.tally), result.reported[:512])
    return backfill.dump(answer)


def _head(settings: Settings, result: RunResult) -> Head:
    return Head(
        run=result.run,
        mode=settings.mode,
        outcome=result.outcome,
        message=result.message[:512],
        exit_code=result.code,
        detector=result.detector,
        config=settings.digest,
        started=_instant(result.started),
        ended=_instant(result.ended),
    )


def _counts(tally: Tally) -> Counts:
    return Counts(
        seconds=round(tally.seconds, 1),
        keys=tally.keys,
        dirty_keys=tally.dirty_keys,
        scanned=tally.scanned,
        found=tally.found,
        changed=tally.changed,
        returned=tally.returned,
        verified_keys=tally.verified,
        conflicts=tally.conflicts,
        given_up=tally.given_up,
        residue=tally.residue,
        too_long=tally.unread,
        undecoded=tally.undecoded,
        entities=dict(tally.entities.most_common(40)),
        skipped_types=dict(tally.skipped.most_common(20)),
    )
