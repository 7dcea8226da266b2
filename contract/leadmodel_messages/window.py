"""The drift window a predictor ships: additive counts of the last leads beside the counts that the model's reference expects.

Windows of replicas add up exactly, and a reader needs no reference. The predictor counts leads; the planner decides about drift.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from leadmodel_artifact.jsonnode import LayoutError, Node, as_integer, as_number
from leadmodel_messages import bounds

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

SCHEMA = "leadmodel.window/v1"
MAX_MONITORED = 101  # features and the score
MAX_BINS = 64
MAX_LEADS = 1_000_000  # in one slot of one process
MAX_COUNTED = 10_000_000_000  # leads of a day, rows of a reference
MAX_SPAN_S = 10 * 366 * 86400.0
MAX_TIME = 1e11  # Unix seconds
MAX_SUM = 1e154  # of values; sums of several processes stay finite
MAX_SQUARES = 1e304
MAX_NAME = 128  # characters of a feature's name
HOURS = 24


@dataclass(frozen=True)
class MissingWindow:
    """Leads with and without a value, beside the leads of either kind that the reference leads one to expect; shaped as two bins."""

    n: int
    n_ref: int
    shrink: float
    observed: tuple[int, ...]
    expected: tuple[float, ...]


@dataclass(frozen=True)
class FeatureWindow:
    """One feature, or the score: leads per bin, and Σ_h n_h q(b|h) per bin, both of leads at hours the reference knows.

    `n` counts those leads, `n_ref` the rows of the reference, `shrink` is the K of the PSI's noise; `sum` and `sumsq` add up the values
    of the leads, `mean` and `std` are those of the reference. `missing` also counts leads without a value; None: not counted.
    """

    kind: str
    n: int
    n_ref: int
    shrink: float
    observed: tuple[int, ...]
    expected: tuple[float, ...]
    sum: float = 0.0
    sumsq: float = 0.0
    mean: float = 0.0
    std: float = 0.0
    missing: MissingWindow | None = None


@dataclass(frozen=True)
class HoursWindow:
    """Leads of the last 24 hours per UTC hour, beside the reference's leads per hour scaled to as many."""

    n: int
    n_ref: int
    observed: tuple[int, ...]
    expected: tuple[float, ...]


@dataclass(frozen=True)
class SlotWindow:
    """What one model saw. `bad` counts leads the model refuses or scores non-finite, `unsupported` leads at hours without reference."""

    digest: str
    method: str
    n: int
    bad: int
    unsupported: int
    leads_by_hour: tuple[int, ...]
    ref_by_hour: tuple[int, ...]
    features: Mapping[str, FeatureWindow]
    hours: HoursWindow | None = None


@dataclass(frozen=True)
class Window:
    """The document of one process since `boot`; `now` and the keys of `since` are Unix seconds, `since` counts leads newer than its keys."""

    boot: str
    now: float
    champion: SlotWindow | None
    previous: SlotWindow | None
    span_s: float = 0.0
    since: Mapping[str, int] = field(default_factory=dict)


# --- adding up -----------------------------------------------------------------------------------------------------------


