"""Personal data stays out of artifact and holdout, unless the person who trains allows a column."""

import gzip
import random
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from leadmodel_artifact.artifact import dump
from leadmodel_artifact.model import Feature, FeatureKind
from leadmodel_training import holdout, personal_data, pipeline
from leadmodel_training.columns import TEXT, Rows, Texts, Values, texts
from leadmodel_training.personal_data import Screening, numbers_people, redacted
from leadmodel_training.pipeline import train_model
from leadmodel_training.request import TrainingRequest
from leadmodel_training.step_timer import StepTimer

NOW = datetime(2026, 3, 1, tzinfo=UTC)
N = 3000


@pytest.fixture(scope="module")
def leads():
    chance = random.Random(11)
    score = [chance.random() for _ in range(N)]
    people = ["Anna Walker", "Jonas Schmidt", "Lea Dubois"]
    columns = {
        "y": [str(int(chance.random() < 0.2 + 0.6 * s)) for s in score],
        "visits": [str(int(20 * s) + chance.randint(0, 5)) for s in score],
        "income": [str(round(chance.lognormvariate(10, 2), 2)) for _ in score],
        "contact_no": [str(chance.randint(2010000000, 9899999999)) for _ in score],
        "number": [str(chance.randint(100000000, 899999999)) for _ in score],
        "full_name": [chance.choice(people) for _ in score],
        "status": [chance.choice(["HIV positive", "fine", "unknown"]) for _ in score],
        "diagnosis": [chance.choice(["a", "b"]) for _ in score],
        "source": [
            f"lead{i}@example.org" if chance.random() < 0.2 else chance.choice(["web", "fair"])
            for i in range(N)
        ],
        "budget": [
            f"buyer{i}@example.org" if chance.random() < 0.005 else str(int(s * 1000))
            for i, s in enumerate(score)
        ],
    }
    return Rows({name: texts(values) for name, values in columns.items()})


def trained(leads, recipe="trees", **more):
    return train_model(leads, replace(TrainingRequest(recipe=recipe), **more), NOW, StepTimer())


@pytest.mark.parametrize("recipe", ["trees", "linear"])
def test_neither_artifact_nor_holdout_holds_personal_data(leads, recipe, capsys):
    result = trained(leads, recipe)
    artifact, holdout = dump(result.artifact).decode(), gzip.decompress(result.holdout).decode()
    assert {f.source for f in result.artifact.features} == {"visits", "income", "status", "source", "budget"}
    for text in (artifact, holdout):
        assert "@example.org" not in text
        assert "Walker" not in text
        assert "contact_no" not in text
    assert "HIV" not in artifact
    header = holdout.splitlines()[0].split(",")
    assert sorted(header) == ["budget", "income", "source", "status", "visits", "y"]
    noted = capsys.readouterr().err
    for column in ("contact_no", "number", "full_name", "status", "diagnosis"):
        assert f"column {column!r}" in noted
    assert "Walker" not in noted


def test_allowed_columns_stay(leads):
    result = trained(leads, allow_personal=("contact_no", "full_name", "status"))
    assert {"contact_no", "full_name", "status"} <= {f.source for f in result.artifact.features}
    levels = {f.source: f.levels for f in result.artifact.features}
    assert "HIV positive" in levels["status"]


def test_without_the_screening_thresholds_are_phone_numbers(leads, monkeypatch):
    """The control: a tree that reads numbers of people publishes them."""
    monkeypatch.setattr(pipeline, "screen", lambda features, _rows, _allowed: Screening(tuple(features), ()))
    monkeypatch.setattr(holdout, "redacted", lambda column, _feature: column)
    result = trained(leads)
    assert "contact_no" in {f.source for f in result.artifact.features}
    assert "Walker" in dump(result.artifact).decode()
    assert "@example.org" in gzip.decompress(result.holdout).decode()


