"""The distribution of the scores that were answered: a lead pays for one append, and whoever folds pays a sort for many at once."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client.core import HistogramMetricFamily, Metric

BOUNDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


class Distribution:
    """How many scores were at most each bound, how many there were, and their sum."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)  # the last one: all
        self.sum = 0.0

    def add(self, scores: list[float]) -> None:
        """Count scores, and sort them."""
        scores.sort()
        for place, bound in enumerate(BOUNDS):
            self.counts[place] += bisect_right(scores, bound)
        self.counts[-1] += len(scores)
        self.sum += sum(scores)


class Scores:
    """The scores of single leads and of batches. `fold` is called now and then, so that few scores wait."""

    def __init__(self) -> None:
        self.single, self.batch = Distribution(), Distribution()
        self._waiting: list[float] = []
        self.seen = self._waiting.append  # takes the score of a single lead

    def fold(self) -> None:
        """Count the scores of single leads that wait."""
        if self._waiting:
            self.single.add(self._waiting)
            self._waiting.clear()

    def add_batch(self, scores: Sequence[float]) -> None:
        """Count the scores of a batch."""
        self.batch.add(list(scores))

    def collect(self) -> Iterator[Metric]:
        """Yield the metric for the Prometheus registry."""
        self.fold()
        family = HistogramMetricFamily(
            "lead_model_score", "Scores that were answered, by endpoint.", labels=["endpoint"]
        )
        for endpoint, scores in (("predict", self.single), ("batch", self.batch)):
            family.add_metric([endpoint], buckets(BOUNDS, scores.counts), scores.sum)
        yield family


def cumulated(bounds: Sequence[float], counts: Sequence[float]) -> list[tuple[str, float]]:
    """Buckets of a histogram as Prometheus has them: upper bound, and count of everything up to there.

    Args:
        bounds: upper bounds, ascending.
        counts: one count per bound, and one for what is above all bounds.
    """
    return buckets(bounds, list(accumulate(counts)))


def buckets(bounds: Sequence[float], cumulative: Sequence[float]) -> list[tuple[str, float]]:
    """Name counts that are cumulative already by their upper bounds."""
    return list(zip([*map(str, map(float, bounds)), "+Inf"], map(float, cumulative), strict=True))
