"""Fits a model on a table of numbers with scikit-learn and writes the fitted model out as plain numbers.

`split` decides which rows are fitted; `export` checks that the plain numbers are the same model.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from leadmodel_artifact.model import Calibration, Feature, Linear, Tree, Trees
from leadmodel_training.features import Floats, fill
from leadmodel_training.kinds import keep_missing
from leadmodel_training.split import MIN_NEGATIVES, MIN_POSITIVES

TREES, LEAVES, LEARNING_RATE, MIN_LEAF, RIDGE = 100, 15, 0.1, 40, 1.0
EVERY_NUMBER = float(np.finfo(np.float64).max)  # JSON has no infinity


class Recipe(StrEnum):
    """The kinds of model that can be fitted."""

    LINEAR = "linear"  # logistic regression: one weight per number and per level
    TREES = "trees"  # gradient-boosted trees: steps, interactions, missing values as they are


@dataclass(frozen=True)
class Fitted:
    """A scikit-learn estimator and the same model as plain numbers."""

    recipe: Recipe
    estimator: Any
    features: tuple[Feature, ...]
    model: Linear | Trees
    calibration: Calibration | None = None

    def raw(self, table: Floats) -> Floats:
        """Log odds by scikit-learn, shape (n,), before calibration; `table` is as `encode` gives it."""
        with threadpool_limits(1):
            log_odds: Floats = self.estimator.decision_function(_prepared(self.features, table, self.recipe))
        return log_odds

    def predict(self, table: Floats) -> Floats:
        """Probabilities by scikit-learn and SciPy, shape (n,), calibrated."""
        z, calibration = self.raw(table), self.calibration
        chance: Floats = expit(z if calibration is None else calibration.slope * z + calibration.intercept)
        return chance


def _prepared(features: Sequence[Feature], table: Floats, recipe: Recipe) -> Floats:
    """The table with defaults for missing values; a linear model takes a missing level as other."""
    filled = fill(features, table)
    if recipe is Recipe.LINEAR:
        for i, feature in enumerate(features):
            if feature.is_category:
                filled[np.isnan(filled[:, i]), i] = len(feature.levels)
    return filled


def fit(
    recipe: Recipe, features: Sequence[Feature], table: Floats, labels: NDArray[np.bool_], seed: int
) -> Fitted:
    """Fit a recipe, on one thread: sums in another order would give another model and so another digest.

    Args:
        recipe: The kind of model.
        features: The features of the table's columns.
        table: Values as `encode` gives them, shape (n, features).
        labels: Outcomes, shape (n,).
        seed: Seed of everything random.
    """
    with threadpool_limits(1):
        return {Recipe.LINEAR: fit_linear, Recipe.TREES: fit_trees}[recipe](
            tuple(features), table, labels, seed
        )


# --- linear ------------------------------------------------------------------------------------------------------------------


def fit_linear(features: tuple[Feature, ...], table: Floats, labels: NDArray[np.bool_], seed: int) -> Fitted:
    """Logistic regression on standardised numbers and one column per level, written out as intercept and coefficients."""
    levels = [i for i, f in enumerate(features) if f.is_category]
    numbers = [i for i in range(len(features)) if i not in levels]
    encoder = OneHotEncoder(categories=[np.arange(len(features[i].levels) + 1.0) for i in levels])
    columns = ColumnTransformer(
        [("numbers", StandardScaler(), numbers), ("levels", encoder, levels)], sparse_threshold=1.0
    )
    pipeline = make_pipeline(columns, LogisticRegression(max_iter=2000, random_state=seed))
    pipeline.fit(_prepared(features, table, Recipe.LINEAR), labels)
    scaled = _with_scales(features, numbers, columns)
    return Fitted(Recipe.LINEAR, pipeline, scaled, _weights(features, [*numbers, *levels], pipeline[-1]))


def _with_scales(features: tuple[Feature, ...], numbers: Sequence[int], columns: Any) -> tuple[Feature, ...]:
    scaled = list(features)
    scaler = columns.named_transformers_["numbers"]
    for place, i in enumerate(numbers):
        scaled[i] = replace(features[i], mean=float(scaler.mean_[place]), scale=float(scaler.scale_[place]))
    return tuple(scaled)


def _weights(features: Sequence[Feature], order: Sequence[int], regression: Any) -> Linear:
    """The coefficients in the order of the artifact's features; scikit-learn has the order of its own columns."""
    left = [float(weight) for weight in regression.coef_[0]]
    weights: dict[int, list[float]] = {}
    for i in order:
        width = len(features[i].levels) + 1 if features[i].is_category else 1
        weights[i], left = left[:width], left[width:]
    return Linear(
        float(regression.intercept_[0]),
        tuple(weight for i in range(len(features)) for weight in weights[i]),
    )


