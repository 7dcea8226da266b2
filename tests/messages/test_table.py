"""Trainer (fast and line by line), validator and replay read the same columns and the same values from the same bytes."""

import bz2
import csv
import gzip
import io
import json
import lzma
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from leadmodel_artifact.lead import LeadError, instant
from leadmodel_artifact.model import Artifact, DataWindow
from leadmodel_artifact.values import text_of
from leadmodel_local import rows as replay
from leadmodel_messages import table, table_values
from leadmodel_messages.table_bytes import TableError
from leadmodel_messages.table_values import outcome
from leadmodel_predictor.jobs import holdout
from leadmodel_training import rows as training
from leadmodel_training.columns import plain
from support.small_models import linear

LABEL = "y"
Leads = list[dict[str, object]]
FIVE_LINES = b"a;b,c;y\n1; x ;1\n2;none;0\n3;Null;yes\n"


def artifact() -> Artifact:
    """A model that reads no number, so that the validator leaves texts as they are."""
    return replace(linear(), features=(), data=DataWindow(label=LABEL))


def present(names: Sequence[str], columns: Mapping[str, Sequence[object]]) -> Leads:
    rows = zip(*(columns[name] for name in names), strict=True)
    return [{n: v for n, v in zip(names, row, strict=True) if v is not None} for row in rows]


def fast(data: bytes) -> Leads:
    read = training.read(data)
    return present(list(read.columns), {name: plain(column) for name, column in read.columns.items()})


def line_by_line(data: bytes) -> Leads:
    with mock.patch.object(training, "cut", return_value=None):
        return fast(data)


def contract(data: bytes) -> Leads:
    read = table.read(data, 1 << 30)
    return [{n: v for n, v in zip(read.names, row, strict=True) if v is not None} for row in read.rows]


def validated(data: bytes) -> tuple[Leads, list[bool]]:
    pairs = list(holdout.read(data, artifact()))
    return [lead for lead, _ in pairs], [outcome for _, outcome in pairs]


def replayed(data: bytes) -> Leads:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "leads"
        path.write_bytes(data)
        return [{name: value for name, value in row.items() if value} for row in replay.read(path).rows]


def without_label(leads: Leads) -> Leads:
    return [{name: value for name, value in lead.items() if name != LABEL} for lead in leads]


def as_texts(leads: Leads) -> Leads:
    return [{name: text_of(value) for name, value in lead.items()} for lead in leads]


def hold_together(data: bytes) -> Leads:
    """All readers agree on `data`, which has an outcome in every row; what they read."""
    leads = contract(data)
    assert fast(data) == line_by_line(data) == leads
    assert replayed(data) == as_texts(leads)
    others, outcomes = validated(data)
    assert others == without_label(leads)
    column = training.read(data).columns[LABEL]
    assert outcomes == training.labels(column, LABEL) == [outcome(lead[LABEL]) for lead in leads]
    return leads


def test_the_file_that_three_readers_read_differently():
    assert hold_together(FIVE_LINES) == [
        {"a": "1", "b,c": " x ", "y": "1"},
        {"a": "2", "b,c": "none", "y": "0"},
        {"a": "3", "b,c": "Null", "y": "yes"},
    ]


CELLS = st.one_of(
    st.sampled_from(
        ["", "NA", "NaN", "nan", "NAN", "null", "Null", "NULL", "none", "None", " NA", " x ", "inf"]
    ),
    st.sampled_from(["1", "41.5", "-3e4", "1_000", " 7 ", "a;b", "a,b", 'a"b', "größe", "日本", "y" * 25]),
    st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=12),
)
OUTCOMES = st.sampled_from(["1", "0", "1.0", "0.0", "yes", "No", "TRUE", "false", "y", "n", " t ", "F"])
NAMES = st.lists(
    st.text(st.sampled_from("abcdefgh é,;"), min_size=1, max_size=4), min_size=1, max_size=4, unique=True
)
MARKS = st.sampled_from([b"", b"\xef\xbb\xbf"])
PACK = st.sampled_from([bytes, lambda data: gzip.compress(data, mtime=0)])


@st.composite
def csv_files(draw):
    names = [*draw(NAMES), LABEL]
    delimiter = draw(st.sampled_from([",", ";"]))
    row = st.tuples(*[CELLS] * (len(names) - 1), OUTCOMES)
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=draw(st.sampled_from(["\n", "\r\n"])))
    writer.writerows([names, *draw(st.lists(row, min_size=1, max_size=6))])
    return draw(PACK)(draw(MARKS) + text.getvalue().encode())


