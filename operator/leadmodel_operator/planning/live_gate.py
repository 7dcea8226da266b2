"""The live gate: what the leads in the pods say of a candidate before it answers one. Pure: two readings in, a verdict out.

readings of the same leads (first that applies)                     | verdict      | reason
--------------------------------------------------------------------|--------------|--------------------
the champion was given fewer than minSamples leads                  | Insufficient | InsufficientSamples
the candidate refuses >= 5 % of given leads, the champion < 4 %     | Fail         | CannotReadLiveLeads
too few leads compared, >= 5 % could not be given to the candidate  | Insufficient | CannotReadLiveLeads
too few leads compared                                              | Insufficient | InsufficientSamples
the candidate is over a limit, the champion over none               | Fail         | UnlikeLiveLeads
both are over, the candidate by a limit more than the champion      | Fail         | UnlikeLiveLeads
both are over a limit                                               | Pass         | WorldMoved
anything else                                                       | Pass         | LikeLiveLeads

A lead of the past cannot be given to a candidate if the champion did not keep what the candidate reads of it: another field, or a level
that the champion does not know. That says nothing against the candidate as long as enough other leads can be compared.

Where the world moved, newer training is the way to follow it, so a candidate that fits as badly as the champion passes. One that fits worse
than that was spoilt by something else: in some feature its PSI exceeds the champion's on the same leads by what is a breach by itself,
max(maxPsi, noise).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from leadmodel_messages.window_psi import HOUR_OF_DAY
from leadmodel_operator.planning.drift_reading import BAD_BREACH, BAD_LEAVE, Reading
from leadmodel_operator.resource.spec_policies import DriftPolicy, LiveGate
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


@dataclass(frozen=True)
class _Case:
    """Everything a rule may look at."""

    champion: Reading
    challenger: Reading
    unread: float
    refused: float
    min_samples: int
    max_psi: float

    @property
    def compared(self) -> bool:
        """Whether enough leads were compared with the candidate's reference."""
        return self.challenger.is_compared and self.challenger.compared >= self.min_samples


_Answer = tuple[Evidence, Reason, str]


def judge_live(
    champion: Reading,
    challenger: Reading,
    *,
    unread: int = 0,
    policy: LiveGate | None = None,
    max_psi: float = DriftPolicy.max_psi,
) -> LiveVerdict:
    """Judge a candidate on the leads in the pods.

    Args:
        champion: The reading of the champion.
        challenger: The reading of the candidate on the same leads; its `samples` count those that could not be given to it too.
        unread: Number of leads that could not be given to the candidate.
        policy: The limits of the live gate; None: the defaults.
        max_psi: The limit of drift by which both readings were made.
    """
    leads, limits = max(challenger.samples, 1), policy or LiveGate()
    bad, given = (challenger.bad_share or 0.0) * leads, challenger.samples - unread
    # few given leads are no share to go by
    refused = bad / given if given >= limits.min_samples else bad / leads
    case = _Case(champion, challenger, unread / leads, refused, limits.min_samples, max_psi)
    evidence, reason, message = next(answer for rule in CHAIN if (answer := rule(case)) is not None)
    # where the candidate is over several limits, the feature in which it is worse than the champion says most
    feature = max(_over(challenger), key=lambda name: _excess(case, name), default=challenger.feature)
    return LiveVerdict(
        evidence=evidence,
        reason=reason,
        message=message,
        samples=challenger.compared,
        psi=challenger.psi,
        champion_psi=champion.psi,
        feature=feature,
        unread=min(1.0, (unread + bad) / leads),
    )


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


# --- rules: each gives the verdict, or None -------------------------------------------------------------------------------------


def _over(reading: Reading) -> tuple[str, ...]:
    """The limits a model is over. That leads come at other hours is no model's doing."""
    return tuple(name for name in reading.over if name != HOUR_OF_DAY)


def _psi(reading: Reading, name: str) -> float:
    return reading.psis[name].value if name in reading.psis else 0.0


def _limit(case: _Case, name: str) -> float:
    """Smallest PSI of the candidate in one feature that is a breach."""
    known = case.challenger.psis.get(name)
    return known.limit(case.max_psi) if known is not None else case.max_psi


