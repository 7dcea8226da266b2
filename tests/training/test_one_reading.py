"""Trainer, validator, predictor and replay give every lead of a table the same values and the same score, whatever the table holds.

Tables are drawn from what people's files hold, and models have arbitrary weights: what is read does not depend on what is learned. A few
tables go all the way with models that are fitted.
"""

import json
import os
import random
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest

from leadmodel_artifact import lead
from leadmodel_artifact.artifact import dump
from leadmodel_artifact.compiler import code_line
from leadmodel_artifact.lead import coded, codes, lead_values
from leadmodel_artifact.model import Feature, FeatureKind
from leadmodel_local import rows as replayed_rows
from leadmodel_messages.numbers import PLAIN, reading_of
from leadmodel_predictor.jobs import holdout
from leadmodel_predictor.serving import decode, text_numbers
from leadmodel_predictor.serving.compiled import lead_functions
from leadmodel_predictor.serving.slots import load_slot, pair
from leadmodel_training.calendar_features import calendar_features
from leadmodel_training.pipeline import export_model, fit_model, train_model
from leadmodel_training.recipes import Recipe
from leadmodel_training.request import TrainingRequest
from leadmodel_training.rows import read
from leadmodel_training.split import TrainingRefused
from leadmodel_training.step_timer import StepTimer
from support.lead_tables import drawn
from support.reading_differences import differences
from support.readings import NOW, as_travels, exported, prepared
from support.small_models import linear

SMALL = linear()
FULL = bool(os.environ.get("LEADMODEL_FULL"))
TABLES, CHUNK = 10_000 if FULL else 300, 100  # of 120 to 260 leads each
FITTED = 40 if FULL else 8  # tables of 1,200 leads
LEAST_ACCEPTED = (
    2 / 3
)  # of a hundred tables, of which 87 are accepted on average; a trainer that refuses all agrees with everybody
CONTROLS = 150  # tables in which a broken rule shows


def unlike(seed: int, file: Path) -> list[str] | None:
    """How programs differ on a table, by both recipes; None where the trainer refuses the table."""
    of = prepared(drawn(seed, json_lines=seed % 2 == 0))
    if of is None:
        return None
    return [
        f"table {seed}, {recipe}: {difference}"
        for recipe in Recipe
        for difference in differences(exported(of, recipe, seed), file)
    ]


@pytest.mark.parametrize("first", range(0, TABLES, CHUNK))
def test_every_lead_has_the_values_that_training_gave_it(first, tmp_path):
    answers = [unlike(seed, tmp_path / "leads") for seed in range(first, first + CHUNK)]
    accepted = [answer for answer in answers if answer is not None]
    assert len(accepted) >= LEAST_ACCEPTED * CHUNK
    assert list(chain.from_iterable(accepted)) == []


BROKEN = {  # a public name, and what a reader with a rule of its own has in its place
    "the predictor takes every word for a level": (
        lead_functions,
        "codes",
        lambda feature: codes(replace(feature, missing=())),
    ),
    "the validator reads plain numbers alone": (
        holdout, "read_column", lambda counts, **_: reading_of(PLAIN, counts.items()),
    ),
    "the predictor knows no word for a missing number": (text_numbers, "number_of", float),
    "the predictor knows no word for a missing time": (decode, "is_missing_word", lambda _: False),
    "the artifact's readers know no word for a missing value": (lead, "is_missing", lambda _, value: value is None),
    "the replay reads plain numbers alone": (
        replayed_rows, "read_column", lambda counts, **_: reading_of(PLAIN, counts.items()),
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", BROKEN)
def test_a_reader_with_a_rule_of_its_own_is_caught(rule, monkeypatch, tmp_path):
    """The control: a reader that broke one rule would be seen."""
    monkeypatch.setattr(*BROKEN[rule])
    assert any(unlike(seed, tmp_path / "leads") for seed in range(CONTROLS))


@pytest.mark.parametrize("recipe", Recipe)
@pytest.mark.parametrize("seed", range(FITTED // 2))
def test_a_fitted_model_agrees_as_one_with_arbitrary_weights_does(seed, recipe, tmp_path):
    table = drawn(seed, json_lines=seed % 2 == 0, rows=1200)
    request = replace(table.request, calibration_share=0.0, recipe=recipe)
    of = prepared(replace(table, request=request))
    try:
        whole = train_model(read(table.data), request, NOW, StepTimer())
    except (TrainingRefused, ValueError):
        assert of is None
        return
    assert of is not None
    trained, times = of.split.trained, of.leads.times
    values = of.encoded(of.features)[trained]
    fitted, _ = fit_model(of.split, of.features, values, of.leads.outcome, request)
    calendar = calendar_features(of.features, values, times[trained], request.seed)
    artifact, held = export_model(of.leads, of.split, fitted, request, NOW, calendar=calendar)
    assert (dump(artifact), held) == (dump(whole.artifact), whole.holdout)
    assert list(differences(as_travels(of, fitted, artifact, held), tmp_path / "leads")) == []


BOTH = Feature("x", FeatureKind.CATEGORICAL, "x", levels=("0", "1", "a", "false", "true"))


@pytest.mark.parametrize(
    ("value", "level"), [(True, "true"), (False, "false"), (1, "1"), (0.0, "0"), (2, None)]
)
def test_true_is_another_level_than_one(value, level):
    """Python takes true for 1 where it looks a value up; JSON does not."""
    code = BOTH.levels.index(level) if level else len(BOTH.levels)
    assert lead_values(replace(SMALL, features=(BOTH,)), {"x": value}) == (value,)
    assert coded((BOTH,), (value,)) == (code,)


@pytest.mark.parametrize("value", [True, False, 1, 0, 0.0, 2, "1", "true", "True", "b", None])
@pytest.mark.parametrize(
    "feature", [BOTH, replace(BOTH, levels=("1", "2")), replace(BOTH, levels=("a", "b"))]
)
def test_a_line_of_compiled_code_codes_as_the_table_does(feature, value):
    table, other, namespace = codes(feature), len(feature.levels), {}
    exec(f"def code(x0):\n{code_line(0, table, other, namespace)}\n    return x0", namespace)
    assert namespace["code"](value) == table.get(value, other)


def test_a_plain_dictionary_takes_true_for_one():
    """The control: without the class of its own, true would have the code of the level 1."""
    assert dict(codes(BOTH)).get(True) == BOTH.levels.index("1")


def test_a_column_of_flags_and_numbers_serves_both():
    chance = random.Random(5)
    leads = [
        {"x": chance.choice([True, False, 1, 0]), "z": chance.random(), "y": int(chance.random() < 0.4)}
        for _ in range(1200)
    ]
    data = "\n".join(map(json.dumps, leads)).encode()
    artifact = train_model(read(data), TrainingRequest(holdout_share=0.4), NOW, StepTimer()).artifact
    reader = pair(load_slot(dump(artifact), None), None).reader
    scores = {
        json.dumps(x): reader.score(reader.decode(json.dumps({"x": x, "z": 0.5}).encode()), 0)[0]
        for x in (True, 1, False, 0)
    }
    assert len(set(scores.values())) == 4
