"""Changes of champion: promote, roll back, and replace a champion whose bytes are lost. At most one change per pass.

occasion                              | new champion      | old champion      | new previous
--------------------------------------|-------------------|-------------------|------------------------------------
a candidate passed and nothing holds  | the candidate     | may be previous   | the last proven champion within
                                      |                   |                   | maxAge, else the replaced one
drift, failed load, or a command      | see `fallback`    | quarantined       | none
bytes of the champion lost everywhere | see `fallback`    | not quarantined   | none
"""

from dataclasses import replace
from datetime import timedelta

from leadmodel_operator.planning.challenger_place import rendering_for
from leadmodel_operator.planning.fallback import fallback
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.planning.trace import Outcome, PlanStep, did, nothing, withheld
from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.status_decisions import Quarantined, Rollback
from leadmodel_operator.resource.status_models import Best, Candidate, Revision, Rollout
from leadmodel_operator.resource.vocabulary import EventReason, Evidence, QuarantineKind, Reason

BEST_DAYS = timedelta(days=30)
MAX_ROLLBACKS = 5


def promote(state: PassState, revision: Revision, message: str) -> None:
    """Make a revision the champion."""
    old = state.champion
    state.change(
        champion=replace(
            revision,
            since=state.now,
            until=None,
            served_at=None,
            proven_at=None,
            population_shifted_at=old.population_shifted_at if old else None,
        ),
        previous=previous_after(state, revision.digest),
        rollout=Rollout(from_=_return_to(state), to=revision.digest, since=state.now, reason=Reason.PROMOTED),
        candidate=None,
        hold=None,
        drift=None,
        best=_best_after(state, revision),
    )
    _record_change(state, revision.digest, revision.digest, Reason.PROMOTED, message)
    state.emit(
        EventReason.PROMOTED,
        f"{short(revision.digest)} is to replace {short(old.digest if old else None)}: {message}",
    )


def _record_change(state: PassState, to: str | None, subject: str, reason: Reason, message: str) -> None:
    state.claim, state.champion_changed, state.evidence = to, True, None
    state.record_decision(subject, reason, message)
    state.requeue_in(1)


def _return_to(state: PassState) -> str | None:
    """The digest to return to if the coming rollout fails.

    The replaced champion if that one ever served and is not quarantined, else where its own rollout would have returned to.
    """
    old, rollout = state.champion, state.status.rollout
    if old is not None and old.served_at is not None and state.permanent_entry(old.digest) is None:
        return old.digest
    return rollout.from_ if rollout else None


def previous_after(state: PassState, digest: str) -> Revision | None:
    """The previous model after a promotion: the last proven champion, else the replaced champion.

    Never the new champion, never a quarantined digest, and no model that stopped serving so long ago that no rollback may lead to it.
    """
    old, previous = state.champion, state.status.previous
    if previous is not None and is_too_old(state, previous):
        previous = None
    ended = replace(old, until=state.now) if old is not None and old.served_at is not None else None
    order = [ended, previous] if ended is not None and ended.proven_at is not None else [previous, ended]
    allowed = (
        r for r in order if r is not None and r.digest != digest and not state.permanent_entry(r.digest)
    )
    return next(allowed, None)


def is_too_old(state: PassState, revision: Revision) -> bool:
    """Whether a model stopped serving longer than rollback.maxAge ago."""
    max_age = timedelta(seconds=state.spec.rollback.max_age.seconds)
    return revision.until is not None and state.now - revision.until > max_age


def renew_previous(state: PassState) -> None:
    """Let the model that the champion replaced count as the previous one, once the proven one is past rollback.maxAge.

    Without that no rollback is possible from then on. It starts the pods anew, which empties their drift windows, so it waits while live
    leads breach: what was measured of a breach is not thrown away.
    """
    drift = state.status.drift
    if drift is not None and drift.breach_since is not None:
        return
    previous, replaced = state.status.previous, _replaced(state)
    if previous is None or replaced is None or not is_too_old(state, previous) or state.is_suspended:
        return
    if is_too_old(state, replaced) or not state.is_reachable(replaced.digest):
        return
    state.change(previous=replaced)
    age = state.spec.rollback.max_age
    state.emit(
        EventReason.PREVIOUS_RENEWED,
        f"{short(replaced.digest)} counts as the previous model: {short(previous.digest)} stopped serving over {age} ago",
    )


