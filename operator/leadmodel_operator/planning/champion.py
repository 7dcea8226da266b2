"""Changes of champion: promote, roll back, fall back, and what a rollout has come to. One change a pass."""

from dataclasses import replace
from datetime import timedelta

from leadmodel_messages import refusal
from leadmodel_messages.exits import PredictorExit
from leadmodel_messages.termination import read
from leadmodel_operator.planning.observed import FaultKind, PodSeen
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.status import Best, Candidate, Quarantined, Revision, Rollback, Rollout
from leadmodel_operator.resource.vocabulary import Evidence, QuarantineKind, Reason

BEST_DAYS = timedelta(days=30)
SHIFT_REFRESH = timedelta(hours=1)  # how exactly the last move is remembered
MAX_ROLLBACKS = 5


def is_serving(state: PassState) -> bool:
    """Whether what status decided runs in every pod."""
    champion, there = state.champion, state.seen.rollout
    if champion is None or there is None or there.champion != champion.digest or not there.settled:
        return False
    if there.replicas == 0:
        return True
    right = [
        p
        for p in state.seen.pods
        if p.ready and p.template_champion == champion.digest and p.champion in {None, champion.digest}
    ]
    return len(right) >= there.replicas


def record_served(state: PassState) -> None:
    """The rollout has arrived: remember that it served, and with which image."""
    champion, there = state.champion, state.seen.rollout
    if champion is None or there is None or not is_serving(state):
        return
    if champion.served_at is None:
        state.change(champion=replace(champion, served_at=state.now, image=there.image))
    rollout = state.status.rollout
    if rollout is not None and there.decision >= state.status.decision:
        state.change(rollout=None)
        state.emit("Serving", f"{short(champion.digest)} serves in every pod")


def record_proven(state: PassState) -> None:
    """Live leads gave a Pass while it served."""
    champion, found = state.champion, state.status.drift
    if (
        champion
        and champion.proven_at is None
        and champion.served_at
        and found
        and found.evidence is Evidence.PASS
    ):
        state.change(champion=replace(champion, proven_at=state.now))


def record_population_shift(state: PassState) -> None:
    """In a sustained breach the previous model, if there is one, breaches too: the leads moved, and no model is to blame.

    Models trained in the days after know leads of before and of after. When the leads move back, such a model breaches although it is
    sound, and an older one fits again.
    """
    champion, found = state.champion, state.status.drift
    alike = state.status.previous is None or (
        found is not None and (found.previous_psi or 0.0) >= state.spec.drift.max_psi
    )
    if champion is None or not alike:
        return
    if champion.population_shifted_at is None or state.now - champion.population_shifted_at >= SHIFT_REFRESH:
        state.change(champion=replace(champion, population_shifted_at=state.now))


def promote(state: PassState, revision: Revision, message: str) -> None:
    """Serve this revision."""
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
        previous=_previous_after(state, revision.digest),
        rollout=Rollout(from_=_return_to(state), to=revision.digest, since=state.now, reason=Reason.PROMOTED),
        candidate=None,
        hold=None,
        drift=None,
        best=_best_after(state, revision),
    )
    _changed(state, revision.digest, revision.digest, Reason.PROMOTED, message)
    state.emit(
        "Promoted", f"{short(revision.digest)} replaces {short(old.digest if old else None)}: {message}"
    )


def _changed(state: PassState, to: str | None, about: str, reason: Reason, message: str) -> None:
    state.claim, state.champion_changed = to, True
    state.record_decision(about, reason, message)
    state.requeue_in(1)


def _return_to(state: PassState) -> str | None:
    """The replaced champion if it ever served and is not quarantined, else where its own rollout would have returned to."""
    old, rollout = state.champion, state.status.rollout
    if old is not None and old.served_at is not None and state.permanent_entry(old.digest) is None:
        return old.digest
    return rollout.from_ if rollout else None


