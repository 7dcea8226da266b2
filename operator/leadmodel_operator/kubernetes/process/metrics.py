"""Metrics for Prometheus: process metrics with client-go's names, and a few metrics per LeadModel. Every label is bounded.

A metric is absent until its value is known, since a zero would raise alarms. Conditions other than Ready are shown only where they
stand out, so that a thousand LeadModels stay below a megabyte.
"""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from leadmodel_operator.kubernetes.apiserver.client import Client
from leadmodel_operator.planning.observed import JobKind, Observed
from leadmodel_operator.reconcile import Key
from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.status import Status
from leadmodel_operator.resource.vocabulary import ConditionStatus, ConditionType

NAME = {"name": "leadmodel"}
_SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
_NORMAL = {
    ConditionType.AVAILABLE: ConditionStatus.TRUE,
    ConditionType.VALIDATED: ConditionStatus.TRUE,
    ConditionType.BACKFILL_HEALTHY: ConditionStatus.TRUE,
}
_HELP = {
    "leadmodel_info": "First 12 hexadecimal digits of the digests of champion, requested and previous model.",
    "leadmodel_status_condition": "1 for the present status of a condition: of Ready always, of others when it stands out.",
    "leadmodel_status_phase": "1 for the present phase.",
    "leadmodel_replicas_desired": "Predictor pods wanted.",
    "leadmodel_replicas_ready": "Predictor pods that serve the champion.",
    "leadmodel_gate_auc": "AUC of the newest validation.",
    "leadmodel_gate_auc_lower": "One-sided 95 % lower bound of that AUC.",
    "leadmodel_gate_min_auc": "The lowest AUC that may serve.",
    "leadmodel_drift_merged_psi": "Largest PSI of live leads, replicas added.",
    "leadmodel_drift_last_measured_timestamp_seconds": "Time of the newest drift measurement in status.",
    "leadmodel_drift_breach_since_timestamp_seconds": "Start of the breach of the drift limit; absent while there is none.",
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

    def note(self, key: Key, seen: Observed, status: Status) -> None:
        """Replace a LeadModel's lines by what a pass saw and concluded. Lines are written here, since scrapes outnumber changes."""
        model = {"namespace": key.namespace, "leadmodel": key.name}
        rows = _rows(seen, status)
        self._lines[key] = tuple((name, _line(name, model | labels, value)) for name, labels, value in rows)

    def forget(self, key: Key) -> None:
        """Drop the lines of a LeadModel that is gone."""
        self._lines.pop(key, None)

    def text(self) -> bytes:
        """Return all lines in Prometheus' text format, grouped by metric."""
        parts: dict[str, list[str]] = {name: [] for name in _HELP}
        for lines in self._lines.values():
            for name, line in lines:
                parts[name].append(line)
        head = "# HELP {0} {1}\n# TYPE {0} gauge\n"
        return "".join(
            head.format(name, _HELP[name]) + "".join(lines) for name, lines in parts.items() if lines
        ).encode()

    def collect(self) -> Iterator[Metric]:
        """Yield the number of LeadModels."""
        yield GaugeMetricFamily("leadmodel_models", "LeadModels this operator looks after.", len(self._lines))


_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


def _line(name: str, labels: dict[str, str], value: float) -> str:
    """Write a sample; a label's value is escaped as the text format asks."""
    pairs = ",".join(f'{label}="{text.translate(_ESCAPES)}"' for label, text in labels.items())
    return f"{name}{{{pairs}}} {value:.10g}\n"


def _rows(seen: Observed, status: Status) -> Iterator[tuple[str, dict[str, str], float]]:
    champion, gate = status.champion, status.gate
    digests = {"champion": champion, "requested": status.requested, "previous": status.previous}
    yield "leadmodel_info", {k: short(v.digest) if v else "" for k, v in digests.items()}, 1
    yield "leadmodel_status_phase", {"phase": status.phase}, 1
    for condition in status.conditions:
        state = condition.status
        usual = state in {_NORMAL.get(condition.type, ConditionStatus.FALSE), ConditionStatus.UNKNOWN}
        if condition.type is ConditionType.READY or not usual:
            yield "leadmodel_status_condition", {"condition": condition.type, "status": state.lower()}, 1
    if seen.rollout is not None:
        yield "leadmodel_replicas_desired", {}, seen.rollout.replicas
        yield "leadmodel_replicas_ready", {}, status.ready_replicas
    if seen.spec is not None:
        yield "leadmodel_gate_min_auc", {}, seen.spec.min_auc
    if gate is not None and gate.auc is not None:
        yield "leadmodel_gate_auc", {}, gate.auc
        if gate.lower is not None:
            yield "leadmodel_gate_auc_lower", {}, gate.lower
    yield "leadmodel_quarantined_revisions", {}, len(status.quarantine)
    yield from _drift_rows(status)
    yield from _work_rows(seen, status)


def _drift_rows(status: Status) -> Iterator[tuple[str, dict[str, str], float]]:
    drift = status.drift
    if drift is None:
        return
    for slot, psi in (("champion", drift.psi), ("previous", drift.previous_psi)):
        if psi is not None:
            yield "leadmodel_drift_merged_psi", {"slot": slot}, psi
    if drift.at is not None:
        yield "leadmodel_drift_last_measured_timestamp_seconds", {}, drift.at.timestamp()
    if drift.breach_since is not None:
        yield "leadmodel_drift_breach_since_timestamp_seconds", {}, drift.breach_since.timestamp()


def _work_rows(seen: Observed, status: Status) -> Iterator[tuple[str, dict[str, str], float]]:
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


class ProcessMetrics(Collector):
    """Metrics of the queue, of requests to the API server, of decisions and of the event loop."""

    def __init__(self, client: Client, model_metrics: ModelMetrics) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's
        self.registry, self.model_metrics, self._client = CollectorRegistry(), model_metrics, client
        names, to = ["name"], self.registry

        def histogram(name: str, text: str) -> Histogram:
            return Histogram(name, text, names, registry=to, buckets=_SECONDS)

        self.depth = Gauge("workqueue_depth", "Keys that are due.", names, registry=to).labels(**NAME)
        self.adds = Counter("workqueue_adds", "Keys that became due.", names, registry=to).labels(**NAME)
        self.retries = Counter("workqueue_retries", "Passes made again.", names, registry=to).labels(**NAME)
        self.waited = histogram("workqueue_queue_duration_seconds", "From due to begun.").labels(**NAME)
        self.took = histogram("workqueue_work_duration_seconds", "From begun to ended.").labels(**NAME)
        self.longest = Gauge(
            "workqueue_longest_running_processor_seconds", "The longest pass running.", names, registry=to
        ).labels(**NAME)
        self.leads = Gauge("leader_election_master_status", "1 on the leader.", names, registry=to).labels(
            **NAME
        )
        self.lag = Gauge("leadmodel_event_loop_lag_seconds", "How late the loop last was.", registry=to)
        self.tasks = Gauge("leadmodel_event_loop_tasks", "Tasks that have not ended.", registry=to)
        self.passes = Counter("leadmodel_reconciles", "Passes by result.", ["result"], registry=to)
        self.decisions = Counter(
            "leadmodel_decisions", "Events recorded, by reason.", ["reason"], registry=to
        )
        for result in ("ok", "idle", "conflict", "error"):
            self.passes.labels(result)
        to.register(self)
        to.register(model_metrics)
        ProcessCollector(registry=to)

    def collect(self) -> Iterator[Metric]:
        """Yield the requests the client counted."""
        labels = ["code", "method", "host"]
        requests = CounterMetricFamily("rest_client_requests", "Requests to the API server.", labels=labels)
        host = self._client.access.server.partition("://")[2]
        for (method, code), count in sorted(self._client.counts.items()):
            requests.add_metric([code, method, host], count)
        yield requests

    def added(self, depth: int) -> None:
        """Count a key that became due."""
        self.adds.inc()
        self.depth.set(depth)

    def began(self, waited: float) -> None:
        """Count the start of a pass, `waited` seconds after its key became due."""
        self.waited.observe(waited)

    def ended(self, took: float, result: str) -> None:
        """Count the end of a pass after `took` seconds."""
        self.took.observe(took)
        self.passes.labels(result).inc()
        if result in {"conflict", "error"}:
            self.retries.inc()

    def text(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self.registry) + self.model_metrics.text()
