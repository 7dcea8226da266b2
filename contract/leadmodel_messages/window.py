"""The drift window a predictor ships: additive counts of the last leads beside the counts that the model's reference expects.

Windows of replicas add up exactly, and a reader needs no reference. The predictor counts leads; the planner decides about drift.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from leadmodel_artifact.jsonnode import LayoutError, Node, as_integer, as_number

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

SCHEMA = "leadmodel.window/v1"
MAX_MONITORED = 101  # features and the score
MAX_BINS = 64


@dataclass(frozen=True)
class FeatureWindow:
    """One feature, or the score: leads per bin, and Σ_h n_h q(b|h) per bin, both of leads at hours the reference knows.

    `n` counts those leads, `n_ref` the rows of the reference, `shrink` is the K of the PSI's noise; `sum` and `sumsq` add up the values
    of the leads, `mean` and `std` are those of the reference.
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
    }


def parse(document: Any) -> Window:
    """Read the document strictly. Counts are bounded, so that no answer of a pod can fill memory.

    Raises:
        LayoutError: A field is missing, has another type or is out of bounds.
    """
    node = Node(document, "")
    if node.text("schema", 64) != SCHEMA:
        raise LayoutError(f"schema must be {SCHEMA!r}")
    slots = node.node("slots")
    since = node.node("since").value if node.has("since") else {}
    if len(since) > 16:
        raise LayoutError("since must have at most 16 instants")
    return Window(
        boot=node.text("boot", 256),
        now=node.number("now"),
        champion=_parse_slot(slots.node("champion")) if slots.has("champion") else None,
        previous=_parse_slot(slots.node("previous")) if slots.has("previous") else None,
        span_s=node.number("spanS"),
        since={str(key): as_integer(value, "since") for key, value in since.items()},
    )


def _parse_slot(node: Node) -> SlotWindow:
    features = node.node("features")
    if len(features.value) > MAX_MONITORED:
        raise LayoutError(f"{features.path} must be at most {MAX_MONITORED}")
    return SlotWindow(
        digest=node.text("digest", 80),
        method=node.text("method", 64),
        n=node.integer("n"),
        bad=node.integer("bad"),
        unsupported=node.integer("unsupported"),
        leads_by_hour=_counts(node, "leadsByHour", 24),
        ref_by_hour=_counts(node, "refByHour", 24),
        features={name: _parse_feature(features.node(name)) for name in features.value},
        hours=_parse_hours(node.node("hours")) if node.has("hours") else None,
    )


def _counts(node: Node, key: str, limit: int) -> tuple[int, ...]:
    return tuple(as_integer(value, node.at(key)) for value in node.items(key, limit))


def _shares(node: Node, key: str, length: int) -> tuple[float, ...]:
    shares = tuple(as_number(value, node.at(key)) for value in node.items(key, MAX_BINS))
    if len(shares) != length or any(share < 0 for share in shares):
        raise LayoutError(f"{node.at(key)} must be {length} numbers from 0")
    return shares


def _parse_feature(node: Node) -> FeatureWindow:
    observed = _counts(node, "observed", MAX_BINS)
    return FeatureWindow(
        kind=node.text("kind", 64),
        n=node.integer("n"),
        n_ref=node.integer("nRef"),
        shrink=node.number("shrink"),
        observed=observed,
        expected=_shares(node, "expected", len(observed)),
        sum=node.number("sum"),
        sumsq=node.number("sumsq"),
        mean=node.number("mean"),
        std=node.number("std"),
    )


def _parse_hours(node: Node) -> HoursWindow:
    observed = _counts(node, "observed", 24)
    return HoursWindow(
        node.integer("n"), node.integer("nRef"), observed, _shares(node, "expected", len(observed))
    )
