"""What became of each column is told, nothing is dropped in silence, and no name of a user's column is one of the model's own."""

import csv
import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from leadmodel_artifact.artifact import load
from leadmodel_artifact.lead import lead_values
from leadmodel_artifact.model import Artifact, FeatureKind
from leadmodel_artifact.reference import SCORE
from leadmodel_artifact.scoring import score
from leadmodel_messages.numbers import POINT
from leadmodel_messages.table_values import number
from leadmodel_predictor.jobs import holdout
from leadmodel_predictor.serving.monitor import monitors
from leadmodel_training import kinds, leak_check
from leadmodel_training.__main__ import main
from leadmodel_training.columns import each, texts

NUMBER, CATEGORY = FeatureKind.NUMERIC, FeatureKind.CATEGORICAL


def write(path: Path, columns: dict[str, object], *, rows: int = 3000, delimiter: str = ",") -> Path:
    """A table whose columns are functions of the row, the outcome and chance."""
    chance = random.Random(5)
    columns = {"created_at": _time, "age": lambda _i, y, c: round(c.gauss(40 + 8 * y, 10), 1), **columns}
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow([*columns, "y"])
        for i in range(rows):
            y = chance.random() < 0.3
            writer.writerow([*(column(i, y, chance) for column in columns.values()), "yes" if y else "no"])
    return path


def _time(i: int, _y: object, _chance: object) -> str:
    return (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=7 * i)).isoformat()


def train(path: Path, *flags: str) -> Artifact:
    assert main(["--leads", str(path), "--out", str(path.parent / "out"), *flags]) == 0
    return load((path.parent / "out" / "model.json").read_bytes())


def refused(path: Path, capsys, *flags: str) -> str:
    assert main(["--leads", str(path), "--out", str(path.parent / "out"), *flags]) == 1
    return capsys.readouterr().err.splitlines()[-1]


def kinds_of(artifact: Artifact) -> dict[str, FeatureKind]:
    return {f.source: f.kind for f in artifact.features}


MARKS = {
    "thousands": (lambda x: f"{x:,.2f}", ","),
    "money": (lambda x: f"$ {x:,.0f}", ","),
    "share": (lambda x: f"{x / 100:.1f} %", ","),
    "decimal comma": (lambda x: f"{x:.2f}".replace(".", ","), ";"),
    "German": (lambda x: f"{x:,.2f}".translate(str.maketrans(",.", ".,")), ";"),
    "Swiss": (lambda x: f"{x:,.2f}".replace(",", "'"), ","),
    "Swiss, whole": (lambda x: f"{1000 + x:,.0f}".replace(",", "\u2019"), ","),
    "French, whole": (lambda x: f"{1000 + x:,.0f}".replace(",", "\u202f"), ";"),
    "typographic minus": (lambda x: f"{x - 4000:.1f}".replace("-", "\u2212"), ","),
    "millions": (lambda x: f"{1000 * x:,.0f}", ","),
    "German millions": (lambda x: f"{1000 * x:,.0f}".replace(",", "."), ";"),
    "missing words": (lambda x: "n/a" if x < 300 else f"{x:.1f}", ","),
}


@pytest.mark.parametrize("case", MARKS)
def test_numbers_with_marks_are_numbers_and_it_is_told(tmp_path, capsys, case):
    written, delimiter = MARKS[case]
    column = {"income": lambda _i, _y, c: written(c.uniform(100, 9000))}
    artifact = train(write(tmp_path / "leads.csv", column, delimiter=delimiter))
    assert kinds_of(artifact)["income"] is NUMBER
    assert "column 'income': a number" in capsys.readouterr().err
    rows = holdout.read((tmp_path / "out" / "holdout.csv.gz").read_bytes(), artifact)
    edges = next(f for f in artifact.reference.features if f.name == "income").edges
    assert edges[-1] - edges[0] > 50 or case == "share"
    assert all(isinstance(lead.get("income", 0.0), float) for lead, _ in rows[1:])


def test_control_telephone_numbers_are_no_numbers(tmp_path, capsys):
    """Blanks alone group them, too: (1 234 567)."""
    column = {"line": lambda _i, _y, c: f"{c.randrange(1_000_000, 9_999_999):,}".replace(",", " ")}
    artifact = train(write(tmp_path / "leads.csv", {"age": lambda i, _y, _c: i % 60, **column}))
    assert "line" not in kinds_of(artifact)
    assert "column 'line': left out" in capsys.readouterr().err


