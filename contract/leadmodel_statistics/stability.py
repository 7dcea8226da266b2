"""Population stability: how far live leads lie from the reference, measured together with the noise of the measurement."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

MIN_REFERENCE_ROWS = 30  # an hour with fewer reference rows is not compared
MIN_SHIFT_LEADS = 30  # a mean of fewer leads is not compared
NO_SPREAD, UNLIKE = 1e-12, 99.0


@dataclass(frozen=True)
class Psi:
    """A population stability index `value`, the noise ν of one bin, and the number of bins B."""

    value: float
    noise: float
    bins: int

    def limit(self, max_psi: float) -> float:
        """Smallest value that is both large and beyond the noise of the index: max(max_psi, 4 √(2 (B−1)) ν).

        Without drift the index is about ν χ² with B−1 degrees of freedom, whose standard deviation is √(2 (B−1)) ν
        (B. Yurdakul and J. Naranjo, J. Risk Model Validation 14, 2020).
        """
        return max(max_psi, 4 * math.sqrt(2 * (self.bins - 1)) * self.noise)


def psi(
    observed: Sequence[int],
    expected: Sequence[float],
    *,
    n: int,
    n_ref: int,
    shrink: float = 0.0,
    leads_by_hour: Sequence[int] = (),
    ref_by_hour: Sequence[int] = (),
) -> Psi | None:
    """The hour-matched, shrunk and de-biased population stability index; None without leads or with a single bin.

    p_b = (c_b + .5)/(n + .5 B), e_b = (Σ_h n_h q(b|h) + .5)/(n + .5 B), ν = 1/n + Σ_h w_h²/(r_h + K + 1) + 1/R and
    PSI = max(0, Σ_b (p_b − e_b) ln(p_b/e_b) − (B−1) ν). Without an hour reference ν = 1/n + 1/R. The plain index is that of N. Siddiqi,
    "Credit Risk Scorecards" (2006), the bias (B−1) ν that of B. Yurdakul and J. Naranjo (2020).

    Args:
        observed: leads c_b per bin, B counts.
        expected: leads Σ_h n_h q(b|h) per bin that the reference leads one to expect, B numbers.
        n: leads counted.
        n_ref: rows R of the reference.
        shrink: K of the hour reference, in rows (`hours.shrink_strength`).
        leads_by_hour: leads n_h per UTC hour, 24 counts.
        ref_by_hour: reference rows r_h per UTC hour, 24 counts; empty without an hour reference.
    """
    bins = len(observed)
    if n <= 0 or bins < 2 or n_ref <= 0:
        return None
    noise = 1 / n + 1 / n_ref
    if ref_by_hour:
        weights = hour_weights(leads_by_hour, ref_by_hour)
        noise += sum(w * w / (r + shrink + 1) for w, r in zip(weights, ref_by_hour, strict=True))
    total_weight = n + 0.5 * bins
    total = 0.0
    for count, share in zip(observed, expected, strict=True):
        p, e = (count + 0.5) / total_weight, (share + 0.5) / total_weight
        total += (p - e) * math.log(p / e)
    return Psi(max(0.0, total - (bins - 1) * noise), noise, bins)


def hour_weights(leads_by_hour: Sequence[int], ref_by_hour: Sequence[int]) -> list[float]:
    """Share w_h of each hour among the leads at hours whose reference has at least 30 rows; all 0 without such leads."""
    compared = [n if r >= MIN_REFERENCE_ROWS else 0 for n, r in zip(leads_by_hour, ref_by_hour, strict=True)]
    total = sum(compared)
    return [n / total if total else 0.0 for n in compared]


def mean_shift_z(n: int, total: float, mean: float, std: float) -> float:
    """|live mean − reference mean| / reference standard deviation, of `n` live values that sum to `total`.

    0 below 30 leads. Where the reference has no spread: 0 if the means agree to 1e-9, else 99; 99 also for a z that is not finite.
    """
    if n < MIN_SHIFT_LEADS:
        return 0.0
    gap = abs(total / n - mean)
    if std <= NO_SPREAD:
        return 0.0 if gap <= 1e-9 else UNLIKE
    z = gap / std
    return z if math.isfinite(z) else UNLIKE
