"""What is counted when a status changes: rollbacks, withheld rollbacks, verdicts, those of live leads too; and how long validations and rollouts took."""

from collections.abc import Iterator
from dataclasses import replace

from prometheus_client import Histogram
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from leadmodel_operator.planning.observed import Observed
from leadmodel_operator.resource.status import Status
from leadmodel_operator.resource.status_challenger import Challenger
from leadmodel_operator.resource.status_models import Candidate

_SECONDS = (1.0, 3.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)


def counted(before: Status | None, after: Status) -> Iterator[tuple[str, ...]]:
    """Yield each event between two statuses as the name of its counter and the values of its labels."""
    old = () if before is None else before.rollbacks
    for rollback in after.rollbacks:
        if rollback not in old:
            yield "leadmodel_rollbacks_total", rollback.reason
    blocker = after.drift and after.drift.blocker
    if blocker and blocker != (before and before.drift and before.drift.blocker):
        yield "leadmodel_rollbacks_withheld_total", blocker
    judged = _new_verdict(before, after)
    if judged is not None:
        yield "leadmodel_gate_verdicts_total", judged.verdict or "", judged.reason or ""
    answered = _answered(before, after)
    if answered is not None:
        yield "leadmodel_live_gate_verdicts_total", answered.verdict or "", answered.reason or ""


def _answered(before: Status | None, after: Status) -> Challenger | None:
    """The candidate about which live leads gave their final verdict between two statuses; one that is released unasked has none."""
    was, challenger = None if before is None else before.challenger, after.challenger
    if challenger is None or challenger.until is None or challenger.verdict is None:
        return None
    is_old = was is not None and (was.decision, was.until) == (challenger.decision, challenger.until)
    return None if is_old else challenger


def _new_verdict(before: Status | None, after: Status) -> Candidate | None:
    """The candidate that was judged between two statuses."""
    was, candidate = None if before is None else before.candidate, after.candidate
    if candidate is None and before is not None:
        return _promoted_at_once(before, after)
    if candidate is None or candidate.verdict is None:
        return None
    is_old = was is not None and was.verdict is not None and _attempt(was) == _attempt(candidate)
    return None if is_old else candidate


def _promoted_at_once(before: Status, after: Status) -> Candidate | None:
    """The candidate that passed and became the champion in one pass, as one does whose bytes were kept from an earlier time."""
    was, gate, champion = before.candidate, after.gate, after.champion
    if was is None or was.verdict is not None or gate is None or gate == before.gate or champion is None:
        return None
    is_it = was.digest == gate.digest == champion.digest
    return replace(was, verdict=gate.verdict, reason=gate.reason) if is_it else None


def _attempt(candidate: Candidate) -> tuple[object, ...]:
    return candidate.digest, candidate.inputs, candidate.attempt, candidate.fingerprint


class TurningPoints(Collector):
    """Durations of validations and rollouts of all LeadModels; by LeadModel, `leadmodel_job_duration_seconds` has the newest."""

    def __init__(self) -> None:
        self.validations = Histogram(
            "leadmodel_validation_duration_seconds",
            "From the decision to validate to the verdict, by verdict.",
            ["result"],
            registry=None,
            buckets=_SECONDS,
        )
        self.rollouts = Histogram(
            "leadmodel_rollout_duration_seconds",
            "From the change of champion to its end: done, or failed where another champion came.",
            ["result"],
            registry=None,
            buckets=_SECONDS,
        )
        for result in ("Pass", "Fail"):
            self.validations.labels(result)
        for result in ("done", "failed"):
            self.rollouts.labels(result)

    def observe(self, seen: Observed, after: Status) -> None:
        """Take the durations of what ended in a pass."""
        before = seen.status
        if before is None:
            return
        judged, was = _new_verdict(before, after), before.candidate
        if judged is not None and was is not None and was.digest == judged.digest:
            seconds = (seen.now - was.since).total_seconds()
            self.validations.labels(judged.verdict).observe(max(0.0, seconds))
        rollout = before.rollout
        if rollout is not None and rollout != after.rollout:
            done = (
                after.rollout is None and after.champion is not None and after.champion.digest == rollout.to
            )
            seconds = (seen.now - rollout.since).total_seconds()
            self.rollouts.labels("done" if done else "failed").observe(max(0.0, seconds))

    def collect(self) -> Iterator[Metric]:
        """Yield the histograms for the Prometheus registry."""
        yield from self.validations.collect()
        yield from self.rollouts.collect()