def test_thousands_are_grouped_by_one_mark_throughout():
    assert [POINT.number(text) for text in ("1,234,567", "-1,234,567.5", "$ 1,234")] == [
        1234567,
        -1234567.5,
        1234,
    ]
    for text in ("1,234567", "1,23", "1,234 567"):
        with pytest.raises(ValueError, match="no number"):
            POINT.number(text)


def test_a_text_is_passed_over_only_if_it_is_no_number():
    odd = [
        "7",
        "+.5",
        "-.5e3",
        "3.",
        "\x1c4\x85",
        "\u00a05 ",
        "",
        "-",
        ".",
        "inf",
        "nan",
        "1e400",
        "1_0",
        "٣",
        "0x1",
        "12 m",
    ]
    chance = random.Random(3)
    odd += ["".join(chance.choices("0123.-+e_ \t\x1fa٣", k=chance.randint(1, 6))) for _ in range(20_000)]
    column = texts(odd)
    expected = np.array([number(text) for text in odd], np.float64)
    assert np.array_equal(column.values.numbers[column.places], expected, equal_nan=True)
    assert np.count_nonzero(~np.isnan(expected)) > 1000  # control: there are numbers to miss


def test_what_only_python_reads_is_no_number(tmp_path, capsys):
    ages = {"band": lambda _i, _y, c: c.choice(["18_24", "25_34"])}
    artifact = train(write(tmp_path / "leads.csv", ages))
    assert kinds_of(artifact)["band"] is CATEGORY


@pytest.mark.parametrize("beside_empty_fields", [False, True])
def test_namibia(tmp_path, beside_empty_fields):
    """NA is missing where nothing else is, and a level beside empty fields; either way served as it was learnt."""

    def country(_i, y, c):
        if beside_empty_fields and c.random() < 0.2:
            return ""
        if c.random() < 0.1:
            return f"rare {c.randrange(200)}"  # so that training sees other
        return "NA" if c.random() < (0.8 if y else 0.1) else c.choice(["DE", "FR"])

    artifact = train(write(tmp_path / "leads.csv", {"country": country}), "--recipe", "trees")
    feature = next(f for f in artifact.features if f.source == "country")
    assert ("NA" in feature.levels) is beside_empty_fields
    assert feature.missing == (() if beside_empty_fields else ("NA",))
    assert score(artifact, {"age": 40, "country": "NA"}) > score(artifact, {"age": 40, "country": "DE"}) + 0.2
    if not beside_empty_fields:  # control: a reader that does not know the word takes another score
        blind = replace(artifact, features=tuple(replace(f, missing=()) for f in artifact.features))
        assert score(artifact, {"age": 40, "country": "NA"}) != score(blind, {"age": 40, "country": "NA"})


OWN = {
    "score": SCORE,
    "hour_of_day": "hour_of_day",
    "details_len": "details_len",
    "n" * 129: None,
    "n" * 1000: None,
}


@pytest.mark.parametrize("name", OWN)
def test_a_name_of_ours_is_no_name_of_theirs(tmp_path, name, monkeypatch):
    columns = {
        "details": lambda _i, _y, c: "x" * c.randrange(90),
        name: lambda _i, y, c: c.gauss(5 + 4 * y, 3),
    }
    artifact = train(write(tmp_path / "leads.csv", columns))
    names = [f.name for f in artifact.features]
    assert len({SCORE, *names}) == len(names) + 1
    assert next(f for f in artifact.features if f.source == name).kind is NUMBER
    watched = {m.reference.name: m.place for m in monitors(artifact, artifact.reference)}
    assert watched[SCORE] is None
    assert len(watched) == len(names)  # the score more, the hour less
    monkeypatch.setattr(kinds, "free_name", lambda source, _taken: source)  # control: names as they are
    if OWN[name] == SCORE:
        names = [f.name for f in train(write(tmp_path / "leads.csv", columns)).features]
        assert SCORE in names
    else:
        refused_code = main(["--leads", str(tmp_path / "leads.csv"), "--out", str(tmp_path / "out")])
        assert refused_code == 1


@pytest.mark.parametrize("name", ['a "b"', "a\\b", "a\nb"])
def test_a_name_that_no_field_may_have_is_told(tmp_path, capsys, name):
    artifact = train(write(tmp_path / "leads.csv", {name: lambda _i, y, c: c.gauss(5 + 4 * y, 3)}))
    assert name not in kinds_of(artifact)
    assert "rename it to use it" in capsys.readouterr().err


