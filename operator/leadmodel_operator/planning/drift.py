"""Drift: what the windows of the pods say together, since when, and whether the previous model would do better.

Pure: windows and the last result in, the next result and an action out. What a window holds is the artifact package's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from leadmodel_messages.window import HOUR_OF_DAY, SlotWindow, Window, merge, slot_psis
from leadmodel_operator.planning.observed import PodSeen
from leadmodel_operator.resource.spec import DriftPolicy, RollbackPolicy
from leadmodel_operator.resource.status import DriftResult, Quarantined, Revision, Rollback
from leadmodel_operator.resource.vocabulary import Evidence, Reason
from leadmodel_statistics.stability import mean_shift_z

BAD_BREACH, BAD_LEAVE, BAD_PREVIOUS = 0.05, 0.04, 0.01
LEAVE = 0.8  # of the limit
MIN_GAP = timedelta(minutes=5)
REFRESH = timedelta(minutes=5)
REPEAT_WINDOW = timedelta(days=7)


@dataclass(frozen=True)
class Reading:
    """What the windows say now."""

    samples: int = 0
    psi: float | None = None
    feature: str | None = None
    over: tuple[str, ...] = ()  # features at or over their limit
    stays: bool = False  # still over 0.8 of some limit
    bad_share: float | None = None
    previous_psi: float | None = None
    previous_bad_share: float | None = None
    comparable: bool = False  # the previous slot was read, by the same method
    sigma: float | None = None
    span_s: float = 0.0

    @property
    def blames(self) -> bool:
        """Whether a breach may be a model's doing: more than the hours at which leads come is over its limit, or leads are refused."""
        refused = self.bad_share is not None and self.bad_share >= BAD_BREACH
        return refused or any(name != HOUR_OF_DAY for name in self.over)


def read(windows: Sequence[Window], policy: DriftPolicy) -> Reading:
    """Add the windows up and compare once."""
    merged = merge(windows)
    champion = merged.champion if merged else None
    if merged is None or champion is None:
        return Reading()
    bad = champion.bad / champion.n if champion.n else None
    psis = slot_psis(champion, policy.min_samples)
    reading = Reading(champion.n, bad_share=bad, sigma=_sigma(champion), span_s=merged.span_s)
    if psis:
        feature = max(psis, key=lambda name: psis[name].value)
        reading = replace(
            reading,
            psi=psis[feature].value,
            feature=feature,
            over=tuple(n for n, p in psis.items() if p.value >= p.limit(policy.max_psi)),
            stays=any(p.value >= LEAVE * p.limit(policy.max_psi) for p in psis.values()),
        )
    return _with_previous(reading, champion, merged.previous, policy)


def _sigma(slot: SlotWindow) -> float:
    return max(
        (mean_shift_z(f.n, f.sum, f.mean, f.std) for f in slot.features.values() if f.kind != "categorical"),
        default=0.0,
    )


def _with_previous(
    reading: Reading, champion: SlotWindow, previous: SlotWindow | None, policy: DriftPolicy
) -> Reading:
    """The previous model on the same leads, over the features (and the score) that breach in the champion."""
    if previous is None or previous.n == 0:
        return reading
    psis = slot_psis(previous, policy.min_samples)
    wanted = {*reading.over, "score"} if reading.over else {reading.feature or "score", "score"}
    found = [psis[name].value for name in wanted if name in psis]
    return replace(
        reading,
        previous_psi=max(found, default=None),
        previous_bad_share=previous.bad / previous.n,
        comparable=previous.method == champion.method,
    )


@dataclass(frozen=True)
class Assessed:
    """The next result, and what only this pass knows."""

    result: DriftResult
    sustained: bool = False
    comparable: bool = False
    blames: bool = False


