"""Adds the drift windows of replicas up, which is exact, and picks the windows that can be added."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from leadmodel_messages import window_paired, window_share
from leadmodel_messages.window import (
    FeatureWindow,
    HoursWindow,
    MissingWindow,
    SlotWindow,
    TextWindow,
    Window,
)


def merge(windows: Iterable[Window]) -> Window | None:
    """Add windows up as if one process had seen all leads; None for no windows.

    Of challengers the largest group of windows that describe one counts: pods take a challenger one after the other, and their leads
    count for the champion all the same. To add the two over the same leads, pick the windows with `with_challenger` first.

    Raises:
        ValueError: The slots name different digests or features.
    """
    parts = list(windows)
    if not parts:
        return None
    since: dict[str, int] = {}
    for part in parts:
        for key, count in part.since.items():
            since[key] = since.get(key, 0) + count
    return Window(
        boot="+".join(sorted(part.boot for part in parts))[:256],
        now=max(part.now for part in parts),
        champion=_merge_slots([part.champion for part in parts if part.champion is not None]),
        previous=_merge_slots([part.previous for part in parts if part.previous is not None]),
        span_s=max(part.span_s for part in parts),
        since=since,
        text=merge_texts(part.text for part in parts if part.text is not None),
        challenger=_merge_slots(_of_one_model(part.challenger for part in parts)),
        challenger_error=min((p.challenger_error for p in parts if p.challenger_error), default=None),
        takes_challenger=all(part.takes_challenger for part in parts),
        share=window_share.added([part.share for part in parts]),
        share_error=min((p.share_error for p in parts if p.share_error), default=None),
    )


def merge_texts(windows: Iterable[TextWindow]) -> TextWindow | None:
    """Add up the largest group of text windows that describe one text model; None for no windows.

    Pods take a new text model one after the other, and their leads are compared all the same: windows of the smaller groups are left out.
    """
    groups: dict[object, list[TextWindow]] = {}
    for window in windows:
        groups.setdefault((window.digest, _features_shape(window.features)), []).append(window)
    parts = max(groups.values(), key=len, default=[])
    if not parts:
        return None
    return TextWindow(
        digest=parts[0].digest,
        error=min((part.error for part in parts if part.error is not None), default=None),
        n=sum(part.n for part in parts),
        features={
            name: _merge_features([part.features[name] for part in parts]) for name in parts[0].features
        },
    )


def alike(windows: Iterable[Window]) -> list[Window]:
    """Pick the largest group whose windows describe the same models with the same references; only such windows can be added.

    A process that answers for the same digest with other features, bins or references than most is one that cannot be compared.
    """
    groups: dict[object, list[Window]] = {}
    for window in windows:
        groups.setdefault((_shape(window.champion), _shape(window.previous)), []).append(window)
    return max(groups.values(), key=len, default=[])


def with_challenger(windows: Iterable[Window], digest: str) -> list[Window]:
    """Pick the largest group of windows alike that describe the challenger of this digest, with the same references of it."""
    groups: dict[object, list[Window]] = {}
    for window in windows:
        if window.challenger is not None and window.challenger.digest == digest:
            shapes = map(_shape, (window.champion, window.previous, window.challenger))
            groups.setdefault(tuple(shapes), []).append(window)
    return max(groups.values(), key=len, default=[])


def _of_one_model(slots: Iterable[SlotWindow | None]) -> list[SlotWindow]:
    groups: dict[object, list[SlotWindow]] = {}
    for slot in slots:
        if slot is not None:
            groups.setdefault(_shape(slot), []).append(slot)
    return max(groups.values(), key=len, default=[])


def _shape(slot: SlotWindow | None) -> object:
    """Everything of a slot that comes from its model and not from leads."""
    if slot is None:
        return None
    hours = slot.hours and (slot.hours.n_ref, len(slot.hours.observed))
    return slot.digest, slot.method, slot.ref_by_hour, _features_shape(slot.features), hours


def _features_shape(features: Mapping[str, FeatureWindow]) -> object:
    return tuple(
        (name, f.kind, f.n_ref, f.shrink, len(f.observed), f.mean, f.std)
        for name, f in sorted(features.items())
    )


def _merge_slots(slots: Sequence[SlotWindow]) -> SlotWindow | None:
    if not slots:
        return None
    first = slots[0]
    if any((slot.digest, slot.features.keys()) != (first.digest, first.features.keys()) for slot in slots):
        raise ValueError("windows of different models cannot be added")
    hours = [slot.hours for slot in slots if slot.hours is not None]
    return SlotWindow(
        digest=first.digest,
        method=first.method,
        n=sum(slot.n for slot in slots),
        bad=sum(slot.bad for slot in slots),
        unsupported=sum(slot.unsupported for slot in slots),
        leads_by_hour=_added([slot.leads_by_hour for slot in slots]),
        ref_by_hour=first.ref_by_hour,
        features={name: _merge_features([slot.features[name] for slot in slots]) for name in first.features},
        hours=_merge_hours(hours) if hours else None,
        unread=sum(slot.unread for slot in slots),
        paired=window_paired.added([slot.paired for slot in slots if slot.paired is not None]),
    )


def _added(rows: Sequence[Sequence[int]]) -> tuple[int, ...]:
    return tuple(map(sum, zip(*rows, strict=True)))


def _merge_features(parts: Sequence[FeatureWindow]) -> FeatureWindow:
    first = parts[0]
    return FeatureWindow(
        kind=first.kind,
        n=sum(part.n for part in parts),
        n_ref=first.n_ref,
        shrink=first.shrink,
        observed=_added([part.observed for part in parts]),
        expected=tuple(map(math.fsum, zip(*(part.expected for part in parts), strict=True))),
        sum=math.fsum(part.sum for part in parts),
        sumsq=math.fsum(part.sumsq for part in parts),
        mean=first.mean,
        std=first.std,
        missing=_merge_missing([part.missing for part in parts if part.missing is not None], len(parts)),
    )


def _merge_missing(parts: Sequence[MissingWindow], wanted: int) -> MissingWindow | None:
    """None unless every replica counts missing values: a part of the leads is no sum."""
    if not parts or len(parts) < wanted:
        return None
    return MissingWindow(
        n=sum(part.n for part in parts),
        n_ref=parts[0].n_ref,
        shrink=parts[0].shrink,
        observed=_added([part.observed for part in parts]),
        expected=tuple(map(math.fsum, zip(*(part.expected for part in parts), strict=True))),
    )


def _merge_hours(parts: Sequence[HoursWindow]) -> HoursWindow:
    return HoursWindow(
        n=sum(part.n for part in parts),
        n_ref=parts[0].n_ref,
        observed=_added([part.observed for part in parts]),
        expected=tuple(map(math.fsum, zip(*(part.expected for part in parts), strict=True))),
    )
