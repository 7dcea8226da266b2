"""Metrics of every LeadModel as lines of text, which each pass replaces. Every label is bounded, and written by one function.

A metric is absent until its value is known, since a zero would raise alarms. Conditions other than Ready are shown only where they
stand out, so that a thousand LeadModels stay below a megabyte.
"""

from collections import Counter
from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from leadmodel_operator.planning.observed import JobKind, JobState, Observed
from leadmodel_operator.reconcile import Key
from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.status import Status
from leadmodel_operator.resource.vocabulary import ConditionStatus, ConditionType, QuarantineKind

Row = tuple[str, dict[str, str], float]  # name, labels besides those of the LeadModel, value
_NORMAL = {
    ConditionType.AVAILABLE: ConditionStatus.TRUE,
    ConditionType.VALIDATED: ConditionStatus.TRUE,
    ConditionType.BACKFILL_HEALTHY: ConditionStatus.TRUE,
    ConditionType.SOURCE_REACHABLE: ConditionStatus.TRUE,
    ConditionType.RETRAINING_HEALTHY: ConditionStatus.TRUE,
}
_ERRORS = "leadmodel_reconcile_errors_total"
_HELP = {
    "leadmodel_info": "First 12 hexadecimal digits of the digests of champion, requested and previous model.",
    "leadmodel_status_condition": "1 for the present status of a condition: of Ready always, of others when it stands out.",
    "leadmodel_status_phase": "1 for the present phase.",
    "leadmodel_status_phase_since_timestamp_seconds": "When the present phase began.",
    "leadmodel_stalled": "1 while a person is needed, with the reason.",
    "leadmodel_refused_objects": "Objects that the API server refuses, by what is wrong: Rights, Quota or Content.",
    "leadmodel_champion_since_timestamp_seconds": "When the champion was promoted.",
    "leadmodel_champion_trained_timestamp_seconds": "When the training of the champion ended.",
    "leadmodel_replicas_desired": "Predictor pods wanted.",
    "leadmodel_replicas_ready": "Predictor pods that serve the champion.",
    "leadmodel_gate_auc": "AUC of the newest validation.",
    "leadmodel_gate_auc_lower": "One-sided 95 % lower bound of that AUC.",
    "leadmodel_gate_min_auc": "The lowest AUC that may serve.",
    "leadmodel_drift_merged_psi": "Largest PSI of live leads, replicas added.",
    "leadmodel_drift_last_measured_timestamp_seconds": "Time of the newest drift measurement in status.",
    "leadmodel_drift_breach_since_timestamp_seconds": "Start of the breach of the drift limit; absent while there is none.",
    "leadmodel_refused_candidates": "Candidates that the gate refused and whose inputs have not changed since.",
    "leadmodel_drift_leads": "Live leads in the drift windows of the pods that count; 0 while no leads come.",
    "leadmodel_poll_last_success_timestamp_seconds": "When the source last answered a poll.",
    "leadmodel_poll_failures_in_a_row": "Failed polls since the last answer, with the reason of the last one; absent while polls succeed.",
    "leadmodel_job_duration_seconds": "How long the newest ended Job of a kind took, from its creation to its end.",
    "leadmodel_job_failed": "1 if the newest ended Job of a kind failed.",
    "leadmodel_job_waiting_since_timestamp_seconds": "When the newest Job of a kind was made that has not begun; absent while none waits.",
    "leadmodel_quarantined_revisions": "Digests that are not tried again without a person.",
    "leadmodel_retraining_last_success_timestamp_seconds": "Time of the last successful retraining, before the first one the time its schedule was made.",
    "leadmodel_retraining_failed": "1 while the newest retraining made no model; status.retraining.error says why.",
    "leadmodel_backfill_last_success_timestamp_seconds": "When the PII backfill last finished verified.",
    "leadmodel_backfill_scanned_entries": "Messages the last backfill read.",
    "leadmodel_backfill_redacted_entries": "Messages it redacted (a dry run: would redact).",
    "leadmodel_backfill_residue_entries": "Messages that still hold personal data.",
}