@pytest.mark.parametrize("start", [2**53 + 1, 10**18])
def test_ids_that_floats_do_not_tell_apart_are_no_numbers(tmp_path, capsys, start, monkeypatch):
    path = write(tmp_path / "leads.csv", {"crm": lambda i, _y, c: start + c.randrange(9 * i + 1)})
    assert "crm" not in kinds_of(train(path))
    assert "column 'crm': left out: whole numbers of so many digits identify" in capsys.readouterr().err
    assert kinds_of(train(path, "--numeric", "crm"))["crm"] is NUMBER
    monkeypatch.setattr(kinds, "EXACT", 1e300)  # control: any number is an amount
    assert kinds_of(train(path))["crm"] is NUMBER


@pytest.mark.parametrize("format_", ["%d.%d", "%", "d.m.Y", "%q", "\udc80%d"])
def test_a_format_that_is_none_is_answered_by_a_sentence(format_, capsys):
    with pytest.raises(SystemExit):
        main(["--leads", "leads.csv", "--out", "out", "--time-format", format_])
    assert "--time-format takes unix" in capsys.readouterr().err


def test_only_texts_of_the_rows_at_hand_are_looked_at():
    column = texts([f"text {i % 900}" for i in range(1000)])
    seen: list[object] = []
    assert list(each(lambda value: seen.append(value) or value, column[np.arange(5)], object)) == [
        f"text {i}" for i in range(5)
    ]
    assert seen == [f"text {i}" for i in range(5)]
    assert len(column[np.arange(5)].values.texts) == 900  # control: the part itself knows all of them


def test_serial_numbers_and_codes(tmp_path, capsys):
    columns = {"lead number": lambda i, _y, _c: 900_000 - i, "code": lambda _i, y, c: c.randrange(4) + 2 * y}
    path = write(tmp_path / "leads.csv", columns)
    assert kinds_of(train(path)) == {"age": NUMBER, "code": NUMBER, "created_at": FeatureKind.HOUR_OF_DAY}
    told = capsys.readouterr().err
    assert "column 'lead number': left out: a serial number" in told
    assert "if they are codes, name the column in --categorical" in told
    artifact = train(path, "--categorical", "code", "--numeric", "lead number")
    assert kinds_of(artifact)["code"] is CATEGORY
    assert kinds_of(artifact)["lead number"] is NUMBER
    assert score(artifact, {"code": 5}) == score(artifact, {"code": "5"}) != score(artifact, {"code": 0})
    assert "is named by --numeric and by --categorical" in refused(
        path, capsys, "--categorical=code", "--numeric=code"
    )


def test_another_word_for_yes(tmp_path, capsys):
    path = write(tmp_path / "leads.csv", {})
    path.write_text(path.read_text().replace(",yes\n", ",Won\n").replace(",no\n", ",Lost\n"))
    assert "name it with --positive" in (said := refused(path, capsys))
    assert "line 2" in said
    train(path, "--positive", "won")


@pytest.mark.parametrize(
    ("yes", "no", "positive"),
    [("Won", "Lost", " won"), ("0", "1", "0"), ("0.0", "1.0", "0.0"), ("no", "yes", "no"), ("1", "2", "1")],
)  # fmt: skip
def test_validation_reads_the_words_of_training_and_what_training_wrote(tmp_path, yes, no, positive):
    path = write(tmp_path / "leads.csv", {})
    outcomes = [line.endswith(",yes") for line in path.read_text().splitlines()[1:]]
    swapped = path.read_text().replace(",yes\n", ",+\n").replace(",no\n", f",{no}\n")
    path.write_text(swapped.replace(",+\n", f",{yes}\n"))
    artifact = train(path, "--positive", positive)
    own = [y for _, y in holdout.read(path.read_bytes(), artifact)]
    assert own == outcomes
    written = [y for _, y in holdout.read((tmp_path / "out" / "holdout.csv.gz").read_bytes(), artifact)]
    assert written == outcomes[-len(written) :]


def test_control_without_the_word_in_the_artifact_the_words_are_unread(tmp_path):
    path = write(tmp_path / "leads.csv", {})
    path.write_text(path.read_text().replace(",yes\n", ",Won\n").replace(",no\n", ",Lost\n"))
    artifact = train(path, "--positive", "Won")
    silent = replace(artifact, data=replace(artifact.data, positive=None))
    with pytest.raises(holdout.HoldoutError, match="line 2 of the holdout is neither"):
        holdout.read(path.read_bytes(), silent)


