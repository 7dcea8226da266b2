"""Past leads of a replay are read as its trainings are told to read them, and a message names the line of the file."""

import gzip
import os
from pathlib import Path

import pytest

from leadmodel_local.replay.leads import load
from leadmodel_local.rows import LeadsError

FILE = b"""created_at,code,fee,y
2026-01-05T08:00:00Z,01,"12,50",Won

2026-01-05T09:00:00Z,1,"7,25",Lost
2026-01-05T10:00:00Z,02,unknown,Lost
"""


def read(tmp_path, data=FILE, **wishes):
    path = tmp_path / "leads.csv"
    path.write_bytes(data)
    return load(path, "y", "created_at", **wishes)


def test_columns_and_labels_are_read_as_the_trainings_are_told(tmp_path):
    past = read(tmp_path, categorical=("code",), positive="Won")
    assert [past.lead(i) for i in range(3)] == [
        {"created_at": "2026-01-05T08:00:00Z", "code": "01", "fee": 12.5},
        {"created_at": "2026-01-05T09:00:00Z", "code": "1", "fee": 7.25},
        {"created_at": "2026-01-05T10:00:00Z", "code": "02"},
    ]


def test_the_control_without_these_words_codes_are_numbers_and_labels_are_refused(tmp_path):
    assert [read(tmp_path, positive="Won").lead(i)["code"] for i in range(3)] == [1.0, 1.0, 2.0]
    with pytest.raises(LeadsError, match="column 'y' in line 2 must hold yes/no"):
        read(tmp_path)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_time_that_nobody_can_read_is_named_by_its_line(tmp_path, pack):
    with pytest.raises(LeadsError, match="column 'created_at' in line 5 must hold a time") as caught:
        read(tmp_path, pack(FILE.replace(b"2026-01-05T10:00:00Z", b"tomorrow")), positive="Won")
    assert "tomorrow" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [(b"Won", b"maybe", "'y' in line 2"), (b"2026-01-05T10", b"today", "'created_at' in line 5")],
)
def test_leads_from_a_pipe_are_read_once(old, new, words):
    """What came from /dev/stdin or a FIFO is gone when a line is to be named, which is the control."""
    out, into = os.pipe()
    with os.fdopen(out):
        with os.fdopen(into, "wb") as writer:
            writer.write(FILE.replace(old, new))
        pipe = Path(f"/dev/fd/{out}")
        with pytest.raises(LeadsError, match=words):
            load(pipe, "y", "created_at", positive=None if new == b"maybe" else "Won")
        assert pipe.read_bytes() == b""
