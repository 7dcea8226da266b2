"""Drawn leads: each switch does to the file what its truth says, and the trainer takes the file."""

import csv
import gzip
import json
import os
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path

import numpy as np
import pytest

from leadmodel_statistics.ranking import delong
from leadmodel_training.__main__ import main as train
from leadmodel_training.columns import plain as values
from leadmodel_training.rows import read
from leadmodel_training.synth import main, main_under_old_name, program_under_old_name
from leadmodel_training.synth_texts import BUYING, WISHES, filler
from leadmodel_training.synth_truth import truth_path
from leadmodel_training.world import (
    DEFAULT_SIZE,
    IMPORTED,
    NEW,
    Shift,
    ShiftKind,
    World,
    bayes_auc,
)
from leadmodel_training.world_days import draw

CALM = World(per_day=3000)


def shifted(kind: ShiftKind, day: int = 4, size: float | None = None) -> World:
    return replace(CALM, shifts=(Shift(kind, DEFAULT_SIZE[kind] if size is None else size, day),))


def parts(world: World, days: int = 8, turn: int = 4, seed: int = 7):
    """Leads before and after the shift."""
    return draw(world, seed, range(turn)), draw(world, seed, range(turn, days))


def written(tmp_path, *flags: str, name: str = "leads.csv"):
    out = tmp_path / name
    assert main(["--seed", "3", "--days", "6", "--per-day", "500", *flags, "--out", str(out)]) == 0
    return read(out.read_bytes()), json.loads(truth_path(out).read_text())


def test_the_same_seed_draws_the_same_bytes(tmp_path):
    for name in ("a.csv.gz", "b.csv.gz"):
        written(tmp_path, name=name)
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()


def test_a_longer_period_begins_with_the_shorter_one():
    short, long = draw(CALM, 5, range(3)), draw(CALM, 5, range(6))
    assert np.array_equal(short.time, long.time[: len(short)])
    assert np.array_equal(short.y, long.y[: len(short)])
    assert not np.array_equal(short.time[:50], draw(CALM, 6, range(3)).time[:50])


@pytest.mark.parametrize("name", ["leads.csv", "leads.jsonl", "leads.csv.gz", "leads.jsonl.gz"])
def test_every_format_holds_the_same_leads(tmp_path, name):
    plain, known = written(tmp_path)
    other, _ = written(tmp_path, name=name)
    assert len(other) == known["rows"]
    for column in ("created_at", "details", "source", "industry", "country"):
        assert list(other.columns[column]) == list(plain.columns[column])
    for column in ("staff", "visits", "y"):
        found, wanted = values(other.columns[column]), values(plain.columns[column])
        assert [v and int(v) for v in found] == [v and int(v) for v in wanted]


def test_the_truth_counts_what_the_file_holds(tmp_path):
    rows, known = written(tmp_path, "--shift", "zeros:30@3")
    assert known["rows"] == len(rows)
    assert known["y"] == sum(y == "1" for y in rows.columns["y"])
    before, after = known["stretches"]
    assert (before["shifted"], before["toDay"], after["fromDay"]) == (0, 3, 3)
    zeros = sum(
        int(visits) == 0 and staff == "0" and details is None
        for visits, staff, details in zip(
            rows.columns["visits"], rows.columns["staff"], rows.columns["details"], strict=True
        )
    )
    assert zeros == after["shifted"] > 300
    for name in ("source", "staff"):
        assert sum(v is None for v in rows.columns[name]) == before["missing"][name] + after["missing"][name]


def marks(kind: ShiftKind, row: dict) -> bool:
    """Whether a row of the file shows by itself that this switch touched it."""
    match kind:
        case ShiftKind.ZEROS:
            return row["visits"] == row["staff"] == "0"
        case ShiftKind.CORRUPT:
            return row["source"] == "import" and row["staff"] == "0"
        case ShiftKind.BOT:
            return len(row["details"] or "") == 40 and row["visits"] == row["staff"] == "1"
        case ShiftKind.APPEARS:
            return row["source"] == "fair"
        case _:
            return False


