"""Tables of leads as people's files hold them, drawn by a seed: columns of every kind, labels, times and ids, dialects and packing."""

import csv
import gzip
import io
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from leadmodel_training.request import TrainingRequest
from support.lead_columns import Cell, csv_cells, json_cells, text_cells, with_gaps

Lead = dict[str, Any]

NAMES = (
    "score", "hour_of_day", "details_len", "age", "source", "time", "a b", "größe", "n" * 300, "self", "f0", "missing", "details",
    "NA", "true", "__proto__", "lead", "features", "%s",
)  # fmt: skip
FIRST = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class LeadTable:
    """A file of leads, the leads as the file holds them, and the settings of a training on them."""

    data: bytes
    leads: list[Lead]
    json_lines: bool
    request: TrainingRequest


def drawn(seed: int, *, json_lines: bool, rows: int | None = None) -> LeadTable:
    """A random table; `rows`: how many leads, else 120 to 260."""
    chance = random.Random(seed)
    rows = rows or chance.randint(120, 260)
    names = chance.sample(NAMES, chance.randint(2, 5))
    kinds = json_cells(chance) if json_lines else csv_cells(chance)
    cells = {name: with_gaps(chance, chance.choice(kinds), json_lines=json_lines) for name in names}
    if "details" in cells:
        cells["details"] = text_cells(chance, json_lines=json_lines)
    request = TrainingRequest(
        holdout_share=0.4,
        allow=NAMES,
        numeric=tuple(name for name in names if name != "details" and chance.random() < 0.05),
        require=tuple(name for name in names if chance.random() < 0.08),
    )
    wished = [name for name in names if name not in request.numeric and name != "details"]
    request = replace(request, categorical=tuple(name for name in wished if chance.random() < 0.1))
    cells, request = _with_roles(chance, cells, request, json_lines=json_lines)
    leads = [{name: cell(row) for name, cell in cells.items()} for row in range(rows)]
    if json_lines:
        leads = [{k: v for k, v in lead.items() if v is not None or chance.random() < 0.5} for lead in leads]
        for lead in leads:
            lead.setdefault("y", 0)
        return LeadTable(_packed(chance, _json_file(chance, leads)), leads, json_lines, request)
    return LeadTable(_packed(chance, _csv_file(chance, leads)), leads, json_lines, request)


# --- label, time, id ------------------------------------------------------------------------------------------------------------


def _with_roles(
    chance: random.Random, cells: dict[str, Cell], request: TrainingRequest, *, json_lines: bool
) -> tuple[dict[str, Cell], TrainingRequest]:
    """The columns with a label and mostly a time, sometimes with an id, in any order."""
    no, yes = chance.choice([("0", "1"), ("no", "Yes"), ("false", "TRUE"), ("lost", "Won"), ("1", "0")])
    if yes in {"Won", "0"}:
        request = replace(request, positive=yes)
    if json_lines and (no, yes) == ("0", "1"):
        no, yes = chance.choice([(0, 1), (False, True), (0.0, 1.0)])
    cells = {**cells, "y": lambda _: yes if chance.random() < 0.4 else no}
    if chance.random() < 0.8:
        name = chance.choice(["created_at", "created_at", "submitted"])
        if name != "created_at":
            request = replace(request, time_column=name)
        cells[name], format_ = _time(chance, json_lines=json_lines)
        request = replace(request, time_format=format_)
    if chance.random() < 0.3:
        cells["id"], request = _id(chance), replace(request, id_column="id")
    order = list(cells)
    chance.shuffle(order)
    return {name: cells[name] for name in order}, request


def _time(chance: random.Random, *, json_lines: bool) -> tuple[Cell, str | None]:
    zone = timezone(timedelta(minutes=chance.choice([-90, 330])))
    step = chance.choice([timedelta(minutes=7), timedelta(hours=7), timedelta(seconds=0.4)])
    forms: list[tuple[Callable[[datetime], Any], str | None]] = [
        (lambda at: at.isoformat(), None),
        (lambda at: at.astimezone(zone).isoformat(), None),
        (lambda at: at.replace(tzinfo=None).isoformat(" "), None),
        (lambda at: f"{at:%Y-%m-%dT%H:%M:%SZ}", None),
        (lambda at: f"{at:%Y-%m-%d}", None),
        (lambda at: at.timestamp() if json_lines else f"{at.timestamp()}", None),
        (lambda at: int(at.timestamp()) if json_lines else f"{int(at.timestamp())}", None),
        (lambda at: f"{at:%d.%m.%Y %H:%M}", "%d.%m.%Y %H:%M"),
        (lambda at: f"{int(at.timestamp() * 1000)}", "unix-ms"),
    ]
    form, format_ = chance.choice(forms)
    gaps = chance.choice([0, 0, 0.02, 0.1])

    def cell(row: int) -> Any:
        return chance.choice(["", "n/a", "-", "NA"]) if chance.random() < gaps else form(FIRST + row * step)

    return cell, format_


def _id(chance: random.Random) -> Cell:
    return lambda row: chance.choice([str(row), "", str(row // 2)])


# --- files ----------------------------------------------------------------------------------------------------------------------


def _csv_file(chance: random.Random, leads: list[Lead]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(
        text,
        list(leads[0]),
        delimiter=chance.choice(",,;;\t|"),
        lineterminator=chance.choice(["\n", "\r\n"]),
        quoting=chance.choice([csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    )
    writer.writeheader()
    for lead in leads:
        writer.writerow(lead)
        if chance.random() < 0.01:
            text.write(chance.choice(["\n", "  \n"]))
    data = text.getvalue()
    return (data if chance.random() < 0.8 else data.rstrip("\r\n")).encode(
        chance.choice(["utf-8", "utf-8-sig"])
    )


def _json_file(chance: random.Random, leads: list[Lead]) -> bytes:
    ascii_ = chance.random() < 0.5
    lines = [json.dumps(lead, ensure_ascii=ascii_) for lead in leads]
    return ("\n" * chance.randrange(2) + chance.choice(["\n", "\r\n", "\n\n"]).join(lines)).encode()


def _packed(chance: random.Random, data: bytes) -> bytes:
    return gzip.compress(data, 1) if chance.random() < 0.2 else data
