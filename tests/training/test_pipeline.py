"""Training in time order: what is exported scores the same, refusals say what would help, real leads work both ways."""

import csv
import gzip
import io
import json
import os
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit

from leadmodel_artifact.artifact import load
from leadmodel_artifact.compiler import make_scorer
from leadmodel_artifact.lead import lead_values
from leadmodel_artifact.model import Feature, FeatureKind, Trees
from leadmodel_predictor.jobs import holdout
from leadmodel_statistics.ranking import auc
from leadmodel_training import __main__ as program
from leadmodel_training.__main__ import main
from leadmodel_training.recipe_choice import choose_recipe
from leadmodel_training.recipes import Fitted, Recipe, calibrated, fit


def made(path: Path, count: int = 3000, *, gap: float = 1.0, timed: bool = True, rate: float = 0.3) -> Path:
    chance = random.Random(3)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["created_at", "details", "source", "age", "mail", "y"])
        for i in range(count):
            y = chance.random() < rate
            at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=7 * i)
            age = round(chance.gauss(40 + 8 * gap * y, 10), 1)
            source = chance.choice(["ads", "web", "web", "fair"]) if chance.random() < 0.95 else ""
            mail = "someone@example.org" if chance.random() < 0.5 else "none"
            writer.writerow(
                [
                    at.isoformat() if timed else "",
                    "x" * chance.randrange(200),
                    source,
                    age,
                    mail,
                    "yes" if y else "no",
                ]
            )
    return path


def trained(tmp_path, capsys, *flags: str, **how):
    leads = made(tmp_path / "leads.csv", **how)
    assert main(["--leads", str(leads), "--out", str(tmp_path / "out"), *flags]) == 0
    answer = json.loads(capsys.readouterr().out)
    return answer, load((tmp_path / "out" / "model.json").read_bytes(), expect=answer["digest"])


def test_what_is_exported_is_what_was_measured(tmp_path, capsys):
    answer, artifact = trained(tmp_path, capsys)
    rows = list(holdout.read((tmp_path / "out" / "holdout.csv.gz").read_bytes(), artifact))
    scorer = make_scorer(artifact)
    scores = [scorer(*lead_values(artifact, lead)) for lead, _ in rows]
    assert abs(auc(scores, [y for _, y in rows]) - artifact.auc) < 1e-9
    assert artifact.auc > 0.65
    assert answer["auc"] == round(artifact.auc, 6)
    assert len(artifact.examples) == 5


def test_the_holdout_is_newer_than_the_training(tmp_path, capsys):
    _, artifact = trained(tmp_path, capsys)
    rows = list(holdout.read((tmp_path / "out" / "holdout.csv.gz").read_bytes(), artifact))
    assert min(lead["created_at"] for lead, _ in rows) > artifact.data.to


def test_no_text_and_no_personal_data_leave(tmp_path, capsys):
    _, artifact = trained(tmp_path, capsys)
    assert all(f.levels != ("none", "someone@example.org") for f in artifact.features)
    assert b"someone@example.org" not in (tmp_path / "out" / "model.json").read_bytes()
    rows = list(holdout.read((tmp_path / "out" / "holdout.csv.gz").read_bytes(), artifact))
    assert all(set(lead.get("details", "")) <= {"x"} for lead, _ in rows)


def test_the_same_leads_make_the_same_bytes(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
    first, _ = trained(tmp_path, capsys)
    second, _ = trained(tmp_path, capsys)
    assert first["digest"] == second["digest"]
    assert first["holdout"] == second["holdout"]


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--label", "z"), "no column 'z'"),
        (("--exclude", "z"), "no column 'z'"),
    ],
)
def test_refusals_name_the_remedy(tmp_path, capsys, flags, says):
    leads = made(tmp_path / "leads.csv")
    assert main(["--leads", str(leads), "--out", str(tmp_path / "out"), *flags]) == 1
    said = capsys.readouterr().err
    assert says in said
    assert len(said.splitlines()) == 1
    assert not (tmp_path / "out" / "model.json").exists()


def test_a_folder_that_cannot_be_made_is_refused_before_anything_is_trained(tmp_path, capsys, monkeypatch):
    """The control is a folder below one that is there, which training makes."""
    leads, read = made(tmp_path / "leads.csv"), []
    monkeypatch.setattr(program, "fetch", lambda *given, **_: read.append(given))
    for out in (leads, leads / "below"):
        assert main(["--leads", str(leads), "--out", str(out)]) == 1
        assert f"{leads} is no folder; name another one" in capsys.readouterr().err
    monkeypatch.setattr(os, "access", lambda path, _: path != tmp_path)
    assert main(["--leads", str(leads), "--out", str(tmp_path / "a" / "b")]) == 1
    assert f"{tmp_path} may not be written" in capsys.readouterr().err
    assert read == []
    monkeypatch.undo()
    assert main(["--leads", str(leads), "--out", str(tmp_path / "a" / "b")]) == 0


