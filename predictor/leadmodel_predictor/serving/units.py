"""The unit by which a lead belongs to a share: its `id`, else its `lead_id`, else the lead as it was sent.

A field of another type is no id: no model need read these fields, so that nobody refuses them. Nothing but short values is made of them.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from leadmodel_statistics.buckets import unit_of

NO_ID = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
Id = str | int | None


class _Ids(msgspec.Struct, gc=False):
    id: Id = None
    lead_id: Id = None


class _Fields(msgspec.Struct, gc=False):
    id: msgspec.Raw = msgspec.Raw(b"null")
    lead_id: msgspec.Raw = msgspec.Raw(b"null")


_ids = msgspec.json.Decoder(_Ids).decode
_fields = msgspec.json.Decoder(_Fields).decode
_id = msgspec.json.Decoder(Id).decode
_column = msgspec.json.Decoder(list[str | int | float | bool | None]).decode


def unit(lead: bytes) -> bytes:
    """The unit of a lead as it was sent."""
    try:
        ids = _ids(lead)
    except NO_ID:
        fields = _raw(lead)
        return unit_of(_read(_id, fields.id)) or unit_of(_read(_id, fields.lead_id)) or lead
    return unit_of(ids.id) or unit_of(ids.lead_id) or lead


def column_units(
    columns: bytes, exceeds: Callable[[bytes], bool], lead: Callable[[int], bytes]
) -> Callable[[int], bytes]:
    """A function of a place in a columnar batch: the unit of the lead there.

    Args:
        columns: the body.
        exceeds: tells whether a column has more values than a batch may have leads; it is then no column of ids.
        lead: gives the lead at a place as JSON, where the columns hold no id of it.
    """
    fields = _raw(columns)
    ids = [
        column
        for raw in (fields.id, fields.lead_id)
        if not exceeds(bytes(raw)) and (column := _read(_column, raw)) is not None
    ]

    def of(place: int) -> bytes:
        for column in ids:
            if place < len(column) and (one := unit_of(column[place])) is not None:
                return one
        return lead(place)

    return of


def _raw(body: bytes) -> _Fields:
    try:
        return _fields(body)
    except NO_ID:
        return _Fields()


def _read(decode: Callable[[Any], Any], raw: msgspec.Raw) -> Any:
    """A decoded field; None where it has another type."""
    try:
        return decode(raw)
    except NO_ID:
        return None