# --- trees -------------------------------------------------------------------------------------------------------------------


def fit_trees(features: tuple[Feature, ...], table: Floats, labels: NDArray[np.bool_], seed: int) -> Fitted:
    """Histogram gradient boosting (LightGBM's method: Ke et al., NIPS 2017, as in scikit-learn), written out as plain trees."""
    features = keep_missing(features)
    categorical = [f.is_category for f in features]
    estimator = HistGradientBoostingClassifier(
        max_iter=TREES,
        max_leaf_nodes=LEAVES,
        learning_rate=LEARNING_RATE,
        min_samples_leaf=MIN_LEAF,
        l2_regularization=RIDGE,
        categorical_features=categorical if any(categorical) else None,
        early_stopping=False,
        random_state=seed,
    )
    estimator.fit(_prepared(features, table, Recipe.TREES), labels)
    # scikit-learn moves categories to the front and numbers the levels it has seen anew
    order = sorted(range(len(features)), key=lambda i: not categorical[i])
    seen = _seen_levels(estimator) if any(categorical) else []
    trees = tuple(_tree(predictor, features, order, seen) for (predictor,) in estimator._predictors)  # noqa: SLF001  # there is no public way to a tree
    baseline = float(np.ravel(estimator._baseline_prediction)[0])  # noqa: SLF001  # as above
    return Fitted(Recipe.TREES, estimator, features, Trees(baseline, trees))


def _seen_levels(estimator: Any) -> list[list[int]]:
    """The level behind each of scikit-learn's own level numbers, one list per category."""
    encoder = estimator._preprocessor.named_transformers_["encoder"]  # noqa: SLF001  # as above
    return [[int(level) for level in levels if not np.isnan(level)] for levels in encoder.categories_]


def _tree(
    predictor: Any, features: Sequence[Feature], order: Sequence[int], seen: Sequence[Sequence[int]]
) -> Tree:
    nodes = predictor.nodes
    split = ~nodes["is_leaf"].astype(bool)
    return Tree(
        feature=tuple(order[int(f)] if s else -1 for f, s in zip(nodes["feature_idx"], split, strict=True)),
        threshold=tuple(
            min(float(t), EVERY_NUMBER) if s and not c else 0.0
            for t, s, c in zip(nodes["num_threshold"], split, nodes["is_categorical"], strict=True)
        ),
        levels=tuple(
            _left_levels(predictor, node, len(features[order[int(node["feature_idx"])]].levels), seen)
            if node["is_categorical"] and s
            else None
            for node, s in zip(nodes, split, strict=True)
        ),
        missing_left=tuple(
            bool(m) and bool(s) for m, s in zip(nodes["missing_go_to_left"], split, strict=True)
        ),
        left=tuple(int(place) if s else 0 for place, s in zip(nodes["left"], split, strict=True)),
        right=tuple(int(place) if s else 0 for place, s in zip(nodes["right"], split, strict=True)),
        value=tuple(0.0 if s else float(v) for v, s in zip(nodes["value"], split, strict=True)),
    )


def _left_levels(predictor: Any, node: Any, other: int, seen: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """The levels that go left; a level not seen in training goes where missing values go."""
    bits = predictor.raw_left_cat_bitsets[int(node["bitset_idx"])]
    known = seen[int(node["feature_idx"])]
    left = [level for code, level in enumerate(known) if bits[code // 32] >> (code % 32) & 1]
    if node["missing_go_to_left"]:
        left += [level for level in range(other + 1) if level not in known]
    return tuple(sorted(left))


# --- calibration -------------------------------------------------------------------------------------------------------------


def calibrated(fitted: Fitted, table: Floats, labels: NDArray[np.bool_]) -> Fitted:
    """The model with Platt's slope and intercept (Platt scaling, 1999), fitted on rows that the model was not fitted on.

    The model stays as it is where the rows are too few or the slope is not positive.

    Args:
        fitted: The model.
        table: Values as `encode` gives them, shape (n, features).
        labels: Outcomes, shape (n,).
    """
    positives = int(labels.sum())
    if positives < MIN_POSITIVES or len(labels) - positives < MIN_NEGATIVES:
        return fitted
    with threadpool_limits(1):
        platt = LogisticRegression(C=np.inf, max_iter=2000).fit(fitted.raw(table)[:, None], labels)
    slope, intercept = float(platt.coef_[0, 0]), float(platt.intercept_[0])
    return replace(fitted, calibration=Calibration(slope, intercept)) if slope > 0 else fitted
