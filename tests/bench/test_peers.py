"""Every peer is measured only if it serves the same model: each answers the artifact's scores, one lead and many.

Starting four servers takes its time, so it is asked for by LEADMODEL_BENCH_PEERS=1; the benches check the same before they measure.
"""

import argparse
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from serving import peers
from serving.models import Made
from serving.rounds import TOLERANCE, awake, running, worst_difference
from serving.servers import leadmodel

from leadmodel_artifact.artifact import dump
from leadmodel_artifact.model import Artifact, Calibration, Example, Feature, FeatureKind, Linear
from leadmodel_artifact.scoring import score
from support.small_models import linear

NUMBER, WORD = FeatureKind.NUMERIC, FeatureKind.CATEGORICAL
FEATURES = (
    Feature("details_len", FeatureKind.TEXT_LENGTH, "details", default=0.0, mean=200.0, scale=150.0),
    Feature("source", WORD, "source", levels=("ads", "web")),
    Feature("industry", WORD, "industry", levels=("industry-01",)),
    Feature("country", WORD, "country", levels=("DE", "FR")),
    Feature("staff", NUMBER, "staff", default=30.0, mean=40.0, scale=30.0),
    Feature("visits", NUMBER, "visits", default=3.0, mean=3.5, scale=2.5),
    Feature("hour_of_day", FeatureKind.HOUR_OF_DAY, "created_at", default=12.0, mean=13.0, scale=5.0),
)
LEADS = [
    {
        "created_at": f"2026-01-0{day}T{hour:02}:30:00.000+02:00",
        "details": "wörds " * hour,
        "source": ("ads", "web", "fair")[hour % 3],  # fair is no level of the model
        "industry": "industry-01",
        "country": ("DE", "FR")[day % 2],
        "staff": 10.0 * day,
        "visits": float(hour),
    }
    for day in (5, 6)
    for hour in (0, 1, 13, 23)
]


def model() -> Artifact:
    weights = (0.4, -1.0, 0.3, 0.2, -0.5, 0.1, 0.2, -0.1, 0.05, 0.3, 0.4, -0.2)
    bare = replace(
        linear(),
        features=FEATURES,
        model=Linear(-1.5, weights),
        calibration=Calibration(0.9, -0.1),
        reference=replace(linear().reference, features=()),
    )
    return replace(bare, examples=tuple(Example(lead, score(bare, lead)) for lead in LEADS[:2]))


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Made:
    path = tmp_path_factory.mktemp("peers") / "model.json"
    path.write_bytes(dump(model()))
    return Made(Path(), path, path, path, Path(), Path())


@pytest.mark.parametrize("peer", peers.ALL, ids=lambda peer: peer.folder)
def test_a_peer_answers_the_same_scores(peer, files):
    if not os.environ.get("LEADMODEL_BENCH_PEERS") or not peers.installed(peer):
        pytest.skip(
            "python bench/predictor.py installs the peers; LEADMODEL_BENCH_PEERS=1 starts them here too"
        )
    with running([peers.kind(peer, files.champion)], LEADS[0]) as (server,), awake(server):
        assert worst_difference(server, files, LEADS) <= TOLERANCE


def test_the_predictor_answers_the_same_scores(files):
    with running([leadmodel(files)], LEADS[0]) as (server,), awake(server):
        assert worst_difference(server, files, LEADS) <= TOLERANCE


@pytest.mark.parametrize("peer", peers.ALL, ids=lambda peer: peer.folder)
def test_every_package_of_a_peer_is_pinned_by_hash(peer):
    said = (peers.PEERS / peer.folder / "requirements.txt").read_text()
    assert said.count("==") >= 10
    assert all("--hash=sha256:" in entry for entry in said.replace("\\\n", " ").splitlines() if entry.strip())


def test_a_body_of_protocol_v2_has_one_tensor_a_feature(files):
    body = json.loads(peers.ALL[3].many(files.champion)(LEADS[:2]))
    found = {one["name"]: (one["datatype"], one["data"]) for one in body["inputs"]}
    assert list(found) == [feature.name for feature in FEATURES]
    assert found["details_len"] == ("FP64", [0.0, 6.0])
    assert found["hour_of_day"] == ("FP64", [22.0, 23.0])
    assert found["source"] == ("BYTES", ["ads", "web"])


def test_peers_are_named_as_their_folders():
    assert peers.names("kserve,mlserver") == "kserve,mlserver"
    with pytest.raises(argparse.ArgumentTypeError, match="bento: choose among"):
        peers.names("bento")


def test_a_peer_that_cannot_be_installed_is_left_out_with_a_sentence(monkeypatch, capsys):
    def refuse(_peer):
        raise OSError("no index of packages")

    monkeypatch.setattr(peers, "install", refuse)
    assert peers.kinds("kserve", Path()) == []
    assert (
        "KServe is left out: its packages cannot be installed here (no index of packages)"
        in capsys.readouterr().err
    )
