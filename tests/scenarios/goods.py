"""What the scenarios upload and send: small models whose worth is known, labelled leads, live leads. The same bytes each time."""

import csv
import io
import random
from dataclasses import replace
from functools import cache
from typing import Any

from leadmodel_artifact.artifact import digest, dump
from leadmodel_artifact.compiler import make_scorer
from leadmodel_artifact.lead import lead_values
from leadmodel_artifact.model import Artifact, DataWindow, Example, FeatureKind, Reference
from leadmodel_artifact.reference import SCORE, build
from support.small_models import FEATURES, leads, linear

TRUTH = 1.5  # the weight of the world


@cache
def model(weight: float, version: int, *, spoilt: bool = False) -> bytes:
    """A linear model: the nearer its weight to 1.5, the better. `spoilt`: its reference is of leads that nobody sends."""
    found = replace(linear(weight, version=version), data=DataWindow(rows=8000, positives=900))
    if spoilt:
        found = _refer(found, [_spoil(lead) for lead in leads(2000)])
    scorer = make_scorer(found)
    examples = tuple(Example(e.lead, scorer(*lead_values(found, e.lead))) for e in found.examples)
    return dump(replace(found, examples=examples))


def _spoil(lead: dict[str, Any]) -> dict[str, Any]:
    return {**lead, "age": 90.0, "source": "import", "details": ""}


def _refer(found: Artifact, rows: list[dict[str, Any]]) -> Artifact:
    scorer, values = make_scorer(found), [lead_values(found, lead) for lead in rows]
    hours = [row[3] for row in values]
    parts = [build(SCORE, FeatureKind.NUMERIC, [scorer(*row) for row in values], hours)]
    parts += [
        build(f.name, f.kind, [row[i] for row in values], hours, levels=f.levels)
        for i, f in enumerate(FEATURES[:3])
    ]
    counts = tuple(hours.count(hour) for hour in range(24))
    return replace(found, reference=Reference("holdout-newest/v1", len(rows), tuple(parts), counts))


@cache
def holdout(count: int = 3000) -> bytes:
    """Leads with outcomes of that world."""
    truth, chance = linear(TRUTH), random.Random(5)
    scorer = make_scorer(truth)
    out = io.StringIO()
    rows = leads(count, seed=11)
    table = csv.DictWriter(out, [*rows[0], "y"])
    table.writeheader()
    for row in rows:
        table.writerow({**row, "y": int(chance.random() < scorer(*lead_values(truth, row)))})
    return out.getvalue().encode()


def live(count: int = 400, seed: int = 21) -> list[dict[str, Any]]:
    """Leads as they always came. Without a time: they come now, whatever hour that is."""
    return [{k: v for k, v in lead.items() if k != "created_at"} for lead in leads(count, seed=seed)]


def moved(count: int = 400, seed: int = 22) -> list[dict[str, Any]]:
    """Leads of another world: older people, long texts, a source nobody knew."""
    strange = {"source": "fair"}
    return [
        {**lead, **strange, "age": lead["age"] + 30.0, "details": lead["details"] * 6}
        for lead in live(count, seed)
    ]


GOOD, FAIR, BETTER, BAD = (
    model(0.9, 1_767_000_001),
    model(0.5, 1_767_000_002),
    model(1.5, 1_767_000_003),
    model(-0.5, 1_767_000_004),
)
SPOILT = model(1.5, 1_767_000_005, spoilt=True)
NO_MODEL = b'{"schema": "leadmodel/v9"}'
NAMES = {
    digest(raw): name
    for name, raw in {
        "GOOD": GOOD,
        "FAIR": FAIR,
        "BETTER": BETTER,
        "BAD": BAD,
        "SPOILT": SPOILT,
        "NO_MODEL": NO_MODEL,
    }.items()
}
