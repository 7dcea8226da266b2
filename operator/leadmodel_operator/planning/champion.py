"""Changes of champion: promote, roll back, fall back, and what a rollout has come to. One change a pass."""

import json
from dataclasses import replace
from datetime import timedelta

from leadmodel_operator.planning.observed import FaultKind, PodSeen
from leadmodel_operator.planning.pass_state import Draft
from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.status import Best, Candidate, Quarantined, Revision, Rollback, Rollout
from leadmodel_operator.resource.vocabulary import Evidence, QuarantineKind, Reason

BEST_DAYS = timedelta(days=30)
MOVED_REFRESH = timedelta(hours=1)  # how exactly the last move is remembered
MAX_ROLLBACKS = 5
REFUSED = 3  # exit code of a predictor that refuses its champion


def is_serving(draft: Draft) -> bool:
    """Whether what status decided runs in every pod."""
    champion, there = draft.champion, draft.seen.rollout
    if champion is None or there is None or there.champion != champion.digest or not there.settled:
        return False
    if there.replicas == 0:
        return True
    right = [
        p
        for p in draft.seen.pods
        if p.ready and p.template_champion == champion.digest and p.champion in {None, champion.digest}
    ]
    return len(right) >= there.replicas


def note_served(draft: Draft) -> None:
    """The rollout has arrived: remember that it served, and with which image."""
    champion, there = draft.champion, draft.seen.rollout
    if champion is None or there is None or not is_serving(draft):
        return
    if champion.served_at is None:
        draft.change(champion=replace(champion, served_at=draft.now, image=there.image))
    rollout = draft.status.rollout
    if rollout is not None and there.decision >= draft.status.decision:
        draft.change(rollout=None)
        draft.say("Serving", f"{short(champion.digest)} serves in every pod")


def note_proven(draft: Draft) -> None:
    """Live leads gave a Pass while it served."""
    champion, found = draft.champion, draft.status.drift
    if (
        champion
        and champion.proven_at is None
        and champion.served_at
        and found
        and found.evidence is Evidence.PASS
    ):
        draft.change(champion=replace(champion, proven_at=draft.now))


def note_moved(draft: Draft) -> None:
    """In a sustained breach the previous model, if there is one, breaches too: the leads moved, and no model is to blame.

    Models trained in the days after know leads of before and of after. When the leads move back, such a model breaches although it is
    sound, and an older one fits again.
    """
    champion, found = draft.champion, draft.status.drift
    alike = draft.status.previous is None or (
        found is not None and (found.previous_psi or 0.0) >= draft.spec.drift.max_psi
    )
    if champion is None or not alike:
        return
    if champion.moved_at is None or draft.now - champion.moved_at >= MOVED_REFRESH:
        draft.change(champion=replace(champion, moved_at=draft.now))


def promote(draft: Draft, revision: Revision, message: str) -> None:
    """Serve this revision."""
    old = draft.champion
    draft.change(
        champion=replace(
            revision,
            since=draft.now,
            until=None,
            served_at=None,
            proven_at=None,
            moved_at=old.moved_at if old else None,
        ),
        previous=_previous_after(draft, revision.digest),
        rollout=Rollout(from_=_return_to(draft), to=revision.digest, since=draft.now, reason=Reason.PROMOTED),
        candidate=None,
        hold=None,
        drift=None,
        best=_best_after(draft, revision),
    )
    _changed(draft, revision.digest, revision.digest, Reason.PROMOTED, message)
    draft.say(
        "Promoted", f"{short(revision.digest)} replaces {short(old.digest if old else None)}: {message}"
    )


def _changed(draft: Draft, to: str | None, about: str, reason: Reason, message: str) -> None:
    draft.claim, draft.moved = to, True
    draft.decided(about, reason, message)
    draft.wake_in(1)


def _return_to(draft: Draft) -> str | None:
    """The replaced champion if it ever served and is not quarantined, else where its own rollout would have returned to."""
    old, rollout = draft.champion, draft.status.rollout
    if old is not None and old.served_at is not None and draft.lasting(old.digest) is None:
        return old.digest
    return rollout.from_ if rollout else None


def _previous_after(draft: Draft, digest: str) -> Revision | None:
    """The last proven champion, else the replaced one; never the new champion, never a quarantined one."""
    old, previous = draft.champion, draft.status.previous
    ended = replace(old, until=draft.now) if old is not None and old.served_at is not None else None
    order = [ended, previous] if ended is not None and ended.proven_at is not None else [previous, ended]
    for found in order:
        if found is not None and found.digest != digest and draft.lasting(found.digest) is None:
            return found
    return None


def _best_after(draft: Draft, revision: Revision) -> Best | None:
    best = draft.status.best
    if revision.auc is None:
        return best
    if best is None or draft.now - best.since > BEST_DAYS or revision.auc >= best.auc:
        return Best(digest=revision.digest, auc=revision.auc, since=draft.now)
    return best


