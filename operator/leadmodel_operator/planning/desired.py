"""Status → what should be. No evidence is read here: the same status always asks for the same objects."""

from leadmodel_operator.planning.challenger_place import served_image, takes_challenger
from leadmodel_operator.planning.follow_ups import follow_ups_work
from leadmodel_operator.planning.ledger import render
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.planning.planned import Asked, Desired, Poll, Serve, TextCheck, Validation
from leadmodel_operator.planning.text_work import takes_text_model, text_work
from leadmodel_operator.resource.vocabulary import LIVE_REFUSALS, Evidence, Reason


def desired(
    state: PassState, validate: Validation | None, poll_job: str | None, check: TextCheck | None = None
) -> Desired:
    """Derive what should exist after the pass.

    Args:
        state: The state after all decisions.
        validate: The validation that should run; None if none should.
        poll_job: The name of the poll Job to create at once; None if no poll is due.
        check: The check of a text model that should run; None if none should.
    """
    serve = _serve(state)
    return Desired(
        serve=serve,
        validate=validate,
        poll=_poll(state, poll_job),
        retraining=state.spec.retraining,
        backfill=state.spec.pii_backfill,
        asked=asked(state),
        text=text_work(state, check),
        follow_ups=follow_ups_work(state),
        keep=snapshots_to_keep(state),
        restore=_snapshots_to_restore(state),
        claim=state.claim,
        ledger=render(state.seen.ledger, state.status, state.evidence),
        evict=_pods_to_evict(state),
        frozen=state.paused,
        touch_serve=may_touch_deployment(state, serve),
    )


def _serve(state: PassState) -> Serve | None:
    champion, status, pod = state.champion, state.status, state.spec.predictor
    if champion is None:
        return None
    rolling_back = status.rollout is not None and status.rollout.reason is not Reason.PROMOTED
    return Serve(
        champion=champion.digest,
        previous=status.previous.digest if status.previous else None,
        image=served_image(state, champion),
        template=champion.template,
        decision=status.decision,
        measured_auc=champion.auc,
        pod=pod,
        replicas=None if pod.autoscaling else pod.replicas,
        autoscaling=pod.autoscaling,
        progress_deadline=state.spec.progress_deadline.seconds,
        rolls_back=rolling_back,
        text=takes_text_model(state),
        challenger=takes_challenger(state),
    )


def asked(state: PassState) -> Asked | None:
    """The candidate that status says the pods are asked about; None if there is none."""
    challenger = state.status.challenger
    if challenger is None or challenger.until is not None:
        return None
    return Asked(challenger.digest, challenger.decision, challenger.weight)


def may_touch_deployment(state: PassState, serve: Serve | None) -> bool:
    """Whether the Deployment may be changed.

    While paused only to take a quarantined digest out of service; never to delete pods that serve an unquarantined digest.
    """
    deployed = state.seen.rollout
    if deployed is None:
        return not state.paused
    if state.paused:
        return state.permanent_entry(deployed.champion) is not None
    if serve is not None:
        return True
    return not any(pod.ready and state.permanent_entry(pod.champion) is None for pod in state.seen.pods)


def _poll(state: PassState, once: str | None) -> Poll | None:
    """The poll schedule: for an unpinned source, and for a pin that is refused or waits for another holdout."""
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


# --- snapshots ---------------------------------------------------------------------------------------------------------------


def snapshots_to_keep(state: PassState) -> frozenset[str]:
    """Digests whose snapshots are kept: those in use, and the newest others that served."""
    in_use = _slots(state) | _best(state) | _served_by_pods(state) | _under_validation(state)
    in_use |= _unknown_without_champion(state) | left_by_rollback(state)
    return frozenset(in_use | _newest_served(state, beside=in_use))


def _slots(state: PassState) -> set[str]:
    """Champion, previous, and the digest to return to if the rollout fails."""
    status = state.status
    digests = {revision.digest for revision in (status.champion, status.previous) if revision is not None}
    if status.rollout is not None and status.rollout.from_ is not None:
        digests.add(status.rollout.from_)
    return digests


def _best(state: PassState) -> set[str]:
    """The best champion of the last 30 days, which validations compare with."""
    return {state.status.best.digest} if state.status.best is not None else set()


def _under_validation(state: PassState) -> set[str]:
    """The digest of the candidate, unless the holdout refused the candidate, and the one that is checked against live leads."""
    candidate, challenger = state.status.candidate, asked(state)
    digests = {challenger.digest} if challenger is not None else set()
    if candidate is None or candidate.digest is None:
        return digests
    if candidate.verdict is Evidence.FAIL and candidate.reason not in LIVE_REFUSALS:
        return digests
    return {candidate.digest, *digests}


def left_by_rollback(state: PassState) -> set[str]:
    """What the newest rollback took out of service, also while quarantined: a person may release it and pin it without the store."""
    return {rollback.from_ for rollback in state.status.rollbacks[:1]}


def _served_by_pods(state: PassState) -> set[str]:
    """What ready pods serve and may go on serving: the pods need the snapshots to start again, whatever else was lost."""
    digests = {pod.champion for pod in state.seen.pods if pod.ready and pod.champion is not None}
    return {digest for digest in digests if state.permanent_entry(digest) is None}


def _unknown_without_champion(state: PassState) -> set[str]:
    """Without a champion every held snapshot that may serve, for each may be requested again."""
    if state.status.champion is not None:
        return set()
    return {digest for digest in state.seen.snapshots if state.permanent_entry(digest) is None}


def _newest_served(state: PassState, *, beside: set[str]) -> set[str]:
    """The newest revisions that served, up to revisionHistoryLimit besides those in use."""
    served = [r.digest for r in state.seen.ledger if r.revision and r.revision.served_at]
    held = [
        digest
        for digest in served
        if digest not in beside and digest in state.seen.snapshots and state.permanent_entry(digest) is None
    ]
    return set(held[: state.spec.revision_history_limit])


def _snapshots_to_restore(state: PassState) -> frozenset[str]:
    """Snapshots that are lost and that a ready pod can give back."""
    needed = _slots(state) | _served_by_pods(state)
    return frozenset((needed - state.seen.snapshots) & state.digests_in_pods())


def _pods_to_evict(state: PassState) -> tuple[str, ...]:
    """Pods that report another champion than their template names."""
    return tuple(
        pod.name
        for pod in state.seen.pods
        if pod.champion is not None and pod.champion != pod.template_champion
    )
