"""What a model means: raw values of a lead → probability of conversion. Serving, validation and export share it.

`make_scorer` writes one Python function for one artifact: only numbers (by repr) and names made here stand in its text, strings
of the artifact are objects it refers to. `explain_score` does the same slowly and plainly; it is what the function is tested against.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from leadmodel_artifact.artifact import (
    Artifact,
    ArtifactError,
    ArtifactReason,
    Feature,
    FeatureKind,
    Linear,
    Tree,
    Trees,
)

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

Scorer = Callable[..., float]
EXAMPLE_TOLERANCE = 1e-9


class LeadError(ValueError):
    """A lead cannot be scored; the message names the field, never its value."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


def logistic(z: float) -> float:
    """1 / (1 + e^-z), without overflow on either side."""
    if z >= 0:
        return 1.0 / (1.0 + math.exp(-z))
    e = math.exp(z)
    return e / (1.0 + e)


def score(artifact: Artifact, lead: Mapping[str, Any], *, now: datetime | None = None) -> float:
    """The score of one lead; for many leads make a scorer once. Raises LeadError."""
    return make_scorer(artifact)(*lead_values(artifact, lead, now=now))


def check_examples(artifact: Artifact) -> None:
    """Every example must get its score to 1e-9; an artifact without examples proves nothing and is refused."""
    if not artifact.examples:
        raise ArtifactError(
            ArtifactReason.SCHEMA_MISMATCH,
            "examples are missing: nothing proves that this program reads the model right",
        )
    scorer = make_scorer(artifact)
    for i, example in enumerate(artifact.examples):
        try:
            got = scorer(*lead_values(artifact, example.lead))
        except LeadError as error:
            raise ArtifactError(
                ArtifactReason.EXAMPLES_DIFFER, f"examples[{i}] cannot be scored: {error}"
            ) from None
        if not abs(got - example.score) <= EXAMPLE_TOLERANCE:
            raise ArtifactError(
                ArtifactReason.EXAMPLES_DIFFER,
                f"examples[{i}] scores {got!r}, the artifact says {example.score!r}",
            )


# --- from a lead to raw values ---------------------------------------------------------------------------------------------


def lead_values(
    artifact: Artifact, lead: Mapping[str, Any], *, now: datetime | None = None
) -> tuple[Any, ...]:
    """Raw values of a lead, in the order of the features: float, str, int or None.

    `now` stands in for a missing instant; give it for live leads only. Raises LeadError.
    """
    return tuple(raw_value(feature, lead, now) for feature in artifact.features)


def raw_value(feature: Feature, lead: Mapping[str, Any], now: datetime | None) -> float | str | int | None:
    """The raw value of one feature."""
    found = lead.get(feature.source)
    if found is None:
        if feature.kind is FeatureKind.HOUR_OF_DAY and now is not None:
            return now.astimezone(UTC).hour
        if feature.required:
            raise LeadError(feature.source, "is required")
        return None
    match feature.kind:
        case FeatureKind.NUMERIC:
            return _number(feature, found)
        case FeatureKind.CATEGORICAL:
            if not isinstance(found, str):
                raise LeadError(feature.source, "must be a string")
            return found
        case FeatureKind.TEXT_LENGTH:
            if not isinstance(found, str):
                raise LeadError(feature.source, "must be a text")
            return len(found)
        case FeatureKind.HOUR_OF_DAY:
            return instant(found, feature.source).hour


def _number(feature: Feature, found: Any) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise LeadError(feature.source, "must be a number")
    number = float(found)
    if not math.isfinite(number):
        raise LeadError(feature.source, "must be finite")
    if feature.minimum is not None and number < feature.minimum:
        raise LeadError(feature.source, f"must be at least {feature.minimum!r}")
    if feature.maximum is not None and number > feature.maximum:
        raise LeadError(feature.source, f"must be at most {feature.maximum!r}")
    return number


def instant(value: Any, field: str = "created_at") -> datetime:
    """An instant in UTC from ISO 8601 (without an offset: UTC) or Unix seconds. Raises LeadError."""
    try:
        if isinstance(value, str):
            parsed = datetime.fromisoformat(value)
            return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise LeadError(field, "must be an instant, as ISO 8601 or Unix seconds")


# --- the plain meaning -------------------------------------------------------------------------------------------------------


def explain_score(artifact: Artifact, values: Sequence[Any]) -> float:
    """The score, step by step and slowly."""
    filled = [
        feature.default if value is None else value
        for feature, value in zip(artifact.features, values, strict=True)
    ]
    match artifact.model:
        case Linear() as model:
            z = model.intercept
            for weight, column in zip(model.coefficients, _columns(artifact.features, filled), strict=True):
                z += weight * column
        case Trees() as model:
            z = model.baseline
            for tree in model.trees:
                z += _leaf(tree, artifact.features, filled)
    if artifact.calibration is not None:
        z = artifact.calibration.slope * z + artifact.calibration.intercept
    return logistic(z)


def _columns(features: Sequence[Feature], values: Sequence[Any]) -> list[float]:
    columns: list[float] = []
    for feature, value in zip(features, values, strict=True):
        if feature.kind is FeatureKind.CATEGORICAL:
            position = level_number(feature, value)
            columns += [float(i == position) for i in range(len(feature.levels) + 1)]
        else:
            columns.append(0.0 if value is None else (value - feature.mean) / feature.scale)
    return columns


