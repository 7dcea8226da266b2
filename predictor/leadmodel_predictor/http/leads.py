"""The leads of a batch, decoded from a list of leads or from columns."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from itertools import starmap
from operator import attrgetter
from typing import Any

import msgspec

from leadmodel_predictor.serving.columns import exceeds
from leadmodel_predictor.serving.decode import BadLead, Reader
from leadmodel_predictor.serving.fields import Values
from leadmodel_predictor.serving.slots import MAX_BATCH, Slots
from leadmodel_predictor.serving.units import column_units, unit

MAX_OBJECTS = 100_000  # an empty lead takes three bytes on the wire and hundreds in memory
UNCOUNTED = 1 << 20  # bytes: empty leads that fit in here are bearable, and counting takes its time
PIECE = 500
TEXT_PIECE = 10  # leads whose texts are read, some 0.1 ms each


@dataclass(frozen=True)
class Leads:
    """Decoded leads of one batch."""

    hours: list[int]
    values: Callable[[slice], list[Values]]
    scores: Callable[[slice], list[float]]  # raises what a scorer raises
    lead: Callable[[int], Any]
    sent: Callable[[int], bytes]  # a lead as JSON
    unit: Callable[[int], bytes]  # by which a lead belongs to a share
    is_bare: Callable[[int], bool]  # whether no field that the model reads has a value in a lead
    check_names: Callable[[int], None]  # raises BadLead for a lead without any field that the model reads
    piece: int  # leads that are scored before single leads are answered

    def parts(self) -> Iterator[slice]:
        """Slices of a batch, short enough for single leads to wait between them."""
        return (slice(at, at + self.piece) for at in range(0, len(self.hours), self.piece))


def rows(slots: Slots, body: bytes, now_hour: int) -> Leads:
    """Read a list of leads; `now_hour` is for leads without a time. Raises BadLead and what msgspec raises."""
    reader = slots.reader
    if len(body) > UNCOUNTED and body.count(b"{") > MAX_OBJECTS:
        raise BadLead(
            "$", f"a batch may have at most {MAX_BATCH} leads; this one has over {MAX_OBJECTS} braces"
        )
    leads = reader.decode_many(body)
    if len(leads) > MAX_BATCH:
        raise BadLead("$", f"a batch may have at most {MAX_BATCH} leads")
    hours = _checked_hours(reader, leads, now_hour)

    @cache
    def parts() -> list[bytes]:
        return list(map(bytes, msgspec.json.decode(body, type=list[msgspec.Raw])))

    def sent(i: int) -> bytes:
        return parts()[i]

    def check_names(i: int) -> None:
        try:
            reader.check_names(sent(i))
        except BadLead as error:
            raise BadLead(f"$[{i}]", str(error)) from None

    return Leads(
        hours,
        values=lambda part: list(map(reader.values, leads[part], hours[part])),
        scores=lambda part: reader.scores(leads[part], hours[part]),
        lead=leads.__getitem__,
        sent=sent,
        unit=lambda i: unit(sent(i)),
        is_bare=lambda i: reader.is_bare(leads[i]),
        check_names=check_names,
        piece=_piece(slots),
    )


def _piece(slots: Slots) -> int:
    return TEXT_PIECE if any(slot.artifact.text_models for slot in slots.loaded.values()) else PIECE


def _checked_hours(reader: Reader, leads: list[Any], now_hour: int) -> list[int]:
    try:
        reader.check_words(leads)
        if reader.time is None:
            return [now_hour] * len(leads)
        return reader.hours_of(list(map(attrgetter(reader.time), leads)), now_hour)
    except BadLead as error:
        raise BadLead(f"$[{error.index}]{error.field[1:]}", str(error)) from None


def columns(slots: Slots, body: bytes, now_hour: int) -> Leads:
    """Read columns; `now_hour` is for leads without a time. Raises BadLead and what msgspec raises."""
    reader = slots.columns
    read = reader.columns(body)
    hours = reader.hours(read, len(next(iter(read.values()))), now_hour)
    values = reader.parts(read, hours)

    def sent(i: int) -> bytes:
        return msgspec.json.encode(reader.lead(read, i))

    @cache
    def units() -> Callable[[int], bytes]:
        return column_units(body, lambda raw: exceeds(raw, MAX_BATCH), sent)

    def unit_at(i: int) -> bytes:
        return units()(i)

    return Leads(
        hours,
        values=values,
        scores=lambda part: list(starmap(slots.champion.scorer, values(part))),
        lead=partial(reader.lead, read),
        sent=sent,
        unit=unit_at,
        is_bare=lambda _: False,  # a column that is sent names its field
        check_names=lambda _: None,
        piece=_piece(slots),
    )