@pytest.mark.parametrize("kind", ShiftKind)
def test_the_truth_of_each_switch_is_what_its_file_says(tmp_path, kind, monkeypatch):
    """Day by day: rows, outcomes and touched rows are those that the stretch before and the one after the switch name."""
    monkeypatch.setattr(
        "leadmodel_training.synth_truth.EXACT_DRAWS", 2000
    )  # of the Bayes AUC, which is not looked at here
    rows, known = written(tmp_path, "--shift", f"{kind}@3")
    assert known["shifts"] == [{"kind": kind, "size": DEFAULT_SIZE[kind], "day": 3}]
    assert [(s["fromDay"], s["toDay"]) for s in known["stretches"]] == [(0, 3), (3, 6)]
    names = list(rows.columns)
    every = [
        dict(zip(names, row, strict=True)) for row in zip(*map(values, rows.columns.values()), strict=True)
    ]
    start = np.datetime64("2026-01-05")
    for stretch in known["stretches"]:
        inside = [
            row
            for row in every
            if stretch["fromDay"]
            <= (np.datetime64(row["created_at"][:10]) - start).astype(int)
            < stretch["toDay"]
        ]
        assert len(inside) == stretch["rows"]
        assert sum(row["y"] == "1" for row in inside) == stretch["y"]
        assert sum(row["staff"] is None for row in inside) == stretch["missing"]["staff"]
        touched = sum(marks(kind, row) for row in inside)
        assert touched == (stretch["shifted"] if stretch["fromDay"] else 0)
        assert touched <= len(inside) * 0.45
    assert ("follow_ups" in names) is (kind is ShiftKind.LEAK)


def test_the_file_is_in_time_order_and_in_its_days(tmp_path):
    rows, _ = written(tmp_path, "--start", "2026-03-02")
    times = list(rows.columns["created_at"])
    assert times == sorted(times)
    assert times[0] >= "2026-03-02"
    assert times[-1] < "2026-03-08"


def test_no_model_knows_better_than_the_chance():
    leads = draw(CALM, 11, range(20))
    area, variance = delong(leads.chance.tolist(), leads.y.tolist())
    assert abs(area - bayes_auc(leads.chance)) < 4 * variance**0.5
    assert abs(leads.y.mean() - leads.chance.mean()) < 0.005


def test_the_known_auc_is_the_sum_over_pairs():
    p = np.array([0.1, 0.4, 0.4, 0.7, 0.05])
    pairs = [(i, j) for i in range(5) for j in range(5) if i != j]
    weights = [p[i] * (1 - p[j]) for i, j in pairs]
    right = sum(w * ((p[i] > p[j]) + 0.5 * (p[i] == p[j])) for w, (i, j) in zip(weights, pairs, strict=True))
    assert abs(bayes_auc(p) - right / sum(weights)) < 1e-12


def test_weekends_are_quieter_unless_the_week_is_flat():
    def weekend_share(world: World) -> float:
        leads = draw(world, 2, range(7))
        return float((leads.time >= world.start.timestamp() + 5 * 86400).mean())

    assert weekend_share(CALM) < 0.22
    assert abs(weekend_share(replace(CALM, weekly=False)) - 2 / 7) < 0.02


def test_hot_leads_convert_sooner_and_late_ones_are_not_seen_yet(tmp_path):
    leads = draw(CALM, 4, range(10))
    hot = leads.chance > np.median(leads.chance)
    assert np.median(leads.delay[leads.y & hot]) < np.median(leads.delay[leads.y & ~hot])
    _, final = written(tmp_path)
    _, seen = written(tmp_path, "--labels", "seen")
    assert seen["y"] < 0.6 * final["y"]


