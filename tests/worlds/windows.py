"""Drift windows as pods of a world ship them: full of leads that fit a model's reference, or that do not."""

from datetime import datetime
from typing import Any

from leadmodel_messages.window import FeatureWindow, SlotWindow, Window

LEADS = 500


class AnyInstant(dict[str, int]):
    """All leads of a window are newer than whatever instant a reader asks for."""

    def get(self, key: str, default: Any = None) -> Any:
        return self["all"]


def make_window(
    champion: str,
    previous: str | None,
    *,
    drifts: bool,
    previous_drifts: bool,
    now: datetime,
    leads: int = LEADS,
) -> Window:
    """Make the full drift window of one pod, with or without drift of either model."""
    return Window(
        boot="boot",
        now=now.timestamp(),
        champion=make_slot(champion, drifts=drifts, leads=leads),
        previous=make_slot(previous, drifts=previous_drifts, leads=leads) if previous else None,
        span_s=3600.0,
        since=AnyInstant(all=leads),
    )


def fits_previous(window: Window) -> bool:
    """Tell whether the previous model's scores in a window are as they were on its holdout."""
    slot = window.previous
    return slot is not None and slot.features["score"].observed[1] > 0


def make_slot(digest: str, *, drifts: bool, leads: int = LEADS) -> SlotWindow:
    """Make what one model saw, with or without drift; an even number of leads."""
    half = leads // 2
    observed = (leads, 0) if drifts else (half, half)
    sums = half * 1.0, half * 0.6
    score = FeatureWindow("numeric", leads, 5000, 1e5, observed, (half, half), *sums, 0.5, 0.25)
    return SlotWindow(digest, "holdout-newest/v1", leads, 0, 0, (), (), {"score": score})
