"""Trainer, validator and predictor give every lead of a table the same values and the same score, whatever the table holds.

Tables are drawn from what people's files hold: marks in numbers, words for missing, booleans, codes, names that a model uses itself.
"""

import csv
import io
import json
import os
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from leadmodel_artifact.artifact import dump, load
from leadmodel_artifact.lead import coded, codes, lead_values
from leadmodel_artifact.model import Feature, FeatureKind
from leadmodel_artifact.values import MISSING_WORDS
from leadmodel_predictor.jobs import holdout
from leadmodel_predictor.serving.columns import ColumnReader
from leadmodel_predictor.serving.slots import load_slot, pair
from leadmodel_training import kinds
from leadmodel_training.pipeline import train_model
from leadmodel_training.recipes import Fitted, Recipe
from leadmodel_training.request import TrainingRequest
from leadmodel_training.rows import read
from leadmodel_training.step_timer import StepTimer
from support.small_models import linear

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SMALL = linear()
TABLES = 300 if os.environ.get("LEADMODEL_FULL") else 12  # of 1,200 leads each
Lead = dict[str, Any]


def drawn(seed: int, *, json_lines: bool) -> list[Lead]:
    """Leads of a random table, each value as a file of that kind holds it."""
    chance = random.Random(seed)
    columns = [_column(chance, json_lines=json_lines) for _ in range(chance.randint(3, 7))]
    names = chance.sample(NAMES, len(columns))
    leads = []
    for i in range(1200):
        signal = chance.random()
        values = {name: column(signal, i) for name, column in zip(names, columns, strict=True)}
        if "details" in values:
            values["details"] = "x" * int(signal * 30)
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=7 * i)
        leads.append(
            {"created_at": at.isoformat(), **values, "y": int(chance.random() < 0.15 + 0.6 * signal)}
        )
    return leads


NAMES = [
    "score", "hour_of_day", "details_len", "age", "source", "time", "a b", "größe", "n" * 300, "self", "f0", "missing", "details",
    "NA", "true", "__proto__", "lead", "features", "%s",
]  # fmt: skip


def _column(chance: random.Random, *, json_lines: bool) -> Any:
    """A function of a number between 0 and 1 and of the row that gives one field of a lead."""
    gaps, word = (
        chance.choice([0, 0, 0.004, 0.2]),
        chance.choice(["", "NA", "n/a", "None", "null", "N/A", "nan"]),
    )
    empty = chance.choice([0, 0, 0.1])
    kinds = [
        lambda s: round(s * 100 + chance.gauss(0, 30), 2),
        lambda s: int(s * 5 + chance.randrange(3)),
        lambda s: ["DE", "NA", "FR", "null"][int(s * 3.99)],
        lambda s: ["ads", "web", "None", "unknown"][int(s * 3.99)],
        lambda s: "x" * int(s * 30),
        lambda s: ["18_24", "25_34", "35_44"][int(s * 2.99)],
    ]
    if json_lines:
        kinds += [
            lambda s: chance.random() < s,
            lambda s: [True, "maybe", False][int(s * 2.99)],
            lambda s: [1, "a", 2.0, "b"][int(s * 3.99)],
            lambda s: [True, 1, "a", False, 0][int(s * 4.99)],
            lambda s: str(round(s * 50 + chance.gauss(0, 9), 1)),
            lambda s: 2**60 + int(s * 9),
            lambda s: [float("inf"), 1.5, s, float("nan")][chance.randrange(4)],
        ]
    else:
        kinds += [
            lambda s: f"{s * 9000 + chance.random() * 900:,.2f}",
            lambda s: f"{s * 90 + chance.random() * 90:.2f}".replace(".", ","),
            lambda s: f"$ {int(s * 9000):,}",
            lambda s: f"{int(s * 90)} %",
            lambda s: str(chance.random() < s),
            lambda s: "true" if chance.random() < s else "false",
        ]
    kind = chance.choice(kinds)

    def value(signal: float, _row: int) -> Any:
        at = chance.random()
        if at < gaps:
            return word
        return (None if json_lines else "") if at < gaps + empty else kind(signal)

    return value


def as_file(leads: list[Lead], *, json_lines: bool) -> bytes:
    if json_lines:
        return "\n".join(map(json.dumps, leads)).encode()
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(leads[0]))
    writer.writeheader()
    writer.writerows(leads)
    return text.getvalue().encode()


def trained(
    data: bytes, recipe: str, monkeypatch: pytest.MonkeyPatch
) -> tuple[Any, bytes, np.ndarray, np.ndarray]:
    """The artifact as it travels, its holdout, and the encoded values and scores of the trainer's own pipeline on the holdout."""
    kept: dict[str, np.ndarray] = {}
    honest = Fitted.predict

    def predict(self, table):
        kept["table"], kept["scores"] = table, honest(self, table)
        return kept["scores"]

    monkeypatch.setattr(Fitted, "predict", predict)
    request = TrainingRequest(recipe=recipe, holdout_share=0.4, allow=tuple(NAMES))
    result = train_model(read(data), request, NOW, StepTimer())
    return load(dump(result.artifact)), result.holdout, kept["table"], kept["scores"]


