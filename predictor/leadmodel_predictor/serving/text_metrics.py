"""The metrics of the texts that one process answers. Labels of series come from documents and from this program, never from a text."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING, Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from leadmodel_messages.window_psi import text_psis
from leadmodel_predictor.serving.metrics import BUCKETS
from leadmodel_predictor.serving.scores import BOUNDS, cumulated
from leadmodel_predictor.serving.text_ring import label_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from leadmodel_messages.window import TextWindow
    from leadmodel_predictor.serving.text_slot import TextSlot

MIN_TEXTS = 150  # as leads of a feature


class Buckets:
    """A histogram as plain integers."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds, self._counts, self._sum = bounds, [0] * (len(bounds) + 1), 0.0

    def add(self, value: float) -> None:
        """Count one value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def into(self, family: HistogramMetricFamily, *labels: str) -> HistogramMetricFamily:
        """Write the histogram into a family and return the family."""
        family.add_metric(labels, cumulated(self._bounds, self._counts), self._sum)
        return family


class TextMetrics:
    """Requests, answers and drift of texts; a collector for the Prometheus registry."""

    def __init__(self) -> None:
        self.window: TextWindow | None = None  # what drift is computed from, set by whoever collects
        self._codes: Counter[int] = Counter()
        self._seconds, self._unknown = Buckets(BUCKETS), Buckets(BOUNDS)
        self._slot: TextSlot | None = None
        self._labels: Counter[tuple[str, ...]] = Counter()
        self._abstained: Counter[tuple[str, ...]] = Counter()
        self._confidence: dict[str, Buckets] = {}
        self._truncated = 0

    def of(self, slot: TextSlot | None) -> None:
        """Count for another slot from now on: series of labels that its document does not know end, the others go on."""
        self._slot = slot
        known = slot.labels if slot is not None else {}
        kept = {key: count for key, count in self._labels.items() if key[1] in known.get(key[0], ())}
        self._labels = Counter(kept)

    def answered(self, code: int) -> None:
        """Count a request, of one text or of a batch, that was answered with this status."""
        self._codes[code] += 1

    def took(self, seconds: float) -> None:
        """Count the time of a single text that was answered."""
        self._seconds.add(seconds)

    def count(self, answer: Mapping[str, Any], unknown: float | None) -> None:
        """Count one answered text."""
        for head, known in self._slot.labels.items() if self._slot is not None else ():
            if (part := answer.get(head)) is None:
                continue
            label = label_of(head, part)
            if label is None:
                self._abstained[head, part["why"]] += 1
                continue
            if label in known:
                self._labels[head, label] += 1
            confidence = part["score"] if head == "urgency" else part["confidence"]
            self._confidence.setdefault(head, Buckets(BOUNDS)).add(confidence)
        if unknown is not None:
            self._unknown.add(unknown)
        self._truncated += answer["truncated"]

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics for the Prometheus registry."""
        yield _counter("lead_enrich_requests", "Requests for texts by answer.", ["code"], _texts(self._codes))
        yield self._seconds.into(
            HistogramMetricFamily(
                "lead_enrich_duration_seconds", "Time to answer one text, without the network."
            )
        )
        yield _counter("lead_enrich_labels", "Answers by label.", ["head", "label"], self._labels)
        yield _counter(
            "lead_enrich_abstained", "Texts without a label, by reason.", ["head", "why"], self._abstained
        )
        confidence = HistogramMetricFamily(
            "lead_enrich_confidence", "Confidence of labels; of urgency the score.", labels=["head"]
        )
        for head, values in self._confidence.items():
            values.into(confidence, head)
        yield confidence
        yield self._unknown.into(
            HistogramMetricFamily(
                "lead_enrich_unknown_words_ratio", "Share of a text's words that the model does not know."
            )
        )
        yield CounterMetricFamily(
            "lead_enrich_truncated", "Texts that were longer than what is read.", value=self._truncated
        )
        yield from self._state()

    def _state(self) -> Iterator[Metric]:
        drift = GaugeMetricFamily(
            "lead_enrich_drift",
            "Population stability index of labels, unknown words and lengths against the document's reference.",
            labels=["head"],
        )
        for name, index in text_psis(self.window, MIN_TEXTS).items() if self.window is not None else ():
            drift.add_metric([name], index.value)
        yield drift
        info = GaugeMetricFamily(
            "lead_enrich_model_info",
            "1 for the text model that answers.",
            labels=["name", "version", "tokenizer"],
        )
        if self._slot is not None:
            document = self._slot.document
            info.add_metric([document.name, str(document.version), document.tokenizer], 1)
        yield info


def _texts(codes: Counter[int]) -> dict[tuple[str, ...], int]:
    return {(str(code),): count for code, count in codes.items()}


def _counter(
    name: str, documentation: str, labels: list[str], counts: Mapping[tuple[str, ...], int]
) -> CounterMetricFamily:
    family = CounterMetricFamily(name, documentation, labels=labels)
    for key, count in counts.items():
        family.add_metric(list(key), count)
    return family
