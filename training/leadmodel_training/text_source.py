"""The text model that the arguments of `leadmodel-train` name, read from files and stores."""

import argparse

from leadmodel_messages.credentials import Source
from leadmodel_messages.table_bytes import TableError
from leadmodel_store.store import StoreError
from leadmodel_text.document import DocumentError
from leadmodel_text.files import dump
from leadmodel_training.columns import Rows, Texts
from leadmodel_training.features import TEXT
from leadmodel_training.lead_texts import TextSource
from leadmodel_training.text.messages import Message, read_messages
from leadmodel_training.text.places import read_bytes, read_model
from leadmodel_training.text.training import INTENT, URGENCY


def offered_texts(given: argparse.Namespace, rows: Rows) -> tuple[TextSource | None, str | None]:
    """The text model of the arguments, or why text features are left out: a text model never keeps a lead model from being trained.

    Raises:
        ValueError: No field is named.
    """
    try:
        return text_source(given, rows), None
    except (StoreError, DocumentError, TableError) as error:
        return None, f"text features are left out: {error}"


def text_source(given: argparse.Namespace, rows: Rows) -> TextSource | None:
    """The text model of the arguments, None where none is named; it reads `details` of the leads where no field is named.

    Raises:
        StoreError: A store does not answer, or has no such object.
        TableError: The messages are no table with texts and labels.
        DocumentError: The text model is none of this release.
        ValueError: No field is named.
    """
    if not given.text_model:
        return None
    fields = _fields(given, rows)
    document = read_model(given.text_model, Source.TEXT_MODEL)
    shipped = dump(read_model(None)) == dump(document)
    source = TextSource(document, fields, is_shipped=shipped)
    if not given.text_messages:
        return source
    messages, labels = _labelled(read_bytes(given.text_messages, Source.MESSAGES))
    return TextSource(document, fields, shipped, tuple(messages), labels)


def _fields(given: argparse.Namespace, rows: Rows) -> tuple[str, ...]:
    """The fields that are named, or else `details`; none where the leads have no such text, so that a schedule goes on without."""
    if given.text_field is None:
        has_text = isinstance(rows.columns.get(TEXT), Texts) and TEXT not in given.exclude.split(",")
        return (TEXT,) if has_text else ()
    fields = tuple(dict.fromkeys(filter(None, given.text_field.split(","))))
    if not fields:
        raise ValueError("--text-field names no field")
    return fields


def _labelled(data: bytes) -> tuple[list[Message], tuple[str, ...]]:
    """The messages with the labels that they have: intent, urgency or both."""
    for labels in ((INTENT, URGENCY), (INTENT,)):
        try:
            return read_messages(data, labels), labels
        except TableError:
            continue  # the last attempt names what is wrong
    return read_messages(data, (URGENCY,)), (URGENCY,)
