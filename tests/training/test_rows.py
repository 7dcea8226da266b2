"""Every form of the same leads reads as the same leads; damage is named without quoting a lead."""

import gzip
import json

import numpy as np
import pytest

from leadmodel_messages.table_bytes import TableError
from leadmodel_training import rows as module
from leadmodel_training.columns import Rows, plain
from leadmodel_training.rows import labels, read, write_csv

CSV = "created_at,age,source,y\n2026-01-01T00:00:00,41.5,ads,yes\n2026-01-02T00:00:00,,,no\n"
LEADS = [
    {"created_at": "2026-01-01T00:00:00", "age": 41.5, "source": "ads", "y": "yes"},
    {"created_at": "2026-01-02T00:00:00", "age": None, "source": None, "y": "no"},
]


def parquet() -> bytes:
    arrow, files = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    sink = arrow.BufferOutputStream()
    table = arrow.table({name: [lead[name] for lead in LEADS] for name in LEADS[0]})
    at = table.column("created_at").cast(arrow.timestamp("s"))
    table = table.set_column(0, "created_at", at)
    table = table.set_column(2, "source", table.column("source").dictionary_encode())
    files.write_table(table, sink)
    return sink.getvalue().to_pybytes()


FORMS = {
    "csv": CSV.encode,
    "csv with a mark and other ends": lambda: b"\xef\xbb\xbf" + CSV.replace("\n", "\r\n").encode(),
    "semicolons": lambda: CSV.replace(",", ";").encode(),
    "gzip": lambda: gzip.compress(CSV.encode()),
    "json lines": lambda: "\n".join(map(json.dumps, LEADS)).encode(),
    "parquet": parquet,
}


@pytest.mark.parametrize("form", FORMS)
def test_the_same_leads(form):
    found = read(FORMS[form]())
    assert {name: plain(column) for name, column in found.columns.items() if name != "age"} == {
        name: [lead[name] for lead in LEADS] for name in LEADS[0] if name != "age"
    }
    assert [None if v is None else float(v) for v in plain(found.columns["age"])] == [41.5, None]
    assert labels(found.columns["y"], "y") == [True, False]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no leads"),
        (b"a,b\n", "no leads"),
        (b"a,a\n1,2\n", "name of its own"),
        (b"a,b\n1\nsecret@example.org,2\n", "line 2 has 1 fields"),
        (b"a\n\xff\n", "not UTF-8"),
        (gzip.compress(CSV.encode(), mtime=0)[:-9], "damaged"),
        (b'{"a": 1}\n{"a": {"b": 1}}\n', "line 2 is no flat"),
        (b'{"a": 1}\n{"a": \n', "line 2 is no JSON"),
        (b"PAR1 secret@example.org", "Parquet file is damaged"),
    ],
)
def test_damage_is_named_and_nothing_quoted(data, says):
    with pytest.raises(TableError, match=says) as caught:
        read(data)
    assert "example.org" not in str(caught.value)


def test_a_bomb_is_stopped(monkeypatch):
    monkeypatch.setattr(module, "MAX_BYTES", 1 << 20)
    with pytest.raises(TableError, match="unpack to more"):
        read(gzip.compress(b"a,b\n" + b"1,2\n" * (1 << 20)))


def test_parquet_without_its_library_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(TableError, match=r"leadmodel\[training,parquet\]"):
        read(b"PAR1")


def test_an_unreadable_label_is_named_by_its_row():
    with pytest.raises(TableError, match="'y' in row 2") as caught:
        labels(["yes", "perhaps"], "y")
    assert "perhaps" not in str(caught.value)


def test_pieces_make_one_column(monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 3)
    found = read(b"a\n" + b"".join(b"%d\n" % i for i in range(10)))
    assert plain(found.columns["a"]) == [str(i) for i in range(10)]
    assert plain(found.take(np.array([9, 0])).columns["a"]) == ["9", "0"]


def test_writing_reads_back_and_is_the_same_bytes():
    rows = Rows({"a": ["x", None], "n": np.array([1.5, np.nan])})
    assert write_csv(rows) == write_csv(rows)
    assert list(read(write_csv(rows)).leads()) == [{"a": "x", "n": "1.5"}, {}]
