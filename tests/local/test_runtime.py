"""`leadmodel local up` as it runs: real processes, real files, killed at any moment."""

import os
import random
import signal
import time

import pytest
import yaml

from scenarios.goods import model
from worlds.local_world import Load, Machine

GOOD, BETTER, BAD = model(0.5, 1_767_000_001), model(1.5, 1_767_000_002), model(-0.5, 1_767_000_003)


@pytest.fixture
def machine(tmp_path):
    with Machine(tmp_path, spec={"minAuc": 0.55}) as found:
        yield found


def test_a_model_is_judged_served_and_replaced_and_a_bad_one_refused(machine):
    good = machine.put(GOOD)
    machine.wait("the first model serves", lambda: machine.serves(good))
    assert machine.condition("Ready") == ("True", "Serving")
    bad = machine.put(BAD)
    machine.wait("the bad one is refused", lambda: (machine.status().get("gate") or {}).get("digest") == bad)
    assert machine.condition("Validated") == ("False", "AucBelowMinimum")
    assert machine.serves(good)
    better = machine.put(BETTER)
    machine.wait("the better one serves", lambda: machine.serves(better))
    assert machine.condition("Ready") == ("True", "Serving")
    assert machine.status()["previous"]["digest"] == good


def test_three_rollouts_under_load_fail_no_request(machine):
    first = machine.put(GOOD)
    machine.wait("the first model serves", lambda: machine.serves(first))
    with Load(machine.status()["url"]) as load:
        for version in range(3):
            wanted = machine.put(model(1.0 + version / 4, 1_767_000_010 + version))
            machine.wait("the next one serves", lambda wanted=wanted: machine.serves(wanted))
            sent = load.sent
            machine.wait("old predictors are gone", lambda: len(machine.predictors()) == 2)
            machine.wait("it answers", lambda sent=sent: load.sent > sent + 50)
    assert load.failures == []
    assert load.sent > 300


def test_children_outlive_a_killed_runtime_and_are_adopted_not_doubled(machine):
    good = machine.put(GOOD)
    machine.wait("the first model serves", lambda: machine.serves(good))
    before, url = machine.predictors(), machine.status()["url"]
    with Load(url, callers=1) as load:
        machine.kill()
        time.sleep(0.3)
        machine.start()
        better = machine.put(BETTER)
        machine.wait("a rollout under the next runtime", lambda: machine.serves(better))
        machine.wait("old predictors are gone", lambda: len(machine.predictors()) == 2)
    assert load.failures == []
    assert machine.status()["url"] == url
    assert set(before).isdisjoint(machine.predictors())


def test_a_killed_predictor_comes_back(machine):
    good = machine.put(GOOD)
    machine.wait("the first model serves", lambda: machine.serves(good))
    victim = machine.predictors()[0]
    os.kill(victim, signal.SIGKILL)
    machine.wait("two again", lambda: len(machine.predictors()) == 2 and victim not in machine.predictors())
    machine.wait("it serves", lambda: machine.serves(good))
    assert machine.status().get("quarantine", []) == []


def test_killed_at_any_moment_it_ends_the_same(machine):
    """The runtime dies at random moments of judging, refusing and rolling; nothing is judged or served otherwise for it."""
    chance, wanted = random.Random(6), [GOOD, BAD, BETTER]
    for data in wanted:
        name = machine.put(data)
        for _ in range(4):
            time.sleep(chance.uniform(0.0, 0.9))
            machine.kill()
            machine.start()
        machine.wait(
            "a verdict", lambda name=name: (machine.status().get("gate") or {}).get("digest") == name
        )
        if data is not BAD:
            machine.wait("it serves", lambda name=name: machine.serves(name))
    machine.wait("no old predictor", lambda: len(machine.predictors()) == 2)
    assert [d["reason"] for d in machine.status()["history"]] == ["Promoted", "Promoted"]
    assert [q["kind"] for q in machine.status()["quarantine"]] == ["Gate"]
    assert machine.condition("Ready") == ("True", "Serving")


def test_a_second_runtime_on_the_same_folder_is_refused(machine):
    machine.put(GOOD)
    machine.wait("it runs", machine.status)
    answer = machine.ask("up", str(machine.folder / "model.yaml"))
    assert answer.returncode == 1
    assert "in use" in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_a_resource_goes_when_its_file_goes(machine):
    good = machine.put(GOOD)
    machine.wait("it serves", lambda: machine.serves(good))
    (machine.folder / "model.yaml").unlink()
    machine.wait("its processes end", lambda: machine.living() == [])
    assert machine.ask("get").returncode == 1
    machine.apply()
    machine.wait("it comes back", lambda: machine.serves(good))


def test_an_edit_that_is_no_manifest_changes_nothing(machine):
    good = machine.put(GOOD)
    machine.wait("it serves", lambda: machine.serves(good))
    machine.apply(minAcu=0.9)
    log = machine.folder / "log"
    machine.wait("it says so", lambda: "spec.minAcu is no field" in log.read_text())
    assert machine.serves(good)


def test_a_lost_snapshot_is_taken_back_from_a_predictor(machine):
    good = machine.put(GOOD)
    machine.wait("it serves", lambda: machine.serves(good))
    held = machine.state / "sales/conversion/rev" / f"{good.removeprefix('sha256:')[:12]}.json.gz"
    held.write_bytes(b"damaged")
    machine.apply(progressDeadline="11m")
    machine.wait("the bytes are back", lambda: held.stat().st_size > 100)


def test_status_lost_is_rebuilt_from_the_ledger(machine):
    good = machine.put(GOOD)
    machine.wait("it serves", lambda: machine.serves(good))
    before = machine.predictors()
    machine.kill()
    (machine.state / "sales/conversion/status.json").unlink()
    machine.start()
    machine.wait("it serves on", lambda: machine.serves(good))
    assert machine.predictors() == before


# --- views ---------------------------------------------------------------------------------------------------------------------


def test_views_tell_the_story_in_a_pipe(machine):
    good = machine.put(GOOD)
    machine.wait("it serves", lambda: machine.serves(good))
    shown = machine.ask("get").stdout.splitlines()
    assert shown[0].split() == ["NAME", "READY", "PHASE", "CHAMPION", "REQUESTED", "AUC", "DRIFT", "AGE"]
    assert shown[1].split()[:4] == ["conversion", "True", "Serving", good.removeprefix("sha256:")[:12]]
    assert "\x1b" not in machine.ask("why", NO_COLOR="1").stdout
    assert "AUC" in machine.ask("why").stdout
    assert "Promoted" in machine.ask("history").stdout
    assert '"kind": "LeadModel"' in machine.ask("get", "-o", "json").stdout
    tree = machine.ask("get", "-o", "tree").stdout.splitlines()
    assert tree[0].startswith("✔ sales/conversion  Serving")
    assert sum("predictor" in line and "running" in line for line in tree) == 2
    assert any(line.startswith("├─ champion " + good.removeprefix("sha256:")[:12]) for line in tree)
    assert yaml.safe_load(machine.ask("get", "-o", "yaml").stdout)["kind"] == "LeadModel"
    assert "REASON" in machine.ask("get", "-o", "wide").stdout
    unknown = machine.ask("why", "nobody")
    assert (unknown.returncode, unknown.stderr.count("\n")) == (1, 1)
    assert "conversion" in unknown.stderr
