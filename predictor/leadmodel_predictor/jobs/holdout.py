"""The holdout as validation reads it: labelled leads in CSV or JSON lines, gzipped or not → leads and outcomes.

A CSV knows only strings: a field becomes a number where the model wants one. Nothing here scores.
"""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from typing import Any

from leadmodel_artifact.model import Artifact, FeatureKind

MAX_BYTES = 64 << 20
MAX_UNPACKED = 1 << 30
_MISSING = {"", "NA", "NaN", "nan", "null", "NULL", "None"}
_LABELS = {"1": True, "1.0": True, "true": True, "yes": True, "y": True, "t": True} | dict.fromkeys(
    ("0", "0.0", "false", "no", "n", "f"), False
)


class HoldoutError(ValueError):
    """The holdout is no table of labelled leads; the message says where, never what stands there."""


def read(data: bytes, artifact: Artifact) -> Iterator[tuple[dict[str, Any], bool]]:
    """Leads with outcomes. Raises HoldoutError."""
    text = _text(data)
    label = artifact.data.label
    if text.lstrip()[:1] == "{":
        yield from _json_lines(text, label)
    else:
        numeric = {f.source for f in artifact.features if f.kind is FeatureKind.NUMERIC}
        yield from _csv(text, label, numeric)


def _text(data: bytes) -> str:
    if data[:2] == b"\x1f\x8b":
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
                data = packed.read(MAX_UNPACKED + 1)
        except (OSError, EOFError, zlib.error):
            raise HoldoutError("the holdout is a damaged or cut off gzip file") from None
        if len(data) > MAX_UNPACKED:
            raise HoldoutError(f"the holdout unpacks to more than {MAX_UNPACKED} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise HoldoutError("the holdout is not UTF-8 text") from None


def _csv(text: str, label: str, numeric: set[str]) -> Iterator[tuple[dict[str, Any], bool]]:
    head = text[: text.find("\n")] if "\n" in text else text
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=";" if head.count(";") > head.count(",") else ","
    )
    names = next(reader, [])
    if label not in names:
        raise HoldoutError(f"the holdout has no column {label!r}, which the model names as its label")
    try:
        for number, row in enumerate(reader, 2):
            if len(row) != len(names):
                raise HoldoutError(
                    f"row {number} of the holdout has {len(row)} fields, the header has {len(names)}"
                )
            lead = {
                n: _number(v, n, number) if n in numeric else v
                for n, v in zip(names, row, strict=True)
                if v not in _MISSING
            }
            yield lead, _outcome(lead.pop(label, None), f"row {number}")
    except csv.Error:
        raise HoldoutError("the holdout is no CSV") from None


def _number(text: str, name: str, row: int) -> float:
    try:
        return float(text)
    except ValueError:
        raise HoldoutError(f"{name!r} in row {row} of the holdout is no number") from None


def _json_lines(text: str, label: str) -> Iterator[tuple[dict[str, Any], bool]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            lead = json.loads(line)
        except (ValueError, RecursionError):
            lead = None
        if not isinstance(lead, dict):
            raise HoldoutError(f"line {number} of the holdout is no JSON object")
        yield lead, _outcome(lead.pop(label, None), f"line {number}")


def _outcome(value: Any, where: str) -> bool:
    found = _LABELS.get(str(value).strip().lower())
    if found is None:
        raise HoldoutError(f"the label in {where} of the holdout is neither yes/no, true/false nor 1/0")
    return found
