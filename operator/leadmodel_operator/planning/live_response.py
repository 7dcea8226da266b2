"""A verdict of the live gate, and what follows from it. Pure: a verdict and the settings in, a response out.

verdict (first that applies)                     | response
-------------------------------------------------|------------------------------------------------
Pass                                             | Promote
Fail                                             | Refuse; Promote where it is only reported
Insufficient, and leads may still come           | Ask
Insufficient, only reported                      | Promote
Insufficient CannotReadLiveLeads                 | Refuse
any other Insufficient                           | Promote or Hold, as `onInsufficient` says
"""

from dataclasses import dataclass
from enum import StrEnum

from leadmodel_operator.resource.spec_policies import LiveGate
from leadmodel_operator.resource.vocabulary import Evidence, Reason


@dataclass(frozen=True)
class LiveVerdict:
    """What live leads say of a candidate, with the reason in one word and in one sentence."""

    evidence: Evidence
    reason: Reason
    message: str
    samples: int = 0  # leads compared with the candidate's reference
    psi: float | None = None
    champion_psi: float | None = None
    feature: str | None = None
    unread: float | None = None  # share that the candidate refuses or could not be given


class Response(StrEnum):
    """What follows from a verdict."""

    ASK = "Ask"  # more leads may still come
    PROMOTE = "Promote"
    HOLD = "Hold"
    REFUSE = "Refuse"


def respond(verdict: LiveVerdict, policy: LiveGate, *, binding: bool, waited: bool) -> Response:
    """Tell what follows from a verdict.

    Args:
        verdict: The newest verdict.
        policy: The settings of the live gate.
        binding: Whether the verdict binds; False: it is only reported.
        waited: Whether the time to wait for leads is over.
    """
    if verdict.evidence is Evidence.PASS:
        return Response.PROMOTE
    if verdict.evidence is Evidence.FAIL:
        return Response.REFUSE if binding else Response.PROMOTE
    if not waited and verdict.reason is not Reason.NOT_MOUNTED:
        return Response.ASK
    if not binding:
        return Response.PROMOTE
    if verdict.reason is Reason.CANNOT_READ_LIVE_LEADS:
        return Response.REFUSE
    return Response.HOLD if policy.on_insufficient == "Hold" else Response.PROMOTE