def test_an_empty_label_beside_words_is_named(tmp_path):
    path = write(tmp_path / "leads.csv", {})
    path.write_text(path.read_text().replace(",yes\n", ",Won\n").replace(",no\n", ",Lost\n"))
    artifact = train(path, "--positive", "Won")
    data = path.read_text().replace(",Lost\n", ",\n", 1)
    row = data.splitlines().index(next(line for line in data.splitlines() if line.endswith(","))) + 1
    with pytest.raises(holdout.HoldoutError, match=f"line {row} of the holdout is empty"):
        holdout.read(data.encode(), artifact)


def test_numbers_beyond_what_can_be_learnt(tmp_path, capsys):
    path = write(tmp_path / "leads.csv", {"x": lambda i, _y, c: "1e200" if i == 7 else c.random()})
    assert "column 'x' in line 9 holds a number beyond 1e+150" in refused(path, capsys)
    train(path, "--exclude", "x")


@pytest.mark.parametrize("value", ["inf", "1e400", "9" * 400, "nan", "-Infinity"])
def test_numbers_that_are_not_finite_are_missing(tmp_path, value):
    path = write(tmp_path / "leads.csv", {"x": lambda _i, _y, c: value if c.random() < 0.1 else c.random()})
    artifact = train(path)
    assert kinds_of(artifact)["x"] is NUMBER
    assert lead_values(artifact, {"x": value})[1] is None
    assert len(holdout.read(path.read_bytes(), artifact)) == 3000


# --- times ---------------------------------------------------------------------------------------------------------------------


def dated(tmp_path: Path, written, name: str = "submitted") -> Path:
    start = datetime(2013, 1, 1, 8, tzinfo=UTC)
    return write(tmp_path / "leads.csv", {name: lambda i, _y, _c: written(start + timedelta(hours=9 * i), i)})


TIMES = {
    "German": (
        lambda at, _i: at.strftime("%d.%m.%Y %H:%M"),
        "--time-format '%d.%m.%Y %H:%M' would read them",
        "%d.%m.%Y %H:%M",
    ),
    "American": (
        lambda at, _i: at.strftime("%m/%d/%Y"),
        "--time-format '%m/%d/%Y' would read them",
        "%m/%d/%Y",
    ),
    "years": (lambda at, _i: str(at.year), "--time-format '%Y' would read them", "%Y"),
    "milliseconds": (
        lambda at, _i: int(at.timestamp() * 1000),
        "--time-format 'unix-ms' would read them",
        "unix-ms",
    ),
    "mixed": (
        lambda at, i: at.isoformat() if i % 5 else at.strftime("%d.%m.%Y"),
        "several formats are mixed",
        None,
    ),
}


@pytest.mark.parametrize("case", TIMES)
def test_times_are_read_or_refused(tmp_path, capsys, case):
    written, remedy, format_ = TIMES[case]
    path = dated(tmp_path, written)
    said = refused(path, capsys, "--time-column", "submitted")
    assert "are not ISO 8601 (2026-01-05T08:30:00Z) or Unix seconds, the first in line 2;" in said
    assert remedy in said or case == "mixed"
    if format_ is not None:
        artifact = train(path, "--time-column", "submitted", "--time-format", format_)
        assert artifact.data.to is not None
        assert artifact.data.to[:2] == "20"
        assert artifact.data.time == "submitted"
        rows = holdout.read((tmp_path / "out" / "holdout.csv.gz").read_bytes(), artifact)
        assert all(lead["submitted"] > artifact.data.to for lead, _ in rows)


def test_the_hour_is_excluded_with_its_time(tmp_path):
    artifact = train(write(tmp_path / "leads.csv", {}), "--exclude", "created_at")
    assert list(kinds_of(artifact)) == ["age"]
    assert artifact.data.to is not None


def test_few_unreadable_times_are_told(tmp_path, capsys):
    path = dated(tmp_path, lambda at, i: at.isoformat() if i % 200 else "soon")
    train(path, "--time-column", "submitted")
    assert "15 leads without a time are left out" in capsys.readouterr().err


