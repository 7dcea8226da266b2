"""The checks of text models: when the source is looked at, and which check should run.

nothing was judged for the present settings        | check now
asked for by annotation, or a training ended       | check now
the runtime saw the source change                  | check now
pollInterval has passed since the last report,     | check now
  and the spec pins nothing that passed            |
the bytes of what should serve are lost            | check again, a minute after the last report
a check ended without a report                     | check again with `backoff`, for ever
"""

from dataclasses import replace
from datetime import datetime, timedelta

from leadmodel_messages import duration
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.planning.planned import TextCheck
from leadmodel_operator.planning.polls import backoff
from leadmodel_operator.planning.text_models import change_text, pinned_text, text_inputs
from leadmodel_operator.planning.trace import Outcome, PlanStep, did, nothing, withheld
from leadmodel_operator.resource.digest import hashed
from leadmodel_operator.resource.status_enrichment import EnrichmentStatus, TextAttempt
from leadmodel_operator.resource.vocabulary import Evidence

LOST_AGAIN = timedelta(minutes=1)


def next_text_check(state: PassState) -> tuple[TextCheck | None, Outcome]:
    """Choose the check that should run now; None if none should.

    The attempt is recorded in status before the runtime creates the Job.
    """
    step, known = PlanStep.TEXT_CHECK, state.status.enrichment
    if state.spec.enrichment is None or known is None:
        return None, nothing(step)
    inputs, check = text_inputs(state), known.check
    if check is not None and check.inputs != inputs:
        check = change_text(state, check=None).check
    if check is not None and check.error is None:
        return _check(state, check), did(step, "the text model of the source is measured")
    if (why := state.why_suspended) is not None:
        return None, withheld(step, why)
    started = _again(state, check) if check is not None else _anew(state, known, inputs)
    if started is None:
        return None, withheld(step, f"checked again later: {check.error}") if check else nothing(step)
    change_text(state, check=started, due=None)
    return _check(state, started), did(step, "the text model of the source is measured")


def _again(state: PassState, check: TextAttempt) -> TextAttempt | None:
    """The next attempt of a check that gave no report; None before its time. A change of the source makes it due."""
    due = state.now if state.seen.text.changed else check.since + backoff(check.attempt)
    if state.now < due:
        state.requeue_at(due)
        return None
    return TextAttempt(inputs=check.inputs, attempt=check.attempt + 1, since=state.now)


def _anew(state: PassState, known: EnrichmentStatus, inputs: str) -> TextAttempt | None:
    """A check that is due by the table of this module; None if none is."""
    due = _due(state, known, inputs)
    if due is None:
        return None
    if state.now < due:
        state.requeue_at(due)
        return None
    return TextAttempt(inputs=inputs, since=state.now)


def _due(state: PassState, known: EnrichmentStatus, inputs: str) -> datetime | None:
    candidate, spec = known.candidate, state.spec.enrichment
    if candidate is None or candidate.inputs != inputs or known.last_check is None or spec is None:
        return state.now
    times = [known.due] if known.due is not None else []
    times += [state.now] if state.seen.text.changed else []
    if _is_lost(state, known):
        times.append(known.last_check + LOST_AGAIN)
    interval = timedelta(seconds=duration.parse(spec.artifact.poll_interval))
    if interval and (pinned_text(state) is None or candidate.verdict is not Evidence.PASS):
        times.append(known.last_check + interval)
    return min(times, default=None)


def _is_lost(state: PassState, known: EnrichmentStatus) -> bool:
    """Whether the newest text model that passed is neither kept nor where predictors look, and not in the mailbox either."""
    candidate, text = known.candidate, state.seen.text
    if candidate is None or candidate.verdict is not Evidence.PASS:
        return False
    return candidate.digest not in {*text.snapshots, text.mailbox, text.served}


def check_name(state: PassState, check: TextAttempt) -> str:
    """The name of the Job of a check: `<name>-text-<10 hex>` of everything for which its report counts."""
    return (
        f"{state.seen.name}-text-{hashed(state.seen.uid, 'text', check.inputs, check.attempt, check.since)}"
    )


def _check(state: PassState, check: TextAttempt) -> TextCheck:
    spec, known, held = state.spec.enrichment, state.status.enrichment, state.seen.text.snapshots
    assert spec is not None
    assert known is not None
    pin = spec.artifact.digest
    return TextCheck(
        name=check_name(state, check),
        uri=spec.artifact.uri,
        digest=pin,
        held=pin in held,
        holdout_uri=spec.holdout.uri,
        label=spec.holdout.label,
        text=spec.holdout.text,
        serving=known.digest if known.digest in held and known.digest != pin else None,
        image=state.image,
        deadline=state.spec.progress_deadline.seconds,
        job=check.job,
    )


def request_text_check(state: PassState) -> None:
    """Make a check of the source due at once; a check that waits for another attempt is made at once, too."""
    known = state.status.enrichment
    if known is None:
        return
    failed = known.check is not None and known.check.error is not None
    change_text(state, due=state.now, check=None if failed else known.check)


def without_report(check: TextAttempt, **changes: object) -> TextAttempt:
    """The attempt after it ended without a report."""
    return replace(check, job=None, waiting=None, **changes)  # type: ignore[arg-type]
