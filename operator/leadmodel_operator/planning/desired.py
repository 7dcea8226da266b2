"""Status → what should be. Nothing here looks at evidence: the same status always asks for the same."""

from leadmodel_operator.planning.ledger import render
from leadmodel_operator.planning.observed import Desired, Poll, Serve, Validation
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.planning.sources import poll_now
from leadmodel_operator.resource.vocabulary import Evidence, Reason


def desired(state: PassState, validate: Validation | None) -> Desired:
    """What should be after this pass."""
    once = poll_now(state)
    status = state.status
    serve = _serve(state)
    return Desired(
        serve=serve,
        validate=validate,
        poll=_poll(state, once),
        retraining=state.spec.retraining,
        backfill=state.spec.pii_backfill,
        keep=_keep(state),
        restore=_restore(state),
        claim=state.claim,
        ledger=render(state.seen.ledger, status),
        evict=_evict(state),
        frozen=state.paused,
        touch_serve=_may_touch(state, serve),
    )


def _serve(state: PassState) -> Serve | None:
    champion, status, pod = state.champion, state.status, state.spec.predictor
    if champion is None:
        return None
    settling = status.rollout is not None and status.rollout.reason is not Reason.PROMOTED
    return Serve(
        champion=champion.digest,
        previous=status.previous.digest if status.previous else None,
        image=champion.image if settling or not pod.image else pod.image,
        template=champion.template,
        decision=status.decision,
        measured_auc=champion.auc,
        pod=pod,
        replicas=None if pod.autoscaling else pod.replicas,
        autoscaling=pod.autoscaling,
        progress_deadline=state.spec.progress_deadline.seconds,
    )


def _may_touch(state: PassState, serve: Serve | None) -> bool:
    """Never delete pods that serve an unquarantined digest; while paused only take a quarantined one out of service."""
    there = state.seen.rollout
    if there is None:
        return not state.paused
    out = state.permanent_entry(there.champion) is not None
    if state.paused:
        return out
    if serve is not None:
        return True
    return not any(pod.ready and state.permanent_entry(pod.champion) is None for pod in state.seen.pods)


def _poll(state: PassState, once: str | None) -> Poll | None:
    """The schedule runs for what is not pinned, and for a pin that is refused or waits for its holdout."""
    spec, known, candidate = state.spec, state.status.poll, state.status.candidate
    waits = candidate is not None and candidate.verdict in {Evidence.FAIL, Evidence.INSUFFICIENT}
    if state.pinned and not waits:
        return None
    return Poll(
        uri=spec.artifact.uri,
        holdout_uri=spec.holdout.uri,
        interval=spec.artifact.poll_interval,
        etag=known.etag if known and state.status.requested else None,
        holdout_etag=known.holdout_etag if known else None,
        image=state.image,
        once=once,
    )


def _keep(state: PassState) -> frozenset[str]:
    """Champion, previous, candidate, best, where a rollout would return to, the newest that served here, and what pods serve."""
    status, candidate = state.status, state.status.candidate
    needed = {r.digest for r in (status.champion, status.previous, status.best) if r is not None}
    needed |= _served(state)
    if status.rollout is not None and status.rollout.from_ is not None:
        needed.add(status.rollout.from_)
    if candidate is not None and candidate.digest is not None and candidate.verdict is not Evidence.FAIL:
        needed.add(candidate.digest)
    if status.champion is None:  # what is held may be asked for again, and nothing else is known of it yet
        needed |= {digest for digest in state.seen.snapshots if state.permanent_entry(digest) is None}
    served = [
        r.digest for r in state.seen.ledger if r.revision and r.revision.served_at and r.digest not in needed
    ]
    held = [
        digest
        for digest in served
        if digest in state.seen.snapshots and state.permanent_entry(digest) is None
    ]
    return frozenset(needed | set(held[: state.spec.revision_history_limit]))


def _served(state: PassState) -> set[str]:
    """What ready pods serve and may serve on: they need it to start again, whatever else was lost."""
    found = {pod.champion for pod in state.seen.pods if pod.ready and pod.champion is not None}
    return {digest for digest in found if state.permanent_entry(digest) is None}


def _restore(state: PassState) -> frozenset[str]:
    """Snapshots that are lost and that a ready pod can give back."""
    status = state.status
    wanted = {r.digest for r in (status.champion, status.previous) if r is not None}
    if status.rollout is not None and status.rollout.from_ is not None:
        wanted.add(status.rollout.from_)
    wanted |= _served(state)
    return frozenset((wanted - state.seen.snapshots) & state.digests_in_pods())


def _evict(state: PassState) -> tuple[str, ...]:
    """Pods that say they serve another digest than their template names."""
    return tuple(
        p.name for p in state.seen.pods if p.champion is not None and p.champion != p.template_champion
    )
