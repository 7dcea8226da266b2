"""Writes a drift window as the document of `GET /ops/drift-window`, and reads the document strictly."""

from __future__ import annotations

from leadmodel_artifact.jsonnode import LayoutError, Node, as_number
from leadmodel_messages import bounds, window_paired, window_share
from leadmodel_messages.errors import word_of
from leadmodel_messages.window import (
    MAX_MONITORED,
    MAX_NAME,
    MAX_TEXT_FEATURES,
    FeatureWindow,
    HoursWindow,
    MissingWindow,
    SlotWindow,
    TextWindow,
    Window,
)

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

SCHEMA = "leadmodel.window/v1"
MAX_BINS = 64
MAX_LEADS = 1_000_000  # in one slot of one process
MAX_COUNTED = 10_000_000_000  # leads of a day, rows of a reference
MAX_SPAN_S = 10 * 366 * 86400.0
MAX_TIME = 1e11  # Unix seconds
MAX_SUM = 1e154  # of values; sums of several processes stay finite
MAX_SQUARES = 1e304
HOURS = 24


def dump(window: Window) -> dict[str, Any]:
    """Write the document, as `GET /ops/drift-window` answers."""
    return {
        "schema": SCHEMA,
        "boot": window.boot,
        "now": window.now,
        "slots": {
            "champion": window.champion and _dump_slot(window.champion),
            "previous": window.previous and _dump_slot(window.previous),
            **_dump_challenger(window),
        },
        "spanS": window.span_s,
        "since": dict(window.since),
        **({"text": _dump_text(window.text)} if window.text else {}),
        **({"challengerError": window.challenger_error.value} if window.challenger_error else {}),
        **({"share": window_share.dump(window.share)} if window.share else {}),
        **({"shareError": window.share_error.value} if window.share_error else {}),
    }


def _dump_challenger(window: Window) -> dict[str, Any]:
    """Null says that the process takes challengers and has none; a process that takes none does not say so."""
    if not window.takes_challenger:
        return {}
    return {"challenger": window.challenger and _dump_slot(window.challenger)}


def _dump_text(text: TextWindow) -> dict[str, Any]:
    return {
        "digest": text.digest,
        "error": text.error and text.error.value,
        "n": text.n,
        "features": {name: _dump_feature(feature) for name, feature in text.features.items()},
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
        **({"unread": slot.unread} if slot.unread else {}),
        **({"paired": window_paired.dump(slot.paired)} if slot.paired else {}),
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
        text=_parse_text(node.node("text")) if node.has("text") else None,
        challenger=_parse_slot(slots.node("challenger")) if slots.has("challenger") else None,
        challenger_error=node.optional("challengerError", lambda key: word_of(node.text(key, 64))),
        takes_challenger="challenger" in slots.value,
        share=window_share.parse(node.node("share")) if node.has("share") else None,
        share_error=node.optional("shareError", lambda key: word_of(node.text(key, 64))),
    )


def _parse_text(node: Node) -> TextWindow:
    features = node.node("features")
    if len(features.value) > MAX_TEXT_FEATURES or not all(map(_is_name, features.value)):
        raise LayoutError(f"{features.path} must be at most {MAX_TEXT_FEATURES}, with short names")
    text = TextWindow(
        digest=node.optional("digest", lambda key: bounds.digest(node, key)),
        error=node.optional("error", lambda key: word_of(node.text(key, 64))),
        n=bounds.count(node, "n", MAX_LEADS),
        features={name: _parse_feature(features.node(name)) for name in features.value},
    )
    if any(max(f.n, sum(f.observed)) > text.n for f in text.features.values()):
        raise LayoutError(f"{node.path} counts more texts in a part than in all")
    return text


def _is_name(name: str) -> bool:
    return name.isidentifier() and name.isascii() and len(name) <= MAX_NAME


def _parse_since(node: Node) -> dict[str, int]:
    if len(node.value) > 16 or any(len(key) > 32 for key in node.value):
        raise LayoutError("since must have at most 16 instants")
    return {str(key): bounds.count(node, key, MAX_LEADS) for key in node.value}


def _parse_slot(node: Node) -> SlotWindow:
    features = node.node("features")
    if len(features.value) > MAX_MONITORED or any(len(name) > MAX_NAME for name in features.value):
        raise LayoutError(f"{features.path} must be at most {MAX_MONITORED}, with short names")
    slot = SlotWindow(
        digest=bounds.digest(node, "digest"),
        method=bounds.sentence(node, "method", 64),
        n=bounds.count(node, "n", MAX_LEADS),
        bad=bounds.count(node, "bad", MAX_LEADS),
        unsupported=bounds.count(node, "unsupported", MAX_LEADS),
        leads_by_hour=_by_hour(node, "leadsByHour", MAX_LEADS),
        ref_by_hour=_by_hour(node, "refByHour", MAX_COUNTED),
        features={name: _parse_feature(features.node(name)) for name in features.value},
        hours=_parse_hours(node.node("hours")) if node.has("hours") else None,
        unread=bounds.count(node, "unread", MAX_LEADS) if node.has("unread") else 0,
        paired=window_paired.parse(node.node("paired")) if node.has("paired") else None,
    )
    scored = slot.n - slot.bad - slot.unread
    parts = [max(f.n, sum(f.observed)) for f in slot.features.values()]
    if scored < (slot.paired.n if slot.paired else 0) or max(parts, default=0) > slot.n:
        raise LayoutError(f"{node.path} counts more leads in a part than in all")
    if len(slot.leads_by_hour) != len(slot.ref_by_hour):
        raise LayoutError(f"{node.path} must count the leads of the reference's hours")
    return slot


def _by_hour(node: Node, key: str, limit: int) -> tuple[int, ...]:
    counts = bounds.counts(node, key, HOURS, limit)
    if len(counts) not in {0, HOURS}:
        raise LayoutError(f"{node.at(key)} must have {HOURS} counts or none")
    return counts


def _shares(node: Node, key: str, length: int) -> tuple[float, ...]:
    shares = tuple(as_number(value, node.at(key)) for value in node.items(key, MAX_BINS))
    if len(shares) != length or any(not 0 <= share <= MAX_COUNTED for share in shares):
        raise LayoutError(f"{node.at(key)} must be {length} numbers from 0 to {MAX_COUNTED}")
    return shares


def _parse_feature(node: Node) -> FeatureWindow:
    observed = bounds.counts(node, "observed", MAX_BINS, MAX_LEADS)
    return FeatureWindow(
        kind=bounds.sentence(node, "kind", 64),
        n=bounds.count(node, "n", MAX_LEADS),
        n_ref=bounds.count(node, "nRef", MAX_COUNTED),
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
    observed = bounds.counts(node, "observed", 2, MAX_LEADS)
    if len(observed) != 2:
        raise LayoutError(f"{node.at('observed')} must count two bins")
    return MissingWindow(
        n=bounds.count(node, "n", MAX_LEADS),
        n_ref=bounds.count(node, "nRef", MAX_COUNTED),
        shrink=bounds.between(node, "shrink", 0, MAX_COUNTED),
        observed=observed,
        expected=_shares(node, "expected", 2),
    )


def _parse_hours(node: Node) -> HoursWindow:
    observed = bounds.counts(node, "observed", HOURS, MAX_COUNTED)
    expected = _shares(node, "expected", len(observed))
    return HoursWindow(
        bounds.count(node, "n", MAX_COUNTED), bounds.count(node, "nRef", MAX_COUNTED), observed, expected
    )
