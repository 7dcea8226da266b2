"""Every metric that operator, predictor and follow-ups export, read from the registries that they really make.

Labels of the library's metrics stand in attributes of theirs that are not public; the library is pinned, and a test compares the
labels with those of real samples.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from leadmodel_followup.http.ops import LedgerCollector
from leadmodel_followup.ledger.records import Overview
from leadmodel_followup.metrics import Metrics as FollowUpMetrics
from leadmodel_messages.followups_report import ArmCounts
from leadmodel_operator.kubernetes.process.metrics import ProcessMetrics
from leadmodel_operator.kubernetes.process.model_families import FAMILIES, OWN
from leadmodel_operator.kubernetes.process.model_metrics import ModelMetrics
from leadmodel_predictor.serving.challenger_metrics import ChallengerMetrics
from leadmodel_predictor.serving.metrics import Metrics
from leadmodel_predictor.serving.text_metrics import TextMetrics

LIBRARY = ("process_", "python_")
PREDICTOR_TARGET = frozenset({"namespace", "leadmodel", "pod"})  # labels that the scrape adds
OPERATOR_TARGET = frozenset({"namespace", "pod"})


@dataclass(frozen=True, order=True)
class Exported:
    """One metric as it is exported: `part` is operator, predictor or followup, `labels` are its own."""

    part: str
    name: str
    kind: str
    text: str
    labels: tuple[str, ...]

    @property
    def samples(self) -> tuple[str, ...]:
        """The names of its samples, as an expression selects them."""
        if self.kind == "histogram":
            return f"{self.name}_bucket", f"{self.name}_sum", f"{self.name}_count"
        return (self.name,)

    @property
    def all_labels(self) -> frozenset[str]:
        """Its labels in Prometheus: its own, those of the target, and the bound of a bucket."""
        target = OPERATOR_TARGET if self.part == "operator" else PREDICTOR_TARGET
        return frozenset(self.labels) | target | ({"le"} if self.kind == "histogram" else frozenset())


class _EmptyLedger:
    """In the place of a ledger in which nothing waits."""

    def overview(self) -> Overview:
        """Return the figures of a ledger without follow-ups."""
        return Overview(0, 0, 0, None)

    def arms(self, names: Sequence[str]) -> tuple[ArmCounts, ...]:
        """Return an empty count for each arm."""
        return tuple(map(ArmCounts, names))


def exported() -> list[Exported]:
    """All metrics of all parts, those of the client library (`process_…`, `python_…`) included, in order."""
    return sorted({*_predictor(), *_operator(), *_followup()})


def own() -> list[Exported]:
    """All metrics but those of the client library."""
    return [metric for metric in exported() if not metric.name.startswith(LIBRARY)]


def _predictor() -> Iterator[Exported]:
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    Metrics(registry)
    registry.register(TextMetrics())
    registry.register(ChallengerMetrics())
    yield from _registered("predictor", registry)


def _operator() -> Iterator[Exported]:
    client: Any = SimpleNamespace(access=SimpleNamespace(server="https://kubernetes"), counts={})
    yield from _registered("operator", ProcessMetrics(client, ModelMetrics()).registry)
    for name, family in FAMILIES.items():
        yield Exported("operator", name, family.kind, family.text, (*OWN, *family.labels))


def _followup() -> Iterator[Exported]:
    registry = CollectorRegistry()
    FollowUpMetrics(registry)
    ledger: Any = _EmptyLedger()
    registry.register(LedgerCollector(ledger, lambda: 0, ("control",)))
    yield from _registered("followup", registry)


def _registered(part: str, registry: CollectorRegistry) -> Iterator[Exported]:
    for collector in list(registry._collector_to_names):  # noqa: SLF001  # see the module's docstring
        for family in collector.collect():
            source: Any = collector if hasattr(collector, "_labelnames") else family
            labels = getattr(source, "_labelnames", None)
            name = f"{family.name}_total" if family.type == "counter" else family.name
            if labels is None:
                labels = sorted({label for sample in family.samples for label in sample.labels} - {"le"})
            yield Exported(part, name, family.type, family.documentation, tuple(labels))