def test_rows_of_a_broken_recipe_are_not_written(tmp_path, capsys, monkeypatch):
    honest = Fitted.predict
    monkeypatch.setattr(Fitted, "predict", lambda self, table: honest(self, table) + 1e-8)
    leads = made(tmp_path / "leads.csv")
    assert main(["--leads", str(leads), "--out", str(tmp_path / "out")]) == 1
    assert "differs from the fitted one by 1e-08" in capsys.readouterr().err
    assert not (tmp_path / "out" / "model.json").exists()


def test_trees_and_auto(tmp_path, capsys):
    answer, artifact = trained(tmp_path, capsys, "--recipe", "trees")
    assert isinstance(artifact.model, Trees)
    assert artifact.recipe == answer["recipe"] == "trees"
    answer, artifact = trained(tmp_path, capsys, "--recipe", "auto")
    assert artifact.recipe == answer["recipe"] == "linear"  # the truth is linear
    assert answer["why"].startswith("linear: on the newest")


def test_auto_takes_trees_where_steps_matter():
    chance = np.random.default_rng(2)
    x = chance.normal(size=(4000, 2))
    features = [Feature(n, FeatureKind.NUMERIC, n, default=0.0) for n in "ab"]
    found = choose_recipe(features, x, (x[:, 0] * x[:, 1] > 0) ^ (chance.random(4000) < 0.2), 0)
    assert found.recipe == "trees"
    assert found.comparison.delta > 0.2


def test_what_calibrates_is_learned_from_too(tmp_path, capsys):
    """The calibration comes from a model of the older leads; the control learned from those alone, a tenth fewer."""
    _, artifact = trained(tmp_path, capsys, count=6000)
    assert artifact.calibration is not None
    assert artifact.n_train == artifact.data.rows
    _, bare = trained(tmp_path, capsys, "--calibration-share", "0", count=6000)
    assert bare.calibration is None
    assert (
        bare.n_train == bare.data.rows == pytest.approx(artifact.data.rows, abs=20)
    )  # chance makes a few equal leads


def test_calibration_mends_a_base_rate_that_moved():
    """Scores learnt at another base rate become right on average; the ranking stays."""
    chance = np.random.default_rng(4)
    x = chance.normal(size=(8000, 1))
    low, high = (chance.random(8000) < expit(x[:, 0] + shift) for shift in (-3, 0))
    fitted = fit(Recipe.LINEAR, [Feature("a", FeatureKind.NUMERIC, "a", default=0.0)], x, low, 0)
    mended = calibrated(fitted, x[:4000], high[:4000])
    assert abs(fitted.predict(x[4000:]).mean() - high[4000:].mean()) > 0.3
    assert abs(mended.predict(x[4000:]).mean() - high[4000:].mean()) < 0.02
    assert (np.argsort(mended.predict(x)) == np.argsort(fitted.predict(x))).all()


def test_a_model_that_ranks_backwards_is_not_turned_round():
    chance = np.random.default_rng(4)
    x = chance.normal(size=(4000, 1))
    labels = chance.random(4000) < expit(x[:, 0])
    fitted = fit(Recipe.LINEAR, [Feature("a", FeatureKind.NUMERIC, "a", default=0.0)], x, labels, 0)
    assert calibrated(fitted, x, ~labels).calibration is None


def test_leads_with_an_open_outcome_are_left_out(tmp_path, capsys):
    _, every = trained(tmp_path, capsys)
    _, old = trained(tmp_path, capsys, "--horizon", "3")
    assert old.data.horizon_days == 3
    left = every.data.rows + every.n_holdout - old.data.rows - old.n_holdout
    assert left == pytest.approx(3 * 24 * 60 / 7, abs=20)  # chance makes a few equal leads


def test_the_same_lead_twice_is_not_learnt_by_heart(tmp_path, capsys):
    leads = made(tmp_path / "leads.csv")
    head, *rows = leads.read_text().splitlines()
    again = [row.split(",", 1)[1] for row in rows[:300]]
    times = [f"2026-03-01T00:{i // 60:02d}:{i % 60:02d}+00:00" for i in range(300)]
    leads.write_text("\n".join([head, *rows, *(f"{t},{r}" for t, r in zip(times, again, strict=True))]))
    assert main(["--leads", str(leads), "--out", str(tmp_path / "out")]) == 0
    assert json.loads(capsys.readouterr().out)["duplicates"] >= 300


