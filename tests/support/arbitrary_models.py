"""Models with arbitrary weights in the trainer's own form: nothing is fitted, and NumPy says what the weights mean."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from leadmodel_artifact.model import Calibration, Feature, FeatureKind, Linear, Tree, Trees
from leadmodel_training.features import Floats
from leadmodel_training.kinds import keep_missing
from leadmodel_training.recipes import Fitted, Recipe


@dataclass(frozen=True)
class Weights:
    """Stands for scikit-learn's estimator: log odds of a table of prepared values, computed column by column."""

    model: Linear | Trees
    features: tuple[Feature, ...]

    def decision_function(self, table: Floats) -> Floats:
        """Log odds, shape (n,), of prepared values, shape (n, features): NaN is missing."""
        if isinstance(self.model, Linear):
            return self._linear(self.model, table)
        z = np.full(len(table), self.model.baseline)
        for tree in self.model.trees:
            z += [_leaf(tree, row) for row in table]
        return z

    def _linear(self, model: Linear, table: Floats) -> Floats:
        z, left = np.full(len(table), model.intercept), list(model.coefficients)
        for i, feature in enumerate(self.features):
            if feature.kind is FeatureKind.CATEGORICAL:
                width = len(feature.levels) + 1
                z += np.array(left[:width])[table[:, i].astype(int)]
                left = left[width:]
            else:
                z += left.pop(0) * (table[:, i] - feature.mean) / feature.scale
        return z


def _leaf(tree: Tree, row: Floats) -> float:
    node = 0
    while (feature := tree.feature[node]) >= 0:
        value, levels = row[feature], tree.levels[node]
        if np.isnan(value):
            goes_left = tree.missing_left[node]
        else:
            goes_left = int(value) in levels if levels is not None else value <= tree.threshold[node]
        node = tree.left[node] if goes_left else tree.right[node]
    return tree.value[node]


def arbitrary(recipe: Recipe, features: Sequence[Feature], table: Floats, seed: int) -> Fitted:
    """A model of these features with weights drawn by a seed; `table`, shape (n, features), gives thresholds and scales."""
    chance = random.Random(seed)
    calibration = Calibration(chance.uniform(0.5, 2), chance.gauss(0, 1)) if chance.random() < 0.5 else None
    if recipe is Recipe.TREES:
        kept = keep_missing(features)
        trees = Trees(chance.gauss(0, 1), tuple(_tree(chance, kept, table) for _ in range(4)))
        return Fitted(recipe, Weights(trees, kept), kept, trees, calibration)
    scaled = tuple(_scaled(feature, table[:, i]) for i, feature in enumerate(features))
    width = sum(len(f.levels) + 1 if f.kind is FeatureKind.CATEGORICAL else 1 for f in scaled)
    linear = Linear(chance.gauss(0, 1), tuple(chance.gauss(0, 1) for _ in range(width)))
    return Fitted(recipe, Weights(linear, scaled), scaled, linear, calibration)


def _scaled(feature: Feature, column: Floats) -> Feature:
    known = column[~np.isnan(column)]
    if feature.kind is FeatureKind.CATEGORICAL or not len(known):
        return feature
    return replace(feature, mean=float(known.mean()), scale=float(known.std()) or 1.0)


def _tree(chance: random.Random, features: Sequence[Feature], table: Floats) -> Tree:
    """A whole tree of three inner nodes: the root and its two children."""
    at = [chance.randrange(len(features)) for _ in range(3)]
    inner = [_test(chance, features[i], table[:, i]) for i in at]
    return Tree(
        feature=(*at, -1, -1, -1, -1),
        threshold=(*(threshold for threshold, _ in inner), 0.0, 0.0, 0.0, 0.0),
        levels=(*(levels for _, levels in inner), None, None, None, None),
        missing_left=(*(chance.random() < 0.5 for _ in at), False, False, False, False),
        left=(1, 3, 5, 0, 0, 0, 0),
        right=(2, 4, 6, 0, 0, 0, 0),
        value=(0.0, 0.0, 0.0, *(chance.gauss(0, 1) for _ in range(4))),
    )


def _test(chance: random.Random, feature: Feature, column: Floats) -> tuple[float, tuple[int, ...] | None]:
    """The threshold of a number, or the levels that go left."""
    if feature.kind is FeatureKind.CATEGORICAL:
        return 0.0, tuple(code for code in range(len(feature.levels) + 1) if chance.random() < 0.5)
    known = column[~np.isnan(column)].tolist()
    return (float(chance.choice(known)) if known else 0.0), None
