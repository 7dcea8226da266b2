"""The challenger in status: the candidate that is checked against live leads before it answers any, and the outcome."""

from dataclasses import dataclass
from datetime import datetime

from leadmodel_operator.resource.fields import doc
from leadmodel_operator.resource.formats import DIGEST
from leadmodel_operator.resource.vocabulary import Evidence, Reason


@dataclass(frozen=True, kw_only=True)
class ScoreShift:
    """How the challenger's scores differ from the champion's on the same leads."""

    leads: int = doc("Number of leads that both scored.", default=0, minimum=0)
    mean: float | None = doc("Mean of challenger minus champion.", default=None)
    rank: float | None = doc("Rank correlation of both scores, by deciles.", default=None)
    moved: float | None = doc(
        "Share of leads whose score falls into another tenth of the champion's reference, from 0 to 1.",
        default=None,
    )


@dataclass(frozen=True, kw_only=True)
class Challenger:
    """The newest candidate that was checked against live leads."""

    digest: str = doc("Digest of the candidate.", pattern=DIGEST)
    inputs: str = doc("Hash of everything the verdict depends on.", max_length=64)
    since: datetime = doc("Time since which the candidate is checked.")
    until: datetime | None = doc(
        "Time at which the verdict became final. Absent while the candidate is checked.", default=None
    )
    decision: int = doc("Number of the decision to ask.", default=0, minimum=0)
    released: bool = doc("If true, a person lets the candidate serve whatever live leads say.", default=False)
    at: datetime | None = doc("Time at which the figures were written.", default=None)
    verdict: Evidence | None = doc("Outcome on live leads. Absent until pods have answered.", default=None)
    reason: Reason | None = doc("Reason for the verdict, in one word.", default=None)
    message: str = doc("Explanation of the verdict, in one sentence.", max_length=256, default="")
    samples: int = doc(
        "Number of leads that were compared with the candidate's reference.", default=0, minimum=0
    )
    psi: float | None = doc("PSI of the candidate in the feature that decided.", default=None)
    champion_psi: float | None = doc("PSI of the champion in that feature, on the same leads.", default=None)
    feature: str | None = doc("Name of the feature that decided.", max_length=128, default=None)
    unread: float | None = doc(
        "Share of leads that the candidate refuses or could not be given, from 0 to 1.", default=None
    )
    step: int | None = doc(
        "Number of the step of spec.rollout, from 0. Absent while the candidate answers no leads.",
        default=None,
        minimum=0,
    )
    weight: int | None = doc(
        "Share of leads that the pods are to give the candidate in that step, in per cent.",
        default=None,
        minimum=1,
        maximum=100,
    )
    step_since: datetime | None = doc("Time at which the step was decided.", default=None)
    shown_since: datetime | None = doc(
        "Time since which all ready pods have reported that share. Absent until they do.", default=None
    )
    answered: int = doc("Number of leads that the candidate has answered.", default=0, minimum=0)
    failed: int = doc(
        "Number of leads of its share for which the candidate had no score; the champion answered them.",
        default=0,
        minimum=0,
    )
    refused: int = doc(
        "Number of leads of its share that the candidate refused and the champion answered.",
        default=0,
        minimum=0,
    )
    promoted: bool = doc("If true, a person ended the steps before their time.", default=False)
    shift: ScoreShift | None = doc("Difference of the scores of both models.", default=None)