def level_number(feature: Feature, value: str | None) -> int:
    """The number of a level; whatever has none is other, the last."""
    return feature.levels.index(value) if value in feature.levels else len(feature.levels)


def _leaf(tree: Tree, features: Sequence[Feature], values: Sequence[Any]) -> float:
    node = 0
    while tree.feature[node] >= 0:
        value, levels = values[tree.feature[node]], tree.levels[node]
        if value is None:
            left = tree.missing_left[node]
        elif levels is not None:
            left = level_number(features[tree.feature[node]], value) in levels
        else:
            left = value <= tree.threshold[node]
        node = tree.left[node] if left else tree.right[node]
    return tree.value[node]


# --- the generated function -----------------------------------------------------------------------------------------------


def make_scorer(artifact: Artifact) -> Scorer:
    """A function of the raw values, in the order of the features, compiled for this artifact.

    Numbers of the artifact stand in its text by repr; strings never do: levels are keys of dicts it is given. Time: about 0.4 µs
    for 15 features, a few µs for 100 trees of 31 leaves; compiling takes milliseconds, so do it where nobody waits.
    """
    names = [f"x{i}" for i in range(len(artifact.features))]
    given: dict[str, Any] = {"exp": math.exp}
    lines = [f"def scorer({', '.join(names)}):"]
    match artifact.model:
        case Linear() as model:
            lines += _linear_lines(artifact.features, model, given)
        case Trees() as model:
            lines += _tree_lines(artifact.features, model, given)
    if artifact.calibration is not None:
        lines.append(f"    z = {artifact.calibration.slope!r} * z + {artifact.calibration.intercept!r}")
    lines += [
        "    if z >= 0.0:",
        "        return 1.0 / (1.0 + exp(-z))",
        "    e = exp(z)",
        "    return e / (1.0 + e)",
    ]
    exec(compile("\n".join(lines), "<scorer>", "exec"), given)  # noqa: S102  # our own text, numbers only
    scorer: Scorer = given["scorer"]
    return scorer


def _linear_lines(features: Sequence[Feature], model: Linear, given: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    terms: list[str] = [repr(model.intercept)]
    at = 0
    for i, feature in enumerate(features):
        if feature.kind is FeatureKind.CATEGORICAL:
            weights = model.coefficients[at : at + len(feature.levels) + 1]
            at += len(weights)
            other = weights[-1]
            table: dict[str | None, float] = dict(zip(feature.levels, weights[:-1], strict=True))
            table[None] = table.get(str(feature.default), other) if feature.default is not None else other
            given[f"t{i}"] = table.get
            terms.append(f"t{i}(x{i}, {other!r})")
        else:
            weight = model.coefficients[at]
            at += 1
            if feature.default is None:
                terms.append(
                    f"(0.0 if x{i} is None else {weight!r} * ((x{i} - {feature.mean!r}) / {feature.scale!r}))"
                )
            else:
                lines.append(f"    if x{i} is None: x{i} = {float(feature.default)!r}")
                terms.append(f"{weight!r} * ((x{i} - {feature.mean!r}) / {feature.scale!r})")
    return [*lines, *_sum_lines(terms)]


def _sum_lines(terms: Sequence[str]) -> list[str]:
    """Left to right as the plain meaning adds, in pieces that Python's parser takes."""
    lines = [f"    z = {terms[0]}"]
    lines += [f"    z = z + {' + '.join(terms[i : i + 50])}" for i in range(1, len(terms), 50)]
    return lines


def _tree_lines(features: Sequence[Feature], model: Trees, given: dict[str, Any]) -> list[str]:
    lines = []
    for i, feature in enumerate(features):
        if feature.kind is FeatureKind.CATEGORICAL:
            numbers: dict[str | None, int] = {level: n for n, level in enumerate(feature.levels)}
            given[f"t{i}"] = numbers.get
            default = level_number(feature, str(feature.default)) if feature.default is not None else None
            lines.append(f"    x{i} = {default} if x{i} is None else t{i}(x{i}, {len(feature.levels)})")
        elif feature.default is not None:
            lines.append(f"    if x{i} is None: x{i} = {float(feature.default)!r}")
    lines.append(f"    z = {model.baseline!r}")
    used = {f for tree in model.trees for f in tree.feature if f >= 0}
    nullable = {i for i in used if features[i].default is None and not features[i].required}
    for number, tree in enumerate(model.trees):
        text = _branch(tree, nullable, given, number)
        lines.append(f"    z += {text}")
    return lines


def _branch(tree: Tree, nullable: set[int], given: dict[str, Any], number: int) -> str:
    """One expression of nested conditionals; children come after parents, so build from the last node up."""
    texts: list[str] = [""] * len(tree.feature)
    for node in reversed(range(len(tree.feature))):
        f = tree.feature[node]
        if f < 0:
            texts[node] = repr(tree.value[node])
            continue
        levels = tree.levels[node]
        if levels is not None:
            given[f"s{number}_{node}"] = frozenset(levels) | ({None} if tree.missing_left[node] else set())
            test = f"x{f} in s{number}_{node}"
        elif f not in nullable:
            test = f"x{f} <= {tree.threshold[node]!r}"
        elif tree.missing_left[node]:
            test = f"x{f} is None or x{f} <= {tree.threshold[node]!r}"
        else:
            test = f"x{f} is not None and x{f} <= {tree.threshold[node]!r}"
        texts[node] = f"({texts[tree.left[node]]} if {test} else {texts[tree.right[node]]})"
        texts[tree.left[node]] = texts[tree.right[node]] = ""
    return texts[0]
