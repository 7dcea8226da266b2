"""Metrics of the process with client-go's names: the queue, requests to the API server, decisions and the event loop."""

from collections.abc import Iterator

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    exposition,
)
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from leadmodel_messages.negotiation import wants_openmetrics
from leadmodel_operator.kubernetes.apiserver.client import Client
from leadmodel_operator.kubernetes.process.model_metrics import ModelMetrics

NAME = {"name": "leadmodel"}
_TEXT, _END = "text/plain; version=0.0.4; charset=utf-8", b"# EOF\n"
_SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)


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
        self.webhook = Counter(
            "leadmodel_webhook_messages", "Messages to the webhook, by result.", ["result"], registry=to
        )
        for result in ("sent", "failed", "dropped"):
            self.webhook.labels(result)
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

    def text(self, accept: str = "") -> tuple[bytes, str]:
        """Return all metrics and their content type: OpenMetrics where an Accept header wants that, else Prometheus' text format."""
        if not wants_openmetrics(accept):
            return exposition.generate_latest(self.registry) + self.model_metrics.text(), _TEXT
        process: bytes = openmetrics.generate_latest(self.registry)  # type: ignore[no-untyped-call]
        return process.removesuffix(_END) + self.model_metrics.text(
            openmetrics=True
        ) + _END, openmetrics.CONTENT_TYPE_LATEST
