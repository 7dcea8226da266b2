"""What became of the leads of a share: written, read strictly, and added up."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from leadmodel_artifact.jsonnode import Node
from leadmodel_messages import bounds
from leadmodel_messages.share import weight
from leadmodel_messages.window import ShareWindow

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

MAX_ANSWERS = 1_000_000_000_000  # of one process
MAX_SECONDS = 1e12


def dump(share: ShareWindow) -> dict[str, Any]:
    """Write the object `share` of a drift window."""
    return {
        "digest": share.digest,
        "weight": share.weight,
        "answered": share.answered,
        "failed": share.failed,
        "refused": share.refused,
        "seconds": share.seconds,
        "championAnswered": share.champion_answered,
        "championSeconds": share.champion_seconds,
    }


def parse(node: Node) -> ShareWindow:
    """Read the object strictly; raises LayoutError."""
    return ShareWindow(
        digest=bounds.digest(node, "digest"),
        weight=weight(node),
        answered=bounds.count(node, "answered", MAX_ANSWERS),
        failed=bounds.count(node, "failed", MAX_ANSWERS),
        refused=bounds.count(node, "refused", MAX_ANSWERS),
        seconds=bounds.between(node, "seconds", 0, MAX_SECONDS),
        champion_answered=bounds.count(node, "championAnswered", MAX_ANSWERS),
        champion_seconds=bounds.between(node, "championSeconds", 0, MAX_SECONDS),
    )


def added(parts: Sequence[ShareWindow | None]) -> ShareWindow | None:
    """Add up the shares of several processes, of which None has none in force; None where no process has one.

    Processes take a share one after the other. Those count that have a share for the digest of most; `is_agreed` says whether all do,
    with one weight.
    """
    digests = Counter(part.digest for part in parts if part is not None)
    if not digests:
        return None
    digest = max(sorted(digests), key=digests.__getitem__)
    same = [part for part in parts if part is not None and part.digest == digest]
    weights = {part.weight for part in same}
    return ShareWindow(
        digest=digest,
        weight=min(weights),
        answered=sum(part.answered for part in same),
        failed=sum(part.failed for part in same),
        refused=sum(part.refused for part in same),
        seconds=math.fsum(part.seconds for part in same),
        champion_answered=sum(part.champion_answered for part in same),
        champion_seconds=math.fsum(part.champion_seconds for part in same),
        is_agreed=len(same) == len(parts) and len(weights) == 1 and all(part.is_agreed for part in same),
    )
