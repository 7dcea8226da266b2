"""What should serve: the pin of the spec, else the newest answer of a poll or a retraining for the present source."""

from dataclasses import replace

from leadmodel_operator.planning.observed import JobKind
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.planning.polls import mark_processed
from leadmodel_operator.planning.trace import Outcome, PlanStep, did, nothing
from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.status import Inputs
from leadmodel_operator.resource.status_jobs import PollResult
from leadmodel_operator.resource.vocabulary import Source


def record_spec(state: PassState) -> Outcome:
    """Compare the spec with the last one: a new source is polled anew, a new holdout is fetched anew, a new pin is requested."""
    now, before = state.inputs, state.status.inputs
    state.spec_changed = before is None or before != now
    if before is None or before.source != now.source:
        _start_source(state, before)
    elif before.gate != now.gate:
        known = state.status.poll or PollResult()
        state.change(poll=replace(known, holdout_digest=None, holdout_etag=None, holdout_error=None))
    state.change(inputs=now, observed_generation=state.seen.generation)
    pin, requested = state.spec.artifact.digest, state.status.requested
    if pin is not None and (
        requested is None or requested.digest != pin or requested.source is not Source.SPEC
    ):
        state.request(pin, Source.SPEC)
        return did(PlanStep.SPEC, f"the spec pins {short(pin)}")
    if state.spec_changed:
        return did(PlanStep.SPEC, "artifact, holdout or gate of the spec changed")
    return nothing(PlanStep.SPEC)


def _start_source(state: PassState, before: Inputs | None) -> None:
    """Forget the answers of the last source; poll Jobs that exist already do not count for the new source."""
    known = state.status.poll or PollResult()
    if before is not None:
        state.change(requested=None, candidate=None)
        known = PollResult(
            holdout_digest=known.holdout_digest, job_created_at=known.job_created_at, job=known.job
        )
    known = mark_processed(known, [job for job in state.seen.jobs if job.kind is JobKind.POLL])
    since = state.now.replace(microsecond=0)  # Jobs have whole seconds
    state.change(poll=replace(known, since=since, etag=None, attempt=0, due=None))