def assess(
    before: DriftResult | None,
    pods: Sequence[PodSeen],
    *,
    champion: str,
    previous: str | None,
    ready: int,
    policy: DriftPolicy,
    now: datetime,
) -> Assessed:
    """What the pods say of the champion. `ready`: pods that are ready; half of them must answer."""
    asked = [
        pod
        for pod in pods
        if pod.window is not None and pod.champion == champion and pod.previous == previous
    ]
    windows = [pod.window for pod in asked if pod.window is not None]
    answered = f"{len(windows)}/{ready}"
    if not windows or 2 * len(windows) < ready:
        silent = DriftResult(evidence=Evidence.UNAVAILABLE, pods=answered, at=now)
        return Assessed(_settled(before, _remembering(before, silent, policy, now), now))
    reading = read(windows, policy)
    evidence = _evidence(reading, policy, breaching=_goes_on(before, policy, now))
    result = DriftResult(
        psi=reading.psi,
        feature=reading.feature,
        bad_share=reading.bad_share,
        sigma=reading.sigma,
        samples=reading.samples,
        since=now - timedelta(seconds=reading.span_s),
        evidence=evidence,
        previous_psi=reading.previous_psi,
        previous_bad_share=reading.previous_bad_share,
        pods=answered,
        at=now,
    )
    if evidence is Evidence.FAIL:
        result = _breach(before, result, policy, now)
    elif evidence is Evidence.INSUFFICIENT:
        result = _remembering(before, result, policy, now)
    sustained = evidence is Evidence.FAIL and _sustained(result, windows, policy, now)
    same = before is not None and before.breach_since == result.breach_since
    verdict = before.verdict if before is not None and same and sustained else ""
    result = replace(result, sustained=sustained, verdict=verdict)
    return Assessed(_settled(before, result, now), sustained, reading.comparable, reading.blames)


def _goes_on(before: DriftResult | None, policy: DriftPolicy, now: datetime) -> bool:
    """Whether there was a breach so lately that another breaching reading continues it."""
    if before is None or before.breach_since is None or before.breach_seen is None:
        return False
    gap = max(MIN_GAP, timedelta(seconds=10 * policy.interval.seconds))
    return now - before.breach_seen <= gap + REFRESH


def _remembering(
    before: DriftResult | None, result: DriftResult, policy: DriftPolicy, now: datetime
) -> DriftResult:
    """A reading that says nothing does not end a breach: only a Pass does, or silence for longer than the gap."""
    if before is None or not _goes_on(before, policy, now):
        return result
    return replace(
        result, breach_since=before.breach_since, breach_seen=before.breach_seen, verdict=before.verdict
    )


def _evidence(reading: Reading, policy: DriftPolicy, *, breaching: bool) -> Evidence:
    enough = reading.samples >= policy.min_samples
    bad = (
        enough
        and reading.bad_share is not None
        and reading.bad_share >= (BAD_LEAVE if breaching else BAD_BREACH)
    )
    if bad or reading.over or (breaching and reading.stays):
        return Evidence.FAIL
    return Evidence.PASS if reading.psi is not None else Evidence.INSUFFICIENT


def _breach(
    before: DriftResult | None, result: DriftResult, policy: DriftPolicy, now: datetime
) -> DriftResult:
    """When this breach began: a gap between readings restarts it."""
    since = before.breach_since if before is not None and _goes_on(before, policy, now) else now
    return replace(result, breach_since=since, breach_seen=now)


def _sustained(result: DriftResult, windows: Sequence[Window], policy: DriftPolicy, now: datetime) -> bool:
    """Long enough, and on enough leads that came since it began."""
    if result.breach_since is None or now - result.breach_since < timedelta(
        seconds=policy.sustained_for.seconds
    ):
        return False
    key = f"{result.breach_since.timestamp():.3f}"
    return sum(window.since.get(key, 0) for window in windows) >= policy.min_samples / 3


def _settled(before: DriftResult | None, result: DriftResult, now: datetime) -> DriftResult:
    """The result to write: the old one unless evidence changed, or a shown figure moved and five minutes went by."""
    if before is None or _turn(before) != _turn(result):
        return result
    moved = _shown(before) != _shown(result)
    breathing = result.evidence is Evidence.FAIL  # a breach must remember when it was last seen
    if (moved or breathing) and before.at is not None and now - before.at >= REFRESH:
        return result
    return before


