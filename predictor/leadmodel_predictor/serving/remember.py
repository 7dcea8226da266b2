"""Scores a lead for every model that a process holds and puts the lead into the drift window."""

from typing import Any

import msgspec

from leadmodel_predictor.serving.decode import UNSCORED, BadLead, Reader, safe_score
from leadmodel_predictor.serving.fields import NAN, Scored, Unread, Values
from leadmodel_predictor.serving.model import Model
from leadmodel_predictor.serving.ring import Entry, Ring
from leadmodel_predictor.serving.slots import Slots

UNREADABLE = (msgspec.DecodeError, BadLead, UnicodeDecodeError, RecursionError)
FAILED: Scored = (NAN, ())  # a model raised


def scored(reader: Reader, lead: Any, hour: int, body: bytes) -> Scored:
    """The champion's score and values of a lead; the score is NaN where arithmetic fails.

    Raises:
        BadLead: the body names no field that the champion reads, or has a word for missing where a value is required.
    """
    try:
        scored = reader.score(lead, hour)
    except UNSCORED:
        return NAN, reader.values(lead, hour)
    if scored[1] is not None:
        return scored
    reader.check_names(body)
    reader.check_words((lead,))
    values = reader.values(lead, hour)
    return safe_score(reader.scorer, values), values


def remember(
    model: Model,
    ring: Ring,
    slots: Slots,
    lead: Any,
    entry: tuple[float, int, Values | None, float],
    *,
    challenged: Scored | Unread | None = None,
) -> None:
    """Score a lead for the other models too and put the lead into the ring.

    Args:
        model: counts leads that a slot refuses.
        ring: the drift window.
        slots: the models that decoded the lead; a challenger that came or went since then is not theirs.
        lead: as the champion decoded it.
        entry: time in Unix seconds, UTC hour, the champion's values and score (NaN: none).
        challenged: the challenger's score and values, where these are known already.
    """
    at, hour, values, score = entry
    reader = slots.reader
    other_score, other_values = NAN, None
    if reader.previous_score is not None:
        try:
            other_score, other_values = reader.previous_score(lead, hour, values)
        except UNSCORED:
            other_score, other_values = NAN, None
        if other_score != other_score:  # noqa: PLR0124  # NaN
            model.metrics.bad_previous()
    if score != score:  # noqa: PLR0124  # NaN
        model.metrics.bad_champion()
    ring.row[hour] += 1
    if reader.challenger_score is None or ring.slots is not slots:
        ring.add((at, hour, values, score, other_values, other_score))
        return
    if challenged is None:
        try:  # a call of `challenge` would cost a tenth of a challenger
            challenged = reader.challenger_score(lead, hour, values)
        except Exception:  # noqa: BLE001
            challenged = FAILED
    ring.add((at, hour, values, score, other_values, other_score, challenged[1], challenged[0]))


def challenge(reader: Reader, lead: Any, hour: int, values: Values | None) -> Scored | Unread:
    """The challenger's score and values of a lead; whatever the challenger raises, the request of the champion goes on."""
    try:
        return reader.challenger_score(lead, hour, values)  # type: ignore[misc]  # there is a challenger
    except Exception:  # noqa: BLE001
        return FAILED


def remember_refused(model: Model, ring: Ring, body: bytes, now: float) -> None:
    """Count a lead that the champion refuses as bad for the champion, and for the other models if they refuse the lead too."""
    model.metrics.bad_champion()
    hour = ring.clock_hour
    other: Scored = NAN, None
    reader = ring.slots.previous_reader
    if reader is not None:
        hour, other = _read(reader, body, hour)
        if other[0] != other[0]:  # NaN
            model.metrics.bad_previous()
    entry: Entry = (now, hour, None, NAN, other[1], other[0])
    challenger = ring.slots.challenger
    if challenger is not None:
        score, values = read_alone(challenger.reader, body, hour)
        entry = (*entry, values, score)
    ring.add(entry)


def _read(reader: Reader, body: bytes, now_hour: int) -> tuple[int, Scored]:
    try:
        lead = reader.decode(body)
        hour = reader.hour(lead, now_hour)
        return hour, scored(reader, lead, hour, body)
    except UNREADABLE:
        return now_hour, (NAN, None)


def read_alone(reader: Reader, body: bytes, now_hour: int) -> Scored:
    """A model's score and values of a lead as the model reads the lead without another; no values where it refuses the lead."""
    try:
        return _read(reader, body, now_hour)[1]
    except Exception:  # noqa: BLE001  # as `challenge`
        return FAILED
