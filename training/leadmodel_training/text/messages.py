"""Messages with labels, as training reads them: a table with a text per row, and who wrote the text where the table says so."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from leadmodel_artifact.values import is_missing_word, text_of
from leadmodel_messages.table_bytes import TableError
from leadmodel_messages.table_values import seconds
from leadmodel_privacy.detect import default
from leadmodel_training.columns import Column, Rows, plain
from leadmodel_training.rows import read

TEXTS, SOURCES = ("text", "details", "message"), ("source", "author")
LABELLED, OUTCOME = "labelled_at", "outcome_at"


@dataclass(frozen=True)
class Message:
    """One message.

    Attributes:
        id: What names the message to people: its id, or its row.
        text: What somebody wrote, with placeholders for personal data.
        lead: Who wrote the message: rows without a lead are leads of their own.
        source: Where the message comes from, such as a form, a mailbox or an author; empty where the table does not say.
        labels: The label per column, of the columns that were read; None for a row without.
        leaked: Whether the label was given after the lead's outcome was known.
        is_nameless: Whether the table names neither lead nor id, so that the row's number stands for both.
    """

    id: str
    text: str
    lead: str
    source: str = ""
    labels: tuple[str | None, ...] = ()
    leaked: bool = False
    is_nameless: bool = False


def read_messages(data: bytes, labels: Sequence[str] = ()) -> list[Message]:
    """Read a table of messages, such as JSON lines with `text`, `id`, `lead`, `source` and a column per label; texts are redacted.

    Raises:
        TableError: The bytes are no table, a column is not there, or a time cannot be read; the message never shows a value.
    """
    rows = read(data)
    columns = {name: _words(column) for name, column in rows.columns.items()}
    text = columns[_first(columns, TEXTS, "text")]
    for name in labels:
        _first(columns, (name,), "label")
    none: list[str | None] = [None] * len(rows)
    ids, leads = columns.get("id", none), columns.get("lead", none)
    source = columns.get(next((name for name in SOURCES if name in columns), ""), none)
    leaked = _leaked(rows)
    label_rows = list(zip(*(columns[name] for name in labels), strict=True)) if labels else [()] * len(rows)
    redact = default().redact
    return [
        Message(
            id=ids[i] or f"row {i + 1}",
            text=redact(text[i] or "")[0],
            lead=leads[i] or ids[i] or f"row {i + 1}",
            source=source[i] or "",
            labels=label_rows[i],
            leaked=bool(leaked[i]),
            is_nameless=not (leads[i] or ids[i]),
        )
        for i in range(len(rows))
    ]


def read_leads(data: bytes) -> frozenset[str]:
    """The leads of a holdout: its column `lead`. Raises TableError where the bytes are no table or have no such column."""
    columns = {name: _words(column) for name, column in read(data).columns.items()}
    return frozenset(filter(None, columns[_first(columns, ("lead",), "leads")]))


def labelled(messages: Sequence[Message], place: int) -> list[Message]:
    """The messages that have a label in column `place` and a text, each with this label alone."""
    return [
        replace(message, labels=(message.labels[place],))
        for message in messages
        if message.labels[place] and message.text.strip()
    ]


def _leaked(rows: Rows) -> NDArray[np.bool_]:
    """Per row, whether the label is newer than the outcome; false where a time is missing."""
    if LABELLED not in rows.columns or OUTCOME not in rows.columns:
        return np.zeros(len(rows), np.bool_)
    return _times(rows, LABELLED) > _times(rows, OUTCOME)


def _times(rows: Rows, name: str) -> NDArray[np.float64]:
    """Unix seconds of each row, shape (n,), NaN for a missing time. Raises TableError for a time that cannot be read."""
    values = plain(rows.columns[name])
    present = [not (v is None or (isinstance(v, str) and is_missing_word(v))) for v in values]
    times = [seconds(value) if there else None for value, there in zip(values, present, strict=True)]
    wrong = [i for i, time in enumerate(times) if time is None and present[i]]
    if wrong:
        raise TableError(
            f"{name!r} in {rows.place_of(wrong[0])} is no time ({len(wrong)} of {len(rows)} rows); "
            "write ISO 8601 (2026-01-05T08:30:00Z) or Unix seconds"
        )
    return np.array(times, np.float64)


def _first(columns: dict[str, list[str | None]], names: Sequence[str], what: str) -> str:
    name = next((name for name in names if name in columns), None)
    if name is None:
        raise TableError(f"the messages have no column {' or '.join(map(repr, names))} for the {what}")
    return name


def _words(column: Column) -> list[str | None]:
    return [None if value is None else text_of(value) for value in plain(column)]