def _excess(case: _Case, name: str) -> float:
    """By how much the candidate fits worse than the champion in one feature, in PSI."""
    return _psi(case.challenger, name) - _psi(case.champion, name)


def _two_decimals(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"


def _champion_has_few(case: _Case) -> _Answer | None:
    """Leads that the champion does not have cannot be shown to anyone."""
    if case.champion.samples >= case.min_samples:
        return None
    return _few(case)


def _candidate_refuses(case: _Case) -> _Answer | None:
    """Leads that the champion scores and the candidate does not would be lost."""
    if case.refused < BAD_BREACH or (case.champion.bad_share or 0.0) >= BAD_LEAVE:
        return None
    message = f"the candidate refuses {case.refused:.0%} of live leads, the champion {case.champion.bad_share or 0.0:.0%}"
    return Evidence.FAIL, Reason.CANNOT_READ_LIVE_LEADS, message


def _too_few_given(case: _Case) -> _Answer | None:
    """Too few leads are left because the candidate reads what the champion did not keep."""
    if case.compared or case.unread + case.refused < BAD_BREACH:
        return None
    message = f"the candidate reads what the champion does not keep of {case.unread:.0%} of live leads"
    return Evidence.INSUFFICIENT, Reason.CANNOT_READ_LIVE_LEADS, message


def _too_few_compared(case: _Case) -> _Answer | None:
    """Silence about most leads is no sign that they fit."""
    return None if case.compared else _few(case)


def _few(case: _Case) -> _Answer:
    message = f"fewer than {case.min_samples} live leads could be compared with the candidate's reference"
    return Evidence.INSUFFICIENT, Reason.INSUFFICIENT_SAMPLES, message


def _only_candidate_differs(case: _Case) -> _Answer | None:
    """The leads are as the champion knows them, so what differs is the candidate."""
    if not _over(case.challenger) or _over(case.champion):
        return None
    return Evidence.FAIL, Reason.UNLIKE_LIVE_LEADS, f"live leads do not fit the candidate: {_figures(case)}"


def _candidate_differs_more(case: _Case) -> _Answer | None:
    """The world moved, but not to where the candidate expects it: what it has in addition to the champion is a breach by itself."""
    worse = [name for name in _over(case.challenger) if _excess(case, name) >= _limit(case, name)]
    if not worse:
        return None
    name = max(worse, key=lambda one: _excess(case, one))
    ours, theirs = _psi(case.challenger, name), _psi(case.champion, name)
    message = f"live leads differ from both models, from the candidate far more: PSI {ours:.2f} in {name}, champion {theirs:.2f}"
    return Evidence.FAIL, Reason.UNLIKE_LIVE_LEADS, f"{message} on the same {case.challenger.compared} leads"


def _both_differ(case: _Case) -> _Answer | None:
    """The leads are as neither model knows them: the world moved, and newer training is the way to follow it."""
    if not _over(case.challenger):
        return None
    better = (case.challenger.psi or 0.0) < (case.champion.psi or 0.0)
    fits = "this one fits them better" if better else "this one fits them about as well"
    return Evidence.PASS, Reason.WORLD_MOVED, f"the leads changed for both models, {fits}: {_figures(case)}"


def _fits(case: _Case) -> _Answer | None:
    """Live leads fit the candidate."""
    return Evidence.PASS, Reason.LIKE_LIVE_LEADS, f"live leads fit the candidate: {_figures(case)}"


def _figures(case: _Case) -> str:
    challenger, champion = case.challenger, case.champion
    named = f" in {challenger.feature}" if challenger.feature else ""
    ours, theirs = _two_decimals(challenger.psi), _two_decimals(champion.psi)
    return f"PSI {ours}{named}, champion {theirs} on the same {challenger.compared} leads"


CHAIN: tuple[Callable[[_Case], _Answer | None], ...] = (
    _champion_has_few,
    _candidate_refuses,
    _too_few_given,
    _too_few_compared,
    _only_candidate_differs,
    _candidate_differs_more,
    _both_differ,
    _fits,
)
