"""Rollback on drift: whether a sustained breach leads back to the previous model. Pure: facts in, a decision out.

breach on live leads | rule that answers                      | response
---------------------|----------------------------------------|----------
not sustained        | -                                      | nothing
sustained            | one of BLOCKERS (first answer wins)    | alert
sustained            | none: the previous model fits the leads| roll back
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from leadmodel_operator.planning.drift import Assessed
from leadmodel_operator.planning.drift_reading import LEAVE
from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.spec_policies import DriftPolicy, RollbackPolicy
from leadmodel_operator.resource.status_decisions import DriftResult, Quarantined, Rollback
from leadmodel_operator.resource.status_models import Revision
from leadmodel_operator.resource.vocabulary import Blocker, Reason

BAD_PREVIOUS = 0.01  # share of leads that a rollback target may refuse


class Response(StrEnum):
    """The response to the state of live leads."""

    NOTHING = "Nothing"
    ROLL_BACK = "RollBack"
    ALERT = "Alert"  # a sustained breach that a rollback would not mend


@dataclass(frozen=True)
class RollbackDecision:
    """The response, with its reason in one word and in one sentence (empty if there is no response), and what stood against a rollback."""

    response: Response
    reason: Reason
    message: str
    blocker: Blocker | None = None


@dataclass(frozen=True)
class _Case:
    """Everything a blocker may look at."""

    assessed: Assessed
    previous: Revision | None
    rollback_blocker: str | None
    population_shifted_at: datetime | None
    rollbacks: Sequence[Rollback]
    quarantine: Sequence[Quarantined]
    policy: RollbackPolicy
    now: datetime


def decide(
    assessed: Assessed,
    *,
    previous: Revision | None,
    rollback_blocker: str | None,
    population_shifted_at: datetime | None,
    rollbacks: Sequence[Rollback],
    quarantine: Sequence[Quarantined],
    drift: DriftPolicy,
    rollback: RollbackPolicy,
    now: datetime,
) -> RollbackDecision:
    """Decide between nothing, an alert and a rollback.

    Args:
        assessed: The state of live leads.
        previous: The rollback target; None if there is none.
        rollback_blocker: Why the target cannot serve (lost bytes, failed gate); None if the target can serve.
        population_shifted_at: When live leads last differed from the references of champion and previous model alike.
        rollbacks: The newest rollbacks, newest first.
        quarantine: The digests that may not serve.
        drift: The limits of drift.
        rollback: The conditions of a rollback.
        now: The instant of the pass.
    """
    result = assessed.result
    if not assessed.sustained:
        return RollbackDecision(Response.NOTHING, Reason.WITHIN_LIMITS, "")
    reason, figures = _breach(result, drift)
    case = _Case(
        assessed, previous, rollback_blocker, population_shifted_at, rollbacks, quarantine, rollback, now
    )
    for blocker, rule in BLOCKERS.items():
        if (sentence := rule(case)) is not None:
            message = f"{figures}; no rollback: {sentence}"
            return RollbackDecision(Response.ALERT, reason, message, blocker)
    fit = f"the previous model has PSI {_two_decimals(result.previous_psi)} on the same leads"
    return RollbackDecision(Response.ROLL_BACK, reason, f"{figures}; {fit}")


def _breach(result: DriftResult, drift: DriftPolicy) -> tuple[Reason, str]:
    if result.psi is not None and result.psi >= LEAVE * drift.max_psi:
        return Reason.DRIFT_SUSTAINED, f"PSI {_two_decimals(result.psi)} in {result.feature}"
    return Reason.BAD_INPUT_SHARE, f"{_two_decimals(result.bad_share)} of leads refused"


def _two_decimals(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"


def is_automatic(rollback: Rollback) -> bool:
    """Whether a rollback counts for the cooldown and for repeated rollbacks: those on live leads do."""
    return rollback.reason in {Reason.DRIFT_SUSTAINED, Reason.BAD_INPUT_SHARE}


# --- blockers: each gives the sentence that stands against a rollback, or None --------------------------------------------------


def _policy_is_alert(case: _Case) -> str | None:
    """The spec allows no automatic rollback."""
    return None if case.policy.policy == "Automatic" else "rollback.policy is Alert"


def _no_previous_model(case: _Case) -> str | None:
    """There is no rollback target."""
    return "there is no previous model" if case.previous is None else None


def _previous_is_quarantined(case: _Case) -> str | None:
    """The rollback target is in quarantine."""
    digest = case.previous.digest if case.previous else None
    is_refused = any(entry.digest == digest for entry in case.quarantine)
    return "the previous model is quarantined" if is_refused else None


def _previous_cannot_serve(case: _Case) -> str | None:
    """The bytes of the rollback target are lost, or the target fails the present gate."""
    return case.rollback_blocker


def _previous_is_too_old(case: _Case) -> str | None:
    """The rollback target stopped serving longer than rollback.maxAge ago."""
    previous = case.previous
    if previous is None or previous.until is None:
        return None
    is_old = case.now - previous.until > timedelta(seconds=case.policy.max_age.seconds)
    return f"the previous model {short(previous.digest)} stopped serving too long ago" if is_old else None


def _cooldown_lasts(case: _Case) -> str | None:
    """An automatic rollback happened within rollback.cooldown."""
    cooldown = timedelta(seconds=case.policy.cooldown.seconds)
    is_recent = any(is_automatic(r) and case.now - r.at < cooldown for r in case.rollbacks)
    return "the cooldown of the last rollback has not ended" if is_recent else None


def _no_model_is_to_blame(case: _Case) -> str | None:
    """Only the hours at which leads come differ, or no figure is over its limit any more."""
    if case.assessed.blames:
        return None
    return "only the hours at which leads come differ, or the breach is fading; neither is the model's doing"


def _not_comparable(case: _Case) -> str | None:
    """The previous slot was not read, or its reference was made by another method."""
    return None if case.assessed.comparable else "the previous model cannot be compared on these leads"


def _previous_refuses_leads(case: _Case) -> str | None:
    """The rollback target refuses more than 1 % of the same leads, or an unknown share."""
    share = case.assessed.result.previous_bad_share
    if share is not None and share <= BAD_PREVIOUS:
        return None
    return f"the previous model refuses leads too ({_two_decimals(share)} of them, at most {BAD_PREVIOUS:g} is asked for)"


def _previous_drifts(case: _Case) -> str | None:
    """The rollback target drifts too, or its PSI is unknown."""
    psi, limit = case.assessed.result.previous_psi, case.policy.max_previous_psi
    if psi is not None and psi < limit:
        return None
    figures = f"PSI {_two_decimals(psi)} on the same leads, below {limit:g} is asked for"
    return f"the world moved: the previous model drifts too ({figures})"


def _population_shifted(case: _Case) -> str | None:
    """The leads moved away from both models within rollback.maxAge and may be moving back."""
    shifted, max_age = case.population_shifted_at, timedelta(seconds=case.policy.max_age.seconds)
    if shifted is None or case.now - shifted >= max_age:
        return None
    when = f"{shifted:%Y-%m-%d at %H:%M} UTC"
    return f"the leads moved away from both models on {when}; that the previous model fits may only mean that they moved back"


BLOCKERS: Mapping[Blocker, Callable[[_Case], str | None]] = {
    Blocker.POLICY_IS_ALERT: _policy_is_alert,
    Blocker.NO_PREVIOUS_MODEL: _no_previous_model,
    Blocker.PREVIOUS_QUARANTINED: _previous_is_quarantined,
    Blocker.PREVIOUS_CANNOT_SERVE: _previous_cannot_serve,
    Blocker.PREVIOUS_TOO_OLD: _previous_is_too_old,
    Blocker.COOLDOWN: _cooldown_lasts,
    Blocker.NO_MODEL_TO_BLAME: _no_model_is_to_blame,
    Blocker.NOT_COMPARABLE: _not_comparable,
    Blocker.PREVIOUS_REFUSES_LEADS: _previous_refuses_leads,
    Blocker.PREVIOUS_DRIFTS: _previous_drifts,
    Blocker.POPULATION_SHIFTED: _population_shifted,
}
