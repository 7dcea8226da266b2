"""Rows → fitted model, on a split in time: the newest rows are the holdout and are never trained on.

Fitting is scikit-learn's; what it found leaves as plain numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from leadmodel_artifact.artifact import OTHER, Feature, FeatureKind, Linear

MIN_POSITIVES = MIN_NEGATIVES = 100


class TrainingRefused(ValueError):  # noqa: N818  # what happened, in the word users see
    """These leads do not make a model worth having; the message says what would."""


@dataclass(frozen=True)
class Split:
    """Places of rows, oldest first."""

    train: tuple[int, ...]
    holdout: tuple[int, ...]


def split_by_time(times: Sequence[float | None], keys: Sequence[Any], share: float) -> Split:
    """The newest `share` of the rows is the holdout. Rows without a time keep their place in the file; equal leads
    (`keys`) that fall on both sides leave the training side, so that nothing learnt by heart is rewarded."""
    known = sum(time is not None for time in times) * 2 >= len(times)
    order = (
        sorted((i for i, t in enumerate(times) if t is not None), key=lambda i: times[i] or 0.0)
        if known
        else list(range(len(times)))
    )
    cut = len(order) - round(len(order) * share)
    held = {keys[i] for i in order[cut:]}
    return Split(tuple(i for i in order[:cut] if keys[i] not in held), tuple(order[cut:]))


def check_sizes(labels: Sequence[bool], what: str) -> None:
    """Refuse to train or judge on a handful of outcomes."""
    positives = sum(labels)
    negatives = len(labels) - positives
    if positives < MIN_POSITIVES or negatives < MIN_NEGATIVES:
        raise TrainingRefused(
            f"the {what} has {positives} positive and {negatives} negative leads, at least {MIN_POSITIVES} and "
            f"{MIN_NEGATIVES} are needed; take a longer period"
        )


@dataclass(frozen=True)
class Fitted:
    """A scikit-learn pipeline and the very same model as plain numbers."""

    pipeline: Pipeline
    features: tuple[Feature, ...]
    model: Linear

    def predict(self, columns: Sequence[Sequence[Any]]) -> NDArray[np.float64]:
        """Probabilities by scikit-learn."""
        answer: NDArray[np.float64] = self.pipeline.predict_proba(matrix(self.features, columns))[:, 1]
        return answer


def matrix(features: Sequence[Feature], columns: Sequence[Sequence[Any]]) -> NDArray[np.object_]:
    """Raw columns as scikit-learn takes them: NaN for missing numbers, `__other__` for levels that are none."""
    table = np.empty((len(columns[0]), len(features)), dtype=object)
    for i, (feature, column) in enumerate(zip(features, columns, strict=True)):
        if feature.kind is FeatureKind.CATEGORICAL:
            known = set(feature.levels)
            table[:, i] = [value if value in known else OTHER for value in column]
        else:
            table[:, i] = [np.nan if value is None else float(value) for value in column]
    return table


def fit_linear(
    features: Sequence[Feature], columns: Sequence[Sequence[Any]], labels: Sequence[bool], seed: int
) -> Fitted:
    """Logistic regression on standardised numbers and one column a level, written out as intercept and coefficients."""
    steps: list[tuple[str, Any, list[int]]] = []
    for i, feature in enumerate(features):
        if feature.kind is FeatureKind.CATEGORICAL:
            encoder = OneHotEncoder(categories=[[*feature.levels, OTHER]], sparse_output=False)
            steps.append((f"c{i}", encoder, [i]))
        else:
            filled = SimpleImputer(strategy="constant", fill_value=float(feature.default or 0.0))
            steps.append((f"c{i}", make_pipeline(filled, StandardScaler()), [i]))
    pipeline = make_pipeline(ColumnTransformer(steps), LogisticRegression(max_iter=2000, random_state=seed))
    pipeline.fit(matrix(features, columns), np.asarray(labels, dtype=int))
    return Fitted(pipeline, _with_scales(features, pipeline[0]), _numbers(pipeline[-1]))


def _with_scales(features: Sequence[Feature], transformer: Any) -> tuple[Feature, ...]:
    found: list[Feature] = []
    for i, feature in enumerate(features):
        if feature.kind is FeatureKind.CATEGORICAL:
            found.append(feature)
        else:
            scaler = transformer.named_transformers_[f"c{i}"][-1]
            found.append(replace(feature, mean=float(scaler.mean_[0]), scale=float(scaler.scale_[0])))
    return tuple(found)


def _numbers(regression: Any) -> Linear:
    return Linear(float(regression.intercept_[0]), tuple(float(weight) for weight in regression.coef_[0]))
