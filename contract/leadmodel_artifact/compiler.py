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
from leadmodel_artifact.model import Artifact, Feature, Linear, Tree, Trees

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

Scorer = Callable[..., float]
CHUNK_NODES = (
    1000  # of trees in one function: compiling one holds up every other thread for a millisecond or two
)


def make_scorer(artifact: Artifact) -> Scorer:
    """A function of raw values, in the order of the features, compiled for one artifact.

    A call takes about 0.4 µs for 15 features of a linear model and about 10 µs for 100 trees of 31 leaves. Compiling takes milliseconds,
    so compile where no request waits.
    """
    namespace: dict[str, Any] = {}
    lines = []
    for i, feature in enumerate(artifact.features):
        if feature.is_category:
            lines.append(code_line(i, codes(feature), len(feature.levels), namespace))
    return _compiled(artifact, lines, namespace)


def code_line(i: int, table: dict[Any, int], other: int, namespace: dict[str, Any]) -> str:
    """A line of Python that turns the category's value in x{i} into its code, by a table of `lead.codes` that goes into `namespace`.

    The method of a table that tells true from 1 is called for true and false alone: it takes three times as long as a dictionary's own.
    """
    namespace[f"t{i}"] = table.get
    if type(table) is dict:
        return f"    x{i} = t{i}(x{i}, {other})"
    namespace[f"g{i}"] = super(type(table), table).get
    return f"    x{i} = (t{i} if x{i}.__class__ is bool else g{i})(x{i}, {other})"


def make_coded_scorer(artifact: Artifact) -> Scorer:
    """A function of coded values (`lead.coded`), for a caller that keeps values of leads and must keep none of their texts."""
    return _compiled(artifact, [], {})


def _compiled(artifact: Artifact, lines: list[str], namespace: dict[str, Any]) -> Scorer:
    lines += [*score_lines(artifact, namespace), "    return score"]
    scorer: Scorer = _function("scorer", _names(artifact.features), lines, namespace)
    return scorer


def score_lines(artifact: Artifact, namespace: dict[str, Any]) -> list[str]:
    """Lines of Python that compute `score` from the coded values x0, x1, …, for a caller that writes a function around the lines.

    The lines overwrite the variables x0, x1, …; every other object that the lines refer to is put into `namespace`.
    """
    namespace["exp"] = math.exp
    match artifact.model:
        case Linear() as model:
            lines = _linear_lines(artifact.features, model, namespace)
        case Trees() as model:
            lines = quickscorer.tree_lines(artifact.features, model, _code_of_missing, namespace)
            lines = lines or _tree_lines(artifact.features, model, namespace)
    if artifact.calibration is not None:
        namespace["slope"], namespace["offset"] = artifact.calibration.slope, artifact.calibration.intercept
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


def _function(name: str, parameters: str, lines: Sequence[str], namespace: dict[str, Any]) -> Any:
    text = "\n".join([f"def {name}({parameters}):", *lines])
    exec(code(text), namespace)  # noqa: S102  # our own names only
    return namespace[name]


@lru_cache(maxsize=64)
def code(text: str) -> CodeType:
    """Compile the text of a function; cached, because a retrained model usually has the text of the model before."""
    return compile(text, "<scorer>", "exec")


def _linear_lines(features: Sequence[Feature], model: Linear, namespace: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    terms, at = ["k"], 0
    namespace["k"] = model.intercept
    for i, feature in enumerate(features):
        if feature.is_category:
            weights = model.coefficients[at : at + len(feature.levels) + 1]
            at += len(weights)
            namespace[f"w{i}"] = (*weights, weights[_code_of_missing(feature)])
            terms.append(f"w{i}[x{i}]")
        else:
            namespace[f"k{i}"], namespace[f"a{i}"], namespace[f"b{i}"] = (
                model.coefficients[at],
                feature.mean,
                feature.scale,
            )
            at += 1
            term = f"k{i} * ((x{i} - a{i}) / b{i})"
            if feature.default is None:
                terms.append(f"(0.0 if x{i} is None else {term})")
            else:
                namespace[f"d{i}"] = float(feature.default)
                lines.append(f"    if x{i} is None: x{i} = d{i}")
                terms.append(term)
    return [*lines, *_sum_lines(terms)]


def _code_of_missing(feature: Feature) -> int:
    """The code as which a linear model reads a missing level: the code of the default, or other."""
    return level_number(feature, None if feature.default is None else str(feature.default))


def _sum_lines(terms: Sequence[str]) -> list[str]:
    """Lines that add terms from left to right, in the order of `explain_score`, in pieces short enough for Python's parser."""
    lines = [f"    z = {terms[0]}"]
    lines += [f"    z = z + {' + '.join(terms[i : i + 50])}" for i in range(1, len(terms), 50)]
    return lines


def _tree_lines(features: Sequence[Feature], model: Trees, namespace: dict[str, Any]) -> list[str]:
    """Lines for trees too large for bit masks: nested conditionals.

    A missing number becomes NaN, for which no comparison holds, so that every node is one comparison whichever way missing values go.
    """
    used = {f for tree in model.trees for f in tree.feature if f >= 0}
    lines = []
    for i, feature in enumerate(features):
        if i in used and not feature.is_category:
            stand_in = "nan" if feature.default is None else repr(float(feature.default))
            lines.append(f"    if x{i} is None: x{i} = {stand_in}")
    namespace["nan"] = math.nan
    lines.append(f"    z = {model.baseline!r}")
    names = _names(features)
    for number, chunk in enumerate(_chunks(model.trees)):
        added = [f"    z += {_branch(tree, features, namespace)}" for tree in chunk]
        text = "\n".join([f"def trees{number}(z, {names}):", *added, "    return z"])
        exec(text, namespace)  # noqa: S102  # our own text, numbers only; no other model has it, so it is not kept
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


def _branch(tree: Tree, features: Sequence[Feature], namespace: dict[str, Any]) -> str:
    """One expression of nested conditionals, built from the last node up, because children come after their parents."""
    texts: list[str] = [""] * len(tree.feature)
    for node in reversed(range(len(tree.feature))):
        f = tree.feature[node]
        if f < 0:
            texts[node] = repr(tree.value[node])
            continue
        levels = tree.levels[node]
        if levels is not None:
            test = f"{_set(features[f], levels, namespace, missing_left=tree.missing_left[node])}[x{f}]"
        elif tree.missing_left[node]:
            test = f"not x{f} > {tree.threshold[node]!r}"
        else:
            test = f"x{f} <= {tree.threshold[node]!r}"
        texts[node] = f"({texts[tree.left[node]]} if {test} else {texts[tree.right[node]]})"
        texts[tree.left[node]] = texts[tree.right[node]] = ""
    return texts[0]


def _set(feature: Feature, levels: Sequence[int], namespace: dict[str, Any], *, missing_left: bool) -> str:
    """The name of a tuple that says for each code whether the code goes left; equal tuples share a name."""
    left = [code in levels for code in range(len(feature.levels) + 1)]
    if feature.default is not None:
        missing_left = left[_code_of_missing(feature)]
    key = (*left, missing_left)
    names: dict[tuple[bool, ...], str] = namespace.setdefault("sets", {})
    if key not in names:
        names[key] = f"s{len(names)}"
        namespace[names[key]] = key
    return names[key]
