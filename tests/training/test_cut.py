"""Cut by numpy or read from line to line: the same rows, or the same refusal."""

import gzip
import random

import numpy as np
import pytest

from leadmodel_messages.table_bytes import TableError
from leadmodel_training import cut as module
from leadmodel_training import rows
from leadmodel_training.columns import plain
from leadmodel_training.rows import read

FILES = {
    "plain": b"a,b\nx,1\ny,2\nx,1\n",
    "no last line end": b"a,b\nx,1\ny,2",
    "other line ends": b"a,b\r\nx,1\r\ny,2\r\n",
    "old line ends": b"a,b\rx,1\ry,2\r",
    "old and new line ends": b"a,b\nx,1\ry,2\n",
    "a mark": b"\xef\xbb\xbfa,b\nx,1\n",
    "semicolons": b"a;b;c\nx,1;2;3\n",
    "quotes": b'a,b\n"x,y",1\n"two\nlines",2\n',
    "quotes in the header": b'"a,b",c\n1,2\n',
    "a quote within": b'a,b\nx"y,1\n',
    "empty lines": b"a,b\n\nx,1\n\n\ny,2\n\n",
    "an empty line of one field": b"a\nx\n\ny\n",
    "missing": b"a,b\n,NA\nnan,null\n ,x\n",
    "other alphabets": "a,b\ngröße,日本\n☃,é\n".encode(),
    "zero bytes": b"a,b\nx\0,1\nx,2\n",
    "long": b"a,b\n" + b"x" * 23 + b",1\n" + b"x" * 24 + b",2\n" + b"x" * 500 + b",3\n",
    "too long": b"a,b\n" + b"x" * 140_000 + b",1\n",
    "too long a header": b"a," + b"b" * 120_000 + b"\nx,1\n",
    "short row": b"a,b\nx,1\ny\n",
    "rows that make up for each other": b"a,b\nx\ny,1,2\n",
    "a long row": b"a,b\nx,1,2\n",
    "a short row before bytes that are no text": b"a,b\nx\n\xff,1\n",
    "no text": b"a,b\nx,1\n\xff,2\n",
    "no rows": b"a,b\n",
    "no header": b"\na,b\nx,1\n",
    "the same name twice": b"a,a\nx,1\n",
}


def outcome(data: bytes) -> object:
    try:
        return {name: plain(column) for name, column in read(data).columns.items()}
    except TableError as error:
        return str(error)


def both(data: bytes, monkeypatch: pytest.MonkeyPatch) -> tuple[object, object]:
    with monkeypatch.context() as patched:
        patched.setattr(rows, "cut", lambda *_: None)
        careful = outcome(data)
    return outcome(data), careful


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", FILES)
def test_the_same_as_from_line_to_line(name, packed, monkeypatch):
    data = gzip.compress(FILES[name], mtime=0) if packed else FILES[name]
    found, careful = both(data, monkeypatch)
    assert found == careful


@pytest.mark.parametrize("seed", range(200))
def test_whatever_stands_there(seed, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 40)
    chance = random.Random(seed)
    odd = ["\n", "\r\n", "\r", '"', "\0", ",", ""][: chance.choice([0, 2, 7])]
    texts = ["", "NA", "x", "12345678", "123456789", "ü" * 9, "y" * 24, "y" * 25, "1.5", *odd]
    lines = [",".join(chance.choices(texts, k=3)) for _ in range(30)]
    found, careful = both("\n".join(["a,b,c", *lines]).encode(), monkeypatch)
    assert found == careful


def test_texts_of_one_key_stay_two(monkeypatch):
    monkeypatch.setattr(module, "MIX", np.uint64(0))  # only the last word counts
    found = read(b"a\n" + b"12345678same\n87654321same\n" * 2)
    assert plain(found.columns["a"]) == ["12345678same", "87654321same"] * 2


def test_plain_files_are_cut(monkeypatch):
    monkeypatch.setattr(rows, "columns_of", None)
    assert len(read(FILES["other line ends"])) == 2


def test_a_cut_off_file_is_named(monkeypatch):
    data = gzip.compress(b"a,b\n" + random.Random(0).randbytes(9000).hex().encode() + b",1\n", mtime=0)
    found, careful = both(data[:-2000], monkeypatch)
    assert found == careful == "the gzip file is damaged or cut off; write it again, or fetch it again"