def drawn(low, high, count=500):
    return np.random.default_rng(3).integers(low, high, count).astype(float)


@pytest.mark.parametrize("head", ["contact", "name", "Person"])
@pytest.mark.parametrize(("kinds", "stays"), [(3, True), (60, False)])
def test_a_head_that_may_name_people_counts_where_the_values_are_many(head, kinds, stays):
    chance = random.Random(5)
    values = [f"kind {chance.randrange(kinds)}" for _ in range(N)]
    outcome = [str(int(value < "kind 3" and chance.random() < 0.7)) for value in values]
    columns = {"y": outcome, "visits": [str(chance.randint(0, 9)) for _ in values], head: values}
    result = trained(Rows({name: texts(column) for name, column in columns.items()}))
    assert (head in {f.source for f in result.artifact.features}) is stays


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("x", drawn(2010000000, 9899999999)),
        ("x", drawn(100000000, 899999999)),
        ("x", drawn(491510000000, 491799999999)),
        ("x", drawn(4000000000000000, 5500000000000000)),
        ("x", drawn(1000000, 9999999)),
        ("phone", np.repeat(drawn(2010000000, 9899999999, 10), 20)),
        ("ssn", drawn(100000000, 899999999, 12)),
    ],
)
def test_numbers_of_people(name, numbers):
    assert numbers_people(name, numbers)


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("visits", drawn(0, 1000)),
        ("signed_up", drawn(1600000000, 1700000000)),
        ("signed_up", drawn(1600000000000, 1700000000000)),
        ("revenue", np.random.default_rng(1).lognormal(14, 2, 500).round(2)),
        ("budget", drawn(10000, 90000) * 1000),
        ("phone_calls", drawn(0, 40)),
        ("account_age", drawn(0, 4000)),
    ],
)
def test_measures_stay(name, numbers):
    assert not numbers_people(name, numbers)


def numbers_told(errors):
    """The words that training tells people, without punctuation."""
    return {word.strip(";,.:") for word in errors.split()}


def test_nothing_is_told_of_the_values_of_a_column_of_personal_data(leads, capsys):
    trained(leads)
    errors = capsys.readouterr().err
    assert "column 'contact_no': a number" not in errors
    assert "column 'contact_no' is left out" in errors
    phones = {f"{float(number):g}" for number in leads.columns["contact_no"]}
    assert phones.isdisjoint(numbers_told(errors))
    assert "column 'visits': a number from 0 to" in errors


def test_a_screen_that_lets_all_pass_tells_of_a_column_of_numbers(leads, capsys, monkeypatch):
    """The control: a column that the screen keeps is told of, its range in two digits where numbers are long."""
    monkeypatch.setattr(pipeline, "screen", lambda features, _rows, _allowed: Screening(tuple(features), ()))
    trained(leads, "linear")
    line = next(line for line in capsys.readouterr().err.splitlines() if "'contact_no'" in line)
    assert "a number from 2e+09 to 9.9e+09" in line


class CountingDetector:
    """A detector that keeps the texts it was given."""

    def __init__(self):
        self.read = []

    def redact(self, text):
        self.read.append(text)
        return f"[{len(self.read)}]", {}


def test_a_text_that_many_leads_have_is_redacted_once(monkeypatch):
    """Long texts stand for each row of a plain file; the control below redacts each of them."""
    detector = CountingDetector()
    monkeypatch.setattr(personal_data, "default", lambda: detector)
    column = Texts(Values(np.array(["call me", "web", "call me", None], TEXT)), np.arange(4, dtype=np.int32))
    feature = Feature("notes", FeatureKind.CATEGORICAL, "notes", levels=("web",))
    assert redacted(column, feature) == ["[1]", "web", "[1]", None]
    assert detector.read == ["call me"]
    monkeypatch.setattr(personal_data, "cache", lambda find: find)
    assert redacted(column, feature) == ["[2]", "web", "[3]", None]
