"""Which revision serves where the champion may not any more: the first that is neither quarantined nor lost."""

from collections.abc import Iterator

from leadmodel_operator.planning.challenger_place import rendering_for
from leadmodel_operator.planning.observed import PodSeen
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.status_models import Revision


def fallback(state: PassState) -> Revision | None:
    """The revision to return to: the first of `_fallback_order` that may serve; None if none may."""
    pods = {pod.champion: pod for pod in state.seen.pods if pod.ready and pod.champion is not None}
    for digest in _fallback_order(state, sorted(pods)):
        if why_no_fallback(state, digest) is None:
            revision = state.known_revision(digest) or _revision_of_pod(state, pods.get(digest))
            if revision is not None:
                return revision
    return None


def _fallback_order(state: PassState, in_pods: list[str]) -> Iterator[str]:
    """Digests to return to, best first: where the rollout came from, previous, what served before, what pods serve."""
    rollout, previous = state.status.rollout, state.status.previous
    if rollout is not None and rollout.from_ is not None:
        yield rollout.from_
    if previous is not None:
        yield previous.digest
    served = [r for r in state.seen.ledger if r.revision and r.revision.served_at]
    yield from (record.digest for record in sorted(served, key=lambda r: r.at, reverse=True))
    yield from in_pods


def why_no_fallback(state: PassState, digest: str) -> str | None:
    """Why a digest cannot replace the champion; None if the digest can."""
    if state.champion is not None and digest == state.champion.digest:
        return f"{short(digest)} is the champion"
    if state.permanent_entry(digest) is not None:
        return f"{short(digest)} is quarantined"
    if not state.is_reachable(digest):
        return f"the bytes of {short(digest)} are lost"
    return None


def _revision_of_pod(state: PassState, pod: PodSeen | None) -> Revision | None:
    """A revision for what a pod serves when the ledger is lost: a Deployment of ours never names a digest that did not pass."""
    if pod is None or pod.champion is None:
        return None
    return Revision(digest=pod.champion, image=pod.image, template=rendering_for(state))
