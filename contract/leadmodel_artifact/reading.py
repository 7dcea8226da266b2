"""Strict reading of an artifact's JSON document: every field is checked, and an error names the path of the field.

Unknown top-level fields are kept, so that an artifact of a newer trainer reads and writes back whole. Size and digest of the bytes are
checked in `artifact`, the examples in `scoring`.
"""

from __future__ import annotations

import math
from itertools import chain, pairwise

from leadmodel_artifact.jsonnode import MAX_INTEGER, LayoutError, Node, as_integer, as_number
from leadmodel_artifact.model import (
    CATEGORIES,
    HEADS,
    MAX_FEATURES,
    MAX_LEVELS,
    MAX_NAME,
    MAX_SOURCE,
    SCHEMA,
    TEXT_SCHEMA,
    Artifact,
    Calibration,
    DataWindow,
    Example,
    Feature,
    FeatureKind,
    FeatureReference,
    Linear,
    Reference,
    Tree,
    Trees,
)
from leadmodel_artifact.text_reading import check_text_features, read_text_models, text_model_of

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

_MAX_TREES, _MAX_NODES, _MAX_EXAMPLES = 2000, 200_000, 50


def read(document: Any) -> Artifact:
    """The artifact that a decoded JSON document describes.

    Raises:
        LayoutError: naming the first field that is wrong.
    """
    node = Node(document, "")
    schema = node.text("schema", 64)
    if schema not in {SCHEMA, TEXT_SCHEMA}:
        raise LayoutError(f"schema is {schema[:40]!r}, this program reads {SCHEMA!r} and {TEXT_SCHEMA!r}")
    features = tuple(_feature(item) for item in node.nodes("features", MAX_FEATURES))
    if not features or len({feature.name for feature in features}) != len(features):
        raise LayoutError("features must be a list of at least one feature, each with a name of its own")
    text_models = read_text_models(node)
    check_text_features(features, text_models)
    known = Artifact.__dataclass_fields__.keys() - {"unknown"}
    return Artifact(
        name=node.text("name", 253),
        version=node.integer("version"),
        trained_at=node.text("trained_at", 64),
        recipe=node.text("recipe", 64),
        auc=_share(node, "auc"),
        n_train=node.integer("n_train"),
        n_holdout=node.integer("n_holdout"),
        holdout_digest=node.text("holdout_digest", 80),
        parent=node.optional("parent", node.text),
        features=features,
        model=_model(node.node("model"), features),
        calibration=_calibration(node.node("calibration")) if node.has("calibration") else None,
        reference=_reference(node.node("reference")),
        examples=tuple(_example(item) for item in node.nodes("examples", _MAX_EXAMPLES)),
        data=_data(node.node("data")),
        schema=schema,
        text_models=text_models,
        unknown={key: value for key, value in node.value.items() if key not in known},
    )


def _share(node: Node, key: str) -> float:
    share = node.number(key)
    if not 0 <= share <= 1:
        raise LayoutError(f"{node.at(key)} must lie between 0 and 1")
    return share


def _kind(node: Node) -> FeatureKind:
    word = node.text("kind", 64)
    try:
        return FeatureKind(word)
    except ValueError:
        raise LayoutError(f"{node.at('kind')} must be one of {', '.join(FeatureKind)}") from None


def _feature(node: Node) -> Feature:
    kind = _kind(node)
    scale = node.number("scale") if node.has("scale") else 1.0
    if scale == 0:
        raise LayoutError(f"{node.at('scale')} must not be 0")
    source = node.text("source", MAX_SOURCE) if node.has("source") else node.text("name", MAX_NAME)
    if any(c in '"\\' or c < " " for c in source):
        raise LayoutError(f"{node.at('source')} must have no quotes, backslashes or control characters")
    return Feature(
        name=node.text("name", MAX_NAME),
        kind=kind,
        source=source,
        required=node.flag("required", default=False),
        default=_default(node, kind),
        mean=node.number("mean") if node.has("mean") else 0.0,
        scale=scale,
        levels=_levels(node) if kind in CATEGORIES else (),
        minimum=node.optional("minimum", node.number),
        maximum=node.optional("maximum", node.number),
        missing=_missing(node) if kind is FeatureKind.CATEGORICAL else (),
        text_model=text_model_of(node, kind),
    )


