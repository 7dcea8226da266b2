"""Answers while the challenger has a share of leads: who answers, what is counted, and what the answer says.

The champion reads and scores every lead first: what it refuses is refused, and it answers whatever the challenger does not.
"""

import asyncio
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from leadmodel_predictor.http.leads import Leads
from leadmodel_predictor.serving.canary import Canary
from leadmodel_predictor.serving.fields import Scored, Unread, Values
from leadmodel_predictor.serving.model import Model
from leadmodel_predictor.serving.remember import challenge, read_alone, remember
from leadmodel_predictor.serving.slots import Slots
from leadmodel_predictor.serving.units import unit

LeadEntry = tuple[float, int, Values | None, float]  # time, hour, the champion's values and score


def single(
    model: Model, canary: Canary, lead: Any, entry: LeadEntry, *, body: bytes, started: float
) -> tuple[float, bytes]:
    """Remember one lead that the champion has read; return the score to answer, and everything after it.

    Args:
        model: holds the slots that decoded the lead.
        canary: the share of these slots.
        lead: as the champion decoded it.
        entry: what the ring keeps of the lead and the champion; the score is NaN where the champion has none, and is then returned.
        body: the lead as it was sent.
        started: when the body was whole, of the monotonic clock (s).
    """
    slots, hour, champion = model.slots, entry[1], entry[3]
    begun = perf_counter()
    challenged = challenge(slots.reader, lead, hour, entry[2])
    ended = perf_counter()
    remember(model, model.ring, slots, lead, entry, challenged=challenged)
    if champion == champion and canary.takes(unit(body)):  # noqa: PLR0124  # no NaN
        score = _counted(slots, canary, challenged, ended - begun, (body, hour))
        if score is not None:
            return score, canary.challenger_tail
    canary.counts.champion(1, begun - started)
    return champion, canary.champion_tail


def _counted(
    slots: Slots, canary: Canary, challenged: Scored | Unread, seconds: float, lead: tuple[bytes, int]
) -> float | None:
    """Count a lead of the share; return the challenger's score, or None where the champion answers.

    Args:
        slots: the models.
        canary: their share.
        challenged: what the challenger made of the lead as the champion decoded it.
        seconds: that this took.
        lead: as it was sent, and its UTC hour: the challenger reads it alone where it could not be given what the champion decoded.
    """
    score, values = challenged
    if score is None:
        begun = perf_counter()
        score, values = read_alone(slots.challenger.reader, *lead)  # type: ignore[union-attr]  # it has a share
        seconds = perf_counter() - begun
    return score if canary.counts.is_answer(score, values, seconds) else None


@dataclass(frozen=True)
class Scores:
    """The champion's scores of a batch, and the seconds in which it read and scored all leads."""

    scores: list[float]
    seconds: float


@dataclass(frozen=True)
class Shared:
    """The scores to answer, and per lead whether the challenger's is answered."""

    scores: list[float]
    is_challengers: list[bool]


async def batch(
    model: Model, slots: Slots, canary: Canary, leads: Leads, champion: Scores, *, now: float | None
) -> Shared:
    """Have the challenger score its leads of a batch, all of which the champion has scored.

    Args:
        model: holds the ring.
        slots: the models that decoded the leads.
        canary: the share of these slots.
        leads: the leads of the batch.
        champion: the champion's scores.
        now: Unix seconds where the leads count for the drift window; None: they do not, and leads outside the share are left alone.
    """
    answers = Shared(list(champion.scores), [False] * len(champion.scores))
    for part in leads.parts():
        read = zip(leads.hours[part], leads.values(part), champion.scores[part], strict=True)
        for i, (hour, values, score) in enumerate(read, part.start):
            is_taken = canary.takes(leads.unit(i))
            if now is None and not is_taken:
                continue
            lead = leads.lead(i)
            begun = perf_counter()
            challenged = challenge(slots.reader, lead, hour, values)
            took = perf_counter() - begun
            if now is not None:
                remember(model, model.ring, slots, lead, (now, hour, values, score), challenged=challenged)
            if is_taken:
                other = _counted(slots, canary, challenged, took, (leads.sent(i), hour))
                if other is not None:
                    answers.scores[i], answers.is_challengers[i] = other, True
        await asyncio.sleep(0)
    own = answers.is_challengers.count(False)
    canary.counts.champion(own, champion.seconds * own / max(len(answers.scores), 1))
    return answers
