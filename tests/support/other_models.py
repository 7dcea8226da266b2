"""Models that read leads otherwise than the small one: other order, levels, bounds, kinds or fields; and leads that tell them apart."""

from dataclasses import replace

from leadmodel_artifact.compiler import make_scorer
from leadmodel_artifact.lead import lead_values
from leadmodel_artifact.model import Artifact, Example, Feature, FeatureKind
from support.small_models import FEATURES, leads, linear

AGE, SOURCE, DETAILS, HOUR = FEATURES


def taken(feature: Feature) -> object:
    """A value that a feature takes."""
    if feature.kind is FeatureKind.NUMERIC:
        return 5 if feature.maximum == 9 else 40
    return "2026-01-05T01:30:00" if feature.kind is FeatureKind.HOUR_OF_DAY else "ads"


def of(*features: Feature, name: str = "older") -> Artifact:
    """A model of some features."""
    bare = linear(0.1, name=name)
    width = sum(len(f.levels) + 1 if f.levels else 1 for f in features)
    weights = tuple(0.1 * (i + 1) for i in range(width))
    kept = replace(bare, features=features, model=replace(bare.model, coefficients=weights))
    return exemplified(kept)


def exemplified(artifact: Artifact) -> Artifact:
    lead = {f.source: taken(f) for f in artifact.features}
    return replace(artifact, examples=(Example(lead, make_scorer(artifact)(*lead_values(artifact, lead))),))


OTHERS = {
    "same": of(*FEATURES),
    "other order": of(DETAILS, HOUR, AGE, SOURCE),
    "other levels": of(AGE, replace(SOURCE, levels=("fair", "ads", "zoo")), DETAILS, HOUR),
    "other bounds": of(replace(AGE, minimum=35.0, maximum=45.0), SOURCE, DETAILS, HOUR),
    "required": of(replace(AGE, required=True), SOURCE, DETAILS, HOUR),
    "one more number": of(AGE, Feature("extra", FeatureKind.NUMERIC, "extra", maximum=9.0), SOURCE),
    "one more word": of(
        AGE, Feature("word", FeatureKind.CATEGORICAL, "word", levels=("a", "b"), required=True)
    ),
    "a number read as a word": of(Feature("age", FeatureKind.CATEGORICAL, "age", levels=("30",)), SOURCE),
    "text and word of one field": of(
        DETAILS, Feature("word", FeatureKind.CATEGORICAL, "details", levels=("x",))
    ),
}
SENT = [
    *leads(20, seed=8),
    {"age": None},
    {"age": 30, "extra": 3, "word": "b"},
    {"age": 30, "extra": 10, "word": "c"},
    {"age": 30, "extra": "many", "word": 5},
    {"age": 30, "extra": [[[]]], "word": {}},
    {"age": None, "extra": True, "word": None},
]