def _turn(result: DriftResult) -> tuple[object, ...]:
    return result.evidence, result.breach_since, result.sustained


def _shown(result: DriftResult) -> tuple[object, ...]:
    def two(value: float | None) -> str | None:
        return None if value is None else f"{value:.2f}"

    return (
        two(result.psi),
        result.feature,
        two(result.bad_share),
        two(result.previous_psi),
        result.pods,
        result.samples // 100,
    )


class Step(StrEnum):
    """What drift asks for."""

    NOTHING = "Nothing"
    ROLL_BACK = "RollBack"
    ALERT = "Alert"  # a sustained breach that going back would not mend


@dataclass(frozen=True)
class Action:
    """The step, and why in a sentence."""

    step: Step
    reason: Reason
    message: str


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
) -> Action:
    """What to do about the result. `rollback_blocker`: why the target cannot serve (its snapshot, its gate), None when it can.

    `population_shifted_at`: when the leads last moved away from both models.
    """
    found = assessed.result
    if not assessed.sustained:
        return Action(Step.NOTHING, Reason.WITHIN_LIMITS, "")
    by_psi = found.psi is not None and found.psi >= LEAVE * drift.max_psi
    reason = Reason.DRIFT_SUSTAINED if by_psi else Reason.BAD_INPUT_SHARE
    said = (
        f"PSI {_two(found.psi)} in {found.feature}" if by_psi else f"{_two(found.bad_share)} of leads refused"
    )
    blocked = _why_not(assessed, previous, rollback_blocker, rollbacks, quarantine, rollback, now)
    if (
        blocked is None
        and population_shifted_at is not None
        and now - population_shifted_at < timedelta(seconds=rollback.max_age.seconds)
    ):
        blocked = "the leads moved days ago; that the previous model fits may mean that they moved back"
    if blocked is None:
        return Action(
            Step.ROLL_BACK,
            reason,
            f"{said}; the previous model has PSI {_two(found.previous_psi)} on the same leads",
        )
    return Action(Step.ALERT, reason, f"{said}; no rollback: {blocked}")


def _two(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"


def _why_not(  # noqa: PLR0917  # every fact that may stand against it
    assessed: Assessed,
    previous: Revision | None,
    rollback_blocker: str | None,
    rollbacks: Sequence[Rollback],
    quarantine: Sequence[Quarantined],
    policy: RollbackPolicy,
    now: datetime,
) -> str | None:
    """The first thing that stands against a rollback."""
    if policy.policy != "Automatic":
        return "rollback.policy is Alert"
    if previous is None:
        return "there is no previous model"
    if any(q.digest == previous.digest for q in quarantine):
        return "the previous model is quarantined"
    if rollback_blocker is not None:
        return rollback_blocker
    if previous.until is not None and now - previous.until > timedelta(seconds=policy.max_age.seconds):
        return "the previous model stopped serving too long ago"
    if any(is_automatic(r) and now - r.at < timedelta(seconds=policy.cooldown.seconds) for r in rollbacks):
        return "the cooldown of the last rollback has not ended"
    return _why_no_better(assessed, policy)


def _why_no_better(assessed: Assessed, policy: RollbackPolicy) -> str | None:
    """What the same leads say against the previous model."""
    found = assessed.result
    if not assessed.blames:
        return (
            "only the hours at which leads come differ, or the breach is fading; neither is the model's doing"
        )
    if not assessed.comparable:
        return "the previous model cannot be compared on these leads"
    if not (found.previous_bad_share is not None and found.previous_bad_share <= BAD_PREVIOUS):
        return "the previous model refuses leads too"
    if not (found.previous_psi is not None and found.previous_psi < policy.max_previous_psi):
        return "the world moved: the previous model drifts too"
    return None


def is_automatic(rollback: Rollback) -> bool:
    """Whether it counts for cooldown and two-in-7-days."""
    return rollback.reason in {Reason.DRIFT_SUSTAINED, Reason.BAD_INPUT_SHARE}
