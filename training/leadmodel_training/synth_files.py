"""Writes drawn leads as CSV or JSON lines, gzipped or not. Texts are filler of the drawn length: no person stands behind any row."""

import csv
import gzip
import io
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from leadmodel_training.synth_texts import filler, message
from leadmodel_training.world import COUNTRIES, SOURCES, Leads, World, industry_names


def format_of(path: Path) -> str | None:
    """`csv` or `jsonl` by the file's name, None for any other name."""
    kind = path.name.removesuffix(".gz").rpartition(".")[2]
    return kind if kind in {"csv", "jsonl"} else None


def write(path: Path, leads: Leads, world: World) -> None:
    """Write the leads in the format that the file's name says. The same leads give the same bytes.

    Raises:
        OSError: The file cannot be written.
    """
    with path.open("wb") as raw:
        target = (
            gzip.GzipFile("", "wb", compresslevel=6, fileobj=raw, mtime=0)
            if path.name.endswith(".gz")
            else raw
        )
        with io.TextIOWrapper(target, encoding="utf-8", newline="") as text:
            (_write_csv if format_of(path) == "csv" else _write_json)(text, leads, world)


def _write_csv(text: TextIO, leads: Leads, world: World) -> None:
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_names(leads))
    writer.writerows(_rows(leads, world))


def _write_json(text: TextIO, leads: Leads, world: World) -> None:
    names = _names(leads)
    for row in _rows(leads, world):
        lead = {name: value for name, value in zip(names, row, strict=True) if value is not None}
        text.write(json.dumps(lead, separators=(",", ":")) + "\n")


def _names(leads: Leads) -> list[str]:
    leaked = [] if np.isnan(leads.follow_ups).all() else ["follow_ups"]
    return ["created_at", "details", "source", "industry", "country", "staff", "visits", *leaked, "y"]


def _rows(leads: Leads, world: World) -> Iterator[tuple[Any, ...]]:
    columns: list[list[Any]] = [
        [datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds") for at in leads.time.tolist()],
        _texts(leads),
        _names_of(leads.source, SOURCES),
        _names_of(leads.industry, industry_names(world)),
        _names_of(leads.country, COUNTRIES),
        _whole(leads.staff),
        _whole(leads.visits),
    ]
    if "follow_ups" in _names(leads):
        columns.append(_whole(leads.follow_ups))
    columns.append(leads.y.astype(int).tolist())
    return zip(*columns, strict=True)


def _texts(leads: Leads) -> list[str | None]:
    """Texts of the drawn lengths: filler, or the words of what the leads want, chosen by the millisecond of their time."""
    choices = (leads.time * 1000).astype(np.int64).tolist()
    rows = zip(_whole(leads.length), leads.wish.tolist(), choices, strict=True)
    return [
        None if length is None else filler(length) if wish < 0 else message(wish, choice, length)
        for length, wish, choice in rows
    ]


def _whole(values: Any) -> list[int | None]:
    return [None if value != value else int(value) for value in values.tolist()]  # noqa: PLR0124  # NaN is missing


def _names_of(codes: Any, names: Sequence[str]) -> list[str | None]:
    return [None if code < 0 else names[code] for code in codes.tolist()]
