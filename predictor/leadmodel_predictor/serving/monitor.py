"""What one slot watches: entries of the ring → additive counts beside what the reference expected of leads at those hours.

Column by column, so that a window of 1,000 leads takes a few milliseconds of whoever asks and nothing of the leads themselves.
"""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from operator import mul
from typing import Any

from leadmodel_artifact.model import Artifact, Feature, FeatureKind, FeatureReference, Reference
from leadmodel_artifact.reference import SCORE, bin_index, expected_shares, missing_reference
from leadmodel_messages.window import MAX_MONITORED, FeatureWindow, MissingWindow

MAX_SUMMED = 1e150  # sums of squares stay finite, also of a thousand pods


@dataclass(frozen=True)
class Monitor:
    """One watched feature. `bins`: the bin of each code, for a category; `missing`: leads with and without a value, as two bins."""

    reference: FeatureReference
    place: int | None  # of the value among the values of a lead; None: the score
    bins: tuple[int, ...]
    shares: tuple[tuple[float, ...], ...]
    missing: FeatureReference | None = None
    missing_shares: tuple[tuple[float, ...], ...] = ()

    def window(self, column: Sequence[Any], hours: Sequence[int]) -> FeatureWindow:
        """Counts of one column of values (None: missing) beside the hours of its leads."""
        if self.bins:
            by_code = Counter(column)
            observed = [0] * len(self.reference.counts)
            for code, count in by_code.items():
                observed[self.bins[code]] += count
            return self._made(observed, hours)
        missing = self._missing(column, hours)
        if None in column:
            known = [(v, h) for v, h in zip(column, hours, strict=True) if v is not None]
            column, hours = [v for v, _ in known], [h for _, h in known]
        by_bin = Counter(map(bisect_right, repeat(self.reference.edges), column))
        observed = [by_bin[b] for b in range(len(self.reference.counts))]
        if column and not -MAX_SUMMED <= min(column) <= max(column) <= MAX_SUMMED:
            column = [min(max(v, -MAX_SUMMED), MAX_SUMMED) for v in column]
        made = self._made(observed, hours, math.fsum(column), math.fsum(map(mul, column, column)))
        return replace(made, missing=missing)

    def _missing(self, column: Sequence[Any], hours: Sequence[int]) -> MissingWindow | None:
        if self.missing is None:
            return None
        n, without = len(column), column.count(None)
        return MissingWindow(
            n=n,
            n_ref=sum(self.missing.counts),
            shrink=self.missing.shrink,
            observed=(n - without, without),
            expected=_expected(self.missing_shares, Counter(hours), n),
        )

    def _made(
        self, observed: Sequence[int], hours: Sequence[int], total: float = 0.0, squares: float = 0.0
    ) -> FeatureWindow:
        reference, n = self.reference, len(hours)
        return FeatureWindow(
            kind=reference.kind,
            n=n,
            n_ref=sum(reference.counts),
            shrink=reference.shrink,
            observed=tuple(observed),
            expected=_expected(self.shares, Counter(hours), n),
            sum=total,
            sumsq=squares,
            mean=reference.mean,
            std=reference.std,
        )


def _expected(shares: Sequence[Sequence[float]], by_hour: Counter[int], n: int) -> tuple[float, ...]:
    """Σ_h n_h q(b|h); without an hour reference n m_b."""
    if len(shares) == 1:
        return tuple(n * share for share in shares[0])
    weighted = [[count * share for share in shares[hour]] for hour, count in by_hour.items()]
    return tuple(map(math.fsum, zip(*weighted, strict=True))) if weighted else (0.0,) * len(shares[0])


def monitors(artifact: Artifact, reference: Reference) -> tuple[Monitor, ...]:
    """What a reference lets us watch of an artifact's features, the score first and at most a hundred features."""
    places = {f.name: i for i, f in enumerate(artifact.features) if f.name != SCORE}
    kinds = {SCORE: False} | {f.name: f.is_category for f in artifact.features}
    wanted = [r for r in reference.features if kinds.get(r.name) is (r.kind is FeatureKind.CATEGORICAL)]
    first = {r.name: r for r in reversed(wanted)}  # the score stands before a feature of that name
    unique = [r for r in wanted if first[r.name] is r]
    all_rows = first.get(SCORE)
    return tuple(_monitor(r, artifact.features, places, all_rows) for r in unique[:MAX_MONITORED])


def _monitor(
    reference: FeatureReference,
    features: Sequence[Feature],
    places: dict[str, int],
    all_rows: FeatureReference | None,
) -> Monitor:
    place = places.get(reference.name)  # None: the score
    shares = expected_shares(reference)
    if place is None:
        return Monitor(reference, None, (), shares)
    if features[place].is_category:
        other = bin_index(reference, None)  # of unknown and of missing levels
        bins = (*(bin_index(reference, level) for level in features[place].levels), other, other)
        return Monitor(reference, place, bins, shares)
    missing = missing_reference(reference, all_rows) if all_rows is not None else None
    return Monitor(reference, place, (), shares, missing, expected_shares(missing) if missing else ())