def encoded(artifact, values) -> list[float]:
    """Coded values as the trainer encodes them: NaN for a missing one."""
    return [
        float("nan")
        if v is None or (f.kind is FeatureKind.CATEGORICAL and v == len(f.levels) + 1)
        else float(v)
        for f, v in zip(artifact.features, coded(artifact.features, values), strict=True)
    ]


def sent(lead: Lead) -> Lead:
    """The lead as a caller sends it who writes numbers as JSON does and leaves out what is empty."""
    return {
        name: value
        for name, value in lead.items()
        if name != "y" and value not in ("", None) and not _odd(value)
    }


def _odd(value: Any) -> bool:
    return isinstance(value, float) and not np.isfinite(value)


@pytest.mark.parametrize("recipe", Recipe)
@pytest.mark.parametrize("json_lines", [False, True])
@pytest.mark.parametrize("seed", range(TABLES))
def test_every_lead_has_the_values_that_training_gave_it(seed, json_lines, recipe, monkeypatch):
    leads = drawn(seed, json_lines=json_lines)
    artifact, held, table, scores = trained(as_file(leads, json_lines=json_lines), recipe, monkeypatch)
    validated = [lead_values(artifact, lead) for lead, _ in holdout.read(held, artifact)]
    assert len(validated) == len(table)
    np.testing.assert_array_equal([encoded(artifact, values) for values in validated], table)

    original = holdout.read(as_file(leads[-len(table) :], json_lines=json_lines), artifact)
    same = [encoded(artifact, lead_values(artifact, lead)) for lead, _ in original]
    np.testing.assert_array_equal(same, table)

    slots = pair(load_slot(dump(artifact), None), None)
    bodies = [lead for lead, _ in holdout.read(held, artifact)]
    if json_lines:
        bodies = [sent(lead) for lead in leads[-len(table) :]]
    for body, score in zip(bodies, scores, strict=True):
        lead = slots.reader.decode(json.dumps(body).encode())
        assert abs(slots.reader.score(lead, slots.reader.hour(lead, 0))[0] - score) < 1e-9
    columns = {name: [body.get(name) for body in bodies] for name in {n for body in bodies for n in body}}
    reader = ColumnReader(slots.reader, 10_000)
    read_columns = reader.columns(json.dumps(columns).encode())
    rows = reader.values(read_columns, reader.hours(read_columns, len(bodies), 0))
    batch = [slots.champion.scorer(*row) for row in rows]
    assert np.abs(np.array(batch) - scores).max() < 1e-9


def test_a_reader_with_a_rule_of_its_own_is_caught(monkeypatch):
    """Control: a predictor that takes every word for a level differs on some table."""
    monkeypatch.setattr(kinds, "missing_words", lambda *_: MISSING_WORDS)
    differing = 0
    for seed in range(6):
        data = as_file(drawn(seed, json_lines=False), json_lines=False)
        artifact, _, table, _ = trained(data, Recipe.TREES, monkeypatch)
        blind = replace(artifact, features=tuple(replace(f, missing=()) for f in artifact.features))
        for reader in (artifact, blind):
            rows = holdout.read(data, reader)[-len(table) :]
            values = [encoded(reader, lead_values(reader, lead)) for lead, _ in rows]
            same = np.array_equal(values, table, equal_nan=True)
            assert same or reader is blind
            differing += not same
    assert differing


BOTH = Feature("x", FeatureKind.CATEGORICAL, "x", levels=("0", "1", "a", "false", "true"))


@pytest.mark.parametrize(
    ("value", "level"), [(True, "true"), (False, "false"), (1, "1"), (0.0, "0"), (2, None)]
)
def test_true_is_another_level_than_one(value, level):
    """Python takes true for 1 where it looks a value up; JSON does not."""
    code = BOTH.levels.index(level) if level else len(BOTH.levels)
    assert lead_values(replace(SMALL, features=(BOTH,)), {"x": value}) == (value,)
    assert coded((BOTH,), (value,)) == (code,)


def test_a_plain_dictionary_takes_true_for_one():
    """The control."""
    assert dict(codes(BOTH)).get(True) == BOTH.levels.index("1")


def test_a_column_of_flags_and_numbers_serves_both():
    chance = random.Random(5)
    leads = [
        {"x": chance.choice([True, False, 1, 0]), "z": chance.random(), "y": int(chance.random() < 0.4)}
        for _ in range(1200)
    ]
    data = as_file(leads, json_lines=True)
    artifact = train_model(read(data), TrainingRequest(holdout_share=0.4), NOW, StepTimer()).artifact
    reader = pair(load_slot(dump(artifact), None), None).reader
    scores = {
        json.dumps(x): reader.score(reader.decode(json.dumps({"x": x, "z": 0.5}).encode()), 0)[0]
        for x in (True, 1, False, 0)
    }
    assert len(set(scores.values())) == 4
