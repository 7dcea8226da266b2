"""Whether predictors are started with a place for a candidate: `--challenger` stops one of an earlier release from starting.

image of the pods                                    | place
------------------------------------------------------|--------------------------------------------------------
that of the promotion                                 | if the promotion, or a refresh, gave it one
another one, of the spec                              | if that promotion did, and the spec writes a policy of
                                                      | the live gate: that takes the image at its word
"""

from leadmodel_operator.planning.live_response import LiveVerdict
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.resource.status_models import Revision
from leadmodel_operator.resource.vocabulary import Evidence, Reason

RENDERING = 4  # the first version of the rendering of pods that have a place for a candidate
NO_PLACE = "the champion's pods have no place for a candidate"


def served_image(state: PassState, champion: Revision) -> str:
    """The image of the pods: until a rollback has served, the one that its target last served with, for a broken spec cannot block it."""
    rollout, named = state.status.rollout, state.spec.predictor.image
    rolling_back = rollout is not None and rollout.reason is not Reason.PROMOTED
    return champion.image if rolling_back or not named else named


def takes_challenger(state: PassState) -> bool:
    """Whether predictors are started with a place for a candidate."""
    champion = state.champion
    if champion is None or champion.template < RENDERING:
        return False
    return served_image(state, champion) == champion.image or not _may_be_older(state)


def rendering_for(state: PassState) -> int:
    """The version by which pods of the present image are rendered: without a place where the image may be of an earlier release."""
    newest = state.seen.rendering
    return min(newest, RENDERING - 1) if _may_be_older(state) else newest


def not_mounted(state: PassState) -> LiveVerdict:
    """The verdict where the champion's pods have no place for a candidate, and what gives them one."""
    how = "a promotion or customerops.dev/refresh gives them one"
    if _may_be_older(state):
        how = "write gate.live.policy if spec.predictor.image is of this release"
    return LiveVerdict(Evidence.INSUFFICIENT, Reason.NOT_MOUNTED, f"{NO_PLACE}: {how}")


def _may_be_older(state: PassState) -> bool:
    """Whether the spec names an image that nobody said to be of this release."""
    return state.spec.predictor.image is not None and state.spec.gate.live.policy not in {"Require", "Report"}
