"""What each pass says of a LeadModel in metrics: rows of name, labels and value, from what the pass saw and concluded. Pure."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from leadmodel_operator.kubernetes.process.follow_up_rows import follow_up_rows
from leadmodel_operator.kubernetes.process.live_gate_rows import live_gate_rows
from leadmodel_operator.kubernetes.process.text_rows import text_rows
from leadmodel_operator.planning.observed import JobKind, JobState, Observed
from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.status import Status
from leadmodel_operator.resource.vocabulary import ConditionStatus, ConditionType, Evidence, QuarantineKind

Row = tuple[str, dict[str, str], float]  # name, labels besides those of the LeadModel, value
_NORMAL = {
    ConditionType.AVAILABLE: ConditionStatus.TRUE,
    ConditionType.VALIDATED: ConditionStatus.TRUE,
    ConditionType.BACKFILL_HEALTHY: ConditionStatus.TRUE,
    ConditionType.SOURCE_REACHABLE: ConditionStatus.TRUE,
    ConditionType.RETRAINING_HEALTHY: ConditionStatus.TRUE,
    ConditionType.ENRICHMENT_HEALTHY: ConditionStatus.TRUE,
    ConditionType.FOLLOW_UPS_HEALTHY: ConditionStatus.TRUE,
}


def is_measured(seen: Observed, status: Status) -> bool:
    """Whether a pass measured the drift of live leads: enough pods answered, however few leads they had."""
    drift = status.drift
    is_assessed = seen.scraped and seen.spec is not None and status.rollout is None
    return is_assessed and drift is not None and drift.evidence is not Evidence.UNAVAILABLE


def rows(seen: Observed, status: Status, measured: datetime | None = None) -> Iterator[Row]:
    """Yield every row that is known of a LeadModel after a pass.

    `measured` is the instant of the newest pass that measured drift; None where this process knows of none, so that status tells.
    """
    yield from _phase_rows(status)
    yield from _condition_rows(status)
    for kind, refusals in Counter(refusal.kind for refusal in seen.refused or ()).items():
        yield "leadmodel_refused_objects", {"kind": kind}, refusals
    if seen.rollout is not None:
        yield "leadmodel_replicas_desired", {}, seen.rollout.replicas
        yield "leadmodel_replicas_ready", {}, status.ready_replicas
    if seen.spec is not None:
        yield "leadmodel_gate_min_auc", {}, seen.spec.min_auc
        yield "leadmodel_drift_psi_limit", {}, seen.spec.drift.max_psi
        yield "leadmodel_paused", {}, seen.paused or seen.spec.paused
    yield from _gate_rows(status)
    if status.challenger is not None:
        yield from live_gate_rows(status.challenger)
    yield from _drift_rows(status, measured)
    yield from _work_rows(seen, status)
    yield from _poll_rows(status)
    yield from _job_rows(seen)
    if status.enrichment is not None:
        yield from text_rows(status.enrichment)
    if status.follow_ups is not None:
        yield from follow_up_rows(status, status.follow_ups)


def _phase_rows(status: Status) -> Iterator[Row]:
    champion = status.champion
    digests = {"champion": champion, "requested": status.requested, "previous": status.previous}
    yield "leadmodel_info", {k: short(v.digest) if v else "" for k, v in digests.items()}, 1
    yield "leadmodel_status_phase", {"phase": status.phase}, 1
    if status.phase_since is not None:
        yield "leadmodel_status_phase_since_timestamp_seconds", {}, status.phase_since.timestamp()
    if champion is not None and champion.since is not None:
        yield "leadmodel_champion_since_timestamp_seconds", {}, champion.since.timestamp()
    if champion is not None and champion.version is not None:
        yield "leadmodel_champion_trained_timestamp_seconds", {}, champion.version


def _condition_rows(status: Status) -> Iterator[Row]:
    for condition in status.conditions:
        state = condition.status
        usual = state in {_NORMAL.get(condition.type, ConditionStatus.FALSE), ConditionStatus.UNKNOWN}
        if condition.type is ConditionType.READY or not usual:
            yield "leadmodel_status_condition", {"condition": condition.type, "status": state.lower()}, 1
        if condition.type is ConditionType.STALLED and state is ConditionStatus.TRUE:
            yield "leadmodel_stalled", {"reason": condition.reason}, 1


def _gate_rows(status: Status) -> Iterator[Row]:
    gate = status.gate
    if gate is not None and gate.auc is not None:
        yield "leadmodel_gate_auc", {}, gate.auc
        if gate.lower is not None:
            yield "leadmodel_gate_auc_lower", {}, gate.lower
    if gate is not None and gate.delta is not None:
        yield "leadmodel_gate_delta_auc", {}, gate.delta
    if gate is not None and gate.positives + gate.negatives:
        yield "leadmodel_gate_holdout_rows", {}, gate.positives + gate.negatives
    if status.hold is not None:
        yield "leadmodel_promotion_held", {"reason": status.hold.reason}, 1
    yield "leadmodel_quarantined_revisions", {}, len(status.quarantine)
    refused = sum(entry.kind is QuarantineKind.GATE for entry in status.quarantine)
    yield "leadmodel_refused_candidates", {}, refused
    if status.rollbacks:
        newest = status.rollbacks[0]
        yield "leadmodel_last_rollback_timestamp_seconds", {"reason": newest.reason}, newest.at.timestamp()


def _drift_rows(status: Status, measured: datetime | None) -> Iterator[Row]:
    drift = status.drift
    if drift is None:
        return
    for slot, psi in (("champion", drift.psi), ("previous", drift.previous_psi)):
        if psi is not None:
            yield "leadmodel_drift_merged_psi", {"slot": slot}, psi
    for slot, share in (("champion", drift.bad_share), ("previous", drift.previous_bad_share)):
        if share is not None:
            yield "leadmodel_drift_refused_share", {"slot": slot}, share
    yield "leadmodel_drift_leads", {}, drift.samples
    if drift.blocker is not None:
        yield "leadmodel_rollback_withheld", {"reason": drift.blocker}, 1
    if (
        when := measured or drift.at
    ) is not None:  # status keeps the time of its figures, which may stay as they are for days
        yield "leadmodel_drift_last_measured_timestamp_seconds", {}, when.timestamp()
    if drift.breach_since is not None:
        yield "leadmodel_drift_breach_since_timestamp_seconds", {}, drift.breach_since.timestamp()


def _work_rows(seen: Observed, status: Status) -> Iterator[Row]:
    trained, backfill = status.retraining, status.backfill
    created = {schedule.kind: schedule.created for schedule in seen.schedules if not schedule.suspended}
    for kind, last in ((JobKind.RETRAINING, trained), (JobKind.BACKFILL, backfill)):
        when = last.last_success if last and last.last_success else created.get(kind)
        if when is not None:
            yield f"leadmodel_{kind}_last_success_timestamp_seconds", {}, when.timestamp()
    if trained is not None:
        yield "leadmodel_retraining_failed", {}, trained.error is not None
    if backfill is not None:
        yield "leadmodel_backfill_failed", {}, backfill.error is not None
    if backfill is not None and backfill.last_success is not None:
        for count in ("scanned", "redacted", "residue"):
            yield f"leadmodel_backfill_{count}_entries", {"mode": backfill.mode}, getattr(backfill, count)


def _poll_rows(status: Status) -> Iterator[Row]:
    poll = status.poll
    if poll is None:
        return
    if poll.last_success is not None:
        yield "leadmodel_poll_last_success_timestamp_seconds", {}, poll.last_success.timestamp()
    if poll.attempt and poll.reason is not None:
        yield "leadmodel_poll_failures_in_a_row", {"reason": poll.reason}, poll.attempt


def _job_rows(seen: Observed) -> Iterator[Row]:
    for kind in JobKind:
        jobs = [job for job in seen.jobs if job.kind is kind]  # the newest first
        ended = next((job for job in jobs if job.state is not JobState.RUNNING), None)
        if ended is not None:
            yield "leadmodel_job_failed", {"kind": kind}, ended.state is JobState.FAILED
        succeeded = [job.finished for job in jobs if job.state is JobState.SUCCEEDED and job.finished]
        if succeeded:
            yield "leadmodel_job_last_success_timestamp_seconds", {"kind": kind}, max(succeeded).timestamp()
        if ended is not None and ended.finished is not None:
            yield (
                "leadmodel_job_duration_seconds",
                {"kind": kind},
                (ended.finished - ended.created).total_seconds(),
            )
        if jobs and jobs[0].waits:
            yield "leadmodel_job_waiting_since_timestamp_seconds", {"kind": kind}, jobs[0].created.timestamp()
