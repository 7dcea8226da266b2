"""Compiled scorers: one Python function is written for one artifact, because a compiled function is far faster than a loop over nodes.

Only names made here stand in the function's text; numbers and strings of the artifact are objects that the function refers to (except
for trees too large for bit masks: their numbers stand in the text by repr). Models of one shape therefore share one text, which is
compiled once. `scoring.explain_score` does the same slowly and plainly, and is what compiled functions are tested against.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from types import CodeType

from leadmodel_artifact import quickscorer
from leadmodel_artifact.lead import codes, level_number
from leadmodel_artifact.model import Artifact, Feature, FeatureKind, Linear, Tree, Trees

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

Scorer = Callable[..., float]
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