def outcome_of(reader, data: bytes) -> object:
    """What a reader reads, or that the reader refuses the bytes."""
    try:
        return reader(data)
    except (TableError, holdout.HoldoutError, replay.LeadsError) as error:
        return "refused", str(error)


@settings(max_examples=150, deadline=None)
@given(csv_files())
def test_tables_of_every_kind(data):
    """Where the file is a table all read the same; where the delimiter is taken for another, all refuse the same."""
    leads = outcome_of(contract, data)
    assert outcome_of(fast, data) == outcome_of(line_by_line, data) == leads
    if isinstance(leads, list) and all(outcome(lead.get(LABEL)) is not None for lead in leads):
        hold_together(data)
    else:
        assert outcome_of(validated, data)[0] == "refused"
        if not isinstance(leads, list):
            assert leads[1] in outcome_of(replayed, data)[1]
            refusal = outcome_of(validated, data)[1]
            assert (
                leads[1] in refusal or f"no column {LABEL!r}" in refusal
            )  # the header is judged before the rows


JSON_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.sampled_from(["NA", "none", "", "x", "7"]),
)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.dictionaries(st.sampled_from(["a", "b", "c"]), JSON_VALUES, max_size=3), min_size=1, max_size=6
    ),
    MARKS,
    PACK,
    st.data(),
)
def test_json_lines_of_every_kind(leads, mark, pack, data):
    lines = [json.dumps({**lead, LABEL: data.draw(OUTCOMES)}) for lead in leads]
    hold_together(pack(mark + "\n".join([*lines, ""]).encode()))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60))
def test_no_bytes_make_an_error_of_another_kind(data):
    assume(not data.startswith(b"PAR1"))  # Parquet, which training alone reads
    leads = outcome_of(contract, data)
    if leads:
        assert outcome_of(fast, data) == outcome_of(line_by_line, data) == leads


