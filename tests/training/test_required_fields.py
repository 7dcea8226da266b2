"""`leadmodel-train --require`: from the column of a table to the 422 of the predictor."""

import csv
import gzip
import io
import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from leadmodel_artifact.artifact import load
from leadmodel_artifact.lead import LeadError, lead_values
from leadmodel_predictor.jobs import holdout
from leadmodel_training.__main__ import main
from support.predictor_thread import served

WHOLE = {"source": "ads", "age": 31.5, "details": "hello"}


def made(path: Path, *, gaps: int) -> Path:
    """3,000 leads, of which `gaps` have no age and as many others no source."""
    chance = random.Random(5)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["details", "source", "age", "y"])
        for i in range(3000):
            y = chance.random() < 0.4
            age = "n/a" if i % 3000 < gaps else round(chance.gauss(40 + 9 * y, 10), 2)
            source = "" if gaps <= i < 2 * gaps else chance.choice(["ads", "web"])
            writer.writerow(["x" * chance.randrange(90), source, age, int(y)])
    return path


def trained(folder: Path, *flags: str, gaps: int = 30):
    leads = made(folder / "leads.csv", gaps=gaps)
    assert main(["--leads", str(leads), "--out", str(folder), *flags]) == 0
    return load((folder / "model.json").read_bytes())


@pytest.mark.parametrize("recipe", ["linear", "trees"])
@pytest.mark.parametrize("field", ["age", "source", "details"])
def test_a_lead_without_a_required_field_is_refused_by_name(tmp_path, field, recipe):
    artifact = trained(tmp_path, f"--require={field}", f"--recipe={recipe}")
    assert {f.source for f in artifact.features if f.required} == {field}
    others = {name: value for name, value in WHOLE.items() if name != field}
    with served(artifact) as server:
        answer = server.ask("POST", "/predict", others)
        assert (answer.status, answer.json["field"]) == (422, f"$.{field}")
        assert server.ask("POST", "/predict", others | {field: None}).status == 422
        assert server.ask("POST", "/predict", WHOLE).status == 200
        for other in others:
            assert server.ask("POST", "/predict", {**WHOLE, other: None}).status == 200
        card = server.ask("GET", "/openapi.json").body
        assert json.dumps([field]) in json.dumps(json.loads(card))


def test_without_the_argument_such_a_lead_is_scored(tmp_path):
    """The control: nothing is required that nobody named."""
    with served(trained(tmp_path)) as server:
        assert server.ask("POST", "/predict", {"source": "ads"}).status == 200


def test_leads_without_a_required_field_are_neither_learned_nor_judged(tmp_path, capsys):
    every = trained(tmp_path, gaps=300)
    kept = trained(tmp_path, "--require=age,source", gaps=300)
    assert "600 of 3,000 leads without a required field are left out" in capsys.readouterr().err
    assert kept.data.rows + kept.n_holdout == pytest.approx(every.data.rows + every.n_holdout - 600, abs=30)
    raw = (tmp_path / "holdout.csv.gz").read_bytes()
    assert len(holdout.read(raw, kept)) == kept.n_holdout
    rows = list(csv.DictReader(io.StringIO(gzip.decompress(raw).decode())))
    assert all(row["age"] and row["source"] for row in rows)


def with_words(path: Path, *, empty: int) -> Path:
    """3,000 leads of which 300 have the source NA, and `empty` of the others none."""
    chance = random.Random(6)
    rows = [["NA" if i % 10 == 0 else "" if i % 10 == 1 and i < 10 * empty else chance.choice(["ads", "web"]),
             round(chance.gauss(40, 9), 2), int(chance.random() < 0.4)] for i in range(3000)]  # fmt: skip
    chance.shuffle(rows)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["source", "age", "y"], *rows])
    return path


@pytest.mark.parametrize("recipe", ["linear", "trees"])
@pytest.mark.parametrize(("empty", "left", "status"), [(0, 300, 422), (40, 40, 200)])
def test_a_word_for_missing_is_no_value_of_a_required_category(tmp_path, capsys, recipe, empty, left, status):
    """NA is missing where no field is empty, and a level (Namibia) where some are: the trainer, validator and predictor all take it so."""
    leads = with_words(tmp_path / "leads.csv", empty=empty)
    assert main([f"--leads={leads}", f"--out={tmp_path}", "--require=source", f"--recipe={recipe}"]) == 0
    assert f"{left} of 3,000 leads without a required field are left out" in capsys.readouterr().err
    artifact = load((tmp_path / "model.json").read_bytes())
    (source,) = (feature for feature in artifact.features if feature.source == "source")
    assert (source.missing, "NA" in source.levels) == ((("NA",), False) if status == 422 else ((), True))
    refused = 0
    for lead, _ in holdout.read(leads.read_bytes(), artifact):
        try:
            lead_values(artifact, lead)
        except LeadError:
            refused += 1
    assert refused == left
    with served(artifact) as server:
        answer = server.ask("POST", "/predict", {"source": "NA", "age": 3})
        assert answer.status == status
        assert status == 200 or answer.json == {"error": "is required", "field": "$.source"}
        batch = server.ask("POST", "/predict/batch", {"source": ["ads", "NA"], "age": [3, 4]})
        assert batch.status == status
        assert server.ask("POST", "/predict", {"source": "", "age": 3}).status == 422
        assert server.ask("POST", "/predict", {"source": "ads", "age": 3}).status == 200


def test_the_control_words_mean_nothing_to_a_model_that_names_none(tmp_path):
    leads = with_words(tmp_path / "leads.csv", empty=0)
    assert main([f"--leads={leads}", f"--out={tmp_path}", "--require=source"]) == 0
    artifact = load((tmp_path / "model.json").read_bytes())
    blind = replace(artifact, features=tuple(replace(f, missing=()) for f in artifact.features))
    with served(blind) as server:
        assert server.ask("POST", "/predict", {"source": "NA", "age": 3}).status == 200


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--require=agee",), "no column 'agee'"),
        (("--require=y",), "leave it out of --require"),
        (("--require=age", "--exclude=age"), "leave it out of --require"),
        (("--require=source", "--numeric=source"), "left out because"),
    ],
)
def test_what_cannot_be_required_is_refused_with_the_remedy(tmp_path, capsys, flags, says):
    leads = made(tmp_path / "leads.csv", gaps=30)
    assert main(["--leads", str(leads), "--out", str(tmp_path), *flags]) == 1
    message = capsys.readouterr().err.splitlines()[-1]
    assert says in message or "3,000 leads without a required field" in message
    assert not (tmp_path / "model.json").exists()


@pytest.mark.parametrize(("flags", "code"), [((), 1), (("--allow-personal=phone",), 0)])
def test_of_a_required_column_of_personal_data_nothing_is_told(tmp_path, capsys, flags, code):
    """With the column allowed, the control, it is required, and its range is told as that of any other."""
    chance, file = random.Random(3), made(tmp_path / "leads.csv", gaps=0)
    rows = list(csv.reader(io.StringIO(file.read_text())))
    rows = [
        ["phone", *rows[0]],
        *([chance.randrange(4_900_000_000, 5_100_000_000), *row] for row in rows[1:]),
    ]
    with file.open("w", newline="") as opened:
        csv.writer(opened).writerows(rows)
    line = ["--leads", str(file), "--out", str(tmp_path), "--require=phone", *flags]
    assert main(line) == code
    shown = capsys.readouterr().err
    assert (
        "it holds personal data; --allow-personal keeps it as it is; leave it out of --require" in shown
    ) == bool(code)
    assert ("4.9e+09" in shown) == (not code)
