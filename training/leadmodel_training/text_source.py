"""The text model that the arguments of `leadmodel-train` name, read from files and stores."""

import argparse
import os
from importlib.resources import files

from leadmodel_messages.credentials import Source, environment
from leadmodel_messages.table_bytes import TableError
from leadmodel_messages.uris import show, uri_of
from leadmodel_store.store import fetch
from leadmodel_text.document import DocumentError
from leadmodel_text.enrich import Enricher, check_examples
from leadmodel_text.files import dump, load
from leadmodel_training.columns import Rows, Texts
from leadmodel_training.features import TEXT
from leadmodel_training.lead_texts import TextSource
from leadmodel_training.rows import MAX_BYTES
from leadmodel_training.targets import PATIENCE_S
from leadmodel_training.text.messages import Message, read_messages
from leadmodel_training.text.training import INTENT, URGENCY

SHIPPED = files("leadmodel_training.text").joinpath("sales_en.json.gz")


def text_source(given: argparse.Namespace, rows: Rows) -> TextSource | None:
    """The text model of the arguments, None where none is named; it reads `details` of the leads where no field is named.

    Raises:
        StoreError: A store does not answer, or has no such object.
        TableError: The messages are no table with texts and labels.
        ValueError: The text model cannot be read, or no field is named.
    """
    if not given.text_model:
        return None
    fields = _fields(given, rows)
    try:
        document = load(_bytes(given.text_model))
        check_examples(Enricher(document))
    except DocumentError as error:
        raise ValueError(
            f"{show(uri_of(given.text_model))} is no text model of this release: {error}"
        ) from None
    shipped = dump(load(SHIPPED.read_bytes())) == dump(document)
    source = TextSource(document, fields, is_shipped=shipped)
    if not given.text_messages:
        return source
    messages, labels = _labelled(_bytes(given.text_messages))
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


def _bytes(where: str) -> bytes:
    environ = environment(Source.LEADS, os.environ)
    return fetch(uri_of(where), max_bytes=MAX_BYTES, environ=environ, seconds=PATIENCE_S).data
