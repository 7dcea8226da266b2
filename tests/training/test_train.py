"""Training in time order: what is exported scores the same, refusals say what would help, real leads work both ways."""

import csv
import gzip
import io
import json
import os
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leadmodel_artifact.artifact import load
from leadmodel_artifact.auc import auc
from leadmodel_artifact.scoring import lead_values, make_scorer
from leadmodel_predictor import holdout
from leadmodel_training.__main__ import main


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
