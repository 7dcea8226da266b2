"""Drift windows as pods of a world ship them: full of leads that fit a model's reference, or that do not."""

from datetime import datetime
from typing import Any

from leadmodel_messages.window import FeatureWindow, SlotWindow, Window

LEADS = 500
_FITS, _DRIFTS = (250, 250), (500, 0)


class AnyInstant(dict[str, int]):
    """All leads of a window are newer than whatever instant a reader asks for."""

    def get(self, key: str, default: Any = None) -> Any:
        return LEADS


def make_window(
    champion: str, previous: str | None, *, drifts: bool, previous_drifts: bool, now: datetime
) -> Window:
    """Make the full drift window of one pod, with or without drift of either model."""
    return Window(
        boot="boot",
        now=now.timestamp(),
        champion=make_slot(champion, drifts=drifts),
        previous=make_slot(previous, drifts=previous_drifts) if previous else None,
        span_s=3600.0,
        since=AnyInstant(),
    )


def fits_previous(window: Window) -> bool:
    """Tell whether the previous model's scores in a window are as they were on its holdout."""
    slot = window.previous
    return slot is not None and slot.features["score"].observed == _FITS


def make_slot(digest: str, *, drifts: bool) -> SlotWindow:
    """Make what one model saw, with or without drift."""
    observed = _DRIFTS if drifts else _FITS
    score = FeatureWindow("numeric", LEADS, 5000, 1e5, observed, (250.0, 250.0), 250.0, 150.0, 0.5, 0.25)
    return SlotWindow(digest, "holdout-newest/v1", LEADS, 0, 0, (), (), {"score": score})
