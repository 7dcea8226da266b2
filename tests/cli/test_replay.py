"""`kubectl leadmodel replay`: the spec as the cluster has it, through the real replay, a program of its own."""

import json

import pytest

from leadmodel_cli.kubectl.cluster import Completed
from leadmodel_cli.kubectl.program import main
from leadmodel_messages.exits import KubectlExit
from scenarios.goods import GOOD, holdout, live, moved
from worlds.local_world import put
from worlds.past_leads import lead_model, manifest, replay, write


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A good model, its holdout, and past leads: on the second day the world moved."""
    found = tmp_path_factory.mktemp("replay")
    put(found / "model.json", GOOD)
    put(found / "holdout.csv", holdout())
    write(found / "past.csv", [live(400, 1), moved(400, 3)])
    return found


def of_a_cluster(folder, capfd, *more: str, **spec):
    """Exit code and both outputs of the plugin over a cluster that has this spec."""
    document = {**lead_model(folder, **spec), "status": {"phase": "Serving"}}
    line = ["replay", "conversion", "--leads", str(folder / "past.csv"), *more]
    code = main(line, lambda _: Completed(0, json.dumps(document), ""))
    return code, *capfd.readouterr()


def test_the_plugin_plays_what_the_manifest_would(folder, capfd):
    picture = folder / "past.svg"
    code, out, err = of_a_cluster(folder, capfd, "--look", "2h", "--plot", str(picture))
    assert (code, "DriftSustained" in out) == (KubectlExit.DONE, True), err
    assert picture.read_text().count("<path") > 10
    alone = replay("--leads", str(folder / "past.csv"), "-f", manifest(folder), "--look", "2h")
    assert alone.stdout == out


def test_the_policy_is_that_of_the_cluster(folder, capfd):
    """The control of the test above: with another limit the same leads are no breach."""
    code, out, err = of_a_cluster(folder, capfd, "--look", "2h", drift={"maxPsi": 10})
    assert (code, "Drift" in out) == (KubectlExit.DONE, False), err
    assert "1 promoted, 0 refused, 0 breaches" in out


@pytest.mark.parametrize(
    ("more", "sentence"), [(["--look", "soon"], "soon"), (["--time-column", "when"], "no column 'when'")]
)
def test_what_the_replay_refuses_ends_the_plugin_alike(folder, capfd, more, sentence):
    code, out, err = of_a_cluster(folder, capfd, *more)
    assert (code, out) == (KubectlExit.USAGE, "")
    assert sentence in err
