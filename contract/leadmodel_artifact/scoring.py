"""Scores of a model, step by step: values of a lead → probability of conversion, and the proof that a reader agrees with the trainer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime

from leadmodel_artifact.compiler import Scorer, make_coded_scorer, make_scorer
from leadmodel_artifact.lead import LeadError, coded, codes, is_missing, lead_values
from leadmodel_artifact.model import (
    Artifact,
    ArtifactError,
    ArtifactReason,
    Feature,
    Linear,
    Tree,
    Trees,
)
from leadmodel_artifact.text_features import check_text_models

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

EXAMPLE_TOLERANCE = 1e-9


def logistic(z: float) -> float:
    """The logistic function 1 / (1 + e^−z), without overflow for large |z|."""
    if z >= 0:
        return 1.0 / (1.0 + math.exp(-z))
    e = math.exp(z)
    return e / (1.0 + e)


def score(artifact: Artifact, lead: Mapping[str, Any], *, now: datetime | None = None) -> float:
    """The score of one lead; for many leads, make one scorer with `compiler.make_scorer`.

    Raises:
        LeadError: when the lead cannot be scored.
    """
    return make_scorer(artifact)(*lead_values(artifact, lead, now=now))


def check_examples(artifact: Artifact) -> Scorer:
    """Check that every example gets its score to 1e-9, and return the scorer of coded values that reproduced the scores.

    Raises:
        ArtifactError: when an example differs, of the artifact or of a text model in it, or when the artifact has none: nothing then
            proves that this program reads the model right.
    """
    check_text_models(artifact)
    if not artifact.examples:
        raise ArtifactError(
            ArtifactReason.SCHEMA_MISMATCH,
            "examples are missing: nothing proves that this program reads the model right",
        )
    scorer = make_coded_scorer(artifact)
    for i, example in enumerate(artifact.examples):
        try:
            computed = scorer(*coded(artifact.features, lead_values(artifact, example.lead)))
        except LeadError as error:
            raise ArtifactError(
                ArtifactReason.EXAMPLES_DIFFER, f"examples[{i}] cannot be scored: {error}"
            ) from None
        except ArithmeticError:
            computed = math.nan
        if not abs(computed - example.score) <= EXAMPLE_TOLERANCE:
            raise ArtifactError(
                ArtifactReason.EXAMPLES_DIFFER,
                f"examples[{i}] scores {computed!r}, the artifact says {example.score!r}",
            )
    return scorer


def explain_score(artifact: Artifact, values: Sequence[Any]) -> float:
    """The score of raw values (in the order of the features) by the definition of the model, step by step and slowly."""
    filled = [
        feature.default if is_missing(feature, value) else value
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
        if feature.is_category:
            position = _level(feature, value)
            columns += [float(i == position) for i in range(len(feature.levels) + 1)]
        else:
            columns.append(0.0 if value is None else (value - feature.mean) / feature.scale)
    return columns


def _level(feature: Feature, value: Any) -> int:
    """The number of the level that a value means; a missing value is other."""
    return min(codes(feature).get(value, len(feature.levels)), len(feature.levels))


def _leaf(tree: Tree, features: Sequence[Feature], values: Sequence[Any]) -> float:
    node = 0
    while tree.feature[node] >= 0:
        value, levels = values[tree.feature[node]], tree.levels[node]
        if value is None:
            left = tree.missing_left[node]
        elif levels is not None:
            left = _level(features[tree.feature[node]], value) in levels
        else:
            left = value <= tree.threshold[node]
        node = tree.left[node] if left else tree.right[node]
    return tree.value[node]