def _default(node: Node, kind: FeatureKind) -> float | str | None:
    if not node.has("default"):
        return None
    return node.text("default") if kind in CATEGORIES else node.number("default")


def _levels(node: Node) -> tuple[str, ...]:
    levels = node.items("levels", MAX_LEVELS)
    if not all(isinstance(level, str) and len(level) <= 256 for level in levels) or len(set(levels)) != len(
        levels
    ):
        raise LayoutError(f"{node.at('levels')} must be strings of at most 256 characters, each once")
    return tuple(levels)


def _missing(node: Node) -> tuple[str, ...]:
    words = node.items("missing", MAX_LEVELS) if node.has("missing") else []
    if not all(isinstance(word, str) and len(word) <= 256 for word in words):
        raise LayoutError(f"{node.at('missing')} must be strings of at most 256 characters")
    return tuple(words)


def _column_count(features: tuple[Feature, ...]) -> int:
    """How many columns a linear model has: one per number; one per level and one for other per category."""
    return sum(len(f.levels) + 1 if f.is_category else 1 for f in features)


def _model(node: Node, features: tuple[Feature, ...]) -> Linear | Trees:
    kind = node.text("kind", 64)
    if kind == "linear":
        count = _column_count(features)
        coefficients = _numbers(node, "coefficients", count)
        if len(coefficients) != count:
            raise LayoutError(
                f"{node.at('coefficients')} must have {count} numbers, one per column of the features"
            )
        return Linear(node.number("intercept"), coefficients)
    if kind == "trees":
        trees = tuple(_tree(item, features) for item in node.nodes("trees", _MAX_TREES))
        return Trees(node.number("baseline"), trees)
    raise LayoutError(f"{node.at('kind')} must be linear or trees")


def _numbers(node: Node, key: str, limit: int) -> tuple[float, ...]:
    items = node.items(key, limit)
    if set(map(type, items)) <= {float} and all(map(math.isfinite, items)):
        return tuple(items)
    return tuple(as_number(item, f"{node.at(key)}[{i}]") for i, item in enumerate(items))


def _integers(node: Node, key: str, limit: int, minimum: int = 0) -> tuple[int, ...]:
    items = node.items(key, limit)
    if items and _are_integers(items, minimum):
        return tuple(items)
    return tuple(as_integer(item, f"{node.at(key)}[{i}]", minimum) for i, item in enumerate(items))


def _are_integers(items: list[Any], minimum: int = 0) -> bool:
    """Whether `as_integer` would take every item; if not, the caller reads item by item, for the path in the error."""
    return set(map(type, items)) == {int} and minimum <= min(items) and max(items) <= MAX_INTEGER


def _tree(node: Node, features: tuple[Feature, ...]) -> Tree:
    feature = _integers(node, "feature", _MAX_NODES, -1)
    tree = Tree(
        feature=feature,
        threshold=_numbers(node, "threshold", _MAX_NODES),
        levels=tuple(
            _level_set(item, node.at(f"levels[{i}]"))
            for i, item in enumerate(node.items("levels", _MAX_NODES))
        ),
        missing_left=tuple(bool(item) for item in _integers(node, "missing_left", _MAX_NODES)),
        left=_integers(node, "left", _MAX_NODES),
        right=_integers(node, "right", _MAX_NODES),
        value=_numbers(node, "value", _MAX_NODES),
    )
    _check_tree(tree, features, node.path)
    return tree


def _level_set(item: Any, path: str) -> tuple[int, ...] | None:
    if item is None:
        return None
    if not isinstance(item, list) or len(item) > MAX_LEVELS + 1:
        raise LayoutError(f"{path} must be null or a list of level numbers")
    return tuple(as_integer(value, path) for value in item)


