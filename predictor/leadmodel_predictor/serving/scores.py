"""The distribution of the scores that were answered, as plain numbers: two additions a lead, for a lock costs more than scoring."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate, repeat

from prometheus_client.core import HistogramMetricFamily, Metric

BOUNDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
SUM = len(BOUNDS) + 1  # place behind the counts, of which the last is above all bounds


class Scores:
    """Counts of scores by bucket, and their sum, for single leads and for batches."""

    def __init__(self) -> None:
        self.single: list[float] = [0.0] * (SUM + 1)
        self.batch: list[float] = [0.0] * (SUM + 1)

    def add_batch(self, scores: Sequence[float]) -> None:
        """Count the scores of a batch."""
        for place, count in Counter(map(bisect_left, repeat(BOUNDS), scores)).items():
            self.batch[place] += count
        self.batch[SUM] += sum(scores)

    def collect(self) -> Iterator[Metric]:
        """Yield the metric for the Prometheus registry."""
        family = HistogramMetricFamily(
            "lead_model_score", "Scores that were answered, by endpoint.", labels=["endpoint"]
        )
        for endpoint, row in (("predict", self.single), ("batch", self.batch)):
            family.add_metric([endpoint], cumulated(BOUNDS, row[:SUM]), row[SUM])
        yield family


def cumulated(bounds: Sequence[float], counts: Sequence[float]) -> list[tuple[str, float]]:
    """Buckets of a histogram as Prometheus has them: upper bound, and count of everything up to there.

    Args:
        bounds: upper bounds, ascending.
        counts: one count per bound, and one for what is above all bounds.
    """
    return list(zip([*map(str, map(float, bounds)), "+Inf"], map(float, accumulate(counts)), strict=True))
