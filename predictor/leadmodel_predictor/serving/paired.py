"""The challenger's scores beside the champion's on the same leads: sums and counts, which add up over processes."""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence

from leadmodel_messages.window import DECILES, PairedWindow
from leadmodel_predictor.serving.slots import Slot


def paired(champion: Slot, scores: Sequence[tuple[float, float]]) -> PairedWindow:
    """Compare the scores of leads that both models scored.

    Args:
        champion: the model whose reference gives the deciles; one without, or with more than ten bins, gives none.
        scores: per lead the champion's and the challenger's, both finite.
    """
    differences = [other - one for one, other in scores]
    return PairedWindow(
        n=len(scores),
        sum=math.fsum(differences),
        sumsq=math.fsum(difference * difference for difference in differences),
        deciles=_deciles(champion, scores),
    )


def _deciles(champion: Slot, scores: Sequence[tuple[float, float]]) -> tuple[int, ...]:
    edges = next((m.reference.edges for m in champion.monitors if m.place is None), None)
    if edges is None or len(edges) >= DECILES:
        return ()
    cells = Counter(DECILES * bisect_right(edges, one) + bisect_right(edges, other) for one, other in scores)
    return tuple(cells[place] for place in range(DECILES * DECILES))
