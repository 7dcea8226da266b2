"""`leadmodel local replay`: past leads through a policy, in another time, with the real programs."""

import re
import subprocess
import sys

import pytest

from scenarios.goods import GOOD, holdout, live, moved
from worlds.local_world import put
from worlds.past_leads import manifest, replay, write


def test_the_day_the_world_moved_is_found_and_drawn(tmp_path):
    put(tmp_path / "model.json", GOOD)
    put(tmp_path / "holdout.csv", holdout())
    past = write(tmp_path / "past.csv", [live(400, 1), live(400, 2), moved(400, 3)])
    picture = tmp_path / "past.svg"
    asked = ["--leads", past, "-f", manifest(tmp_path), "--look", "2h"]
    done = replay(*asked, "--plot", str(picture))
    assert done.returncode == 0, done.stderr
    calm, turned = done.stdout.split("2026-01-07", 1)
    assert "Promoted" in calm
    assert "Drift" not in calm
    assert "DriftSustained" in turned
    assert "there is no previous model" in turned
    assert "1 promoted, 0 refused, 1 breaches, 1 alerts, 0 rollbacks" in done.stdout
    assert picture.read_text().count("<path") > 10
    texts = {"uri": (tmp_path / "text.json.gz").as_uri()}
    more = {"enrichment": {"artifact": texts, "holdout": {"uri": (tmp_path / "messages.jsonl").as_uri()}}}
    asked[3] = manifest(tmp_path, **more)
    again = replay(*asked)
    assert (
        again.stdout == done.stdout
    )  # the clock is told: nothing depends on when it is played, nor on what is not
    assert "spec.enrichment is not rehearsed" in again.stderr
    assert "is not rehearsed" not in done.stderr
    assert "spec.followUps" not in again.stderr


def test_each_night_trains_is_judged_and_goes_live(tmp_path):
    leads = tmp_path / "past.csv.gz"
    made = [
        sys.executable,
        "-m",
        "leadmodel_training.synth",
        "--seed",
        "5",
        "--days",
        "6",
        "--per-day",
        "1200",
    ]
    subprocess.run([*made, "--out", str(leads)], check=True, capture_output=True)
    asked = {"leads": {"uri": "s3://leads/history.csv.gz"}}
    done = replay(
        "--leads", str(leads), "-f", manifest(tmp_path, retraining=asked), "--warm-up", "4", "--look", "6h"
    )
    assert done.returncode == 0, done.stderr
    assert [line[:10] for line in done.stdout.splitlines() if line.startswith("2026")] == [
        "2026-01-09",
        "2026-01-10",
    ]
    promoted = re.findall(r"(\d\d:\d\d) Promoted", done.stdout)
    # each night's model goes live: the first after an hour without enough leads to ask, the second at once
    assert promoted == ["00:00", "02:05", "01:00"], done.stdout
    assert "3 promoted, 0 refused" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--time-column", "when"], "no column 'when'"),
        (["--label", "won"], "no column 'won'"),
        (["--plot", "past.pdf"], "ends in .svg or .png"),
        (["--look", "soon"], "soon"),
    ],
)
def test_what_cannot_be_played_is_refused_in_a_sentence(tmp_path, arguments, said):
    past = write(tmp_path / "past.csv", [live(10)])
    done = replay("--leads", past, "-f", manifest(tmp_path), *arguments)
    assert (done.returncode, done.stderr.strip().count("\n")) == (2, 0), done.stderr
    assert said in done.stderr
