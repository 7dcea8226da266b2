"""`python -m leadmodel_predictor.jobs.rehearse`: predictors at a simulated time, which the caller passes in; everything else is as in a predictor that serves.

Reads one JSON document per line and writes one per line: `{"serve": {"champion": FILE, "previous": FILE or null, "pods": N}}` begins anew,
`{"challenge": FILE or null, "at": SECONDS}` loads a challenger or drops it, `{"share": PER CENT or null}` has the challenger
answer a share of leads or none, `{"leads": [[SECONDS, LEAD], …]}` answers their scores (null: refused), `{"look": SECONDS, "since": SECONDS or null}` the drift windows.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from time import perf_counter
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry

from leadmodel_messages.share import Share
from leadmodel_messages.window import Window
from leadmodel_messages.window_document import dump
from leadmodel_predictor.http.shares import single
from leadmodel_predictor.serving.challengers import beside
from leadmodel_predictor.serving.metrics import Metrics
from leadmodel_predictor.serving.model import Model
from leadmodel_predictor.serving.remember import UNREADABLE, remember, remember_refused, scored
from leadmodel_predictor.serving.ring import Ring
from leadmodel_predictor.serving.slots import Slots, load_slot, pair


class Rehearsal:
    """Some predictors with the same two models; leads go to them in turn."""

    def __init__(self) -> None:
        self.metrics = Metrics(CollectorRegistry())
        self.models: list[Model] = []
        self.turn: Iterator[Model] = iter(())

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer the request of one input line; a request of any other shape gets an error."""
        match request:
            case {"serve": {"champion": champion, "previous": previous, "pods": pods}}:
                return self.serve(champion, previous, pods)
            case {"challenge": challenger, "at": at}:
                return self.challenge(challenger, at)
            case {"share": weight}:
                return self.share(weight)
            case {"leads": leads}:
                return {"scores": [self.take(lead, at) for at, lead in leads]}
            case {"look": at}:
                since = () if request.get("since") is None else (float(request["since"]),)
                return {"windows": [dump(window(model, at, since)) for model in self.models]}
            case _:
                return {"error": "unknown"}

    def serve(self, champion: str, previous: str | None, pods: int) -> dict[str, Any]:
        """Load both models into `pods` predictors whose drift windows are empty."""
        second = load_slot(Path(previous).read_bytes(), None) if previous else None
        slots: Slots = pair(load_slot(Path(champion).read_bytes(), None), second)
        self.models = [
            Model(slots, Ring(slots, f"pod-{i}"), self.metrics, 0.0, f"pod-{i}") for i in range(pods)
        ]
        self.turn = cycle(self.models)
        return {"pods": pods}

    def challenge(self, challenger: str | None, now: float) -> dict[str, Any]:
        """Load a challenger beside the models that serve, or drop the one that is loaded."""
        slot = load_slot(Path(challenger).read_bytes(), None) if challenger else None
        for model in self.models:
            past = model.ring.snapshot(now).entries
            slots, entries = beside(model.slots, slot, past)
            model.challenge(slots, entries, after=past[-1] if past else None)
        return {"pods": len(self.models)}

    def share(self, weight: int | None) -> dict[str, Any]:
        """Have the challenger that is loaded answer this per cent of leads; None: no lead."""
        for model in self.models:
            challenger = model.slots.challenger
            if weight is None or challenger is None:
                model.give(None)
            else:
                model.give(Share(challenger.slot.digest, weight))
        return {"pods": len(self.models)}

    def take(self, lead: Any, now: float) -> float | None:
        """Score and remember one lead."""
        model = next(self.turn)
        ring, slots, body = model.ring, model.slots, msgspec.json.encode(lead)
        if not ring.begins <= now < ring.ends:
            ring.turn(now)
        try:
            read = slots.reader.decode(body)
            hour = slots.reader.hour(read, ring.clock_hour)
            score, values = scored(slots.reader, read, hour, body)
        except UNREADABLE:
            remember_refused(model, ring, body, now)
            return None
        entry = now, hour, values, score
        if slots.canary is None:
            remember(model, ring, slots, read, entry)
        else:
            score, _ = single(model, slots.canary, read, entry, body=body, started=perf_counter())
        return None if score != score else score  # noqa: PLR0124  # NaN


def window(model: Model, now: float, since: tuple[float, ...]) -> Window:
    """The drift window that a predictor with a place for challengers answers at `now` (Unix seconds)."""
    share = model.slots.canary.window() if model.slots.canary is not None else None
    return replace(model.ring.window(now, since), takes_challenger=True, share=share)


def main(lines: Iterable[str]) -> int:
    """Answer each line on standard output, at once, until the input ends."""
    rehearsal = Rehearsal()
    for line in lines:
        sys.stdout.write(json.dumps(rehearsal.answer(json.loads(line))) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.stdin))
