"""A time that is no instant has one meaning: whichever model reads times refuses the lead, as champion and as previous model."""

import json
import time
from dataclasses import replace

import pytest

from leadmodel_artifact.compiler import make_scorer
from leadmodel_artifact.lead import lead_values
from leadmodel_artifact.model import Artifact, Example, Feature, FeatureKind, Linear
from leadmodel_messages.window import Window
from leadmodel_predictor.http.batch import Batch
from leadmodel_predictor.http.predict import Predict
from leadmodel_predictor.serving.decode import BadLead, Reader
from leadmodel_predictor.serving.model import Model
from support.predictor_thread import model_of
from support.small_models import FEATURES, linear
from support.virtual_time import run

AGE, _, _, HOUR = FEATURES
STAMP = Feature("stamp", FeatureKind.CATEGORICAL, "created_at", levels=("never",))
UNREADABLE = ["yesterday", "2026-13-05", 7, 1.8e12, True, "x" * 500]
NO_SCALAR = [[1], {"a": 1}]  # what no field of a champion takes
READABLE = ["2026-01-05T03:30:00Z", 1_767_583_800, "1767583800"]  # all at three
MISSING = [None, "", "n/a"]


def of(*features: Feature) -> Artifact:
    """A linear model of these features."""
    width = sum(len(f.levels) + 1 if f.levels else 1 for f in features)
    bare = replace(linear(), features=features, model=Linear(-1.0, (0.1,) * width))
    lead = {"age": 40, "created_at": "2026-01-05T01:30:00Z"}
    return replace(bare, examples=(Example(lead, make_scorer(bare)(*lead_values(bare, lead))),))


def one(model: Model, lead: dict[str, object]) -> None:
    Predict(model).score(json.dumps(lead).encode(), 0.0)


def in_a_list(model: Model, lead: dict[str, object]) -> None:
    run(Batch(model).answer(json.dumps([lead]).encode(), live=True))


def in_columns(model: Model, lead: dict[str, object]) -> None:
    run(Batch(model).answer(json.dumps({k: [v] for k, v in lead.items()}).encode(), live=True))


def window_after(champion: Artifact, previous: Artifact | None, times, send=one) -> Window:
    """The drift window after leads with these times; leads that the champion refuses are in it too."""
    model = model_of(champion, previous)
    for at in times:
        lead = {"age": 40, "created_at": at}
        try:
            send(model, lead)
        except BadLead:
            continue
    return model.ring.window(time.time())


SENDERS = pytest.mark.parametrize("send", [one, in_a_list, in_columns])


@SENDERS
def test_a_champion_that_reads_times_refuses_it(send):
    window = window_after(of(AGE, HOUR), None, [*UNREADABLE, *NO_SCALAR], send)
    assert window.champion is not None
    assert (window.champion.n, window.champion.bad) == (8, 8)


@SENDERS
@pytest.mark.parametrize("champion", [of(AGE), of(AGE, STAMP)], ids=["unread", "read as a category"])
def test_it_is_bad_for_a_previous_model_that_reads_times(champion, send):
    window = window_after(champion, of(AGE, HOUR), UNREADABLE, send)
    assert window.champion is not None
    assert window.previous is not None
    assert (window.champion.n, window.champion.bad) == (6, 0)
    assert (window.previous.n, window.previous.bad) == (6, 6)


@SENDERS
def test_so_is_a_time_that_is_no_scalar(send):
    window = window_after(of(AGE), of(AGE, HOUR), NO_SCALAR, send)
    assert window.previous is not None
    assert (window.previous.n, window.previous.bad) == (2, 2)


@SENDERS
@pytest.mark.parametrize("champion", [of(AGE), of(AGE, STAMP)], ids=["unread", "read as a category"])
def test_missing_times_and_instants_are_not(champion, send):
    window = window_after(champion, of(AGE, HOUR), [*MISSING, *READABLE], send)
    assert window.previous is not None
    assert (window.previous.n, window.previous.bad) == (6, 0)


@SENDERS
@pytest.mark.parametrize("champion", [of(AGE), of(AGE, STAMP)], ids=["unread", "read as a category"])
def test_the_hour_is_that_of_the_lead_for_the_previous_model_too(champion, send):
    model = model_of(champion, of(AGE, HOUR))
    for at in READABLE:
        send(model, {"age": 40, "created_at": at})
    assert [(entry[1], entry[4]) for entry in model.ring.entries] == [(3, (40.0, 3))] * 3


def test_a_model_that_reads_no_time_takes_any():
    window = window_after(of(AGE), of(AGE, replace(AGE, name="again")), [*UNREADABLE, *NO_SCALAR])
    assert window.previous is not None
    assert (window.previous.n, window.previous.bad) == (8, 0)


def test_control_without_the_check_it_counts_as_now(monkeypatch):
    monkeypatch.setattr(Reader, "is_timed", lambda _self, _lead: True)
    window = window_after(of(AGE), of(AGE, HOUR), UNREADABLE)
    assert window.previous is not None
    assert window.previous.bad == 0
