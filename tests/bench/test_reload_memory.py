"""The benches of reloads and of memory, small: they see the swap of a real server and what its process has really loaded."""

from dataclasses import replace
from pathlib import Path

import pytest
import reload
from reload import Line, Swaps, request
from serving.installed import loaded
from serving.models import Made, as_json
from serving.servers import leadmodel, start

from leadmodel_artifact.artifact import dump
from support.small_models import leads, linear

LEAD = leads(1)[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("reload")
    for name, weight, version in (("one", 0.5, 1_767_000_000), ("two", 0.4, 1_767_000_001)):
        (found / f"{name}.json").write_bytes(dump(linear(weight, version=version)))
    (found / "serving.json").write_bytes((found / "one.json").read_bytes())
    return found


@pytest.fixture(scope="module")
def files(folder):
    return Made(Path(), folder / "one.json", folder / "one.json", folder / "two.json", Path(), Path())


@pytest.fixture(scope="module")
def server(folder, files):
    found = start(leadmodel(files, champion=folder / "serving.json"), LEAD, folder / "log")
    yield found
    found.stop()


def test_swaps_are_seen_by_the_version_of_the_answers(folder, files, server):
    swaps = Swaps(server, folder / "serving.json", (files.champion, files.challenger), LEAD)
    assert swaps.one() > 0
    asking = Line(server.port)
    asking.send(request("POST /predict", as_json(LEAD)))
    assert asking.answer()["version"] == 1_767_000_001
    assert swaps.one() > 0
    asking.send(request("POST /predict", as_json(LEAD)))
    assert asking.answer()["version"] == 1_767_000_000
    for line in (asking, swaps.asking, swaps.swapping):
        line.close()


def test_a_refused_reload_ends_the_bench(folder, files, server, monkeypatch):
    monkeypatch.setattr(reload, "PATIENCE_S", 0.5)
    poor = folder / "poor.json"
    poor.write_bytes(dump(replace(linear(version=1_767_000_002), auc=0.4)))
    swaps = Swaps(server, folder / "serving.json", (files.champion, poor), LEAD)
    with pytest.raises(SystemExit, match=r"did not answer: .*AUC below threshold"):
        swaps.one()
    for line in (swaps.asking, swaps.swapping):
        line.close()


def test_what_a_serving_process_has_loaded(tmp_path, files):
    found = loaded(leadmodel(files), LEAD, tmp_path)
    assert {"leadmodel", "msgspec", "starlette", "uvicorn", "uvloop"} <= set(found.distributions)
    assert not {"scikit-learn", "numpy", "kopf"} & set(found.distributions)
    assert all(size > 0 for size in found.distributions.values())