def test_a_leaked_column_needs_leave(tmp_path, capsys):
    leads = made(tmp_path / "leads.csv", gap=6)
    assert main(["--leads", str(leads), "--out", str(tmp_path / "out")]) == 1
    assert "--allow age" in capsys.readouterr().err
    assert main(["--leads", str(leads), "--out", str(tmp_path / "out"), "--allow", "age"]) == 0


def test_rare_levels_are_other(tmp_path, capsys):
    leads = made(tmp_path / "leads.csv")
    text = leads.read_text().replace(",ads,", ",rare,", 19)
    leads.write_text(text)
    assert main(["--leads", str(leads), "--out", str(tmp_path / "out")]) == 0
    assert b"rare" not in (tmp_path / "out" / "model.json").read_bytes()


def test_reasons_go_to_the_termination_message(tmp_path, capsys):
    log = tmp_path / "log"
    log.touch()
    leads = made(tmp_path / "leads.csv", 300)
    assert main(["--leads", str(leads), "--out", str(tmp_path / "o"), "--termination-log", str(log)]) == 1
    assert json.loads(log.read_text())["error"] == "TooFewOutcomes"
    away = ["--leads", "http://127.0.0.1:9/leads.csv", "--out", str(tmp_path / "o")]
    assert main([*away, "--termination-log", str(log)]) == 75
    assert json.loads(log.read_text())["error"] == "Unreachable"
    missing = ["--leads", str(tmp_path / "no.csv"), "--out", str(tmp_path / "o")]
    assert main([*missing, "--termination-log", str(log)]) == 1
    assert json.loads(log.read_text())["error"] == "NotFound"


def test_another_number_of_cores_makes_the_same_bytes(tmp_path):
    leads = made(tmp_path / "leads.csv")
    digests = set()
    for threads in "12":
        environ = dict(
            os.environ, OMP_NUM_THREADS=threads, OPENBLAS_NUM_THREADS=threads, SOURCE_DATE_EPOCH="1767225600"
        )
        environ["PYTHONHASHSEED"] = threads
        for recipe in Recipe:
            program = [
                sys.executable,
                "-m",
                "leadmodel_training",
                "--leads",
                leads,
                "--recipe",
                recipe,
                "--out",
                tmp_path / "out",
            ]
            said = subprocess.run(program, env=environ, check=True, capture_output=True, text=True)
            assert all(line.startswith("leadmodel-train: column") for line in said.stderr.splitlines())
            digests.add(json.loads(said.stdout)["digest"])
    assert len(digests) == 2


def test_too_few_outcomes_are_refused(tmp_path, capsys):
    leads = made(tmp_path / "leads.csv", 300)
    assert main(["--leads", str(leads), "--out", str(tmp_path / "out")]) == 1
    assert "take a longer period" in capsys.readouterr().err


def real(tmp_path: Path, *, timed: bool) -> Path:
    if not os.environ.get("LEADMODEL_DATA"):
        pytest.skip("LEADMODEL_DATA is not set: tests on real leads are left out")
    source = Path(os.environ["LEADMODEL_DATA"]) / "bank-marketing.csv.gz"
    if not timed:
        return source
    rows = list(csv.reader(io.StringIO(gzip.decompress(source.read_bytes()).decode())))
    start, end = datetime(2008, 5, 1, tzinfo=UTC), datetime(2010, 11, 30, tzinfo=UTC)
    step = (end - start) / (len(rows) - 1)
    path = tmp_path / "timed.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["created_at", *rows[0]])
        writer.writerows([(start + i * step).isoformat(), *row] for i, row in enumerate(rows[1:]))
    return path


@pytest.mark.parametrize("timed", [False, True])
def test_real_leads(tmp_path, capsys, timed):
    leads = real(tmp_path, timed=timed)
    assert main(["--leads", str(leads), "--out", str(tmp_path / "out"), "--exclude", "duration"]) == 0
    answer = json.loads(capsys.readouterr().out)
    artifact = load((tmp_path / "out" / "model.json").read_bytes(), expect=answer["digest"])
    assert artifact.data.excluded == ("duration",)
    assert "duration" not in {f.source for f in artifact.features}
    assert bool(artifact.reference.hours) is timed
    assert 0.6 < artifact.auc < 0.9