def _check_tree(tree: Tree, features: tuple[Feature, ...], path: str) -> None:
    """Refuse a tree with a cycle (children must come after their parent) or deeper than generated code can nest."""
    size = len(tree.feature)
    parts = (tree.threshold, tree.levels, tree.missing_left, tree.left, tree.right, tree.value)
    if not size or any(len(part) != size for part in parts):
        raise LayoutError(f"{path} must have as many entries in each of its lists, and at least one")
    depth = [0] * size
    for i, feature in enumerate(tree.feature):
        if feature < 0:
            continue
        if feature >= len(features):
            raise LayoutError(f"{path}.feature[{i}] names no feature")
        if features[feature].is_category != (tree.levels[i] is not None):
            raise LayoutError(f"{path}.levels[{i}] must be a list exactly where the feature is categorical")
        for child in (tree.left[i], tree.right[i]):
            if not i < child < size:
                raise LayoutError(f"{path} must have children after their parents")
            depth[child] = depth[i] + 1
    if max(depth) > 60:
        raise LayoutError(f"{path} is deeper than 60 levels")


def _calibration(node: Node) -> Calibration:
    return Calibration(node.number("slope"), node.number("intercept"))


def _reference(node: Node) -> Reference:
    reference = Reference(
        method=node.text("method", 64),
        rows=node.integer("rows"),
        features=tuple(_feature_reference(item) for item in node.nodes("features", MAX_FEATURES + 1)),
        hours=_integers(node.node("hour_of_day"), "counts", 24) if node.has("hour_of_day") else (),
        psi_q999=node.optional("psi_q999", node.number),
        calendar=_names(node, "calendar") if node.has("calendar") else (),
    )
    if reference.hours and len(reference.hours) != 24:
        raise LayoutError(f"{node.at('hour_of_day.counts')} must have 24 counts")
    return reference


def _names(node: Node, key: str) -> tuple[str, ...]:
    names = node.items(key, MAX_FEATURES)
    if not all(isinstance(name, str) and len(name) <= 128 for name in names):
        raise LayoutError(f"{node.at(key)} must be names")
    return tuple(names)


def _feature_reference(node: Node) -> FeatureReference:
    kind = _kind(node)
    if kind in HEADS:
        raise LayoutError(f"{node.at('kind')} must be categorical or numeric where the feature reads a text")
    reference = FeatureReference(
        name=node.text("name", MAX_NAME),
        kind=kind,
        mean=node.number("mean"),
        std=node.number("std"),
        edges=_numbers(node, "edges", 64) if kind is not FeatureKind.CATEGORICAL else (),
        levels=_levels(node) if kind is FeatureKind.CATEGORICAL else (),
        counts=_integers(node, "counts", 64),
        counts_by_hour=_by_hour(node),
        shrink=node.number("shrink") if node.has("shrink") else 1e5,
    )
    bins = (len(reference.levels) if kind is FeatureKind.CATEGORICAL else len(reference.edges)) + 1
    if len(reference.counts) != bins or any(len(row) != bins for row in reference.counts_by_hour):
        raise LayoutError(f"{node.path} must count {bins} bins")
    if any(a >= b for a, b in pairwise(reference.edges)):
        raise LayoutError(f"{node.at('edges')} must rise")
    if not 0 < reference.shrink <= 1e9:
        raise LayoutError(f"{node.at('shrink')} must lie above 0")
    return reference


def _by_hour(node: Node) -> tuple[tuple[int, ...], ...]:
    if not node.has("counts_by_hour"):
        return ()
    rows = node.items("counts_by_hour", 24)
    path = node.at("counts_by_hour")
    if len(rows) not in {0, 24} or not all(isinstance(row, list) and len(row) <= 64 for row in rows):
        raise LayoutError(f"{path} must be 24 lists of counts")
    counts = list(chain.from_iterable(rows))
    if not counts or not _are_integers(counts):
        return tuple(tuple(as_integer(value, path) for value in row) for row in rows)
    return tuple(map(tuple, rows))


def _example(node: Node) -> Example:
    return Example(dict(node.node("lead").value), node.number("score"))


def _data(node: Node) -> DataWindow:
    excluded = node.items("excluded", 1000) if node.has("excluded") else []
    if not all(isinstance(name, str) for name in excluded):
        raise LayoutError(f"{node.at('excluded')} must be names")
    return DataWindow(
        from_=node.optional("from", node.text),
        to=node.optional("to", node.text),
        horizon_days=node.optional("horizon_days", node.number),
        rows=node.integer("rows"),
        positives=node.integer("positives"),
        label=node.text("label", MAX_SOURCE) if node.has("label") else "y",
        excluded=tuple(excluded),
        time=node.optional("time", node.text),
        positive=node.optional("positive", node.text),
    )
