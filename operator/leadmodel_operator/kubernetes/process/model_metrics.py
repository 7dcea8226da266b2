"""Metrics of every LeadModel as lines of text, which each pass replaces. Every label is bounded, and written by one function.

A metric is absent until its value is known, since a zero would raise alarms. Conditions other than Ready are shown only where they
stand out, so that a thousand LeadModels stay below a megabyte.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from leadmodel_operator.kubernetes.process.model_families import FAMILIES, OWN, head, line
from leadmodel_operator.kubernetes.process.model_rows import is_measured, rows
from leadmodel_operator.kubernetes.process.turning_points import TurningPoints, counted
from leadmodel_operator.planning.observed import Observed
from leadmodel_operator.reconcile import Key
from leadmodel_operator.resource.status import Status
from leadmodel_operator.resource.vocabulary import Reason

_ERRORS = ("leadmodel_reconcile_errors_total",)
_ROLLBACKS = ("leadmodel_rollbacks_total", Reason.DRIFT_SUSTAINED.value)


class ModelMetrics(Collector):
    """Metrics of every LeadModel, as lines of text that each pass replaces.

    Objects of the client library would cost a second per scrape of a thousand LeadModels.

    Attributes:
        listed: How many LeadModels the operator has listed; None until it has listed all.
    """

    def __init__(self) -> None:
        self.listed: Callable[[], int | None] = lambda: 0
        self._lines: dict[Key, tuple[tuple[str, str], ...]] = {}  # (metric, line)
        self._counts: dict[Key, Counter[tuple[str, ...]]] = {}  # by metric and its labels' values
        self._measured: dict[Key, datetime] = {}
        self.turning_points = TurningPoints()

    def note(self, key: Key, seen: Observed, status: Status) -> None:
        """Replace a LeadModel's lines by what a pass saw and concluded. Lines are written here, since scrapes outnumber changes."""
        own = _own(key)
        if is_measured(seen, status):
            self._measured[key] = seen.now
        known = rows(seen, status, self._measured.get(key))
        self._lines[key] = tuple((name, line(name, own | labels, value)) for name, labels, value in known)
        self.turning_points.observe(seen, status)
        self._counts_of(key).update(counted(seen.status, status))

    def count_error(self, key: Key) -> None:
        """Count a pass of a LeadModel that failed."""
        self._counts_of(key)[_ERRORS] += 1

    def _counts_of(self, key: Key) -> Counter[tuple[str, ...]]:
        """Counts of a LeadModel; they begin with zeros, for Prometheus sees no increase in a counter that begins with one."""
        return self._counts.setdefault(key, Counter({_ERRORS: 0, _ROLLBACKS: 0}))

    def forget(self, key: Key) -> None:
        """Drop the lines of a LeadModel that is gone."""
        self._lines.pop(key, None)
        self._measured.pop(key, None)
        self._counts.pop(key, None)

    def text(self, *, openmetrics: bool = False) -> bytes:
        """Return all lines in Prometheus' text format, or as the part of an OpenMetrics text before its end, grouped by metric."""
        parts: dict[str, list[str]] = {name: [] for name in FAMILIES}
        for lines in self._lines.values():
            for name, sample in lines:
                parts[name].append(sample)
        for key, counts in self._counts.items():
            own = _own(key)
            for (name, *values), count in counts.items():
                labels = zip(FAMILIES[name].labels, values, strict=True)
                parts[name].append(line(name, {**own, **dict(labels)}, count))
        return "".join(
            head(name, openmetrics=openmetrics) + "".join(lines) for name, lines in parts.items() if lines
        ).encode()

    def collect(self) -> Iterator[Metric]:
        """Yield the number of LeadModels, and how long validations and rollouts took."""
        listed = self.listed()
        if listed is not None:
            number = max(listed, len(self._lines))  # the cache holds no LeadModel over its limit
            yield GaugeMetricFamily("leadmodel_models", "LeadModels this operator looks after.", number)
        yield from self.turning_points.collect()


def _own(key: Key) -> dict[str, str]:
    return dict(zip(OWN, (key.namespace, key.name), strict=True))
