"""The predictor driven without sockets is the predictor: same answers, all connections, both protocols, and refusals are seen."""

import asyncio
import json

import pytest
from inprocess import requests
from serving import inside
from serving.servers import of_leadmodel

from leadmodel_artifact.artifact import dump
from leadmodel_artifact.scoring import score
from support.small_models import leads, linear

LEADS = leads(8)


@pytest.fixture(scope="module")
def arguments(tmp_path_factory):
    path = tmp_path_factory.mktemp("inside") / "model.json"
    path.write_bytes(dump(linear()))
    return ["--artifact", str(path), "--previous", str(path)]


def ask(config, sent):
    async def run():
        connections = inside.Connections(config, len(sent))
        return [await connections.ask(sent) for _ in range(2)]

    return asyncio.run(run())


def test_answers_are_the_artifacts(arguments):
    for answers in ask(inside.leadmodel(arguments), requests(LEADS)):
        bodies = [json.loads(answer.partition(b"\r\n\r\n")[2]) for answer in answers]
        assert of_leadmodel(bodies) == pytest.approx([score(linear(), lead) for lead in LEADS], abs=1e-12)


def test_the_floor_answers_a_constant(arguments):
    first, second = ask(inside.floor(), requests(LEADS))
    assert len({*first, *second}) == 1
    assert first[0].startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_model_that_is_refused_ends_the_bench(arguments):
    with pytest.raises(SystemExit, match=r"3$"):
        inside.leadmodel([*arguments, "--min-auc", "0.99"])
