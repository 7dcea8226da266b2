"""The live gate: what the leads in the pods say of a candidate before it answers one. Pure: two readings in, a verdict out.

readings of the same leads (first that applies)                     | verdict      | reason
--------------------------------------------------------------------|--------------|--------------------
the champion was given fewer than minSamples leads                  | Insufficient | InsufficientSamples
the candidate refuses >= 5 % of given leads, the champion < 4 %,    | Fail         | CannotReadLiveLeads
or the candidate >= 5 points more than the champion                 |              |
too few leads compared, >= 5 % could not be given to the candidate  | Insufficient | CannotReadLiveLeads
too few leads compared                                              | Insufficient | InsufficientSamples
the candidate is over a limit, the champion was not compared        | Insufficient | InsufficientSamples
the candidate is over a limit, 5 to 50 % of the leads could not be  | Insufficient | InsufficientSamples
given to it                                                         |              |
the candidate is over a limit, the champion over none               | Fail         | UnlikeLiveLeads
both are over, the candidate by a limit more than the champion      | Fail         | UnlikeLiveLeads
both are over a limit                                               | Pass         | WorldMoved
anything else                                                       | Pass         | LikeLiveLeads

A lead of the past cannot be given to a candidate if the champion did not keep what the candidate reads of it: another field, or a level
that the champion does not know. That says nothing against the candidate as long as enough other leads can be compared. But where some
leads of the past can be given and others, all of one kind, cannot, those that can are no fair sample: nobody is refused by it. With a new
field none can be given, and what is compared are new leads, of which more than half could not be given.

A champion that refuses >= 5 % of the leads is over a limit too: they are as it does not know them.

Where the world moved, newer training is the way to follow it, so a candidate that fits as badly as the champion passes. One that fits worse
than that was spoilt by something else: in some feature its PSI exceeds the champion's on the same leads by what is a breach by itself,
max(maxPsi, noise).
"""

from collections.abc import Callable
from dataclasses import dataclass

from leadmodel_messages.texts import one_line
from leadmodel_messages.window import MAX_NAME
from leadmodel_operator.planning.drift_reading import BAD_BREACH, BAD_LEAVE, Reading
from leadmodel_operator.planning.live_response import LiveVerdict
from leadmodel_operator.resource.spec_policies import DriftPolicy, LiveGate
from leadmodel_operator.resource.vocabulary import Evidence, Reason

MOST_UNREAD = 0.5  # share up to which leads that could not be given are a part of those of the past


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

    @property
    def champion_refuses(self) -> float:
        """Share of live leads that the champion refuses, from 0 to 1."""
        return self.champion.bad_share or 0.0

    @property
    def champion_differs(self) -> bool:
        """Whether live leads are as the champion does not know them either."""
        return bool(self.champion.differs_in) or self.champion_refuses >= BAD_BREACH


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
    feature = _deciding(case)
    return LiveVerdict(
        evidence=evidence,
        reason=reason,
        message=message,
        samples=challenger.compared,
        psi=challenger.figure(feature),
        champion_psi=champion.figure(feature),
        feature=_shown(feature) if feature else None,
        unread=min(1.0, (unread + bad) / leads),
    )


# --- rules: each gives the verdict, or None -------------------------------------------------------------------------------------


def _limit(case: _Case, name: str) -> float:
    """Smallest PSI of the candidate in one feature that is a breach."""
    known = case.challenger.psis.get(name)
    return known.limit(case.max_psi) if known is not None else case.max_psi


def _excess(case: _Case, name: str) -> float:
    """By how much the candidate fits worse than the champion in one feature, in PSI."""
    return (case.challenger.figure(name) or 0.0) - (case.champion.figure(name) or 0.0)


def _worse(case: _Case) -> list[str]:
    """The features in which the candidate is over a limit, and by a limit more than the champion."""
    known = [
        name for name in case.challenger.differs_in if case.champion.is_compared or name in case.champion.psis
    ]
    return [name for name in known if _excess(case, name) >= _limit(case, name)]


def _deciding(case: _Case) -> str | None:
    """The feature that decides: the one in which the candidate is worse than the champion, else the one of its largest PSI."""
    against = _worse(case) if case.champion_differs else case.challenger.differs_in
    return max(against, key=lambda name: _excess(case, name), default=case.challenger.largest)


def _shown(name: str) -> str:
    """The name of a feature, which is a training's own text, fit for a sentence."""
    return one_line(name, MAX_NAME)


