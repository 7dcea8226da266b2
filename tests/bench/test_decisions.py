"""The study measures what it says: its figures, its controls, its page. The whole study is `make decisions`."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from simulation import cases, figures, gate, noise, page, pictures, slide, tables
from simulation.cases import FLAT, Case, case
from simulation.figures import Share
from simulation.nights import Run
from simulation.play import Day, Outcome

RATE = 2_000


def outcome(of: Case) -> Outcome:
    return Run(of.plays[0]).run()


@pytest.fixture(scope="module")
def bad() -> Outcome:
    return outcome(
        case("bad", "", FLAT, RATE, 1, 5, days=3, bad=cases.CORRUPT, bad_nights=(2,), first_look_day=2)
    )


def test_a_corrupt_retrain_passes_the_gate_and_is_rolled_back(bad):
    assert len(bad.bad_served) == 1
    assert len(bad.rollbacks) == 1
    assert bad.false_rollbacks == 0
    assert 1.0 < figures.delays([bad])[0] < 12.0
    champion, previous = bad.pairs[-1]
    assert champion > 0.25
    assert previous <= 0.10
    assert figures.highest([bad]) < 3  # the mean-shift score sees nothing


def test_a_sound_retrain_is_not():
    calm = outcome(case("calm", "", FLAT, RATE, 1, 5, days=3, first_look_day=2))
    assert calm.rollbacks == calm.sustained == []
    assert calm.promotions > 0


def test_intervals_are_exact():
    assert Share(0, 200).at_most == pytest.approx(1 - 0.05 ** (1 / 200))
    assert Share(0, 200).interval == (0.0, pytest.approx(1 - 0.025 ** (1 / 200)))
    low, high = Share(30, 40).interval
    assert (low, high) == (pytest.approx(0.588, abs=0.001), pytest.approx(0.873, abs=0.001))
    assert Share(5, 5).at_most == 1.0


@pytest.mark.parametrize(
    ("readings", "lasts"),
    [
        ([(0, 0.3), (3600, 0.3)], True),
        ([(0, 0.3), (3000, 0.3)], False),
        ([(0, 0.3), (1800, 0.2), (3600, 0.3), (5400, 0.3)], False),
        ([(0, 0.2), (600, 0.3), (4200, 0.25)], True),
    ],
)
def test_an_hour_above_a_limit_is_unbroken(readings, lasts):
    assert figures.lasting(Day(readings=readings), 0.25) is lasts


def test_final_seeds_are_none_of_the_trials_and_no_play_is_counted_twice():
    every = [one for part in cases.PARTS.values() for one in part(cases.FINAL_SEED, 1.0)]
    assert min(play.seed for one in every for play in one.plays) >= 1000
    assert all(len({play.seed for play in one.plays}) == len(one.plays) for one in every)
    calm = cases.calm(cases.FINAL_SEED, 1.0)
    for rate in cases.RATES:
        weekly = [one for one in calm if one.rate == rate and one.world == cases.WEEKLY]
        assert sum(play.days for one in weekly for play in one.plays) >= 200
    seeds = [{p.seed for p in one.plays} for one in calm]
    assert sum(map(len, seeds)) == len(set().union(*seeds))


def test_the_gate_lets_a_good_model_pass_and_stops_a_bad_one(monkeypatch):
    monkeypatch.setattr(gate, "SIZES", (2000,))
    monkeypatch.setattr(gate, "AREAS", (0.55, 0.75))
    found = {area: whole.share for _, area, _, whole in gate.alone(3, 40)}
    assert found[0.55] == 0
    assert found[0.75] == 1
    monkeypatch.setattr(gate, "POSITIVES", (500,))
    monkeypatch.setattr(gate, "DELTAS", (-0.05, 0.0))
    stopped = {delta: passed.share for _, delta, passed in gate.paired(3, 40)}
    assert stopped[-0.05] == 1
    assert stopped[0.0] < 0.2


def test_drawn_scores_have_the_auc_they_are_drawn_with():
    rng, y = np.random.default_rng(4), np.arange(40_000) < 4000
    new, old = gate.pair(rng, y, 0.72, 0.75)
    assert (new.area, old.area) == (pytest.approx(0.72, abs=0.012), pytest.approx(0.75, abs=0.012))


def test_a_slide_is_stopped_and_without_a_step_there_is_none():
    found = slide.slide(7, 200)
    assert found.last < 6
    assert found.lost <= 0.04
    assert slide.slide(7, 200, step=0.0).lost == 0.0


def test_windows_without_drift_stay_below_the_limit_and_the_old_way_did_not():
    cells = [noise.Cell(kind, 2000, 300, "wave 1 sd", "busy hour") for kind in ("numeric", "51 levels")]
    rng = np.random.default_rng(2)
    calm = {"a": [], "d": []}
    for cell in cells:
        for way, drifted, counts in noise.sample_cell(cell, rng, 4, 5):
            if drifted == "calm" and way in calm:
                calm[way] += counts[:, 1].tolist()
    assert sum(calm["d"]) == 0
    assert sum(calm["a"]) > 5


# --- the page --------------------------------------------------------------------------------------------------------------


def test_tables_go_where_they_are_named():
    text = "a\n<!-- table: one -->\nold\n<!-- end -->\nb\n<!-- table: two -->\nkept\n<!-- end -->\n"
    filled = page.fill(text, {"one": "| new |"})
    assert "old" not in filled
    assert "| new |" in filled
    assert "kept" in filled
    assert page.fill(filled, {"one": "| new |"}) == filled
    with pytest.raises(ValueError, match="no place for three"):
        page.fill(text, {"three": ""})


def test_pictures_are_the_same_bytes_for_the_same_figures(tmp_path, monkeypatch, bad):
    of = case("bad", "corrupt retrain", FLAT, RATE, 1, 5, days=3)
    days = [replace(day) for day in bad.days]
    drawn = []
    for name in ("first", "second"):
        monkeypatch.setattr(pictures, "FOLDER", tmp_path / name)
        pictures.counterfactual([(of, [bad])])
        pictures.false_alarms([(of, [Outcome(days=days)])])
        drawn.append([p.read_bytes() for p in sorted((tmp_path / name).iterdir())])
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == 2
    assert str(datetime.now(UTC).year).encode() not in drawn[0][0]  # noqa: TID251  # the very clock that must not show


def test_tables_have_as_many_cells_as_heads(bad):
    of = case("bad", "corrupt", FLAT, RATE, 1, 5, days=3, bad=cases.CORRUPT)
    for name in ("calm", "bad", "moves", "back", "few", "lost", "again"):
        lines = getattr(tables, name)([(of, [bad])]).splitlines()
        assert len({line.count("|") for line in lines}) == 1, name


def test_every_table_of_the_page_is_one_of_the_study_and_filled():
    text = page.PAGE.read_text()
    parts = {*cases.PARTS} - {"delays"} | {
        "alone",
        "paired",
        "slide",
        "windows",
        "ways",
        "real",
        "strict",
        "real_live",
    }
    assert set(page.places(text)) == parts
    assert text.count("| --- |") + text.count("| --- | ---") >= len(parts)


def test_pictures_of_the_page_are_there():
    folder = Path(page.PAGE).parent
    for name in ("gate-power", "false-alarms", "detection-delay", "counterfactual"):
        assert f"](pictures/{name}.svg)" in page.PAGE.read_text()
        assert ET.parse(folder / "pictures" / f"{name}.svg").getroot().tag.endswith("svg")  # our own file
