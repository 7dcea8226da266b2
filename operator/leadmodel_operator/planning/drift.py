"""Drift: what the drift windows of the pods say together, and since when. Pure: windows and the last result in, the next result out.

    windows of the pods (first that applies)          | evidence     | what becomes of a breach under way
    --------------------------------------------------|--------------|------------------------------------
    fewer than half of the ready pods answered        | Unavailable  | remembered until MIN_GAP has passed
    a feature over its limit, or >= 5 % leads refused | Fail         | goes on, or begins
    breaching and still over 0.8 of a limit, or 4 %   | Fail         | goes on
    too few leads, or over half of them not compared  | Insufficient | remembered until MIN_GAP has passed
    anything else                                     | Pass         | ends

`planning/rollback.py` decides what a sustained breach leads to.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from leadmodel_messages.texts import one_line
from leadmodel_messages.window import MAX_NAME, Window
from leadmodel_messages.window_sums import alike
from leadmodel_operator.planning.drift_reading import BAD_BREACH, BAD_LEAVE, Reading, read
from leadmodel_operator.planning.first_evidence import leads, with_first
from leadmodel_operator.planning.observed import PodSeen
from leadmodel_operator.resource.spec_policies import DriftPolicy
from leadmodel_operator.resource.status_decisions import DriftResult
from leadmodel_operator.resource.vocabulary import Evidence

MIN_GAP = timedelta(minutes=5)  # a longer time without a breaching reading ends a breach
REFRESH = timedelta(minutes=5)  # how often figures in status may change while the evidence stays


@dataclass(frozen=True)
class Assessed:
    """The next result, and what status does not keep: whether the breach is sustained, and what the present windows allow to compare."""

    result: DriftResult
    sustained: bool = False
    comparable: bool = False
    blames: bool = False
    is_own: bool = False  # enough leads came to the champion itself


def assess(
    before: DriftResult | None,
    pods: Sequence[PodSeen],
    *,
    champion: str,
    previous: str | None,
    ready: int,
    policy: DriftPolicy,
    now: datetime,
    first: Window | None = None,
) -> Assessed:
    """Assess the champion on the windows of its pods.

    Args:
        before: The last result; None before the first.
        pods: All pods; those with another champion or previous model do not count.
        champion: Digest of the champion.
        previous: Digest of the previous model; None if there is none.
        ready: Number of ready pods, of which at least half must answer.
        policy: The limits of drift.
        now: The instant of the pass.
        first: What the pods held of the champion before it served; read beside its own leads while these are few.
    """
    windows = alike(
        pod.window
        for pod in pods
        if pod.window is not None and pod.champion == champion and pod.previous == previous
    )
    answered = f"{len(windows)}/{ready}"
    if not windows or 2 * len(windows) < ready:
        silent = DriftResult(evidence=Evidence.UNAVAILABLE, pods=answered, at=now)
        return Assessed(_settled(before, _remembering(before, silent, policy, now), now))
    reading = read(with_first(windows, first, policy.min_samples), policy)
    result = _continued(before, _result(before, reading, answered, policy, now), policy, now)
    sustained = result.evidence is Evidence.FAIL and _sustained(result, windows, policy, now)
    same = before is not None and before.breach_since == result.breach_since
    result = replace(result, sustained=sustained)
    if before is not None and same and sustained:
        result = replace(result, verdict=before.verdict, blocker=before.blocker)
    is_own = leads(windows) >= policy.min_samples
    return Assessed(_settled(before, result, now), sustained, reading.comparable, reading.blames, is_own)


def _result(
    before: DriftResult | None, reading: Reading, answered: str, policy: DriftPolicy, now: datetime
) -> DriftResult:
    """The figures and the evidence of one reading, without regard to a breach under way."""
    # a small figure of few leads would read as if all leads fitted
    is_shown = reading.is_compared or bool(reading.over) or reading.stays
    return DriftResult(
        psi=reading.psi if is_shown else None,
        feature=one_line(reading.feature, MAX_NAME) if reading.feature and is_shown else None,
        bad_share=reading.bad_share,
        sigma=reading.sigma,
        samples=reading.samples,
        compared=reading.compared,
        since=now - timedelta(seconds=reading.span_s),
        evidence=_evidence(reading, policy, breaching=_goes_on(before, policy, now)),
        previous_psi=reading.previous_psi,
        previous_bad_share=reading.previous_bad_share,
        pods=answered,
        at=now,
    )


def _continued(
    before: DriftResult | None, result: DriftResult, policy: DriftPolicy, now: datetime
) -> DriftResult:
    """The result with the breach that begins or goes on; see the table of this module."""
    if result.evidence is Evidence.FAIL:
        return _breach(before, result, policy, now)
    if result.evidence is Evidence.INSUFFICIENT:
        return _remembering(before, result, policy, now)
    return result


def _goes_on(before: DriftResult | None, policy: DriftPolicy, now: datetime) -> bool:
    """Whether the last breaching reading is so recent that another reading continues the same breach."""
    if before is None or before.breach_since is None or before.breach_seen is None:
        return False
    gap = max(MIN_GAP, timedelta(seconds=10 * policy.interval.seconds))
    return now - before.breach_seen <= gap + REFRESH


def _remembering(
    before: DriftResult | None, result: DriftResult, policy: DriftPolicy, now: datetime
) -> DriftResult:
    """Keep the breach under way in a result without evidence: only a Pass or a gap between readings ends a breach."""
    if before is None or not _goes_on(before, policy, now):
        return result
    return replace(
        result,
        breach_since=before.breach_since,
        breach_seen=before.breach_seen,
        verdict=before.verdict,
        blocker=before.blocker,
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
    is_measured = reading.is_compared and reading.psi is not None
    return Evidence.PASS if is_measured else Evidence.INSUFFICIENT


def _breach(
    before: DriftResult | None, result: DriftResult, policy: DriftPolicy, now: datetime
) -> DriftResult:
    """Set when the breach began; a gap between readings starts a new breach."""
    since = before.breach_since if before is not None and _goes_on(before, policy, now) else now
    return replace(result, breach_since=since, breach_seen=now)


def _sustained(result: DriftResult, windows: Sequence[Window], policy: DriftPolicy, now: datetime) -> bool:
    """Whether the breach has lasted for sustainedFor, and on at least minSamples/3 leads that came since the breach began."""
    if result.breach_since is None or now - result.breach_since < timedelta(
        seconds=policy.sustained_for.seconds
    ):
        return False
    key = f"{result.breach_since.timestamp():.3f}"
    return sum(window.since.get(key, 0) for window in windows) >= policy.min_samples / 3


def _settled(before: DriftResult | None, result: DriftResult, now: datetime) -> DriftResult:
    """The result to write: the last one unless the evidence changed, or a shown figure changed at least REFRESH ago.

    An idle resource thus causes no writes. A breach is written every REFRESH, for status must know when the breach was last seen.
    """
    if before is None or _stage(before) != _stage(result):
        return result
    is_new = _rounded(before) != _rounded(result) or result.evidence is Evidence.FAIL
    if is_new and before.at is not None and now - before.at >= REFRESH:
        return result
    return before


def _stage(result: DriftResult) -> tuple[object, ...]:
    return result.evidence, result.breach_since, result.sustained


def _rounded(result: DriftResult) -> tuple[object, ...]:
    def two_decimals(value: float | None) -> str | None:
        return None if value is None else f"{value:.2f}"

    return (
        two_decimals(result.psi),
        result.feature,
        two_decimals(result.bad_share),
        two_decimals(result.previous_psi),
        result.pods,
        result.samples // 100,
        (result.compared or 0) // 100,
    )
