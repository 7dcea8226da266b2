"""The harness of the benches: what it makes of figures, and that it measures only servers that compute the artifact's scores."""

import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from serving import machine
from serving.figures import Spread, against, goal, ratio, spread, table
from serving.load import read
from serving.models import Made, as_json, bodies
from serving.rounds import Run, awake, check, measure, running, single
from serving.servers import floor, leadmodel

from leadmodel_artifact.artifact import dump
from support.small_models import leads, linear

SAID = 'Running 1s test\n{"requests":3000,"us":1500000,"status":2,"socket":1,"p50":250,"p99":1500,"p999":2500,"max":9000}\n'


def test_a_spread_is_least_median_most():
    assert spread([3.0, 1.0, 2.0, 10.0]) == Spread(1.0, 2.5, 10.0)
    assert spread([1234.5]).show(1) == "1,234.5 (1,234.5 to 1,234.5)"


def test_ratios_are_taken_round_by_round():
    ours, base = [50.0, 5.0, 40.0], [100.0, 10.0, 50.0]  # the second round was disturbed, for both
    assert ratio(ours, base) == Spread(0.5, 0.5, 0.8)
    with pytest.raises(ValueError, match="zip"):
        ratio(ours, base[:2])


def test_own_work_is_the_difference_of_service_times():
    found = against([40_000.0], [50_000.0], lambda own, base: 1e6 / own - 1e6 / base)
    assert found.median == pytest.approx(5.0)


def test_a_table_is_markdown_with_even_columns():
    assert table(["a", "long"], [["x", "1"], ["yy", "2"]]).splitlines() == [
        "| a  | long |",
        "| -- | ---- |",
        "| x  | 1    |",
        "| yy | 2    |",
    ]


@pytest.mark.parametrize(
    ("found", "limits", "word"),
    [
        (0.76, {"at_least": 0.75}, "holds"),
        (0.74, {"at_least": 0.75}, "MISSED"),
        (1.9, {"below": 2.0}, "holds"),
        (2.0, {"below": 2.0}, "MISSED"),
        (float("nan"), {"at_least": 0.75}, "MISSED"),
        (float("nan"), {"below": 2.0}, "MISSED"),
    ],
)
def test_a_goal_holds_or_is_missed(found, limits, word):
    assert goal("x", found, **limits)[-1] == word


def test_what_wrk_says():
    seen = read(SAID)
    assert (seen.rate, seen.failed, seen.p50, seen.p99, seen.longest) == (2000.0, 3, 0.25, 1.5, 9.0)


def test_without_wrk_the_end_says_what_to_do(monkeypatch):
    monkeypatch.setattr(machine.shutil, "which", lambda _name: None)
    with pytest.raises(SystemExit, match="apt-get install wrk"):
        machine.need_wrk()


def test_bodies_are_one_a_line(tmp_path):
    path = bodies(tmp_path / "b", [{"details": "two\nlines"}, {"details": "ü"}], as_json)
    assert path.read_bytes().splitlines() == [b'{"details":"two\\nlines"}', b'{"details":"\\u00fc"}']


@pytest.fixture
def files(tmp_path) -> Made:
    paths = {name: tmp_path / f"{name}.json" for name in ("champion", "previous", "other")}
    paths["champion"].write_bytes(dump(linear()))
    paths["previous"].write_bytes(dump(linear(0.1, name="older")))
    paths["other"].write_bytes(dump(linear(0.4, name="other")))
    return Made(Path(), paths["champion"], paths["previous"], paths["other"], Path(), Path())


def test_only_servers_that_answer_the_artifacts_scores_are_measured(files):
    sent = leads(5)
    with running([floor(), leadmodel(files)], sent[0]) as (empty, ours):
        for server in (empty, ours):
            with awake(server):
                check(server, files, sent)
        with awake(ours), pytest.raises(SystemExit, match="answers other scores than the artifact"):
            check(ours, replace(files, champion=files.challenger), sent)


def test_servers_are_held_still_while_others_are_measured_and_leave_nothing(files):
    with running([leadmodel(files)], leads(1)[0]) as (server,):
        pid = server.process.pid
        _wait(lambda: _state(pid) == "T")
        with awake(server):
            _wait(lambda: _state(pid) != "T")
            assert server.memory_mb() > 10
            assert server.cpu_s() > 0
    assert server.process.returncode in {0, -signal.SIGINT, -signal.SIGKILL}
    assert not Path(f"/proc/{pid}").exists()


def test_a_server_that_does_not_start_says_why(files):
    broken = replace(floor(), command=lambda _port: [sys.executable, "-c", "raise OSError('no such model')"])
    with pytest.raises(SystemExit, match="no such model"), running([broken], leads(1)[0]):
        pass


@pytest.mark.skipif(machine.shutil.which("wrk") is None, reason="wrk is not installed: apt-get install wrk")
def test_rounds_are_seen_and_nothing_fails(files, tmp_path):
    sent = leads(50)
    with running([floor(), leadmodel(files)], sent[0]) as servers:
        names = [server.kind.name for server in servers]
        found = measure(servers, single(servers, sent, tmp_path), dict.fromkeys(names, (2,)), 1, 1)
    assert found.failed == dict.fromkeys(names, 0)
    assert all(
        found.rates(name, 2)[0] > 0 and found.each(name, 2, lambda s: s.cpu_us)[0] > 0 for name in names
    )
    assert isinstance(found, Run)


def _wait(until) -> None:
    for _ in range(500):
        if until():
            return
        time.sleep(0.01)
    pytest.fail("waited 5 s")


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
