"""The challenger's scores beside the champion's on the same leads: written, read strictly, added up, and the figures that follow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate

from leadmodel_artifact.jsonnode import LayoutError, Node
from leadmodel_messages import bounds
from leadmodel_messages.window import DECILES, PairedWindow

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

MAX_LEADS = 1_000_000  # of one process
ROUNDING = 1e-6  # of sums of differences


def dump(paired: PairedWindow) -> dict[str, Any]:
    """Write the object `paired` of a challenger's window."""
    return {"n": paired.n, "sum": paired.sum, "sumsq": paired.sumsq, "deciles": list(paired.deciles)}


def parse(node: Node) -> PairedWindow:
    """Read the object strictly; raises LayoutError where the counts contradict each other."""
    n = bounds.count(node, "n", MAX_LEADS)
    most = n + ROUNDING  # scores lie between 0 and 1
    deciles = bounds.counts(node, "deciles", DECILES * DECILES, MAX_LEADS)
    if deciles and (len(deciles) != DECILES * DECILES or sum(deciles) != n):
        raise LayoutError(
            f"{node.at('deciles')} must be {DECILES * DECILES} counts of all {n} leads, or none"
        )
    return PairedWindow(
        n, bounds.between(node, "sum", -most, most), bounds.between(node, "sumsq", 0, most), deciles
    )


def added(parts: Sequence[PairedWindow]) -> PairedWindow | None:
    """Add up the windows of several processes, as if one had seen all leads; None for none.

    A part without deciles leaves the sum without them: a part of the leads is no sum.
    """
    if not parts:
        return None
    filled = [part.deciles for part in parts if part.n]
    return PairedWindow(
        n=sum(part.n for part in parts),
        sum=math.fsum(part.sum for part in parts),
        sumsq=math.fsum(part.sumsq for part in parts),
        deciles=tuple(map(sum, zip(*filled, strict=True))) if all(filled) else (),
    )


def mean_shift(paired: PairedWindow) -> float | None:
    """Compute the mean of challenger minus champion over the leads; None without a lead."""
    return paired.sum / paired.n if paired.n else None


def moved(paired: PairedWindow) -> int | None:
    """Count the leads whose score falls into another tenth of the champion's reference; None where there are no deciles."""
    if not paired.deciles:
        return None
    return paired.n - sum(paired.deciles[:: DECILES + 1])


def rank_correlation(paired: PairedWindow) -> float | None:
    """Compute Spearman's rank correlation of both scores (C. Spearman, 1904), from the deciles: leads of one decile share their mean rank.

    None where there are no deciles, or where the scores of one model all fall into one of them.
    """
    if not paired.deciles:
        return None
    rows = [paired.deciles[at : at + DECILES] for at in range(0, len(paired.deciles), DECILES)]
    first, second = (
        _ranks([sum(row) for row in rows]),
        _ranks([sum(column) for column in zip(*rows, strict=True)]),
    )
    cells = [(a, b, n) for a, row in zip(first, rows, strict=True) for b, n in zip(second, row, strict=True)]
    both = math.fsum(n * a * b for a, b, n in cells)
    spread = math.fsum(n * a * a for a, _, n in cells) * math.fsum(n * b * b for _, b, n in cells)
    return both / math.sqrt(spread) if spread else None


def _ranks(counts: Sequence[int]) -> list[float]:
    """The mean rank of each decile's leads, less the mean of all."""
    n = sum(counts)
    return [
        end - (count - 1) / 2 - (n + 1) / 2 for end, count in zip(accumulate(counts), counts, strict=True)
    ]
