"""Figures for the screen: the table of `get`, the requests so far, and how far live leads drifted by the predictors' own windows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from leadmodel_cli.views import table
from leadmodel_local.demo.load import Load
from leadmodel_local.serving import predictors
from leadmodel_local.state import documents
from leadmodel_local.state.files import ModelFolder
from leadmodel_messages.window import SlotWindow
from leadmodel_messages.window_psi import slot_psis
from leadmodel_messages.window_sums import merge

MIN_SAMPLES = 150


@dataclass(frozen=True)
class Figures:
    """Figures of one moment. `champion` and `previous` hold the PSI per feature, computed on `samples` leads."""

    rows: tuple[tuple[str, ...], ...] = ()
    champion: Mapping[str, float] = field(default_factory=dict)
    previous: Mapping[str, float] = field(default_factory=dict)
    samples: int = 0
    sent: int = 0
    failed: int = 0
    rate: float = 0.0


def read_figures(folder: ModelFolder, load: Load | None, now: datetime) -> Figures:
    """Read the state folder and ask the predictors for their windows."""
    models = documents.read_all(folder.root)
    champion, previous, samples = _drift(folder)
    return Figures(
        rows=tuple(map(tuple, table.rows(models, now))) if models else (),
        champion=champion,
        previous=previous,
        samples=samples,
        sent=load.sent if load else 0,
        failed=len(load.failures) if load else 0,
        rate=load.rate() if load else 0.0,
    )


def _drift(folder: ModelFolder) -> tuple[dict[str, float], dict[str, float], int]:
    """Return PSI by feature of both slots, if every predictor that answers has the same models: other windows cannot be added."""
    ready = [pod for pod in predictors.list_pods(folder) if pod.ready]
    windows = [window for pod in ready if (window := predictors.window_of(pod, None)) is not None]
    pairs = {(w.champion and w.champion.digest, w.previous and w.previous.digest) for w in windows}
    merged = merge(windows) if len(pairs) == 1 else None
    if merged is None or merged.champion is None:
        return {}, {}, 0
    return _psis(merged.champion), _psis(merged.previous), merged.champion.n


def _psis(slot: SlotWindow | None) -> dict[str, float]:
    return {} if slot is None else {name: psi.value for name, psi in slot_psis(slot, MIN_SAMPLES).items()}
