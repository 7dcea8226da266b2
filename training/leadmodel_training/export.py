"""From a fitted model to an artifact: reference from holdout rows, examples from the reference, and a check of the scores.

An artifact that does not reproduce scikit-learn's scores to 1e-9 on every holdout row is not written.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from leadmodel_artifact.compiler import make_scorer
from leadmodel_artifact.lead import lead_values
from leadmodel_artifact.model import (
    SCHEMA,
    TEXT_SCHEMA,
    Artifact,
    DataWindow,
    Example,
    Feature,
    FeatureKind,
    FeatureReference,
    Reference,
    TextModel,
)
from leadmodel_artifact.reference import SCORE, build
from leadmodel_training.features import Floats
from leadmodel_training.psi_windows import psi_quantile
from leadmodel_training.recipes import Fitted

TOLERANCE = 1e-9
EXAMPLES = 5
METHOD = "holdout-newest/v1"


class ExportRefused(ValueError):  # noqa: N818  # an outcome, in the word that users see
    """The exported numbers do not score like the fitted model."""


def make_reference(
    features: Sequence[Feature],
    columns: Sequence[Sequence[Any]],
    scores: Sequence[float],
    hours: Sequence[int | None],
    calendar: Sequence[str] = (),
) -> Reference:
    """The reference: distributions of features, score and hours on the holdout.

    Args:
        features: The model's features.
        columns: Raw values, one sequence of length n per feature.
        scores: The model's scores, length n.
        hours: Hours of the day in UTC, length n, None where unknown.
        calendar: Features that only count time, and so are left out.
    """
    known = [hour for hour in hours if hour is not None]
    with_hours = hours if 2 * len(known) >= len(hours) else None
    watched = [
        (feature.name, _watched_as(feature), column, feature.levels)
        for feature, column in zip(features, columns, strict=True)
        if feature.kind is not FeatureKind.HOUR_OF_DAY and feature.name not in calendar
    ]
    watched.insert(0, (SCORE, FeatureKind.NUMERIC, scores, ()))
    distributions = tuple(
        build(name, kind, column, with_hours, levels=levels) for name, kind, column, levels in watched
    )
    counts = tuple(map(Counter(known).__getitem__, range(24))) if with_hours is not None else ()
    reference = Reference(METHOD, len(scores), distributions, counts, calendar=tuple(calendar))
    return replace(
        reference, psi_q999=psi_quantile(reference, [column for _, _, column, _ in watched], hours)
    )


def _watched_as(feature: Feature) -> FeatureKind:
    """The kind of the feature's reference: an answer of a text model is watched as the category or number that it is."""
    if feature.text_model is None:
        return feature.kind
    return FeatureKind.CATEGORICAL if feature.is_category else FeatureKind.NUMERIC


def make_examples(
    features: Sequence[Feature], reference: Reference, models: Mapping[str, TextModel]
) -> tuple[dict[str, Any], ...]:
    """Five example leads that nobody sent; each takes other bins, levels, lengths and hours of the reference, and other texts of the text models."""
    by_name = {each.name: each for each in reference.features}
    return tuple(
        {
            f.source: _example_text(models[f.text_model], i)
            if f.text_model is not None
            else _example_value(f, by_name.get(f.name), i)
            for f in features
            if not (i == EXAMPLES - 1 and _may_miss(f))
        }
        for i in range(EXAMPLES)
    )


def _example_text(model: TextModel, i: int) -> str:
    """A text of the text model's own examples, which are made of its vocabulary."""
    texts = [example.text for example in model.document.examples]
    return texts[i % len(texts)] if texts else ""


def _may_miss(feature: Feature) -> bool:
    return not feature.required and feature.kind is not FeatureKind.TEXT_LENGTH


def _example_value(feature: Feature, reference: FeatureReference | None, i: int) -> Any:
    match feature.kind:
        case FeatureKind.CATEGORICAL:
            return feature.levels[i % len(feature.levels)]
        case FeatureKind.HOUR_OF_DAY:
            return f"2026-01-05T{(i * 5 + 3) % 24:02d}:30:00+00:00"
        case FeatureKind.TEXT_LENGTH:
            return "x" * min(int(_middle(reference, i)), 10_000)
        case _:
            return _middle(reference, i)


def _middle(reference: FeatureReference | None, i: int) -> float:
    """The middle of the bin that example `i` takes."""
    edges = reference.edges if reference else ()
    if len(edges) < 2:
        return float(round(reference.mean, 6)) if reference else 0.0
    low = i * (len(edges) - 2) // max(EXAMPLES - 1, 1)
    return float(round((edges[low] + edges[low + 1]) / 2, 6))


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a fitted model comes from, as its artifact states."""

    name: str
    now: datetime  # time of the training
    auc: float  # on the holdout
    n_train: int  # rows that the model was fitted on
    holdout_digest: str  # of the holdout's bytes
    data: DataWindow  # the period and the counts of the training leads
    parent: str | None = None  # digest of the model that this one follows
    text_models: Mapping[str, TextModel] = field(default_factory=dict)  # of the features that read texts


def export(fitted: Fitted, reference: Reference, origin: Origin) -> Artifact:
    """Make the artifact of a fitted model, with its examples scored.

    Args:
        fitted: The fitted model.
        reference: The distributions on the holdout.
        origin: Where the model comes from.
    """
    bare = Artifact(
        name=origin.name,
        version=int(origin.now.timestamp()),
        trained_at=origin.now.astimezone(UTC).isoformat(timespec="seconds"),
        recipe=str(fitted.recipe),
        auc=origin.auc,
        n_train=origin.n_train,
        n_holdout=reference.rows,
        holdout_digest=origin.holdout_digest,
        features=fitted.features,
        model=fitted.model,
        calibration=fitted.calibration,
        reference=reference,
        examples=(),
        data=origin.data,
        parent=origin.parent,
        schema=TEXT_SCHEMA if origin.text_models else SCHEMA,
        text_models=origin.text_models,
    )
    return _with_examples(bare, reference)


def _with_examples(bare: Artifact, reference: Reference) -> Artifact:
    """Return the artifact with example leads, each scored by the artifact."""
    scorer = make_scorer(bare)
    leads = make_examples(bare.features, reference, bare.text_models)
    return replace(bare, examples=tuple(Example(lead, scorer(*lead_values(bare, lead))) for lead in leads))


def check(artifact: Artifact, columns: Sequence[Sequence[Any]], theirs: Floats) -> float:
    """The largest distance between the artifact's scores and those of scikit-learn.

    Args:
        artifact: The exported model.
        columns: Raw values, one sequence of length n per feature.
        theirs: scikit-learn's scores, shape (n,).

    Raises:
        ExportRefused: The distance is above 1e-9.
    """
    scorer = make_scorer(artifact)
    ours = np.fromiter((scorer(*values) for values in zip(*columns, strict=True)), dtype=np.float64)
    worst = float(np.max(np.abs(ours - theirs)))
    if not worst <= TOLERANCE:
        raise ExportRefused(
            f"the exported model differs from the fitted one by {worst:.3g} on a holdout row; nothing was written"
        )
    return worst
