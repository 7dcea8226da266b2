"""Leads of a file as texts: CSV or JSON lines, gzipped or not, and which of their fields are numbers."""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

NUMERIC_SHARE = 0.99  # of the values that are there
_MISSING = {"", "na", "nan", "null", "none"}
YES, NO = {"1", "1.0", "true", "yes", "y", "t"}, {"0", "0.0", "false", "no", "n", "f"}


class LeadsError(ValueError):
    """These leads cannot be used; the message says what would help."""


def read(path: Path) -> list[dict[str, str]]:
    """All rows of a file, in its order; what is missing is "". Raises LeadsError."""
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or "this is no text in UTF-8, gzipped or not"
        raise LeadsError(f"{path}: {said}; give a CSV or JSON lines") from None
    try:
        return _json(text) if text.lstrip()[:1] == "{" else _csv(text)
    except (ValueError, AttributeError, csv.Error):
        raise LeadsError(f"{path} is neither a CSV with a header nor JSON lines") from None


def _csv(text: str) -> list[dict[str, str]]:
    head = text[: text.find("\n")]
    mark = ";" if ";" in head and "," not in head else ","
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=mark)
    return [{str(k): _clean(v) for k, v in row.items() if k is not None} for row in reader]


def _json(text: str) -> list[dict[str, str]]:
    found = [json.loads(line) for line in text.splitlines() if line.strip()]
    names = list(dict.fromkeys(name for row in found for name in row))
    return [{name: _clean(row.get(name)) for name in names} for row in found]


def _clean(value: Any) -> str:
    text = str(int(value)) if isinstance(value, bool) else "" if value is None else str(value).strip()
    return "" if text.lower() in _MISSING else text


def check_label(rows: Sequence[Mapping[str, str]], label: str, where: Path) -> None:
    """Raise LeadsError unless every row has an outcome."""
    if not rows or label not in rows[0]:
        there = ", ".join(list(rows[0])[:20]) if rows else "no rows"
        raise LeadsError(f"{where} has no column {label!r} (there: {there}); name the outcome with --label")
    if any(row[label].lower() not in YES | NO for row in rows):
        raise LeadsError(
            f"column {label!r} must hold yes/no, true/false or 1/0; name the outcome with --label"
        )


def is_number(values: Iterable[str]) -> bool:
    """Whether a column holds numbers, as a training sees it."""
    known = [value for value in values if value]
    return len(known) > 0 and sum(number(v) is not None for v in known) >= NUMERIC_SHARE * len(known)


def number(text: str) -> float | None:
    """The number, or None."""
    try:
        return float(text)
    except ValueError:
        return None
