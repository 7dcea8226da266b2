"""What a model means: raw values of a lead → probability of conversion. Serving, validation and export share it.

`make_scorer` writes one Python function for one artifact: only names made here stand in its text, numbers and strings of the artifact
are objects it refers to (but for trees too large for bit masks: their numbers stand in it by repr). So models of one shape share one
text, which is compiled once. `explain_score` does the same slowly and plainly; it is what the function is tested against.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from types import CodeType

from leadmodel_artifact import quickscorer
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


def check_examples(artifact: Artifact) -> Scorer:
    """Every example must get its score to 1e-9; an artifact without examples proves nothing and is refused.

    Gives the scorer of coded values that reproduced them. Raises ArtifactError.
    """
    if not artifact.examples:
        raise ArtifactError(
            ArtifactReason.SCHEMA_MISMATCH,
            "examples are missing: nothing proves that this program reads the model right",
        )
    scorer = make_coded_scorer(artifact)
    for i, example in enumerate(artifact.examples):
        try:
            got = scorer(*coded(artifact.features, lead_values(artifact, example.lead)))
        except LeadError as error:
            raise ArtifactError(
                ArtifactReason.EXAMPLES_DIFFER, f"examples[{i}] cannot be scored: {error}"
            ) from None
        except ArithmeticError:
            got = math.nan
        if not abs(got - example.score) <= EXAMPLE_TOLERANCE:
            raise ArtifactError(
                ArtifactReason.EXAMPLES_DIFFER,
                f"examples[{i}] scores {got!r}, the artifact says {example.score!r}",
            )
    return scorer


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
    try:
        number = float(found)
    except OverflowError:  # an integer of hundreds of digits
        number = math.inf
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
            if parsed.tzinfo is UTC:
                return parsed
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

CHUNK_NODES = (
    1000  # of trees in one function: compiling one holds up every other thread for a millisecond or two
)


def make_scorer(artifact: Artifact) -> Scorer:
    """A function of the raw values, in the order of the features, compiled for this artifact.

    Time: about 0.4 µs for 15 features, about ten for 100 trees of 31 leaves; making it takes milliseconds, so do it where nobody waits.
    """
    given: dict[str, Any] = {}
    lines = []
    for i, feature in enumerate(artifact.features):
        if feature.kind is FeatureKind.CATEGORICAL:
            given[f"t{i}"] = codes(feature).get
            lines.append(f"    x{i} = t{i}(x{i}, {len(feature.levels)})")
    return _compiled(artifact, lines, given)


def make_coded_scorer(artifact: Artifact) -> Scorer:
    """The same function of values whose categories are codes already: for who keeps values, which then hold no text of a lead."""
    return _compiled(artifact, [], {})


def codes(feature: Feature) -> dict[str | None, int]:
    """The code of each level: its number; a missing value has the code after other, which is what everything else gets."""
    return {level: n for n, level in enumerate(feature.levels)} | {None: len(feature.levels) + 1}


def coded(features: Sequence[Feature], values: Sequence[Any]) -> tuple[Any, ...]:
    """Raw values with codes for categories."""
    return tuple(
        codes(feature).get(value, len(feature.levels)) if feature.kind is FeatureKind.CATEGORICAL else value
        for feature, value in zip(features, values, strict=True)
    )


def _compiled(artifact: Artifact, lines: list[str], given: dict[str, Any]) -> Scorer:
    lines += [*score_lines(artifact, given), "    return score"]
    scorer: Scorer = _function("scorer", _names(artifact.features), lines, given)
    return scorer


def score_lines(artifact: Artifact, given: dict[str, Any]) -> list[str]:
    """Lines that leave in `score` what the coded values x0, x1, … score, for who makes a function of its own around them.

    They change the values; what they need beside them is put into `given`.
    """
    given["exp"] = math.exp
    match artifact.model:
        case Linear() as model:
            lines = _linear_lines(artifact.features, model, given)
        case Trees() as model:
            lines = quickscorer.tree_lines(artifact.features, model, _code_of_missing, given)
            lines = lines or _tree_lines(artifact.features, model, given)
    if artifact.calibration is not None:
        given["slope"], given["offset"] = artifact.calibration.slope, artifact.calibration.intercept
        lines.append("    z = slope * z + offset")
    return [
        *lines,
        "    if z >= 0.0: score = 1.0 / (1.0 + exp(-z))",
        "    else:",
        "        e = exp(z)",
        "        score = e / (1.0 + e)",
    ]


def _names(features: Sequence[Feature]) -> str:
    return ", ".join(f"x{i}" for i in range(len(features)))


def _function(name: str, parameters: str, lines: Sequence[str], given: dict[str, Any]) -> Any:
    text = "\n".join([f"def {name}({parameters}):", *lines])
    exec(code(text), given)  # noqa: S102  # our own names only
    return given[name]


@lru_cache(maxsize=64)
def code(text: str) -> CodeType:
    """The text of a function, compiled; a retrained model has that of the one before."""
    return compile(text, "<scorer>", "exec")


def _linear_lines(features: Sequence[Feature], model: Linear, given: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    terms, at = ["k"], 0
    given["k"] = model.intercept
    for i, feature in enumerate(features):
        if feature.kind is FeatureKind.CATEGORICAL:
            weights = model.coefficients[at : at + len(feature.levels) + 1]
            at += len(weights)
            given[f"w{i}"] = (*weights, weights[_code_of_missing(feature)])
            terms.append(f"w{i}[x{i}]")
        else:
            given[f"k{i}"], given[f"a{i}"], given[f"b{i}"] = (
                model.coefficients[at],
                feature.mean,
                feature.scale,
            )
            at += 1
            term = f"k{i} * ((x{i} - a{i}) / b{i})"
            if feature.default is None:
                terms.append(f"(0.0 if x{i} is None else {term})")
            else:
                given[f"d{i}"] = float(feature.default)
                lines.append(f"    if x{i} is None: x{i} = d{i}")
                terms.append(term)
    return [*lines, *_sum_lines(terms)]


def _code_of_missing(feature: Feature) -> int:
    """The code a linear model reads a missing level as."""
    return level_number(feature, None if feature.default is None else str(feature.default))


def _sum_lines(terms: Sequence[str]) -> list[str]:
    """Left to right as the plain meaning adds, in pieces that Python's parser takes."""
    lines = [f"    z = {terms[0]}"]
    lines += [f"    z = z + {' + '.join(terms[i : i + 50])}" for i in range(1, len(terms), 50)]
    return lines


