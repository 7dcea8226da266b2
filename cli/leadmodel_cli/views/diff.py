"""Two models beside each other: gate numbers, features, coefficients. Pure functions of artifacts and documents."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from leadmodel_artifact.model import Artifact, Feature, Linear
from leadmodel_cli.views import table
from leadmodel_operator.resource.digest import short

Row = tuple[str, str, str, str]  # what, first model, second model, change
ABSENT = "-"


def compare(
    first: tuple[str, Artifact | None], second: tuple[str, Artifact | None], status: Mapping[str, Any]
) -> list[str]:
    """Compare two models, each with its digest; the artifact is None where its bytes are not kept any more.

    Args:
        first: Digest and artifact of the model that serves, or of the older one.
        second: Digest and artifact of the other one.
        status: Status of the LeadModel, for the figures that the cluster measured.
    """
    (a, old), (b, new) = first, second
    lines = _titled([("", short(a), short(b), "change"), *_measured(a, b, status)])
    missing = [short(digest) for digest, artifact in (first, second) if artifact is None]
    if old is None or new is None:
        return [
            *lines,
            "",
            f"The bytes of {' and '.join(missing)} are not in the cluster: features are not compared.",
        ]
    lines += ["", "features", *_titled([("", short(a), short(b), ""), *_features(old, new)])]
    weights = list(_weights(old, new))
    if weights:
        lines += ["", "coefficients (log odds per standard deviation, or per level)"]
        lines += _titled([("", short(a), short(b), "change"), *weights])
    return lines


def _titled(rows: Sequence[Row]) -> list[str]:
    return table.text(rows).splitlines() if len(rows) > 1 else ["nothing differs"]


def _number(value: float | None, digits: int = 4) -> str:
    return ABSENT if value is None else f"{value:.{digits}f}"


def _change(a: float | None, b: float | None, digits: int = 4) -> str:
    return "" if a is None or b is None else f"{b - a:+.{digits}f}"


def _measured(a: str, b: str, status: Mapping[str, Any]) -> Iterator[Row]:
    gate = status.get("gate") or {}
    known = {m["digest"]: m for m in (status.get("champion"), status.get("previous")) if m}

    def auc(digest: str) -> float | None:
        of_gate = gate.get("auc") if gate.get("digest") == digest else None
        return (known.get(digest) or {}).get("auc") if of_gate is None else of_gate

    yield ("AUC on the holdout", _number(auc(a)), _number(auc(b)), _change(auc(a), auc(b)))
    if gate.get("digest") == b:
        yield ("AUC at least (95 %)", "", _number(gate.get("lower")), "")
        yield ("least AUC asked for", "", _number(gate.get("minAuc"), 2), "")
        if gate.get("delta") is not None:
            lower = f"at least {gate['deltaLower']:+.4f}" if gate.get("deltaLower") is not None else ""
            yield ("on the same leads", "", lower, f"{gate['delta']:+.4f}")
        yield ("converted, other leads", "", f"{gate.get('positives', 0)}, {gate.get('negatives', 0)}", "")
        yield ("verdict", "", f"{gate.get('verdict')} ({gate.get('reason')})", "")


def _features(old: Artifact, new: Artifact) -> Iterator[Row]:
    before, after = ({f.name: f for f in artifact.features} for artifact in (old, new))
    for name in [*before, *(name for name in after if name not in before)]:
        a, b = before.get(name), after.get(name)
        if a is None or b is None:
            yield (name, _kind(a), _kind(b), "added" if a is None else "removed")
        elif _read_as(a) != _read_as(b):
            yield (name, _kind(a), _kind(b), _what_changed(a, b))


def _read_as(feature: Feature) -> tuple[object, ...]:
    return feature.kind, feature.source, feature.required, feature.levels, feature.text_model


def _kind(feature: Feature | None) -> str:
    if feature is None:
        return ABSENT
    return f"{feature.kind}{', required' if feature.required else ''}"


def _what_changed(a: Feature, b: Feature) -> str:
    words = ["another kind"] if a.kind != b.kind else []
    words += ["another field"] if a.source != b.source else []
    words += ["another text model"] if a.text_model != b.text_model else []
    new, gone = sorted(set(b.levels) - set(a.levels)), sorted(set(a.levels) - set(b.levels))
    words += [f"new levels: {', '.join(new)}"] if new else []
    words += [f"levels gone: {', '.join(gone)}"] if gone else []
    return "; ".join(words) or "required" * (a.required != b.required) or "order of levels"


def _weights(old: Artifact, new: Artifact) -> Iterator[Row]:
    if not (isinstance(old.model, Linear) and isinstance(new.model, Linear)):
        return
    before, after = columns(old), columns(new)
    for name in [*before, *(name for name in after if name not in before)]:
        a, b = before.get(name), after.get(name)
        if a != b:
            yield (name, _number(a), _number(b), _change(a, b))


def columns(artifact: Artifact) -> dict[str, float]:
    """The coefficient of each column of a linear model by its name, the intercept first; empty for trees."""
    if not isinstance(artifact.model, Linear):
        return {}
    names = ["(intercept)"]
    for feature in artifact.features:
        if feature.is_category:
            rest = "other" if "other" not in feature.levels else "any other"
            names += [f"{feature.name}={level}" for level in (*feature.levels, rest)]
        else:
            names.append(feature.name)
    return dict(zip(names, (artifact.model.intercept, *artifact.model.coefficients), strict=True))
