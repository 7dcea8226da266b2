"""A replay trains only on nights that can train, and says before and while it plays how long that takes."""

import asyncio
import random
from datetime import UTC, datetime

import pytest

from leadmodel_local.replay import simulation
from leadmodel_local.replay.leads import PastLeads
from leadmodel_local.replay.nights import Outcomes, Progress, duration
from leadmodel_local.replay.programs import Result
from leadmodel_local.replay.simulation import Replay
from leadmodel_local.rows import LeadsError
from leadmodel_operator.reconcile import Key
from leadmodel_operator.resource.fields import Duration
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.spec_schedules import Retraining
from leadmodel_operator.resource.spec_sources import ArtifactSource, HoldoutSource, LeadsSource

DAY = 86400.0
START = datetime(2026, 1, 5, tzinfo=UTC).timestamp()


def leads(days: int, per_day: int, rate: float, seed: int = 1) -> PastLeads:
    chance = random.Random(seed)
    times = [START + DAY * i / per_day for i in range(days * per_day)]
    rows = [{"age": str(chance.randrange(90)), "y": str(int(chance.random() < rate))} for _ in times]
    return PastLeads(rows, times, "y")


def retraining(**fields) -> Retraining:
    return Retraining(leads=LeadsSource(uri="s3://leads/leads.csv"), **fields)


def replay(past: PastLeads, folder) -> Replay:
    spec = Spec(
        artifact=ArtifactSource(uri="s3://leads/model.json"),
        holdout=HoldoutSource(uri="s3://leads/holdout.csv.gz"),
        retraining=retraining(),
    )
    return Replay(past, spec, Key("sales", "conversion"), folder, lambda _: None, 43200.0, warm_up=1)


@pytest.mark.parametrize("horizon", [None, "48h"])
@pytest.mark.parametrize("rate", [0.02, 0.5, 0.97])
def test_a_night_is_hopeless_where_twice_the_least_is_not_there(rate, horizon):
    past = leads(12, 100, rate)
    outcomes = Outcomes(past, retraining(horizon=Duration(horizon) if horizon else None))
    for day in range(13):
        at = START + day * DAY
        known = [(t, row["y"]) for t, row in zip(past.times, past.rows, strict=True) if t < at]
        if horizon and known:
            known = [(t, y) for t, y in known if t <= known[-1][0] - 2 * DAY]
        least = min(sum(y == word for _, y in known) for word in "01")
        assert (outcomes.why_hopeless(at) is None) is (least >= 200)


def trainings(past: PastLeads, folder, monkeypatch) -> tuple[int, list[str]]:
    """How many trainings a replay starts, each of which would be refused, and the events of all days."""
    started = []

    def refused(command, _folder, _environ=None):
        started.append(command)
        return Result(1, '{"error": "TooFewOutcomes", "message": "too few"}', "too few")

    monkeypatch.setattr(simulation, "run", refused)
    days = asyncio.run(replay(past, folder).run())
    return len(started), [event.reason for day in days for _, event in day.events]


def test_nights_without_enough_outcomes_are_told_once_and_train_nothing(tmp_path, monkeypatch):
    started, reasons = trainings(leads(6, 40, 0.3), tmp_path, monkeypatch)
    assert started == 0
    assert reasons.count("RetrainingFailed") == 1


def test_the_control_each_such_night_trains(tmp_path, monkeypatch):
    monkeypatch.setattr(Outcomes, "why_hopeless", lambda *_: None)
    assert trainings(leads(6, 40, 0.3), tmp_path, monkeypatch)[0] >= 5


def test_a_replay_that_can_never_train_is_refused_before_it_begins(tmp_path):
    with pytest.raises(LeadsError, match=r"no night of this replay can train: .* give more leads"):
        replay(leads(6, 40, 0.3), tmp_path).costs()


def test_skipped_nights_cost_nothing_and_later_ones_grow(tmp_path):
    playing = replay(leads(9, 120, 0.5), tmp_path)
    costs = playing.costs()
    assert len(costs) == 8
    assert playing.skipped() == 3
    assert costs[0] < 2 < 4 < costs[-2] <= costs[-1] + 1e-9


def test_time_left_follows_what_days_have_taken():
    now, lines = [0.0], []
    progress = Progress([1.0, 1.0, 2.0, 4.0], lambda: now[0], lines.append)
    assert progress.expected() == 8
    now[0] = 3.0
    progress.next_day()
    assert (progress.expected(), lines) == (21.0, [])  # three times slower than expected, and told too lately
    now[0] = 12.0
    progress.next_day()
    assert lines == ["2 of 4 days are played; about 36 s left"]


@pytest.mark.parametrize(("seconds", "words"), [(0.2, "1 s"), (61, "61 s"), (600, "10 min"), (9000, "2.5 h")])
def test_durations(seconds, words):
    assert duration(seconds) == words
