"""Small models for tests: built by hand or trained on generated rows."""

import random
from dataclasses import replace
from datetime import UTC, datetime

from leadmodel_artifact.compiler import make_scorer
from leadmodel_artifact.lead import lead_values
from leadmodel_artifact.model import Artifact, DataWindow, Example, Feature, FeatureKind, Linear, Reference
from leadmodel_artifact.reference import SCORE, build

FEATURES = (
    Feature(
        "age", FeatureKind.NUMERIC, "age", default=40.0, mean=40.0, scale=10.0, minimum=0.0, maximum=150.0
    ),
    Feature("source", FeatureKind.CATEGORICAL, "source", levels=("ads", "web")),
    Feature("details_len", FeatureKind.TEXT_LENGTH, "details", default=0.0, mean=100.0, scale=50.0),
    Feature("hour_of_day", FeatureKind.HOUR_OF_DAY, "created_at", default=12.0, mean=12.0, scale=6.0),
)


def leads(count: int, seed: int = 1) -> list[dict[str, object]]:
    """Leads that nobody sent."""
    chance = random.Random(seed)
    return [
        {
            "age": round(chance.gauss(40, 10), 1) % 150,
            "source": chance.choice(["ads", "web", "fair"]),
            "details": "x" * int(chance.expovariate(1 / 100)),
            "created_at": datetime(2026, 1, 5, chance.randrange(24), 30, tzinfo=UTC).isoformat(),
        }
        for _ in range(count)
    ]


def linear(
    weight: float = 0.5,
    *,
    name: str = "small",
    version: int = 1_767_000_000,
    features: tuple[Feature, ...] = FEATURES,
) -> Artifact:
    """A linear model with a reference of 2,000 generated leads."""
    bare = Artifact(
        name=name,
        version=version,
        trained_at="2026-01-05T00:00:00+00:00",
        recipe="linear",
        auc=0.75,
        n_train=8000,
        n_holdout=2000,
        holdout_digest="sha256:" + "0" * 64,
        features=features,
        model=Linear(-1.0, (weight, 0.3, -0.2, 0.1, 0.4, 0.05)),
        reference=Reference("holdout-newest/v1", 0, ()),
        examples=(),
        data=DataWindow(rows=8000, positives=900),
    )
    scorer, rows = make_scorer(bare), leads(2000)
    values = [lead_values(bare, lead) for lead in rows]
    hours = [row[3] for row in values]
    references = [build(SCORE, FeatureKind.NUMERIC, [scorer(*row) for row in values], hours)]
    references += [
        build(f.name, f.kind, [row[i] for row in values], hours, levels=f.levels)
        for i, f in enumerate(features[:3])
    ]
    counts = tuple(hours.count(hour) for hour in range(24))
    examples = tuple(Example(lead, scorer(*lead_values(bare, lead))) for lead in leads(5, seed=9))
    return replace(
        bare, reference=Reference("holdout-newest/v1", 2000, tuple(references), counts), examples=examples
    )
