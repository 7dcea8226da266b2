"""The bytes of a lead table as lines of text: gzip within a limit, UTF-8, and a remedy for each format that is recognised but not read."""

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

MAX_FIELD = 1 << 24  # characters
# times its own bytes that a gzip file unpacks to; bytes that no ratio matters for
MAX_RATIO, UNSUSPECTED = 200, 32 << 20

_BLOCK = 8192  # bytes; as many as a text reader takes at once
_UTF_16 = "UTF-16 text; save as CSV (UTF-8), or use `iconv -f UTF-16 -t UTF-8`"
_OTHERS = {
    b"PAR1": "Parquet, which only training reads, and not within gzip; give CSV or JSON lines",
    b"PK\x03\x04": "an Excel or zip file; save the sheet as CSV (UTF-8)",
    b"\xd0\xcf\x11\xe0": "an Excel file; save the sheet as CSV (UTF-8)",
    b"\xff\xfe": _UTF_16,
    b"\xfe\xff": _UTF_16,
    b"[": "a JSON list; write one object per line, as `jq -c '.[]'` does",
    b"BZh9": "packed by bzip2; unpack the file, or pack it by gzip",
    b"\xfd7zXZ": "packed by xz; unpack the file, or pack it by gzip",
    b"\x28\xb5\x2f\xfd": "packed by zstd; unpack the file, or pack it by gzip",
}


class TableError(ValueError):
    """The bytes are no table of leads; the message says where, and never shows a value."""


def refuse_other_formats(data: bytes, max_bytes: int) -> None:
    """Raise a TableError that says how to convert a file of a format that is recognised but not read, gzipped or not.

    To be called inside `named_errors`.
    """
    start = open_bytes(data, max_bytes).read1(_BLOCK).removeprefix(b"\xef\xbb\xbf").lstrip()
    if b"\0" in start[:2]:
        raise TableError("the leads are UTF-16 text without a mark; save as CSV (UTF-8)")
    for mark, remedy in _OTHERS.items():
        if start.startswith(mark):
            raise TableError(f"the leads are {remedy}")


def first_line(text: io.TextIOWrapper) -> tuple[str, int]:
    """The first line that is not empty, and how many empty lines come before it."""
    empty = 0
    while (line := text.readline()) and not line.strip("\r\n "):
        empty += 1
    return line, empty


def open_bytes(data: bytes, max_bytes: int) -> "_Unpacked | io.BytesIO":
    """The bytes as a stream, unpacked when they are gzip; reading beyond `max_bytes` of unpacked bytes raises TableError."""
    return _Unpacked(data, max_bytes) if data.startswith(b"\x1f\x8b") else io.BytesIO(data)


def open_text(data: bytes, max_bytes: int) -> io.TextIOWrapper:
    """The bytes as lines of text with their own line ends; to be read inside `named_errors`."""
    return io.TextIOWrapper(open_bytes(data, max_bytes), encoding="utf-8-sig", newline="")


class _Unpacked(gzip.GzipFile):
    """A gzip file that stops a small file from unpacking to a huge one."""

    def __init__(self, data: bytes, max_bytes: int) -> None:
        super().__init__(fileobj=io.BytesIO(data))
        suspect = max(UNSUSPECTED, MAX_RATIO * len(data))
        self.max_bytes = min(max_bytes, suspect)
        self._remedy = (
            f", over {MAX_RATIO} times the {len(data)} bytes of the gzip file, which no table of leads needs: give the file without gzip, "
            "or leave out columns that repeat one value"
            if suspect < max_bytes
            else ", the most that is read: take fewer leads, or leave out columns that no model reads"
        )

    def read(self, size: int | None = -1) -> bytes:
        self._check()
        return super().read(size)

    def read1(self, size: int = -1) -> bytes:
        self._check()
        return super().read1(size)

    def _check(self) -> None:
        if self.tell() > self.max_bytes:
            raise TableError(f"the leads unpack to more than {self.max_bytes} bytes{self._remedy}")


@contextmanager
def named_errors(data: bytes, max_bytes: int) -> Iterator[None]:
    """Turn errors of reading `data`, its UTF-8 and its CSV into TableErrors."""
    try:
        yield
    except UnicodeDecodeError:
        raise TableError(
            f"line {_undecodable_line(open_bytes(data, max_bytes))} is not UTF-8 text; save the leads as CSV (UTF-8), "
            "or use `iconv -f WINDOWS-1252 -t UTF-8`"
        ) from None
    except (OSError, EOFError, zlib.error):
        raise TableError("the gzip file is damaged or cut off; write it again, or fetch it again") from None
    except csv.Error as error:
        if "limit" in str(error):
            message = f"a field has more than {MAX_FIELD} characters, so the file is no CSV; is a quote never closed? Write each quote within a field twice"
            raise TableError(message) from None
        raise TableError(
            "the file has no header line or is no CSV; write the names of the columns into the first line"
        ) from None


def _undecodable_line(source: "_Unpacked | io.BytesIO") -> int:
    """The number of the first line that is not UTF-8, empty lines counted; read in blocks, for a line may be huge."""
    decoder, line, held = codecs.getincrementaldecoder("utf-8")(), 1, b""
    while block := source.read1(_BLOCK):
        try:
            decoder.decode(block)
        except UnicodeDecodeError as error:
            return line + _ends(held + error.object[: error.start])
        line += _ends(held + block)
        held = block[-1:] if block.endswith(b"\r") else b""
        line -= len(held)  # the end of a line, or the first half of one
    return line


def _ends(block: bytes) -> int:
    """How many lines end in a block, as a text reader takes them: by a newline, a carriage return, or both."""
    return block.count(b"\n") + block.count(b"\r") - block.count(b"\r\n")