def _replaced(state: PassState) -> Revision | None:
    """The model that the champion replaced by its promotion, if that model served and may serve again."""
    champion, history = state.champion, state.status.history
    if champion is None or len(history) < 2 or history[0].reason is not Reason.PROMOTED:
        return None
    old = state.known_revision(history[1].digest)
    if history[0].digest != champion.digest or old is None or old.served_at is None:
        return None
    if old.digest == champion.digest or state.permanent_entry(old.digest) is not None:
        return None
    return replace(old, until=champion.since)


def _best_after(state: PassState, revision: Revision) -> Best | None:
    best = state.status.best
    if revision.auc is None:
        return best
    if best is None or state.now - best.since > BEST_DAYS or revision.auc >= best.auc:
        return Best(digest=revision.digest, auc=revision.auc, since=state.now)
    return best


def roll_back(
    state: PassState, target: Revision | None, *, kind: QuarantineKind, reason: Reason, message: str
) -> None:
    """Quarantine the champion and serve `target` instead; None if no revision can serve."""
    old = state.champion
    if old is None:
        return
    to = target.digest if target else None
    rollback = Rollback(from_=old.digest, to=to, reason=reason, at=state.now)
    state.add_to_quarantine(
        Quarantined(digest=old.digest, kind=kind, reason=reason, since=state.now, evidence=message[:160])
    )
    rollout = state.status.rollout
    older = (
        rollout.from_
        if rollout and rollout.from_ != to and state.permanent_entry(rollout.from_) is None
        else None
    )
    state.change(
        rollbacks=(rollback, *state.status.rollbacks)[:MAX_ROLLBACKS],
        champion=target
        and replace(target, since=state.now, until=None, population_shifted_at=old.population_shifted_at),
        previous=None,
        rollout=Rollout(from_=older, to=to, since=state.now, reason=reason) if to else None,
        drift=None,
        best=None if state.status.best and state.status.best.digest == old.digest else state.status.best,
    )
    _record_change(state, to, to or old.digest, reason, message)
    state.emit(
        EventReason.ROLLED_BACK,
        f"{short(old.digest)} is quarantined ({kind}), {_instead(to)}: {message}",
        warning=True,
    )


def _instead(digest: str | None) -> str:
    """What follows a decision: it is carried out after this pass, and pods say when."""
    return f"{short(digest)} is to serve instead" if digest else "no revision is left to serve"


def replace_lost(state: PassState) -> Outcome:
    """Replace a champion whose bytes neither a snapshot, nor a pod, nor the source can give.

    Without a revision to return to, the champion is given up only if the source has no such artifact any more; then the next
    candidate starts anew.
    """
    step, champion, candidate = PlanStep.LOST_CHAMPION, state.champion, state.status.candidate
    if champion is None or state.champion_changed or state.is_reachable(champion.digest):
        return nothing(step)
    if (why := state.why_suspended) is not None:
        return withheld(step, why)
    message = f"the bytes of {short(champion.digest)} are lost everywhere"
    is_fetched_in_vain = (
        candidate is not None
        and candidate.digest == champion.digest
        and candidate.verdict is Evidence.UNAVAILABLE
    )
    if candidate is None or not is_fetched_in_vain:
        return withheld(step, f"the bytes of {short(champion.digest)} are fetched from the source again")
    target = fallback(state)
    is_gone = candidate.reason in {Reason.ARTIFACT_NOT_FOUND, Reason.DIGEST_MISMATCH}
    if target is None and not is_gone:
        return withheld(step, f"{message}, but the source may give them later")
    _serve_instead(state, champion, target)
    to = target.digest if target else None
    _record_change(state, to, to or champion.digest, Reason.ROLLOUT_FAILED, message)
    state.emit(EventReason.CHAMPION_LOST, f"{message}; {_instead(to)}", warning=True)
    return did(step, f"{message}; {_instead(to)}")


def _serve_instead(state: PassState, lost: Revision, target: Revision | None) -> None:
    shifted = lost.population_shifted_at
    champion = target and replace(target, since=state.now, until=None, population_shifted_at=shifted)
    rollout = target and Rollout(from_=None, to=target.digest, since=state.now, reason=Reason.ROLLOUT_FAILED)
    state.change(champion=champion, previous=None, candidate=None, drift=None, rollout=rollout)


def as_revision(state: PassState, candidate: Candidate, image: str) -> Revision:
    """The revision that a passed candidate becomes; `image` is the predictor image that validated the candidate."""
    assert candidate.digest is not None
    gate = state.status.gate
    return Revision(
        digest=candidate.digest,
        version=candidate.version,
        auc=gate.auc if gate and gate.digest == candidate.digest else None,
        image=image,
        template=rendering_for(state),
        passed=state.gate_hash,
    )