def _previous_after(state: PassState, digest: str) -> Revision | None:
    """The last proven champion, else the replaced one; never the new champion, never a quarantined one."""
    old, previous = state.champion, state.status.previous
    ended = replace(old, until=state.now) if old is not None and old.served_at is not None else None
    order = [ended, previous] if ended is not None and ended.proven_at is not None else [previous, ended]
    for found in order:
        if found is not None and found.digest != digest and state.permanent_entry(found.digest) is None:
            return found
    return None


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
    """Take the champion out of service for good and serve `target` (None: nothing can serve)."""
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
    _changed(state, to, to or old.digest, reason, message)
    state.emit(
        "RolledBack",
        f"{short(old.digest)} is quarantined ({kind}), {short(to)} serves instead: {message}",
        warning=True,
    )


def fallback(state: PassState) -> Revision | None:
    """Where to return to: rollout.from, previous, the newest held revision that served here, what a pod of ours serves."""
    rollout, champion = state.status.rollout, state.champion
    served = sorted(
        (r for r in state.seen.ledger if r.revision and r.revision.served_at),
        key=lambda r: r.at,
        reverse=True,
    )
    order = [
        rollout.from_ if rollout else None,
        state.status.previous.digest if state.status.previous else None,
    ]
    in_pods = {pod.champion: pod for pod in state.seen.pods if pod.ready and pod.champion is not None}
    for digest in [*order, *(record.digest for record in served), *sorted(in_pods)]:
        if (
            digest is None
            or (champion and digest == champion.digest)
            or state.permanent_entry(digest)
            or not state.is_reachable(digest)
        ):
            continue
        revision = state.known_revision(digest)
        if (
            revision is None and digest in in_pods
        ):  # the ledger is lost: a Deployment of ours never names what did not pass
            revision = Revision(digest=digest, image=in_pods[digest].image, template=state.seen.rendering)
        if revision is not None:
            return revision
    return None


def check_rollout(state: PassState) -> None:
    """Blame the champion only for what pods of ours say it did: exit 3 naming it, with the image that validated it."""
    champion = state.champion
    if champion is None or state.champion_changed or champion.served_at is not None:
        return
    if any(pod.ready and pod.champion == champion.digest for pod in state.seen.pods):
        return
    if not any(_blames(pod, champion) for pod in state.seen.pods):
        return
    message = "a pod with the image that validated it refused to load it"
    roll_back(state, fallback(state), kind=QuarantineKind.LOAD, reason=Reason.ROLLOUT_FAILED, message=message)


def _blames(pod: PodSeen, champion: Revision) -> bool:
    fault = pod.fault
    if (
        fault is None
        or fault.kind is not FaultKind.TERMINATED
        or fault.exit_code != PredictorExit.REFUSED
        or pod.image != champion.image
    ):
        return False
    said = read(refusal.parse, fault.message)
    return said is not None and said.digest == champion.digest


def check_lost(state: PassState) -> None:
    """The champion's snapshot is gone, no pod has it and the source does not give it: fall back, or start anew."""
    champion, candidate = state.champion, state.status.candidate
    if champion is None or state.champion_changed or state.is_reachable(champion.digest):
        return
    if (
        candidate is None
        or candidate.digest != champion.digest
        or candidate.verdict is not Evidence.UNAVAILABLE
    ):
        return
    target = fallback(state)
    gone = candidate.reason in {Reason.ARTIFACT_NOT_FOUND, Reason.DIGEST_MISMATCH}
    if target is None and not gone:
        return
    rollout = target and Rollout(from_=None, to=target.digest, since=state.now, reason=Reason.ROLLOUT_FAILED)
    state.change(
        champion=target
        and replace(
            target, since=state.now, until=None, population_shifted_at=champion.population_shifted_at
        ),
        previous=None,
        candidate=None,
        drift=None,
        rollout=rollout,
    )
    said = f"the bytes of {short(champion.digest)} are lost everywhere"
    to = target.digest if target else None
    _changed(state, to, to or champion.digest, Reason.ROLLOUT_FAILED, said)
    state.emit("ChampionLost", f"{said}; {short(to)} serves instead", warning=True)


def as_revision(state: PassState, candidate: Candidate, image: str) -> Revision:
    """The revision a passed candidate becomes."""
    assert candidate.digest is not None
    found = state.status.gate
    auc = found.auc if found and found.digest == candidate.digest else None
    return Revision(
        digest=candidate.digest,
        version=candidate.version,
        auc=auc,
        image=image,
        template=state.seen.rendering,
        passed=state.gate_hash,
    )