def _tree_lines(features: Sequence[Feature], model: Trees, given: dict[str, Any]) -> list[str]:
    """A missing number is NaN, for which no comparison holds: so every node is one comparison, whichever way missing values go."""
    used = {f for tree in model.trees for f in tree.feature if f >= 0}
    lines = []
    for i, feature in enumerate(features):
        if i in used and feature.kind is not FeatureKind.CATEGORICAL:
            stand_in = "nan" if feature.default is None else repr(float(feature.default))
            lines.append(f"    if x{i} is None: x{i} = {stand_in}")
    given["nan"] = math.nan
    lines.append(f"    z = {model.baseline!r}")
    names = _names(features)
    for number, chunk in enumerate(_chunks(model.trees)):
        added = [f"    z += {_branch(tree, features, given)}" for tree in chunk]
        text = "\n".join([f"def trees{number}(z, {names}):", *added, "    return z"])
        exec(text, given)  # noqa: S102  # our own text, numbers only; no other model has it, so it is not kept
        lines.append(f"    z = trees{number}(z, {names})")
    return lines


def _chunks(trees: Sequence[Tree]) -> list[list[Tree]]:
    chunks: list[list[Tree]] = []
    room = 0
    for tree in trees:
        if not chunks or len(tree.feature) > room:
            chunks.append([])
            room = CHUNK_NODES
        chunks[-1].append(tree)
        room -= len(tree.feature)
    return chunks


def _branch(tree: Tree, features: Sequence[Feature], given: dict[str, Any]) -> str:
    """One expression of nested conditionals; children come after parents, so build from the last node up."""
    texts: list[str] = [""] * len(tree.feature)
    for node in reversed(range(len(tree.feature))):
        f = tree.feature[node]
        if f < 0:
            texts[node] = repr(tree.value[node])
            continue
        levels = tree.levels[node]
        if levels is not None:
            test = f"{_set(features[f], levels, given, missing_left=tree.missing_left[node])}[x{f}]"
        elif tree.missing_left[node]:
            test = f"not x{f} > {tree.threshold[node]!r}"
        else:
            test = f"x{f} <= {tree.threshold[node]!r}"
        texts[node] = f"({texts[tree.left[node]]} if {test} else {texts[tree.right[node]]})"
        texts[tree.left[node]] = texts[tree.right[node]] = ""
    return texts[0]


def _set(feature: Feature, levels: Sequence[int], given: dict[str, Any], *, missing_left: bool) -> str:
    """The name of a tuple that says for each code whether it goes left; equal ones share a name."""
    left = [code in levels for code in range(len(feature.levels) + 1)]
    if feature.default is not None:
        missing_left = left[_code_of_missing(feature)]
    key = (*left, missing_left)
    names: dict[tuple[bool, ...], str] = given.setdefault("sets", {})
    if key not in names:
        names[key] = f"s{len(names)}"
        given[names[key]] = key
    return names[key]