def test_duplicates_repeat_a_lead_word_for_word():
    leads = draw(replace(CALM, duplicates=0.1), 4, range(2))
    assert 0.07 < leads.duplicate.mean() < 0.11
    first = {
        (a, b, c, d)
        for a, b, c, d, again in zip(
            leads.length, leads.staff, leads.industry, leads.chance, leads.duplicate, strict=True
        )
        if not again and a == a and b == b
    }
    for again in leads.take(leads.duplicate & ~np.isnan(leads.length) & ~np.isnan(leads.staff)).__dict__[
        "chance"
    ]:
        assert any(again == chance for *_, chance in first)


# --- each switch is what its truth says -------------------------------------------------------------------------------------


def test_step_moves_what_leads_say_and_not_who_buys():
    before, after = parts(shifted(ShiftKind.STEP))
    gap = np.nanmean(np.log(after.length)) - np.nanmean(np.log(before.length))
    assert 0.7 < gap < 0.85  # one sd of the log length is .8
    assert after.y.mean() > 1.5 * before.y.mean()
    assert abs(bayes_auc(after.chance) - bayes_auc(before.chance)) < 0.03


def test_slow_grows_over_fourteen_days():
    leads = [draw(shifted(ShiftKind.SLOW, 0), 7, [day]) for day in (0, 6, 13, 20)]
    means = [float(np.nanmean(np.log(day.length))) for day in leads]
    assert means[0] < means[1] < means[2]
    assert abs(means[3] - means[2]) < 0.08


def test_concept_keeps_the_leads_and_loses_the_signal():
    before, after = parts(shifted(ShiftKind.CONCEPT))
    calm = draw(CALM, 7, range(4, 8))
    assert abs(after.visits.mean() - calm.visits.mean()) < 0.05
    assert abs(np.nanmean(np.log(after.length)) - np.nanmean(np.log(before.length))) < 0.05
    assert bayes_auc(after.chance) < 0.62 < 0.73 < bayes_auc(before.chance)


@pytest.mark.parametrize(("kind", "share"), [(ShiftKind.CORRUPT, 0.4), (ShiftKind.ZEROS, 0.3)])
def test_spoilt_rows_are_as_many_as_said(kind, share):
    before, after = parts(shifted(kind))
    spoilt = (after.length == 0) & (after.staff == 0)
    assert not before.shifted.any()
    assert not (before.length == 0).any()
    assert abs(spoilt.mean() - share) < 0.02
    assert np.array_equal(spoilt, after.shifted)
    assert ((after.source == IMPORTED) == spoilt).all() == (kind is ShiftKind.CORRUPT)


def test_leak_tells_the_outcome_until_its_day():
    before, after = parts(shifted(ShiftKind.LEAK))
    assert delong(before.follow_ups.tolist(), before.y.tolist())[0] > 0.93
    assert (after.follow_ups == 0).all()
    assert np.isnan(draw(CALM, 7, range(2)).follow_ups).all()


def test_words_say_what_a_lead_wants_and_count_for_the_odds(tmp_path):
    """An odds ratio of 4 between leads that want to buy and others; the control are words without an effect."""

    def ratio(odds: float) -> float:
        leads = draw(replace(CALM, text_odds=odds), 7, range(14))
        wants, known = leads.wish < BUYING, ~np.isnan(leads.length)
        rates = [leads.y[known & group].mean() for group in (wants, ~wants)]
        return (rates[0] / (1 - rates[0])) / (rates[1] / (1 - rates[1]))

    assert 3 < ratio(4.0) < 6
    assert 0.85 < ratio(1.0) < 1.18
    rows, truth = written(tmp_path, "--text-odds", "4")
    details = [text for text in values(rows.columns["details"]) if text is not None and len(text) > 70]
    assert all(any(text.find(part) >= 0 for words in WISHES.values() for part in words) for text in details)
    assert truth["world"]["text_odds"] == 4