def roll_back(
    draft: Draft, target: Revision | None, *, kind: QuarantineKind, reason: Reason, message: str
) -> None:
    """Take the champion out of service for good and serve `target` (None: nothing can serve)."""
    old = draft.champion
    if old is None:
        return
    to = target.digest if target else None
    rollback = Rollback(from_=old.digest, to=to, reason=reason, at=draft.now)
    draft.quarantine(
        Quarantined(digest=old.digest, kind=kind, reason=reason, since=draft.now, evidence=message[:160])
    )
    rollout = draft.status.rollout
    older = (
        rollout.from_ if rollout and rollout.from_ != to and draft.lasting(rollout.from_) is None else None
    )
    draft.change(
        rollbacks=(rollback, *draft.status.rollbacks)[:MAX_ROLLBACKS],
        champion=target and replace(target, since=draft.now, until=None, moved_at=old.moved_at),
        previous=None,
        rollout=Rollout(from_=older, to=to, since=draft.now, reason=reason) if to else None,
        drift=None,
        best=None if draft.status.best and draft.status.best.digest == old.digest else draft.status.best,
    )
    _changed(draft, to, to or old.digest, reason, message)
    draft.say(
        "RolledBack",
        f"{short(old.digest)} is quarantined ({kind}), {short(to)} serves instead: {message}",
        warning=True,
    )


def fallback(draft: Draft) -> Revision | None:
    """Where to return to: rollout.from, previous, the newest held revision that served here, what a pod of ours serves."""
    rollout, champion = draft.status.rollout, draft.champion
    served = sorted(
        (r for r in draft.seen.ledger if r.revision and r.revision.served_at),
        key=lambda r: r.at,
        reverse=True,
    )
    order = [
        rollout.from_ if rollout else None,
        draft.status.previous.digest if draft.status.previous else None,
    ]
    in_pods = {pod.champion: pod for pod in draft.seen.pods if pod.ready and pod.champion is not None}
    for digest in [*order, *(record.digest for record in served), *sorted(in_pods)]:
        if (
            digest is None
            or (champion and digest == champion.digest)
            or draft.lasting(digest)
            or not draft.reachable(digest)
        ):
            continue
        revision = draft.revision(digest)
        if (
            revision is None and digest in in_pods
        ):  # the ledger is lost: a Deployment of ours never names what did not pass
            revision = Revision(digest=digest, image=in_pods[digest].image, template=draft.seen.rendering)
        if revision is not None:
            return revision
    return None


def check_rollout(draft: Draft) -> None:
    """Blame the champion only for what pods of ours say it did: exit 3 naming it, with the image that validated it."""
    champion = draft.champion
    if champion is None or draft.moved or champion.served_at is not None:
        return
    if any(pod.ready and pod.champion == champion.digest for pod in draft.seen.pods):
        return
    if not any(_blames(pod, champion) for pod in draft.seen.pods):
        return
    message = "a pod with the image that validated it refused to load it"
    roll_back(draft, fallback(draft), kind=QuarantineKind.LOAD, reason=Reason.ROLLOUT_FAILED, message=message)


def _blames(pod: PodSeen, champion: Revision) -> bool:
    fault = pod.fault
    if (
        fault is None
        or fault.kind is not FaultKind.TERMINATED
        or fault.exit_code != REFUSED
        or pod.image != champion.image
    ):
        return False
    try:
        said = json.loads(fault.message)
    except ValueError:
        return False
    return isinstance(said, dict) and said.get("digest") == champion.digest


def check_lost(draft: Draft) -> None:
    """The champion's snapshot is gone, no pod has it and the source does not give it: fall back, or start anew."""
    champion, candidate = draft.champion, draft.status.candidate
    if champion is None or draft.moved or draft.reachable(champion.digest):
        return
    if (
        candidate is None
        or candidate.digest != champion.digest
        or candidate.verdict is not Evidence.UNAVAILABLE
    ):
        return
    target = fallback(draft)
    gone = candidate.reason in {Reason.ARTIFACT_NOT_FOUND, Reason.DIGEST_MISMATCH}
    if target is None and not gone:
        return
    rollout = target and Rollout(from_=None, to=target.digest, since=draft.now, reason=Reason.ROLLOUT_FAILED)
    draft.change(
        champion=target and replace(target, since=draft.now, until=None, moved_at=champion.moved_at),
        previous=None,
        candidate=None,
        drift=None,
        rollout=rollout,
    )
    said = f"the bytes of {short(champion.digest)} are lost everywhere"
    to = target.digest if target else None
    _changed(draft, to, to or champion.digest, Reason.ROLLOUT_FAILED, said)
    draft.say("ChampionLost", f"{said}; {short(to)} serves instead", warning=True)


def as_revision(draft: Draft, candidate: Candidate, image: str) -> Revision:
    """The revision a passed candidate becomes."""
    assert candidate.digest is not None
    found = draft.status.gate
    auc = found.auc if found and found.digest == candidate.digest else None
    return Revision(
        digest=candidate.digest,
        version=candidate.version,
        auc=auc,
        image=image,
        template=draft.seen.rendering,
        passed=draft.gate_hash,
    )
