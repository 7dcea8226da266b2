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
from models import leads, linear


@pytest.fixture
def started(tmp_path, files):
    lead = leads(1)[0]
    server = start(leadmodel(files, champion=tmp_path / "serving.json"), lead, tmp_path / "log")
    yield server, lead
    server.stop()


@pytest.fixture
def files(tmp_path):
    for name, weight, version in (("one", 0.5, 1_767_000_000), ("two", 0.4, 1_767_000_001)):
        (tmp_path / f"{name}.json").write_bytes(dump(linear(weight, version=version)))
    (tmp_path / "serving.json").write_bytes((tmp_path / "one.json").read_bytes())
    one = tmp_path / "one.json"
    return Made(Path(), one, one, tmp_path / "two.json", Path(), Path())


def test_swaps_are_seen_by_the_version_of_the_answers(tmp_path, files, started):
    server, lead = started
    swaps = Swaps(server, tmp_path / "serving.json", (files.champion, files.challenger), lead)
    assert swaps.one() > 0
    asking = Line(server.port)
    asking.send(request("POST /predict", as_json(lead)))
    assert asking.answer()["version"] == 1_767_000_001
    assert swaps.one() > 0
    asking.send(request("POST /predict", as_json(lead)))
    assert asking.answer()["version"] == 1_767_000_000
    for line in (asking, swaps.asking, swaps.swapping):
        line.close()


def test_a_refused_reload_ends_the_bench(tmp_path, files, started, monkeypatch):
    server, lead = started
    monkeypatch.setattr(reload, "PATIENCE_S", 0.5)
    (tmp_path / "two.json").write_bytes(dump(replace(linear(version=1_767_000_001), auc=0.4)))
    swaps = Swaps(server, tmp_path / "serving.json", (files.champion, files.challenger), lead)
    with pytest.raises(SystemExit, match=r"did not answer: .*AUC below threshold"):
        swaps.one()
    for line in (swaps.asking, swaps.swapping):
        line.close()


def test_what_a_serving_process_has_loaded(tmp_path, files):
    found = loaded(leadmodel(files), leads(1)[0], tmp_path)
    assert {"leadmodel", "msgspec", "starlette", "uvicorn", "uvloop"} <= set(found.distributions)
    assert not {"scikit-learn", "numpy", "kopf"} & set(found.distributions)
    assert all(size > 0 for size in found.distributions.values())
