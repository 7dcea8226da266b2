"""The metrics of one predictor. Children are bound once, because labels() per request costs more than scoring."""

from bisect import bisect_left
from collections.abc import Iterator
from enum import StrEnum
from functools import partial
from typing import Any, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics import exposition as openmetrics

from leadmodel_messages.negotiation import wants_openmetrics
from leadmodel_predictor.serving.examined import ExaminedLeads
from leadmodel_predictor.serving.scores import Scores, cumulated

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
LEADS = (10, 100, 1000, 10_000)
RELOADS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)


class Limit(StrEnum):
    """The limits that end a request or a connection before an answer."""

    HEAD = "head"  # its head is too large
    SYNTAX = "syntax"  # it is no HTTP
    TIME = "time"  # it did not come in time, or its answer was not read
    WAITING = "waiting"  # too many requests wait already
    MEMORY = "memory"  # too many bytes of unfinished requests are held already
    CONNECTIONS = "connections"  # too many connections are open


class Held(Protocol):
    """What the connections of a process hold."""

    connections: set[Any]
    held_bytes: int


class Requests:
    """Answers and their durations as plain integers: a lock per request, as the library's counters take, costs more than scoring."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, int], int] = {}
        self._buckets = [0] * (len(BUCKETS) + 1)
        self._sum = 0.0
        self._batch_buckets = [0] * (len(BUCKETS) + 1)
        self._batch_sum = 0.0
        self._leads = [0] * (len(LEADS) + 1)
        self._leads_sum = 0

    def predicted(self, seconds: float) -> None:
        """Count a lead that was answered after these seconds."""
        self._buckets[bisect_left(BUCKETS, seconds)] += 1
        self._sum += seconds

    def batch(self, seconds: float, leads: int) -> None:
        """Count a batch of leads that was answered after these seconds."""
        self._batch_buckets[bisect_left(BUCKETS, seconds)] += 1
        self._batch_sum += seconds
        self._leads[bisect_left(LEADS, leads)] += 1
        self._leads_sum += leads

    def answered(self, endpoint: str, code: int) -> None:
        """Count a request that was refused with this status."""
        self._codes[endpoint, code] = self._codes.get((endpoint, code), 0) + 1

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics for the Prometheus registry."""
        answers = CounterMetricFamily(
            "lead_model_requests", "Requests by endpoint and answer.", labels=["endpoint", "code"]
        )
        took = HistogramMetricFamily(
            "lead_model_request_duration_seconds", "Time to answer, without the network.", labels=["endpoint"]
        )
        for endpoint, buckets, total in (
            ("predict", self._buckets, self._sum),
            ("batch", self._batch_buckets, self._batch_sum),
        ):
            took.add_metric([endpoint], cumulated(BUCKETS, buckets), total)
            answers.add_metric([endpoint, "200"], sum(buckets))
        for (endpoint, code), count in self._codes.items():
            answers.add_metric([endpoint, str(code)], count)
        yield answers
        yield took
        sizes = HistogramMetricFamily("lead_model_batch_size", "Leads in a batch that was answered.")
        sizes.add_metric([], cumulated(LEADS, self._leads), self._leads_sum)
        yield sizes


class Newest:
    """The time of the newest lead a champion was trained on, in Unix seconds; absent where the artifact does not say."""

    def __init__(self) -> None:
        self.time: float | None = None

    def collect(self) -> Iterator[Metric]:
        """Yield the metric for the Prometheus registry."""
        yield GaugeMetricFamily(
            "lead_model_training_data_newest_timestamp_seconds",
            "Time of the newest lead that the champion was trained on; absent where the artifact does not say.",
            value=self.time,
        )


class Metrics:
    """All metrics of one predictor process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        gauge, counter = partial(Gauge, registry=registry), partial(Counter, registry=registry)
        self.registry = registry
        disable_created_metrics()  # type: ignore[no-untyped-call]  # half of the series would be birthdays
        self.loaded = gauge("lead_model_loaded", "1 while a champion is loaded.")
        self.auc = gauge(
            "lead_model_auc", "AUC of the champion: measured by validation, else as its training claims."
        )
        self.version = gauge("lead_model_version", "End of the champion's training, Unix seconds.")
        self.last_reload = gauge("lead_model_last_reload_ts", "When the champion was loaded, Unix seconds.")
        self.training_rows = gauge("lead_model_training_rows", "Leads that the champion was trained on.")
        self.newest_row = Newest()
        registry.register(self.newest_row)
        self.connections = gauge("lead_model_open_connections", "Connections that are open.")
        self.held_bytes = gauge("lead_model_held_bytes", "Bytes held of requests that are not whole yet.")
        self.info = gauge("lead_model_info", "1 for the digest in each slot.", ["slot", "digest"])
        self.drift = gauge("lead_model_drift_score", "Largest |mean live - mean training| / std training.")
        self.psi = gauge(
            "lead_model_drift_psi",
            "Population stability index against the holdout, hour by hour.",
            ["feature"],
        )
        self.samples = gauge("lead_model_drift_window_samples", "Leads in the drift window.")
        self.span = gauge(
            "lead_model_drift_window_seconds",
            "Age of the oldest lead in the drift window; 0 while it is empty.",
        )
        self.compared = gauge(
            "lead_model_drift_compared_leads",
            "Leads in the drift window that were compared with the holdout; the others came at hours that the holdout does not know, or were refused.",
        )
        self.requests = Requests()
        self.scores = Scores()
        registry.register(self.scores)
        self.examined = ExaminedLeads()
        registry.register(self.requests)
        registry.register(self.examined)
        self.batch_leads = counter("lead_model_batch_leads_total", "Leads scored in batches.").inc
        bad = counter("lead_model_bad_leads_total", "Leads a slot refuses or scores non-finite.", ["slot"])
        self.bad_champion, self.bad_previous = bad.labels("champion").inc, bad.labels("previous").inc
        reloads = counter("lead_model_reloads_total", "Reloads by outcome.", ["outcome"])
        self._reloads = {outcome: reloads.labels(outcome) for outcome in ("ok", "refused")}
        self.reload_seconds = Histogram(
            "lead_model_reload_duration_seconds",
            "Time to read, check and swap in a model, by outcome.",
            ["outcome"],
            registry=registry,
            buckets=RELOADS,
        )
        for outcome in ("ok", "refused"):
            self.reload_seconds.labels(outcome)
        refused = counter(
            "lead_model_connections_refused_total",
            "Connections and requests that a limit ended, by the limit.",
            ["limit"],
        )
        self.limited = {limit: refused.labels(limit).inc for limit in Limit}

    def reload_ended(self, seconds: float, *, ok: bool) -> None:
        """Count a reload that swapped or kept the model after these seconds, or was refused."""
        outcome = "ok" if ok else "refused"
        self._reloads[outcome].inc()
        self.reload_seconds.labels(outcome).observe(seconds)

    def watch(self, guard: Held) -> None:
        """Show what the connections of this process hold, whenever somebody looks."""
        self.connections.set_function(lambda: len(guard.connections))
        self.held_bytes.set_function(lambda: guard.held_bytes)

    def text(self, accept: str = "") -> tuple[bytes, str]:
        """All metrics and their content type: OpenMetrics where an Accept header wants that, else Prometheus' text format."""
        if wants_openmetrics(accept):
            text: bytes = openmetrics.generate_latest(self.registry)  # type: ignore[no-untyped-call]
            return text, openmetrics.CONTENT_TYPE_LATEST
        return generate_latest(self.registry), "text/plain; version=0.0.4; charset=utf-8"