def test_without_times_the_order_of_the_file_is_told(tmp_path, capsys):
    path = write(tmp_path / "leads.csv", {"created_at": lambda *_: ""})
    train(path)
    assert "the order of the file counts as the order of time" in capsys.readouterr().err
    assert "has no time in 3000 of 3000 rows" in refused(path, capsys, "--time-column", "created_at")


# --- leaks ---------------------------------------------------------------------------------------------------------------------


def test_all_leaks_are_named_at_once(tmp_path, capsys, monkeypatch):
    columns = {
        "duration": lambda _i, _y, c: c.random(),
        "Won At": lambda _i, _y, c: c.random(),
        "deal": lambda _i, y, c: c.randrange(9) if y and c.random() < 0.5 else "",
        "fee": lambda _i, y, c: c.randrange(1, 9) if y and c.random() < 0.5 else 0,
        "reason": lambda _i, y, c: c.choice("ab") if not y and c.random() < 0.6 else "",
    }
    path = write(tmp_path / "leads.csv", columns)
    said = refused(path, capsys)
    assert all(repr(name) in said for name in columns)
    assert "--exclude duration,Won At,deal,fee,reason" in said
    monkeypatch.setattr(leak_check, "filled_for", lambda *_: None)  # control: no look at what is filled
    assert "'deal'" not in refused(path, capsys)


def test_an_auc_too_good_is_told(tmp_path, capsys):
    columns = {f"x{n}": lambda _i, y, c: c.gauss(1.8 * y, 1) for n in range(4)}
    train(write(tmp_path / "leads.csv", columns))
    assert "too good for leads; does a column know the outcome?" in capsys.readouterr().err


# --- a lead is never shown -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flags", [(), ("--label", "won"), ("--label", "0", "--exclude", "x")])
def test_without_a_header_no_lead_is_shown(tmp_path, capsys, flags):
    path = tmp_path / "leads.csv"
    path.write_text("jane.doe@example.org,Jane Doe,41,0\njohn@example.org,John Roe,42,1\n" * 200)
    log = tmp_path / "log"
    log.touch()
    said = refused(path, capsys, *flags, f"--termination-log={log}")
    shown = said + log.read_text() + json.dumps(capsys.readouterr().err)
    assert "header" in said
    assert "example.org" not in shown
    assert "Jane" not in shown


# --- ids -----------------------------------------------------------------------------------------------------------------------


def with_ids(tmp_path: Path, ids: list[object], form: str) -> Path:
    chance = random.Random(2)
    leads = [{"id": i, "x": round(chance.gauss(0, 1), 2), "y": chance.randrange(2)} for i in ids]
    path = tmp_path / "leads"
    if form == "json lines":
        path.write_text("\n".join(map(json.dumps, leads)))
    else:
        arrow, files = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        table = arrow.table({name: [lead[name] for lead in leads] for name in leads[0]})
        if form == "parquet of decimals":  # as Snowflake and Oracle write whole numbers
            table = table.set_column(0, "id", table.column("id").cast(arrow.decimal128(38, 0)))
        files.write_table(table.append_column("tags", [[["a"]] * len(leads)]), path)
    return path


@pytest.mark.parametrize("form", ["json lines", "parquet", "parquet of decimals"])
@pytest.mark.parametrize("ids", ["neighbours", "without"])
def test_leads_with_neighbouring_or_no_ids_are_no_duplicates(tmp_path, capsys, form, ids):
    values = [2**62 + i if ids == "neighbours" or i % 2 else None for i in range(2000)]
    path = with_ids(tmp_path, values, form)
    flags = [] if form == "json lines" else ["--exclude", "tags"]
    train(path, "--id-column", "id", *flags)
    assert json.loads(capsys.readouterr().out)["duplicates"] == 0
    again = with_ids(tmp_path, [v if v is None else 2**62 + i % 700 for i, v in enumerate(values)], form)
    train(again, "--id-column", "id", *flags)  # control: equal ids are duplicates
    assert json.loads(capsys.readouterr().out)["duplicates"] > 0


def test_leads_sorted_by_their_outcome_are_told_of_the_time(tmp_path, capsys):
    path = write(tmp_path / "leads.csv", {})
    head, *rows = path.read_text().replace("created_at", "submitted").splitlines()
    path.write_text("\n".join([head, *sorted(rows, key=lambda row: row.endswith("yes"))]))
    assert "name the column of the time with --time-column" in refused(path, capsys)
    train(path, "--time-column", "submitted")
