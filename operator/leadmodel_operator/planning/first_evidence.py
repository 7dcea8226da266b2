"""First evidence: the leads on which a candidate was judged count for it as champion until its own are enough. Pure.

A rollout empties the windows of the pods. What they held of the candidate just before says what the new champion's windows would say:
the same leads, scored by the same model. It is kept packed in the ledger's record of the champion, numbers only, and is spent once the
champion's own leads are enough, or after a day.
"""

import base64
import binascii
import json
import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from leadmodel_artifact.jsonnode import LayoutError
from leadmodel_messages import window_document
from leadmodel_messages.window import SlotWindow, Window
from leadmodel_messages.window_sums import alike, merge, with_challenger
from leadmodel_operator.planning.observed import PodSeen

MAX_AGE = timedelta(days=1)
MAX_PACKED = (
    65_536  # characters in the ledger; a model of 100 features whose counts need more has no first evidence
)
_MAX_UNPACKED = 2_000_000


def first_evidence(
    pods: Sequence[PodSeen], *, champion: str, challenger: str, previous: str | None
) -> str | None:
    """Pack what the pods hold of a candidate as if it were their champion; None where none has loaded it, or where that is too much.

    Args:
        pods: All pods; those with another champion, or that have loaded another candidate, do not count.
        champion: Digest of the champion that the candidate replaces.
        challenger: Digest of the candidate.
        previous: Digest of the model that will be the previous one, which was scored on the same leads as champion or as previous model.
    """
    windows = with_challenger(
        (pod.window for pod in pods if pod.window is not None and pod.champion == champion), challenger
    )
    merged = merge(windows)
    if merged is None or merged.challenger is None:
        return None
    beside = next(
        (s for s in (merged.champion, merged.previous) if s is not None and s.digest == previous), None
    )
    return _pack(Window(merged.boot, merged.now, _plain(merged.challenger), beside, span_s=merged.span_s))


def _plain(slot: SlotWindow) -> SlotWindow:
    """A candidate's slot without what it was not given."""
    return replace(slot, n=slot.n - slot.unread, unread=0, paired=None)


def _pack(window: Window) -> str | None:
    document = json.dumps(window_document.dump(window), separators=(",", ":"))
    packed = base64.b64encode(zlib.compress(document.encode(), 9)).decode()
    return packed if len(packed) <= MAX_PACKED else None


@lru_cache(maxsize=256)
def _unpacked(packed: str) -> Window | None:
    try:
        data = zlib.decompressobj().decompress(base64.b64decode(packed, validate=True), _MAX_UNPACKED)
        return window_document.parse(json.loads(data))
    except (binascii.Error, zlib.error, ValueError, LayoutError, RecursionError):
        return None  # someone wrote into the ledger


def unpack(packed: str | None, champion: str, now: datetime) -> Window | None:
    """Read first evidence; None where there is none, where it is of another champion or older than a day, or cannot be read."""
    window = _unpacked(packed) if packed else None
    if window is None or window.champion is None or window.champion.digest != champion:
        return None
    age = now - datetime.fromtimestamp(window.now, UTC)
    return window if age <= MAX_AGE else None


def with_first(own: Sequence[Window], first: Window | None, min_samples: int) -> list[Window]:
    """The champion's own windows, and first evidence beside them while their leads are fewer than `min_samples`.

    Without the same previous model only the champion's part counts: then nothing says how the previous model fits these leads.
    """
    if first is None or not own or leads(own) >= min_samples:
        return list(own)
    if len(alike([own[0], first])) == 2:
        return [*own, first]
    bare = replace(first, previous=None)
    fits = len(alike([replace(own[0], previous=None), bare])) == 2
    return [*own, bare] if fits else list(own)


def leads(windows: Sequence[Window]) -> int:
    """Number of leads of the champion in some windows."""
    return sum(window.champion.n for window in windows if window.champion is not None)
