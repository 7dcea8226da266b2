"""What was not compared never reads as ok: fields that stay away, hours the reference does not know, dates for instants."""

import json
import time
from dataclasses import replace
from datetime import datetime

import pytest

from leadmodel_artifact import reference as references
from leadmodel_artifact.model import FeatureKind, Reference
from leadmodel_artifact.reference import SCORE, build
from leadmodel_messages.window_document import dump, parse
from leadmodel_messages.window_psi import slot_psis
from leadmodel_messages.window_sums import merge
from leadmodel_predictor.http.predict import Predict
from leadmodel_predictor.serving import slots
from support.predictor_thread import model_of
from support.small_models import leads, linear

GARBAGE = [{"age": 149.0, "source": "?", "details": "x" * 5000, "created_at": "2026-01-05T12:30:00Z"}] * 400


def sent(artifact, rows, previous=None):
    """The model after these leads, and its status."""
    model = model_of(artifact, previous)
    for lead in rows:
        Predict(model).score(json.dumps(lead).encode(), 0.0)
    window = model.ring.window(time.time())
    return window, model.status(window, time.time())


def without(name: str, share: int = 1) -> list[dict[str, object]]:
    """Leads of which one in `share` lacks a field."""
    return [
        {k: v for k, v in lead.items() if k != name or i % share} for i, lead in enumerate(leads(480, seed=3))
    ]


# --- fields that stay away -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "share"), [("age", 1), ("age", 4), ("details", 1), ("details", 4), ("source", 1)]
)
def test_a_field_that_is_no_longer_sent_drifts(name, share):
    feature = "details_len" if name == "details" else name
    window, status = sent(linear(), without(name, share), linear(0.1))
    for slot in (window.champion, window.previous):
        assert slot_psis(slot, 150)[feature].value > 0.25
    assert status["drift_status"] == "alert"
    control, fits = sent(linear(), leads(480, seed=3))
    assert slot_psis(control.champion, 150)[feature].value < 0.1
    assert fits["drift_status"] == "ok"


def test_the_control_without_missing_counts_a_missing_number_is_silent():
    window, _ = sent(linear(), without("age"))
    age = replace(window.champion.features["age"], missing=None)
    blind = replace(window.champion, features={**window.champion.features, "age": age})
    assert "age" not in slot_psis(blind, 150)


def test_missing_counts_add_up_over_replicas_and_survive_the_wire():
    windows = [parse(dump(sent(linear(), without("age", share))[0])) for share in (2, 3)]
    counts = [w.champion.features["age"].missing for w in windows]
    assert [c.observed for c in counts] == [(240, 240), (320, 160)]
    both = merge(windows).champion.features["age"].missing
    assert (both.n, both.observed) == (960, (560, 400))
    assert sum(both.expected) == pytest.approx(960)
    older = {**dump(windows[0])}  # a pod of a release that does not count them
    del older["slots"]["champion"]["features"]["age"]["missing"]
    assert merge([windows[1], parse(older)]).champion.features["age"].missing is None


def test_values_that_were_often_missing_in_training_may_be_missing():
    """Half of the holdout had no age: neither half of the leads without, nor leads with an age each, are drift."""
    artifact = linear()
    rows = [lead if i % 2 else {**lead, "age": None} for i, lead in enumerate(leads(2000))]
    hours = [datetime.fromisoformat(str(row["created_at"])).hour for row in rows]
    age = build("age", FeatureKind.NUMERIC, [row["age"] for row in rows], hours)
    rest = tuple(r for r in artifact.reference.features if r.name != "age")
    artifact = replace(artifact, reference=replace(artifact.reference, features=(*rest, age)))
    for share in (2, 900):
        window, _ = sent(artifact, without("age", share))
        assert slot_psis(window.champion, 150)["age"].value < 0.1
    window, _ = sent(artifact, without("age"))
    assert slot_psis(window.champion, 150)["age"].value > 0.25


# --- hours -------------------------------------------------------------------------------------------------------------------


def dated(hours: tuple[int, ...]) -> Reference:
    """The reference of an artifact whose training knew dates only: each row at the midnight of some zone."""
    artifact = linear()
    rows = leads(2000)
    at = [hours[i % len(hours)] for i in range(2000)]
    columns = {
        SCORE: [0.3] * 2000,
        "age": [row["age"] for row in rows],
        "source": [row["source"] for row in rows],
        "details_len": [len(str(row["details"])) for row in rows],
    }
    built = [build(r.name, r.kind, columns[r.name], at, levels=r.levels) for r in artifact.reference.features]
    return Reference("holdout-newest/v1", 2000, tuple(built), tuple(map(at.count, range(24))))


@pytest.mark.parametrize("hours", [(0,), (22, 23), (4, 5)])
def test_an_artifact_that_knows_dates_only_is_compared_without_hours(hours, monkeypatch):
    artifact = replace(linear(), reference=dated(hours))
    window, status = sent(artifact, GARBAGE)
    assert window.champion.unsupported == 0
    assert status["drift_status"] == "alert"
    monkeypatch.setattr(slots, "comparable", lambda reference: reference)  # the control
    window, status = sent(artifact, GARBAGE)
    assert window.champion.unsupported == len(GARBAGE)
    assert (status["drift_status"], status["drift_psi"], status["compared"]) == ("not_compared", None, 0)


def test_real_hours_stay():
    reference = linear().reference
    assert references.comparable(reference) is reference


@pytest.mark.parametrize(
    ("away", "status"), [(0, "ok"), (200, "ok"), (250, "not_compared"), (480, "not_compared")]
)
def test_leads_at_unknown_hours_are_not_ok(away, status):
    counts = tuple(0 if hour == 3 else 80 for hour in range(24))
    artifact = replace(linear(), reference=replace(linear().reference, hours=counts))
    rows = [
        {**lead, "created_at": f"2026-01-05T{3 if i < away else 4 + i % 19:02d}:30:00Z"}
        for i, lead in enumerate(leads(480, seed=3))
    ]
    _, found = sent(artifact, rows)
    assert (found["drift_status"], found["compared"]) == (status, 480 - away)
    assert (found["drift_psi"] is None) == (status == "not_compared")


def test_few_leads_are_warming_up():
    _, status = sent(linear(), leads(100))
    assert (status["drift_status"], status["drift_psi"]) == ("warming_up", None)
