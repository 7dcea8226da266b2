"""`leadmodel local demo` as a newcomer meets it: in a pipe, stopped half-way, killed, with leads that are none."""

import json
import os
import random
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from leadmodel_local.state import children
from worlds.local_world import COMMAND


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, "demo", "--folder", str(folder), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def living(folder: Path) -> list[str]:
    """Processes that work in the folder, found by what they themselves say."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            where = (entry / "cwd").readlink()
        except OSError:
            continue
        if where.is_relative_to(folder):
            found.append(f"{entry.name} in {where}")
    return found


def until(ready, seconds=300.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if ready():
            return
        time.sleep(0.05)
    raise AssertionError("not in time")


@pytest.mark.timeout(900)
def test_every_step_holds_in_a_pipe_though_the_runtime_is_killed(tmp_path):
    folder = tmp_path / "demo"
    demo = start(folder)
    for name in ("state/demo/conversion/serve.json", "leads.csv"):
        until((folder / name).exists)
        os.killpg(int((folder / "runtime/pid").read_text()), signal.SIGKILL)
    out, said = demo.communicate(timeout=800)
    assert demo.returncode == 0, out + said
    assert "\x1b" not in out
    steps = re.findall(r"^ *[\d.]+s  (\d+)/(\d+) ", out, re.MULTILINE)
    assert [number for number, _ in steps] == [str(i + 1) for i in range(int(steps[0][1]))]
    assert f"{len(steps)} of {len(steps)} steps held" in out
    assert re.search(r"requests, 0 failed", out)
    assert out.count("the runtime is gone") == 2
    assert re.search(
        r"one said STOP \(stopped; 1 that waited will not be sent\), .*: 3 messages, all to the log", out
    )
    assert living(folder) == []


@pytest.mark.skipif(
    "LEADMODEL_KILLS" not in os.environ, reason="minutes: LEADMODEL_KILLS=50 pytest -k any_moment"
)
@pytest.mark.timeout(0)
def test_killed_at_any_moment_the_demo_ends_the_same(tmp_path):
    """The runtime is killed at random moments of demo after demo; the decisions and the end are those of an undisturbed one."""
    kills, chance, folder = int(os.environ["LEADMODEL_KILLS"]), random.Random(50), tmp_path / "demo"
    while kills > 0:
        with (tmp_path / "said").open("w") as said:
            demo = subprocess.Popen([*COMMAND, "demo", "--folder", str(folder)], stdout=said, stderr=said)
            while demo.poll() is None:
                time.sleep(chance.uniform(1, 20))
                if kills > 0 and demo.poll() is None and children.is_alive(folder / "runtime"):
                    children.stop(folder / "runtime", signal.SIGKILL)
                    kills -= 1
        assert demo.returncode == 0, (tmp_path / "said").read_text()
        status = json.loads((folder / "state/demo/conversion/status.json").read_bytes())["status"]
        reasons = [entry["reason"] for entry in status["history"]]
        assert reasons == ["Promoted", "DriftSustained", "Promoted", "Promoted", "Promoted"]
        assert [entry["kind"] for entry in status["quarantine"]] == ["Drift", "Gate"]
        assert status["phase"] == "Breaching"
        assert living(folder) == []
        print(f"{kills} kills to go")


@pytest.mark.timeout(900)
def test_ctrl_c_leaves_nothing(tmp_path):
    """Also where whoever started the demo ignores Ctrl-C, as a script does for what runs in its background."""
    folder = tmp_path / "demo"
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        demo = start(folder)
    finally:
        signal.signal(signal.SIGINT, before)
    until((folder / "state/demo/conversion/serve.json").exists)
    demo.send_signal(signal.SIGINT)
    _, said = demo.communicate(timeout=60)
    assert demo.returncode == 130
    assert "nothing is left" in said
    assert not folder.exists()
    assert living(folder) == []


@pytest.mark.timeout(900)
def test_what_a_killed_demo_leaves_ends_with_the_next(tmp_path):
    folder = tmp_path / "demo"
    first = start(folder)
    until((folder / "state/demo/conversion/serve.json").exists)
    first.kill()
    first.communicate()
    until(lambda: not living(folder / "state"))  # the runtime notices and ends its children
    (folder / "made.csv").unlink()
    second = start(folder)
    until((folder / "made.csv").exists)
    second.send_signal(signal.SIGTERM)
    second.communicate(timeout=60)
    assert not folder.exists()


@pytest.mark.parametrize(
    ("content", "arguments", "said"),
    [
        ("a,b\n1,2\n", (), "has no column 'y'"),
        ("a,b,y\n1,2,maybe\n", (), "must hold yes/no"),
        ("a,b,y\n1,2,1\n", ("--exclude", "c"), "no column 'c'"),
        ("a,y\n1,1\n", (), "needs two"),
    ],
)
def test_leads_that_are_none_are_refused_in_a_sentence(tmp_path, content, arguments, said):
    file = tmp_path / "leads.csv"
    file.write_text(content)
    demo = start(tmp_path / "demo", "--leads", str(file), *arguments)
    out, _ = demo.communicate(timeout=60)
    assert demo.returncode == 1
    assert said in out


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path):
    (tmp_path / "precious").write_text("mine")
    demo = start(tmp_path)
    _, said = demo.communicate(timeout=60)
    assert demo.returncode == 2
    assert said.count("\n") == 1
    assert (tmp_path / "precious").read_text() == "mine"
