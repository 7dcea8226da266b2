"""Figures for the screen: the table of `get`, and how live leads drift, from the predictors' own windows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from leadmodel_local import files, serving, table
from leadmodel_local.demo.load import Load
from leadmodel_local.files import Place
from leadmodel_messages.window import SlotWindow, merge, slot_psis

MIN_SAMPLES = 150


@dataclass(frozen=True)
class Seen:
    """One look. `champion` and `previous`: PSI a feature, on `samples` leads."""

    rows: tuple[tuple[str, ...], ...] = ()
    champion: Mapping[str, float] = field(default_factory=dict)
    previous: Mapping[str, float] = field(default_factory=dict)
    samples: int = 0
    sent: int = 0
    failed: int = 0
    rate: float = 0.0


def look(place: Place, load: Load | None, now: datetime) -> Seen:
    """Read the state folder and ask the predictors."""
    there = files.places(place.root)
    champion, previous, samples = _drift(place)
    return Seen(
        rows=tuple(map(tuple, table.rows(there, now))) if there else (),
        champion=champion,
        previous=previous,
        samples=samples,
        sent=load.sent if load else 0,
        failed=len(load.failures) if load else 0,
        rate=load.rate() if load else 0.0,
    )


def _drift(place: Place) -> tuple[dict[str, float], dict[str, float], int]:
    """Only when all predictors that answer have the same models: windows of others cannot be added."""
    ready = [pod for pod in serving.pods(place) if pod.ready]
    windows = [window for pod in ready if (window := serving.window_of(pod, None)) is not None]
    pairs = {(w.champion and w.champion.digest, w.previous and w.previous.digest) for w in windows}
    merged = merge(windows) if len(pairs) == 1 else None
    if merged is None or merged.champion is None:
        return {}, {}, 0
    return _psis(merged.champion), _psis(merged.previous), merged.champion.n


def _psis(slot: SlotWindow | None) -> dict[str, float]:
    return {} if slot is None else {name: psi.value for name, psi in slot_psis(slot, MIN_SAMPLES).items()}
