"""The validation that should run: which digest needs a verdict, under which inputs, and when a validation is repeated."""

from dataclasses import replace

from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.planning.planned import Validation
from leadmodel_operator.planning.polls import backoff
from leadmodel_operator.planning.trace import Outcome, PlanStep, did, nothing, withheld
from leadmodel_operator.resource.digest import hashed, short
from leadmodel_operator.resource.status_models import Candidate, Revision
from leadmodel_operator.resource.vocabulary import LIVE_REFUSALS, Evidence, Reason


def verdict_inputs(state: PassState, digest: str) -> str:
    """The hash of everything a verdict on the holdout depends on: digest, gate, holdout, image, and a compared champion."""
    champion = (
        state.champion.digest
        if state.champion and state.champion.digest != digest and not state.pinned
        else None
    )
    return hashed(digest, state.gate_hash, _holdout_digest(state), state.image, champion, state.pinned)


def live_inputs(state: PassState, digest: str) -> str:
    """The hash of everything a verdict of live leads depends on: that of the holdout, champion, live gate and drift.maxPsi."""
    champion = state.champion.digest if state.champion is not None else None
    return hashed(verdict_inputs(state, digest), champion, state.spec.gate.live, state.spec.drift.max_psi)


def _holdout_digest(state: PassState) -> str | None:
    return state.spec.holdout.digest or (state.status.poll.holdout_digest if state.status.poll else None)


def pinned_revision(state: PassState, digest: str) -> Revision | None:
    """The revision of a pinned digest that passed the present gate and whose snapshot is held: no store and no Job is needed."""
    known = state.known_revision(digest)
    is_ready = known is not None and known.passed == state.gate_hash
    return known if state.pinned and is_ready and digest in state.seen.snapshots else None


def subject(state: PassState) -> str | None:
    """The digest that needs a verdict now; None if none does. A Gate entry whose inputs changed is released."""
    requested, champion = state.status.requested, state.champion
    if champion is not None and not state.is_reachable(champion.digest):
        return champion.digest
    if requested is None or state.permanent_entry(requested.digest) is not None:
        return None
    if champion is not None and requested.digest == champion.digest:
        return None if champion.passed == state.gate_hash else requested.digest
    entry = state.quarantine_entry(requested.digest)
    if entry is not None:
        if entry.inputs in {verdict_inputs(state, requested.digest), live_inputs(state, requested.digest)}:
            return None
        state.release(requested.digest)
        pass_again(state, requested.digest)
    return None if pinned_revision(state, requested.digest) is not None else requested.digest


def pass_again(state: PassState, digest: str) -> None:
    """Let a candidate that only live leads refused stand as passed on the holdout, where that verdict still holds."""
    candidate = state.status.candidate
    if candidate is None or candidate.digest != digest or candidate.reason not in LIVE_REFUSALS:
        return
    if candidate.inputs == verdict_inputs(state, digest):
        passed = replace(candidate, verdict=Evidence.PASS, reason=Reason.GATE_PASSED, message="")
        state.change(candidate=passed)
        state.requeue_in(1)


def next_validation(state: PassState) -> tuple[Validation | None, Outcome]:
    """Choose the validation that should run now; None if none should.

    The attempt is recorded in status before the runtime creates the Job.
    """
    step, digest, candidate = PlanStep.VALIDATION, subject(state), state.status.candidate
    if digest is None:
        _drop_candidate(state)
        return None, nothing(step)
    inputs = verdict_inputs(state, digest)
    if candidate is None or candidate.digest != digest or candidate.inputs != inputs:
        if (why := state.why_suspended) is not None:
            return None, withheld(step, why)
        candidate = Candidate(
            digest=digest, inputs=inputs, attempt=1, since=state.now, started=state.now, source=state.source
        )
        state.change(candidate=candidate)
    elif not state.is_suspended:
        candidate = _repeat(state, candidate)
    if candidate.verdict is Evidence.UNAVAILABLE:
        due = candidate.since + backoff(candidate.attempt)
        return None, withheld(step, f"{short(digest)} is validated again at {due:%H:%M:%S} UTC")
    if candidate.verdict is not None:
        return None, nothing(step)
    if (why := state.why_suspended) is not None and candidate.since == state.now:
        return None, withheld(step, why)
    return _validation(state, candidate), did(step, f"{short(digest)} is measured on the holdout")


def _drop_candidate(state: PassState) -> None:
    """Drop the candidate when nothing needs a verdict; a refused candidate stays for people to see."""
    candidate = state.status.candidate
    if candidate is not None and candidate.verdict is not Evidence.FAIL:
        state.change(candidate=None)


def _repeat(state: PassState, candidate: Candidate) -> Candidate:
    """Start another attempt when the backoff is over, or when the bytes of a passed candidate were lost before a snapshot existed."""
    if candidate.verdict is Evidence.UNAVAILABLE:
        due = candidate.since + backoff(candidate.attempt)
        if state.now < due:
            state.requeue_at(due)
            return candidate
    elif candidate.verdict is not Evidence.PASS or _is_kept(state, candidate):
        return candidate
    repeated = replace(
        candidate,
        attempt=candidate.attempt + 1,
        verdict=None,
        reason=None,
        message="",
        since=state.now,
        job=None,
    )
    state.change(candidate=repeated)
    return repeated


def _is_kept(state: PassState, candidate: Candidate) -> bool:
    return candidate.digest in state.seen.snapshots or candidate.digest == state.seen.mailbox


def job_name(state: PassState, candidate: Candidate) -> str:
    """The name of the candidate's Job: `<name>-val-<10 hex>` of everything for which a report counts."""
    champion = state.champion.digest if state.champion else None
    hex10 = hashed(
        state.seen.uid, candidate.digest, candidate.inputs, champion, candidate.attempt, candidate.started
    )
    return f"{state.seen.name}-val-{hex10}"


def _validation(state: PassState, candidate: Candidate) -> Validation:
    champion, best = state.champion, state.status.best
    compared = champion.digest if champion and champion.digest in state.seen.snapshots else None
    compared = compared if compared != candidate.digest else None
    best_digest = best.digest if best and best.digest in state.seen.snapshots else None
    return Validation(
        name=job_name(state, candidate),
        uri=state.spec.artifact.uri,
        digest=candidate.digest,
        held=candidate.digest in state.seen.snapshots,
        holdout_uri=state.spec.holdout.uri,
        holdout_digest=state.spec.holdout.digest,
        champion=compared,
        best=best_digest if best_digest not in {compared, candidate.digest} else None,
        min_auc=state.spec.min_auc,
        image=state.image,
        attempt=candidate.attempt,
        deadline=state.spec.progress_deadline.seconds,
        job=candidate.job,
    )
