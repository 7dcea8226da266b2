"""Leads of drawn worlds whose texts say what a lead wants, as training reads them, and the text model that comes with the project."""

import io
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files

from leadmodel_text.document import Document
from leadmodel_text.files import load
from leadmodel_training.columns import Rows
from leadmodel_training.lead_texts import TextSource
from leadmodel_training.pipeline import TrainingResult, train_model
from leadmodel_training.request import TrainingRequest
from leadmodel_training.rows import read
from leadmodel_training.step_timer import StepTimer
from leadmodel_training.synth_files import write
from leadmodel_training.world import World
from leadmodel_training.world_days import draw

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAYS = 10


@cache
def sales_en() -> Document:
    """The text model that comes with the project."""
    return load(files("leadmodel_training.text").joinpath("sales_en.json.gz").read_bytes())


def shipped(*fields: str) -> TextSource:
    """The text model that comes with the project, for these fields or for `details`."""
    return TextSource(sales_en(), fields or ("details",), is_shipped=True)


def rows_of(odds: float | None, seed: int, per_day: float, folder) -> Rows:
    """Leads of ten days; `odds` as in `leadmodel-synth --text-odds`."""
    world = replace(World(), text_odds=odds, per_day=per_day)
    path = folder / f"leads-{seed}-{odds}.csv"
    write(path, draw(world, seed, range(DAYS)), world)
    return read(path.read_bytes())


def trained(rows: Rows, source: TextSource | None, **more: object) -> TrainingResult:
    """Train a linear model, silently."""
    timer = StepTimer()
    timer.note = io.StringIO().write
    return train_model(rows, TrainingRequest(texts=source, **more), NOW, timer)