def _two_decimals(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"


def _champion_has_few(case: _Case) -> _Answer | None:
    """Leads that the champion does not have cannot be shown to anyone."""
    if case.champion.samples >= case.min_samples:
        return None
    message = f"{case.champion.samples} of {case.min_samples} live leads have come to the champion"
    return Evidence.INSUFFICIENT, Reason.INSUFFICIENT_SAMPLES, message


def _candidate_refuses(case: _Case) -> _Answer | None:
    """Leads that the champion scores and the candidate does not would be lost."""
    theirs = case.champion_refuses
    if case.refused - (theirs if theirs >= BAD_LEAVE else 0.0) < BAD_BREACH:
        return None
    message = f"the candidate refuses {case.refused:.0%} of live leads, the champion {theirs:.0%}"
    return Evidence.FAIL, Reason.CANNOT_READ_LIVE_LEADS, message


def _too_few_given(case: _Case) -> _Answer | None:
    """Too few leads are left because the candidate reads what the champion did not keep."""
    if case.compared or case.unread < BAD_BREACH:
        return None
    message = f"the candidate reads what the champion does not keep of {case.unread:.0%} of live leads"
    return Evidence.INSUFFICIENT, Reason.CANNOT_READ_LIVE_LEADS, message


def _too_few_compared(case: _Case) -> _Answer | None:
    """Silence about most leads is no sign that they fit."""
    if case.compared:
        return None
    compared = case.challenger.compared
    of = case.min_samples if compared < case.min_samples else case.challenger.samples
    message = f"{compared} of {of} live leads could be compared with the candidate's reference"
    return Evidence.INSUFFICIENT, Reason.INSUFFICIENT_SAMPLES, message


def _champion_not_compared(case: _Case) -> _Answer | None:
    """Whether the world moved cannot be seen by a champion that was not compared with its own reference."""
    if not case.challenger.differs_in or case.champion_differs or case.champion.is_compared:
        return None
    compared, samples = case.champion.compared, case.champion.samples
    message = f"{compared} of {samples} live leads could be compared with the champion's reference"
    return Evidence.INSUFFICIENT, Reason.INSUFFICIENT_SAMPLES, message


def _unfair_sample(case: _Case) -> _Answer | None:
    """What could not be given is of one kind, such as the leads with a level that the champion does not know: the others differ without them."""
    if not case.challenger.differs_in or not BAD_BREACH <= case.unread <= MOST_UNREAD:
        return None
    message = f"the candidate reads what the champion does not keep of {case.unread:.0%} of live leads, and the others are no fair sample"
    return Evidence.INSUFFICIENT, Reason.INSUFFICIENT_SAMPLES, message


def _only_candidate_differs(case: _Case) -> _Answer | None:
    """The leads are as the champion knows them, so what differs is the candidate."""
    if not case.challenger.differs_in or case.champion_differs:
        return None
    return (
        Evidence.FAIL,
        Reason.UNLIKE_LIVE_LEADS,
        f"live leads do not fit the candidate: {_figures(case)}",
    )


def _candidate_differs_more(case: _Case) -> _Answer | None:
    """The world moved, but not to where the candidate expects it: what it has in addition to the champion is a breach by itself."""
    if not _worse(case):
        return None
    message = f"live leads differ from both models, from the candidate far more: {_figures(case)}"
    return Evidence.FAIL, Reason.UNLIKE_LIVE_LEADS, message


def _both_differ(case: _Case) -> _Answer | None:
    """The leads are as neither model knows them: the world moved, and newer training is the way to follow it."""
    if not case.challenger.differs_in:
        return None
    ours, theirs = (one.figure(one.largest) or 0.0 for one in (case.challenger, case.champion))
    fits = "this one fits them better" if ours < theirs else "this one fits them about as well"
    if not case.champion.differs_in:
        fits = f"the champion refuses {case.champion_refuses:.0%} of them"
    return (
        Evidence.PASS,
        Reason.WORLD_MOVED,
        f"the leads changed for both models, {fits}: {_figures(case)}",
    )


def _fits(case: _Case) -> _Answer | None:
    """Live leads fit the candidate."""
    return (
        Evidence.PASS,
        Reason.LIKE_LIVE_LEADS,
        f"live leads fit the candidate: {_figures(case)}",
    )


def _figures(case: _Case) -> str:
    name = _deciding(case)
    ours, theirs = (_two_decimals(one.figure(name)) for one in (case.challenger, case.champion))
    named = f" in {_shown(name)}" if name else ""
    return f"PSI {ours}{named}, champion {theirs} on the same {case.challenger.compared} leads"


CHAIN: tuple[Callable[[_Case], _Answer | None], ...] = (
    _champion_has_few,
    _candidate_refuses,
    _too_few_given,
    _too_few_compared,
    _champion_not_compared,
    _unfair_sample,
    _only_candidate_differs,
    _candidate_differs_more,
    _both_differ,
    _fits,
)