def merge(windows: Iterable[Window]) -> Window | None:
    """Add windows up as if one process had seen all leads; None for no windows.

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
    )


def alike(windows: Iterable[Window]) -> list[Window]:
    """Pick the largest group whose windows describe the same models with the same references; only such windows can be added.

    A process that answers for the same digest with other features, bins or references than most is one that cannot be compared.
    """
    groups: dict[object, list[Window]] = {}
    for window in windows:
        groups.setdefault((_shape(window.champion), _shape(window.previous)), []).append(window)
    return max(groups.values(), key=len, default=[])


def _shape(slot: SlotWindow | None) -> object:
    """Everything of a slot that comes from its model and not from leads."""
    if slot is None:
        return None
    features = tuple(
        (name, f.kind, f.n_ref, f.shrink, len(f.observed), f.mean, f.std)
        for name, f in sorted(slot.features.items())
    )
    hours = slot.hours and (slot.hours.n_ref, len(slot.hours.observed))
    return slot.digest, slot.method, slot.ref_by_hour, features, hours


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


# --- the document --------------------------------------------------------------------------------------------------------


def dump(window: Window) -> dict[str, Any]:
    """Write the document, as `GET /ops/drift-window` answers."""
    return {
        "schema": SCHEMA,
        "boot": window.boot,
        "now": window.now,
        "slots": {
            "champion": window.champion and _dump_slot(window.champion),
            "previous": window.previous and _dump_slot(window.previous),
        },
        "spanS": window.span_s,
        "since": dict(window.since),
    }


def _dump_slot(slot: SlotWindow) -> dict[str, Any]:
    hours = slot.hours
    return {
        "digest": slot.digest,
        "method": slot.method,
        "n": slot.n,
        "bad": slot.bad,
        "unsupported": slot.unsupported,
        "leadsByHour": list(slot.leads_by_hour),
        "refByHour": list(slot.ref_by_hour),
        "features": {name: _dump_feature(feature) for name, feature in slot.features.items()},
        "hours": hours
        and {
            "n": hours.n,
            "nRef": hours.n_ref,
            "observed": list(hours.observed),
            "expected": list(hours.expected),
        },
    }


def _dump_feature(feature: FeatureWindow) -> dict[str, Any]:
    return {
        "kind": feature.kind,
        "n": feature.n,
        "nRef": feature.n_ref,
        "shrink": feature.shrink,
        "observed": list(feature.observed),
        "expected": list(feature.expected),
        "sum": feature.sum,
        "sumsq": feature.sumsq,
        "mean": feature.mean,
        "std": feature.std,
        **({"missing": _dump_missing(feature.missing)} if feature.missing else {}),
    }


def _dump_missing(missing: MissingWindow) -> dict[str, Any]:
    return {
        "n": missing.n,
        "nRef": missing.n_ref,
        "shrink": missing.shrink,
        "observed": list(missing.observed),
        "expected": list(missing.expected),
    }


def parse(document: Any) -> Window:
    """Read the document strictly.

    Counts, numbers and names are bounded, so that no answer of a pod fills memory, outweighs the leads of other pods, or leads to
    figures that cannot be computed or recorded.

    Raises:
        LayoutError: A field is missing, has another type or is out of bounds.
    """
    node = Node(document, "")
    if node.text("schema", 64) != SCHEMA:
        raise LayoutError(f"schema must be {SCHEMA!r}")
    slots = node.node("slots")
    return Window(
        boot=bounds.sentence(node, "boot", 256),
        now=bounds.between(node, "now", 0, MAX_TIME),
        champion=_parse_slot(slots.node("champion")) if slots.has("champion") else None,
        previous=_parse_slot(slots.node("previous")) if slots.has("previous") else None,
        span_s=bounds.between(node, "spanS", 0, MAX_SPAN_S),
        since=_parse_since(node.node("since")) if node.has("since") else {},
    )


def _parse_since(node: Node) -> dict[str, int]:
    if len(node.value) > 16 or any(len(key) > 32 for key in node.value):
        raise LayoutError("since must have at most 16 instants")
    return {str(key): _count(node, key, MAX_LEADS) for key in node.value}


def _parse_slot(node: Node) -> SlotWindow:
    features = node.node("features")
    if len(features.value) > MAX_MONITORED or any(len(name) > MAX_NAME for name in features.value):
        raise LayoutError(f"{features.path} must be at most {MAX_MONITORED}, with short names")
    slot = SlotWindow(
        digest=bounds.digest(node, "digest"),
        method=bounds.sentence(node, "method", 64),
        n=_count(node, "n", MAX_LEADS),
        bad=_count(node, "bad", MAX_LEADS),
        unsupported=_count(node, "unsupported", MAX_LEADS),
        leads_by_hour=_by_hour(node, "leadsByHour", MAX_LEADS),
        ref_by_hour=_by_hour(node, "refByHour", MAX_COUNTED),
        features={name: _parse_feature(features.node(name)) for name in features.value},
        hours=_parse_hours(node.node("hours")) if node.has("hours") else None,
    )
    if slot.bad > slot.n or any(max(f.n, sum(f.observed)) > slot.n for f in slot.features.values()):
        raise LayoutError(f"{node.path} counts more leads in a part than in all")
    if len(slot.leads_by_hour) != len(slot.ref_by_hour):
        raise LayoutError(f"{node.path} must count the leads of the reference's hours")
    return slot


def _count(node: Node, key: str, limit: int) -> int:
    return _as_count(node.get(key), node.at(key), limit)


def _as_count(value: Any, path: str, limit: int) -> int:
    count = as_integer(value, path)
    if count > limit:
        raise LayoutError(f"{path} must be at most {limit}")
    return count


def _by_hour(node: Node, key: str, limit: int) -> tuple[int, ...]:
    counts = _counts(node, key, HOURS, limit)
    if len(counts) not in {0, HOURS}:
        raise LayoutError(f"{node.at(key)} must have {HOURS} counts or none")
    return counts


def _counts(node: Node, key: str, length: int, limit: int) -> tuple[int, ...]:
    return tuple(_as_count(value, node.at(key), limit) for value in node.items(key, length))


def _shares(node: Node, key: str, length: int) -> tuple[float, ...]:
    shares = tuple(as_number(value, node.at(key)) for value in node.items(key, MAX_BINS))
    if len(shares) != length or any(not 0 <= share <= MAX_COUNTED for share in shares):
        raise LayoutError(f"{node.at(key)} must be {length} numbers from 0 to {MAX_COUNTED}")
    return shares


def _parse_feature(node: Node) -> FeatureWindow:
    observed = _counts(node, "observed", MAX_BINS, MAX_LEADS)
    return FeatureWindow(
        kind=bounds.sentence(node, "kind", 64),
        n=_count(node, "n", MAX_LEADS),
        n_ref=_count(node, "nRef", MAX_COUNTED),
        shrink=bounds.between(node, "shrink", 0, MAX_COUNTED),
        observed=observed,
        expected=_shares(node, "expected", len(observed)),
        sum=bounds.between(node, "sum", -MAX_SUM, MAX_SUM),
        sumsq=bounds.between(node, "sumsq", 0, MAX_SQUARES),
        mean=node.number("mean"),
        std=node.number("std"),
        missing=_parse_missing(node.node("missing")) if node.has("missing") else None,
    )


def _parse_missing(node: Node) -> MissingWindow:
    observed = _counts(node, "observed", 2, MAX_LEADS)
    if len(observed) != 2:
        raise LayoutError(f"{node.at('observed')} must count two bins")
    return MissingWindow(
        n=_count(node, "n", MAX_LEADS),
        n_ref=_count(node, "nRef", MAX_COUNTED),
        shrink=bounds.between(node, "shrink", 0, MAX_COUNTED),
        observed=observed,
        expected=_shares(node, "expected", 2),
    )


def _parse_hours(node: Node) -> HoursWindow:
    observed = _counts(node, "observed", HOURS, MAX_COUNTED)
    expected = _shares(node, "expected", len(observed))
    return HoursWindow(_count(node, "n", MAX_COUNTED), _count(node, "nRef", MAX_COUNTED), observed, expected)