def test_texts_are_filler_unless_words_are_wanted(tmp_path):
    rows, truth = written(tmp_path)
    assert "text_odds" not in truth["world"]
    assert all(text == filler(len(text)) for text in values(rows.columns["details"]) if text is not None)


def test_bots_come_at_night_and_buy_nothing():
    before, after = parts(shifted(ShiftKind.BOT))
    calm = draw(CALM, 7, range(4, 8))
    bots = after.take(after.shifted)
    assert not before.shifted.any()
    assert not bots.y.any()
    assert not bots.chance.any()
    assert set((bots.time % 86400 // 3600).tolist()) == {2, 3, 4}
    assert abs(len(bots) / len(calm) - 0.3) < 0.03


def test_a_source_appears_and_another_ends():
    before, after = parts(shifted(ShiftKind.APPEARS))
    assert not (before.source == NEW).any()
    assert abs((after.source == NEW).mean() - 0.2) < 0.02
    before, after = parts(shifted(ShiftKind.VANISHES))
    assert (before.source == 0).mean() > 0.25
    assert not (after.source == 0).any()


def test_quiet_leaves_a_tenth():
    before, after = parts(shifted(ShiftKind.QUIET, 7), days=14, turn=7)
    assert abs(len(after) / len(before) - 0.1) < 0.02


# --- the program ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (["--shift", "flood"], "no shift is called 'flood'"),
        (["--shift", "zeros:x"], "is no KIND"),
        (["--shift", "zeros:0"], "SIZE must lie above 0"),
        (["--days", "0"], "must be positive"),
    ],
)
def test_wrong_use_says_what_is_right(tmp_path, capsys, flags, word):
    with pytest.raises(SystemExit) as stop:
        main(["--seed", "1", *flags, "--out", str(tmp_path / "x.csv")])
    assert stop.value.code == 2
    assert word in capsys.readouterr().err


def test_a_name_without_a_format_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["--seed", "1", "--out", str(tmp_path / "x.xlsx")])
    assert ".csv.gz" in capsys.readouterr().err


def test_a_folder_that_is_not_there(tmp_path, capsys):
    assert main(["--seed", "1", "--days", "1", "--out", str(tmp_path / "no" / "x.csv")]) == 1
    assert "choose another --out" in capsys.readouterr().err


def test_the_trainer_takes_the_file(tmp_path, capsys):
    out = tmp_path / "leads.csv.gz"
    assert main(["--seed", "3", "--days", "20", "--per-day", "700", "--out", str(out)]) == 0
    known = json.loads(capsys.readouterr().out)
    with gzip.open(out, "rt") as file:
        assert next(csv.reader(file))[0] == "created_at"
    assert train(["--leads", str(out), "--out", str(tmp_path / "m")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert known["bayesAuc"] - 0.06 < found["auc"] < known["bayesAuc"] + 0.04


OLD_NAME_NOTE = "leadmodel-leads is now leadmodel-synth; the old name goes with the next release\n"


def test_the_old_name_draws_the_same_file_and_says_the_new_name(tmp_path, capsys):
    assert entry_points(group="console_scripts")["leadmodel-leads"].load() is program_under_old_name
    for run, name in ((main_under_old_name, "old.csv"), (main, "new.csv")):
        assert run(["--seed", "3", "--days", "1", "--per-day", "50", "--out", str(tmp_path / name)]) == 0
        assert capsys.readouterr().err == (OLD_NAME_NOTE if name == "old.csv" else "")
    assert (tmp_path / "old.csv").read_bytes() == (tmp_path / "new.csv").read_bytes()


def test_the_image_has_both_names():
    wrappers = Path(__file__).parents[2] / "images" / "bin"
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    for name, note in (("leadmodel-leads", OLD_NAME_NOTE), ("leadmodel-synth", "")):
        ended = subprocess.run(
            [str(wrappers / name), "--help"], env={"PATH": path}, capture_output=True, text=True, check=True
        )
        assert ended.stdout.startswith("usage: leadmodel-synth")
        assert ended.stderr == note