REFUSED = {
    "a name twice": (b"a,a,y\n1,2,1\n", "name of its own"),
    "a name that is empty": (b"a,,y\n1,2,1\n", "name of its own"),
    "a short row": (b"a,y\n1,1\n\nsecret@example.org\n", "line 4 has 1 fields, the header has 2"),
    "no UTF-8": (b"a,y\n\xff,1\n", "line 2 is not UTF-8"),
    "latin-1": ("\n\na,y\nx,1\n\nMüller,1\nx,0\n".encode("latin-1"), "line 6 is not UTF-8 text; save"),
    "latin-1 far on": (
        b"a,y\n" + b"x,1\n" * 50_000 + "Müller,1\n".encode("latin-1"),
        "line 50002 is not UTF-8",
    ),
    "latin-1 in the header": ("größe,y\n1,1\n".encode("latin-1"), "line 1 is not UTF-8"),
    "latin-1 in JSON lines": ('{"y": 1}\n{"y": 0, "a": "Müller"}\n'.encode("latin-1"), "line 2 is not UTF-8"),
    "latin-1 in gzip": (gzip.compress("a,y\nMüller,1\n".encode("latin-1"), mtime=0), "line 2 is not UTF-8"),
    "half of a surrogate pair in CSV": (b"a,y\nx,1\n\xed\xa0\xbd,1\n", "line 3 is not UTF-8"),
    "half of a surrogate pair in JSON lines": (
        b'{"y": 1}\n\n{"y": 0, "a": "\\ud83d"}\n',
        "line 3 holds half of a character",
    ),
    "a character that is cut off": (b"a,y\nx,1\nx,1\xc3", "line 3 is not UTF-8"),
    "UTF-16": ("a,y\nMüller,1\n".encode("utf-16"), "iconv -f UTF-16"),
    "UTF-16, the other end first": (b"\xfe\xff" + "a,y\nx,1\n".encode("utf-16-be"), "iconv -f UTF-16"),
    "UTF-16 without a mark": ("a,y\nx,1\n".encode("utf-16-le"), "UTF-16 text without a mark"),
    "UTF-16 in gzip": (gzip.compress("a,y\nx,1\n".encode("utf-16"), mtime=0), "iconv -f UTF-16"),
    "a JSON list": (b'[{"y": 1}, {"y": 0}]', "one object per line, as `jq -c '.[]'`"),
    "a JSON list after a mark and empty lines": (b'\xef\xbb\xbf\n [\n{"y": 1}]', "one object per line"),
    "a JSON list in gzip": (gzip.compress(b'[{"y": 1}]', mtime=0), "one object per line"),
    "Excel": (b"PK\x03\x04\x14\x00\x06\x00", "an Excel or zip file; save the sheet as CSV (UTF-8)"),
    "old Excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel file; save the sheet as CSV (UTF-8)"),
    "Excel in gzip": (gzip.compress(b"PK\x03\x04\x14\x00\x06\x00", mtime=0), "an Excel or zip file"),
    "bzip2": (bz2.compress(b"a,y\nx,1\n"), "packed by bzip2; unpack"),
    "xz": (lzma.compress(b"a,y\nx,1\n"), "packed by xz; unpack"),
    "zstd": (b"\x28\xb5\x2f\xfd\x04\x58", "packed by zstd; unpack"),
    "a gzip file that is cut off": (gzip.compress(b"a,y\n1,1\n", mtime=0)[:-9], "damaged or cut off"),
    "no object": (b'{"y": 1}\n["secret@example.org"]\n', "line 2 is no JSON object"),
    "no flat object": (b'{"y": 1}\n{"a": {"secret@example.org": 1}}\n', "line 2 is no flat JSON object"),
    "a field beyond csv's limit": (b'a,y\n"' + b"x" * (1 << 24) + b'y",1\n', "is a quote never closed?"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_every_reader_refuses_in_the_same_words(case):
    data, words = REFUSED[case]
    for reader in (contract, fast, line_by_line, validated, replayed):
        refusal = outcome_of(reader, data)
        assert isinstance(refusal, tuple)
        assert words in refusal[1]
        assert "example.org" not in refusal[1]


BROKEN = {
    "a short row": b"a,b,y\n1,1\n",
    "a column without a name": b"a,,y\n1,1,1\n",
    "a name that stands twice": b"a,a,y\n1,1,1\n",
    "a JSON field without a name": b'{"": 1, "y": 1}\n',
}


@pytest.mark.parametrize("data", [*(data for data, _ in REFUSED.values()), *BROKEN.values()])
def test_every_refusal_of_a_table_says_what_to_do(data):
    message = outcome_of(contract, data)[1]
    assert re.search(r"\b([Ww]rite|[Ss]ave|[Gg]ive|[Nn]ame|[Uu]npack|[Uu]se|needs)\b", message), message


SAME = [{"a": "Müller", "y": "1"}, {"a": "x", "y": "0"}]
READ = {
    "a mark": "\ufeffa,y\nMüller,1\nx,0\n".encode(),
    "a mark in gzip": gzip.compress("\ufeffa,y\nMüller,1\nx,0\n".encode(), mtime=0),
    "a mark before JSON lines": ('\ufeff{"a": "Müller", "y": "1"}\n{"a": "x", "y": "0"}\n').encode(),
    "tabs": "a\ty\nMüller\t1\nx\t0\n".encode(),
    "empty lines first": "\n \r\n\na,y\nMüller,1\nx,0\n".encode(),
    "empty lines before JSON lines": '\n\n{"a": "Müller", "y": "1"}\n{"a": "x", "y": "0"}\n'.encode(),
}


@pytest.mark.parametrize("case", READ)
def test_every_reader_takes_what_programs_save(case):
    for reader in (contract, fast, line_by_line, replayed):
        assert reader(READ[case]) == SAME
    assert validated(READ[case]) == (without_label(SAME), [True, False])


LINES = {  # the line of what is wrong, as a text editor counts
    "after empty lines": (b"\n\na,y\nx,1\n\nx\n", 6),
    "after a cell of three lines": (b'a,y\n"x\ny\r\nz",1\nx\n', 5),
    "a header of two lines": (b'"a\nb",y\nx,1\nx\n', 4),
    "a row of two lines": (b'a,y\n"x\ny",1\n"x\ny"\n', 4),
    "lines of an old Mac": (b'a,y\rx,1\r"x\ry",1\rx\r', 5),
    "lines of Windows": (b"a,y\r\nx,1\r\nx\r\n", 3),
    "characters that end no line": ("a,y\n\u2028\x0b\x85,1\nx\n".encode(), 3),
}


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("case", LINES)
def test_every_reader_names_the_line_of_a_row(case, pack):
    data, line = LINES[case]
    for reader in (contract, fast, line_by_line, validated, replayed):
        assert f"line {line} has 1 fields" in outcome_of(reader, pack(data))[1]


OUTCOMELESS = {
    "CSV": (b'\na,y\n"x\n\ny",1\n\nx,perhaps\nx,0\n', 7),
    "plain CSV": (b"a,y\nx,1\nx,0\nx,perhaps\nx,0\n", 4),
    "JSON lines": (b'\n{"y": 1}\n\n \n{"y": "perhaps"}\n{"y": 0}\n', 5),
}


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("case", OUTCOMELESS)
def test_every_program_names_the_line_of_a_value(case, pack, tmp_path):
    data, line = pack(OUTCOMELESS[case][0]), OUTCOMELESS[case][1]
    rows = training.read(data)
    with pytest.raises(TableError, match=rf"label 'y' in line {line} is neither"):
        training.labels(rows.columns[LABEL], LABEL, None, rows.place_of)
    with pytest.raises(holdout.HoldoutError, match=rf"label in line {line} of the holdout is neither"):
        validated(data)
    path = tmp_path / "leads"
    path.write_bytes(data)
    with pytest.raises(replay.LeadsError, match=rf"column 'y' in line {line} must hold yes/no"):
        replay.check_label(replay.read(path), LABEL)


@settings(max_examples=150, deadline=None)
@given(csv_files())
def test_each_row_begins_in_the_line_that_an_editor_shows(data):
    """The text between the beginnings of two rows reads as the first of the two, and no line is left over."""
    try:
        rows = list(table.read(data, 1 << 30).rows)
    except TableError:
        assume(False)
    begins = [table.line_of(data, 1 << 30, i) for i in range(len(rows))]
    with table.open_text(data, 1 << 30) as text:
        lines = list(text)
    assert begins == sorted({*begins})
    for row, begin, end in zip(rows, begins, [*begins[1:], len(lines) + 1], strict=True):
        (alone,) = filter(
            None, csv.reader(lines[begin - 1 : end - 1], delimiter=table.delimiter_of(lines[0]))
        )
        assert [cell or None for cell in alone] == row


def test_control_a_row_counted_as_a_line_is_another_line():
    data, line = LINES["after a cell of three lines"]
    assert line != 2 + data[:-3].count(b",1")


def test_control_a_reader_that_looks_at_packed_bytes_names_no_remedy(monkeypatch):
    monkeypatch.setattr(table, "refuse_other_formats", lambda *_: None)
    for case in ("UTF-16 in gzip", "a JSON list in gzip", "Excel in gzip", "UTF-16 without a mark"):
        data, words = REFUSED[case]
        assert words not in str(outcome_of(contract, data))


@pytest.mark.slow
def test_a_small_file_that_unpacks_to_a_huge_one(monkeypatch):
    data = gzip.compress(b"a,y\n" + b"1,1\n" * (1 << 20), mtime=0)
    with pytest.raises(TableError, match=r"unpack to more than 1048576 bytes, .* take fewer leads"):
        list(table.read(data, 1 << 20).rows)
    for module, limit in ((training, "MAX_BYTES"), (holdout, "MAX_UNPACKED"), (replay, "MAX_UNPACKED")):
        monkeypatch.setattr(module, limit, 1 << 20)
    for reader in (fast, line_by_line, validated, replayed):
        assert "unpack to more than 1048576 bytes" in outcome_of(reader, data)[1]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2026-01-05T00:00:00Z", 1767571200.0),
        ("2026-01-05T01:00:00+01:00", 1767571200.0),
        ("20260105", 1767571200.0),
        ("1767571200", 1767571200.0),
        (1767571200, 1767571200.0),
        ("yesterday", None),
        ("1e300", None),
        (None, None),
    ],
)
def test_times(value, seconds):
    assert table_values.seconds(value) == seconds


@pytest.mark.parametrize("write", [int, str])
@pytest.mark.parametrize(
    "unix", [-1, 0, 2026, 10**8 - 1, 10**11, 1767571200000, 1770101212300, 177010121230045, 10**30]
)
def test_a_table_and_a_lead_on_the_wire_hold_the_same_unix_seconds(unix, write):
    """The control are the bounds themselves, of which the first is an instant for both and the last is the first that is none."""
    assert table_values.seconds(write(unix)) is None
    with pytest.raises(LeadError):
        instant(write(unix))
    for known in (10**8, 10**11 - 1):
        assert table_values.seconds(write(known)) == instant(write(known)).timestamp() == known
