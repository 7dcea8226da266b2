"""On real leads, for both kinds of model: the predictor answers what scikit-learn computes, one by one and in batches.

The pipeline that was fitted is the judge, not this project's own scorer. LEADMODEL_FULL=1 trains on 30,000 leads and asks all 45,211
one by one, as a list and as columns; `make test` asks every 45th and trains on fewer.
"""

import json
import socket
from datetime import UTC, datetime

import numpy as np
import pytest

from leadmodel_artifact.model import DataWindow, FeatureKind
from leadmodel_training.export import Origin, export, make_reference
from leadmodel_training.features import encode, find_roles, raw_columns
from leadmodel_training.kinds import describe
from leadmodel_training.recipes import Recipe, calibrated, fit
from leadmodel_training.rows import labels, read
from support.predictor_thread import request, served

PIPELINED, BATCH = 25, 5_000
NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("recipe", Recipe)
def test_answers_are_scikit_learns(real_leads, full, recipe):
    rows = read((real_leads / "bank-marketing.csv.gz").read_bytes())
    roles = find_roles(rows, "y", None, ["duration"])
    features, times = describe(rows, roles, hours=False), np.full(len(rows), np.nan)
    x, y = encode(rows, features, times), np.array(labels(rows.columns["y"], "y"))
    first, last = (30_000, len(y)) if full else (3_000, 6_000)
    fitted = calibrated(fit(recipe, features, x[:first], y[:first], 0), x[first:last], y[first:last])
    assert fitted.calibration is not None
    held = rows.take(np.arange(2_000))
    columns = raw_columns(held, fitted.features, times[:2_000])
    scores = fitted.predict(x[:2_000]).tolist()
    origin = Origin(
        name="real", now=NOW, auc=0.7, n_train=first, holdout_digest="sha256:" + "0" * 64, data=DataWindow()
    )
    artifact = export(fitted, make_reference(fitted.features, columns, scores, [None] * 2_000), origin)
    numeric = {f.source for f in features if f.kind is FeatureKind.NUMERIC}
    leads = [{n: float(v) if n in numeric else v for n, v in lead.items()} for lead in rows.leads()]
    step = 1 if full else 45
    leads, wanted = leads[::step], fitted.predict(x)[::step]
    with served(artifact) as server:
        worst = {
            "one by one": distance(one_by_one(server.connect(), leads), wanted),
            "lists": distance(in_lists(server, leads), wanted),
            "columns": distance(in_columns(server, leads), wanted),
        }
    print(f"{recipe}: {len(leads)} leads, largest distance to scikit-learn: {worst}")
    assert max(worst.values()) <= 1e-9


def distance(found: list[float], wanted: np.ndarray) -> float:
    assert len(found) == len(wanted)
    return float(np.abs(np.array(found) - wanted).max())


def one_by_one(connection: socket.socket, leads: list[dict]) -> list[float]:
    found = []
    for at in range(0, len(leads), PIPELINED):
        some = leads[at : at + PIPELINED]
        connection.sendall(b"".join(request(json.dumps(lead).encode()) for lead in some))
        found += [json.loads(body)["score"] for body in bodies(connection, len(some))]
    return found


def bodies(connection: socket.socket, count: int) -> list[bytes]:
    """The bodies of answers that come one behind the other."""
    stream, found = connection.makefile("rb"), []
    for _ in range(count):
        assert stream.readline() == b"HTTP/1.1 200 OK\r\n"
        length = 0
        while (line := stream.readline().lower()) != b"\r\n":
            if line.startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        found.append(stream.read(length))
    return found


def in_lists(server, leads: list[dict]) -> list[float]:
    pieces = [leads[at : at + BATCH] for at in range(0, len(leads), BATCH)]
    return [a["score"] for piece in pieces for a in server.ask("POST", "/predict/batch", piece).json]


def in_columns(server, leads: list[dict]) -> list[float]:
    names, found = {name for lead in leads for name in lead}, []
    for at in range(0, len(leads), BATCH):
        some = leads[at : at + BATCH]
        columns = {name: [lead.get(name) for lead in some] for name in names}
        found += server.ask("POST", "/predict/batch", columns).json["score"]
    return found
