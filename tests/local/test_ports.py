"""A port takes the leads of one LeadModel: never of two, never of another program's clients."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from leadmodel_local.serving import listener
from leadmodel_local.serving.listener import HOST, Listener, PortTaken, bind
from leadmodel_local.state.files import ModelFolder
from leadmodel_operator.reconcile import Key
from worlds.local_world import COMMAND


def free_ports(count: int) -> int:
    """The first of some ports side by side that nobody has."""
    for first in range(20_000 + os.getpid() % 20_000, 60_000, count):
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            for number in range(first, first + count):
                stack.enter_context(bind(number))
            return first
    raise AssertionError("no free ports")


def folder(root: Path, name: str) -> ModelFolder:
    made = ModelFolder(root, Key("sales", name))
    made.folder.mkdir(parents=True, exist_ok=True)
    return made


def test_each_model_has_a_port_of_its_own(tmp_path):
    first = free_ports(3)
    ports = Listener(first)
    try:
        assert [ports.port_of(folder(tmp_path, name)) for name in "cab"] == [first, first + 1, first + 2]
        assert ports.port_of(folder(tmp_path, "c")) == first
    finally:
        ports.close()


def test_a_kept_port_comes_back_and_is_shared_by_no_second_model(tmp_path):
    """An older runtime may have written one port into two folders."""
    first, second = folder(tmp_path, "a"), folder(tmp_path, "b")
    ports = Listener()
    kept = ports.port_of(first)
    ports.close()
    second.port.write_text(f"{kept}\n")
    ports = Listener()
    try:
        assert ports.port_of(first) == kept
        assert ports.port_of(second) != kept
    finally:
        ports.close()


def test_a_port_of_another_program_is_refused_in_a_sentence(tmp_path):
    with socket.create_server((HOST, 0)) as other:
        number = other.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"port {number} is taken .* --port"):
            Listener(number).port_of(folder(tmp_path, "a"))


def test_a_port_of_another_runtime_is_refused_before_anybody_listens(tmp_path, monkeypatch):
    """Both runtimes bind, neither listens yet: only the lock tells them apart. The control has no locks and shares the port."""
    first, second = Listener(), Listener()
    number = first.port_of(folder(tmp_path / "1", "a"))
    second.first_port = number
    with pytest.raises(PortTaken):
        second.port_of(folder(tmp_path / "2", "a"))
    monkeypatch.setattr(listener, "lock_port", lambda _number: None)
    assert second.port_of(folder(tmp_path / "2", "a")) == number
    first.close()
    second.close()


def test_a_port_that_was_given_back_can_be_taken(tmp_path):
    for name in ("1", "2"):
        ports = Listener()
        number = ports.port_of(folder(tmp_path / name, "a"))
        ports.close()
        again = Listener(number)
        assert again.port_of(folder(tmp_path / name, "b")) == number
        again.close()


@pytest.mark.parametrize("port", ["-1", "65536", "x"])
def test_what_is_no_port_is_refused(port, tmp_path):
    done = subprocess.run(
        [*COMMAND, "up", "--port", port, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert "port" in done.stderr


# --- the program ---------------------------------------------------------------------------------------------------------------


def manifest(path: Path, name: str) -> str:
    where = path.parent.as_uri()
    document = {
        "apiVersion": "customerops.dev/v1alpha1",
        "kind": "LeadModel",
        "metadata": {"name": name, "namespace": "sales"},
        "spec": {"artifact": {"uri": f"{where}/model.json"}, "holdout": {"uri": f"{where}/holdout.csv"}},
    }
    path.write_text(yaml.safe_dump(document))
    return str(path)


@contextlib.contextmanager
def up(state: Path, *arguments: str):
    with (state.parent / f"{state.name}.log").open("w+") as log:
        process = subprocess.Popen(
            [*COMMAND, "--state", str(state), "up", *arguments],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield process, Path(log.name)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def until(ready, seconds: float = 120.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := ready():
            return answer
        time.sleep(0.05)
    raise AssertionError("not in time")


def test_up_gives_ports_in_the_order_of_its_manifests_and_says_which(tmp_path):
    first = free_ports(2)
    files = [manifest(tmp_path / f"{name}.yaml", name) for name in ("zoo", "arc")]
    with up(tmp_path / "state", "--port", str(first), *files) as (_, log):
        until(lambda: "takes leads" in log.read_text())
        taken = re.findall(r"sales/(\w+) takes leads at http://127.0.0.1:(\d+)/predict", log.read_text())
        assert taken == [("zoo", str(first)), ("arc", str(first + 1))]
        with up(tmp_path / "second", "--port", str(first + 1), files[1]) as (other, said):
            assert other.wait(60) == 1
            assert f"port {first + 1} is taken" in said.read_text()
    with (
        socket.create_server((HOST, first + 1)),
        up(tmp_path / "third", "--port", str(first), *files) as (third, said),
    ):
        assert third.wait(60) == 1
        assert f"port {first + 1} is taken" in said.read_text()


def test_two_predictors_do_not_share_a_port(tmp_path):
    from leadmodel_artifact.artifact import dump
    from support.small_models import linear

    (tmp_path / "model.json").write_bytes(dump(linear()))
    command = [
        sys.executable,
        "-m",
        "leadmodel_predictor",
        "--artifact",
        str(tmp_path / "model.json"),
        "--port",
    ]
    with socket.create_server((HOST, 0), reuse_port=True) as first:
        port = str(first.getsockname()[1])
        second = subprocess.run([*command, port], capture_output=True, text=True, check=False, timeout=60)
    assert second.returncode != 0
    assert "in use" in second.stderr
    assert "Traceback" not in second.stderr
