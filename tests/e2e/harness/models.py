"""Models trained on real leads for the tests on a real cluster, with what scikit-learn itself says of the holdout."""

import gzip
import json
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from leadmodel_artifact.artifact import digest, dump
from leadmodel_training import pipeline
from leadmodel_training.columns import Rows, plain
from leadmodel_training.features import encode
from leadmodel_training.rows import read
from leadmodel_training.step_timer import StepTimer

NOW = datetime(2026, 1, 5, tzinfo=UTC)


@dataclass(frozen=True)
class Model:
    """An artifact with the holdout of its training. `predicted`: scikit-learn's answers for the holdout's rows, in order."""

    raw: bytes = field(repr=False)
    holdout: bytes = field(repr=False)
    digest: str
    auc: float
    predicted: tuple[float, ...] = field(repr=False)

    @property
    def version(self) -> int:
        """As answers name it."""
        return int(json.loads(self.raw)["version"])

    def leads(self, most: int | None = None) -> Iterator[dict[str, Any]]:
        """Rows of the holdout as a caller would send them."""
        numeric = {f["source"] for f in json.loads(self.raw)["features"] if f["kind"] == "numeric"}
        for lead in islice(read(gzip.decompress(self.holdout)).leads(), most):
            lead.pop("y", None)
            yield {name: float(value) if name in numeric else value for name, value in lead.items()}


def real_leads() -> Rows:
    """The real leads, in time order."""
    return read((Path(os.environ["LEADMODEL_DATA"]) / "bank-marketing.csv.gz").read_bytes())


def train_on(rows: Rows, *exclude: str, night: int = 0, **more: Any) -> Model:
    """A model of some night, made as `leadmodel-train` makes it; the fitted pipeline is asked before it goes."""
    request, now = (
        pipeline.TrainingRequest(exclude=exclude, name="conversion", **more),
        NOW + timedelta(days=night),
    )
    leads = pipeline.prepare_leads(rows, request, StepTimer())
    split = pipeline.choose_split(leads, request, now)
    features, table = pipeline.choose_features(leads, split, request, StepTimer())
    fitted, _ = pipeline.fit_model(split, features, table, leads.outcome, request)
    artifact, held = pipeline.export_model(leads, split, fitted, request, now)
    raw = dump(artifact)
    held_rows = encode(rows.take(split.holdout), fitted.features, leads.times[split.holdout])
    return Model(raw, held, digest(raw), artifact.auc, tuple(fitted.predict(held_rows).tolist()))


def corrupted(rows: Rows, share: float, seed: int = 7) -> Rows:
    """Rows of a broken export: in a share of them numbers lie in the wrong columns and levels are lost."""
    chance = random.Random(seed)
    columns = {name: plain(column) for name, column in rows.columns.items()}
    for i in range(len(rows)):
        if chance.random() < share:
            columns["age"][i], columns["day"][i] = "0", "0"
            columns["balance"][i] = "99999"
            columns["job"][i] = columns["education"][i] = "unknown"
    return Rows(columns)


def drifted(lead: dict[str, Any]) -> dict[str, Any]:
    """The lead as another world would send it: other people, other jobs, richer and older."""
    return {
        **lead,
        "age": lead["age"] + 25,
        "balance": lead["balance"] * 3 + 4000,
        "job": "retired",
        "marital": "divorced",
        "education": "primary",
    }