class ModelMetrics(Collector):
    """Metrics of every LeadModel, as lines of text that each pass replaces.

    Objects of the client library would cost a second per scrape of a thousand LeadModels.
    """

    def __init__(self) -> None:
        self._lines: dict[Key, tuple[tuple[str, str], ...]] = {}  # (metric, line)
        self._errors: Counter[Key] = Counter()

    def note(self, key: Key, seen: Observed, status: Status) -> None:
        """Replace a LeadModel's lines by what a pass saw and concluded. Lines are written here, since scrapes outnumber changes."""
        model = {"namespace": key.namespace, "leadmodel": key.name}
        rows = _rows(seen, status)
        self._lines[key] = tuple((name, _line(name, model | labels, value)) for name, labels, value in rows)

    def count_error(self, key: Key) -> None:
        """Count a pass of a LeadModel that failed."""
        self._errors[key] += 1

    def forget(self, key: Key) -> None:
        """Drop the lines of a LeadModel that is gone."""
        self._lines.pop(key, None)
        self._errors.pop(key, None)

    def text(self) -> bytes:
        """Return all lines in Prometheus' text format, grouped by metric."""
        parts: dict[str, list[str]] = {name: [] for name in _HELP}
        for lines in self._lines.values():
            for name, line in lines:
                parts[name].append(line)
        head = "# HELP {0} {1}\n# TYPE {0} gauge\n"
        models = "".join(
            head.format(name, _HELP[name]) + "".join(lines) for name, lines in parts.items() if lines
        )
        return (models + self._error_text()).encode()

    def _error_text(self) -> str:
        if not self._errors:
            return ""
        head = f"# HELP {_ERRORS} Passes of a LeadModel that failed.\n# TYPE {_ERRORS} counter\n"
        rows = ((({"namespace": key.namespace, "leadmodel": key.name}), n) for key, n in self._errors.items())
        return head + "".join(_line(_ERRORS, labels, count) for labels, count in rows)

    def collect(self) -> Iterator[Metric]:
        """Yield the number of LeadModels."""
        yield GaugeMetricFamily("leadmodel_models", "LeadModels this operator looks after.", len(self._lines))


_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


def _line(name: str, labels: dict[str, str], value: float) -> str:
    """Write a sample; a label's value is escaped as the text format asks."""
    pairs = ",".join(f'{label}="{text.translate(_ESCAPES)}"' for label, text in labels.items())
    return f"{name}{{{pairs}}} {value:.10g}\n"


def _rows(seen: Observed, status: Status) -> Iterator[Row]:
    yield from _phase_rows(status)
    yield from _condition_rows(status)
    for kind, refusals in Counter(refusal.kind for refusal in seen.refused or ()).items():
        yield "leadmodel_refused_objects", {"kind": kind}, refusals
    if seen.rollout is not None:
        yield "leadmodel_replicas_desired", {}, seen.rollout.replicas
        yield "leadmodel_replicas_ready", {}, status.ready_replicas
    if seen.spec is not None:
        yield "leadmodel_gate_min_auc", {}, seen.spec.min_auc
    yield from _gate_rows(status)
    yield from _drift_rows(status)
    yield from _work_rows(seen, status)
    yield from _poll_rows(status)
    yield from _job_rows(seen)


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
    yield "leadmodel_quarantined_revisions", {}, len(status.quarantine)
    refused = sum(entry.kind is QuarantineKind.GATE for entry in status.quarantine)
    yield "leadmodel_refused_candidates", {}, refused


def _drift_rows(status: Status) -> Iterator[Row]:
    drift = status.drift
    if drift is None:
        return
    for slot, psi in (("champion", drift.psi), ("previous", drift.previous_psi)):
        if psi is not None:
            yield "leadmodel_drift_merged_psi", {"slot": slot}, psi
    yield "leadmodel_drift_leads", {}, drift.samples
    if drift.at is not None:
        yield "leadmodel_drift_last_measured_timestamp_seconds", {}, drift.at.timestamp()
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
        if ended is not None and ended.finished is not None:
            yield (
                "leadmodel_job_duration_seconds",
                {"kind": kind},
                (ended.finished - ended.created).total_seconds(),
            )
        if jobs and jobs[0].waits:
            yield "leadmodel_job_waiting_since_timestamp_seconds", {"kind": kind}, jobs[0].created.timestamp()
