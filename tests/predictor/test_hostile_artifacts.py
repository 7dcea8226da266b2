"""Artifacts and holdouts made to harm: each ends in a report or a failure that says why, within the memory of the Job."""

import copy
import gzip
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from leadmodel_artifact import artifact
from leadmodel_artifact.model import ArtifactError
from leadmodel_messages import report, table, table_bytes
from leadmodel_messages.exits import ValidateExit
from leadmodel_messages.table_bytes import TableError
from leadmodel_predictor.jobs import validate
from support.small_models import leads, linear

BAD: list[Any] = [
    10**400,
    1e308,
    -1e308,
    2**63,
    -1,
    "",
    "tomorrow",
    "x" * 2000,
    None,
    True,
    [],
    {},
    [10**400],
]


def variants(value: Any) -> Iterator[Any]:
    """Copies of a document in each of which one value is a bad one; of lists only the first item."""
    keys = (
        list(value)
        if isinstance(value, dict)
        else range(min(len(value), 1))
        if isinstance(value, list)
        else ()
    )
    for key in keys:
        for inner in (*variants(value[key]), *BAD):
            copied = copy.copy(value)
            copied[key] = inner
            yield copied


@pytest.fixture(scope="module")
def holdout(tmp_path_factory) -> Path:
    """Labelled leads in JSON lines."""
    rows = [{**lead, "y": number % 3 == 0} for number, lead in enumerate(leads(60, seed=5))]
    file = tmp_path_factory.mktemp("holdout") / "holdout.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    return file


def validated(folder: Path, document: Any, holdout: Path) -> int:
    """The exit code of the program, which raises nothing and leaves a message that can be read."""
    file, log = folder / "model.json", folder / "log"
    file.write_text(json.dumps(document))
    log.touch()
    code = validate.main([f"--artifact={file}", f"--holdout={holdout}", f"--termination-log={log}"])
    if code == ValidateExit.REPORTED:
        report.parse(log.read_text())
    return code


def test_an_artifact_with_any_bad_value_is_answered(tmp_path, holdout, capsys):
    """Never a crash, which would be tried again for ever."""
    document = json.loads(artifact.dump(linear()))
    document["data"]["to"] = "2020-01-01T00:00:00Z"
    assert validated(tmp_path, document, holdout) == ValidateExit.REPORTED
    codes = {validated(tmp_path, bad, holdout) for bad in variants(document)}
    assert codes <= {ValidateExit.REPORTED, ValidateExit.UNMEASURED}
    capsys.readouterr()


@pytest.mark.parametrize("time", ["tomorrow", "2026-13-01", ""])
def test_a_time_that_nobody_can_read_is_refused(tmp_path, holdout, capsys, time):
    document = json.loads(artifact.dump(linear()))
    document["data"]["to"] = time
    assert validated(tmp_path, document, holdout) == ValidateExit.REPORTED
    answer = report.parse(capsys.readouterr().out)
    assert (answer.outcome, answer.reason) == (report.Outcome.REFUSED, "SchemaMismatch")


BOMBS = {
    "lists": b"[" + b"[]," * 500_000 + b"[]]",
    "objects": b"[" + b"{}," * 500_000 + b"{}]",
    "numbers": b"[" + b"1e1," * 2_100_000 + b"1]",
    "texts": b"[" + b'"ab",' * 600_000 + b"1]",
}


@pytest.mark.parametrize("kind", BOMBS)
def test_an_artifact_that_would_fill_memory_is_refused_unread(kind):
    with pytest.raises(ArtifactError, match="memory"):
        artifact.parse(BOMBS[kind])


def test_control_without_limits_it_is_read(monkeypatch):
    monkeypatch.setattr(artifact, "MAX_CONTAINERS", 10**9)
    with pytest.raises(ArtifactError, match="object"):
        artifact.parse(BOMBS["lists"])


# --- holdouts ----------------------------------------------------------------------------------------------------------------


def columns() -> bytes:
    """Each line names a column of its own: cells grow with the square of the lines."""
    return gzip.compress("\n".join(f'{{"c{n}":1}}' for n in range(20_000)).encode())


HOLDOUTS = {
    "a column for each line": columns,
    "one letter again and again": lambda: gzip.compress(b"y,a\n" + b"1,x\n" * 10_000_000, 9),
    "one empty line again and again": lambda: gzip.compress(b"y,a\n" + b"\n" * 80_000_000, 9),
}
MEASURE = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
from leadmodel_artifact.artifact import load
from leadmodel_predictor.jobs import holdout
model = load(Path(sys.argv[1]).read_bytes())
try:
    rows = sum(1 for _ in list(holdout.read(Path(sys.argv[2]).read_bytes(), model)))
except holdout.HoldoutError as error:
    print(error)
"""


@pytest.mark.parametrize("kind", HOLDOUTS)
def test_a_small_holdout_that_unpacks_to_more_than_memory_is_named(kind, tmp_path):
    """In a process with the memory of a validation."""
    model, data = tmp_path / "model.json", tmp_path / "holdout.gz"
    model.write_bytes(artifact.dump(linear()))
    data.write_bytes(HOLDOUTS[kind]())
    assert data.stat().st_size < 1_000_000
    found = subprocess.run(
        [sys.executable, "-c", MEASURE, str(model), str(data)], check=False, capture_output=True, text=True
    )
    assert "the holdout cannot be read: " in found.stdout, found.stderr[-300:]


def test_a_table_may_pack_well_and_be_no_bomb():
    rows = b"y,a\n" + b"1,web\n" * 400_000
    assert sum(1 for _ in table.read(gzip.compress(rows), 1 << 30).rows) == 400_000


@pytest.mark.parametrize("ratio", [200, 10**9])
def test_a_gzip_file_unpacks_to_a_multiple_of_itself(monkeypatch, ratio):
    """With another ratio, which is the control, the file is read."""
    packed = gzip.compress(b"y,a\n" + b"1,x\n" * 3_000_000, 9)
    monkeypatch.setattr(table_bytes, "UNSUSPECTED", 1 << 20)
    monkeypatch.setattr(table_bytes, "MAX_RATIO", ratio)
    rows = table.read(packed, 1 << 30).rows
    if ratio > 200:
        assert sum(1 for _ in rows) == 3_000_000
        return
    with pytest.raises(TableError, match=r"over 200 times the .* give the file without gzip"):
        sum(1 for _ in rows)
    unpacked = gzip.decompress(packed)
    assert sum(1 for _ in table.read(unpacked, 1 << 30).rows) == 3_000_000  # what the message says helps


# --- Parquet ---------------------------------------------------------------------------------------------------------------


def test_a_parquet_file_that_repeats_one_long_text_is_named(monkeypatch):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    from leadmodel_training import parquet as reader

    file = io.BytesIO()
    parquet.write_table(pa.table({"a": ["x" * 100_000] * 5_000}), file, compression="snappy")
    assert len(file.getvalue()) < 1_000_000
    assert len(reader.read_parquet(file.getvalue())) == 5_000  # the control: within the limit
    monkeypatch.setattr(reader, "MAX_BYTES", 1 << 28)
    with pytest.raises(TableError, match="unpacks to more than"):
        reader.read_parquet(file.getvalue())
    wide = io.BytesIO()
    parquet.write_table(pa.table({"a": pa.nulls(120_000_000, pa.int8())}), wide)
    with pytest.raises(TableError, match="cells"):
        reader.read_parquet(wide.getvalue())
