"""How a process leaves: behind a plain TCP balancer that goes on sending, no request fails; and memory stays flat."""

import os
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from leadmodel_artifact.artifact import dump
from support.predictor_process import Replica
from support.predictor_thread import read_answer, request, served
from support.small_models import linear


class Balancer:
    """New connections go to the targets in turn. A target leaves the list some time after it was told to go, as in a cluster."""

    def __init__(self, replicas: list[Replica]) -> None:
        self.targets = list(replicas)
        self.turn = 0

    def ask(self) -> int:
        """One request on a connection of its own; raises where it fails."""
        self.turn += 1
        port = self.targets[self.turn % len(self.targets)].port
        with socket.create_connection(("127.0.0.1", port), 30) as connection:
            connection.sendall(request(b'{"age": 30}'))
            return read_answer(connection).status


def restarts(tmp_path: Path, count: int, *flags: str, late: float = 1.0) -> tuple[int, list[int | str]]:
    """Requests asked, and what failed, while two replicas are restarted in turn, and the balancer learns of it `late` seconds later."""
    artifact = tmp_path / "model.json"
    artifact.write_bytes(dump(linear()))
    replicas = [Replica(artifact, *flags) for _ in range(2)]
    balancer, asked, done = Balancer(replicas), 0, threading.Event()
    failed: list[int | str] = []

    def keep_asking() -> None:
        nonlocal asked
        while not done.is_set():
            asked += 1
            try:
                status = balancer.ask()
            except (OSError, EOFError) as error:
                failed.append(repr(error))  # the error itself would keep its frames, and their sockets
            else:
                if status != 200:
                    failed.append(status)
            time.sleep(0.002)

    asking = [threading.Thread(target=keep_asking) for _ in range(3)]
    try:
        for thread in asking:
            thread.start()
        for i in range(count):
            leaving = replicas[i % 2]
            leaving.process.send_signal(signal.SIGTERM)
            time.sleep(late)  # connections still come
            balancer.targets.remove(leaving)
            leaving.process.wait(30)
            leaving.start()
            balancer.targets.append(leaving)
    finally:
        done.set()
        for thread in asking:
            thread.join()
        for replica in replicas:
            replica.process.kill()
            replica.process.wait()
    return asked, failed


@pytest.mark.timeout(900)
def test_restarts_fail_no_request(tmp_path, full):
    asked, failed = restarts(tmp_path, 20 if full else 2, "--drain-seconds", "3")
    print(f"{asked} requests, {len(failed)} failed")
    assert asked > 0
    assert failed == []


def test_without_draining_requests_fail(tmp_path):
    """The control: a process that stops listening at once."""
    _, failed = restarts(tmp_path, 1, "--drain-seconds", "0")
    assert failed


LATE = 5.0  # a balancer that cannot learn of the change for a while: the API server is away, a node is busy


def test_who_still_gets_leads_stays(tmp_path):
    _, failed = restarts(tmp_path, 1, "--drain-seconds=2", late=LATE)
    assert failed == []


def test_control_who_leaves_by_the_clock_alone(tmp_path):
    _, failed = restarts(tmp_path, 1, "--drain-seconds=2", "--max-drain-seconds=0", late=LATE)
    assert failed


@pytest.mark.parametrize(
    ("sent", "stays"),
    [
        (request(), True),
        (request(b'{"leads": [{"age": 1}]}', "/predict/batch"), True),
        (request(b"{"), True),  # refused, and a lead all the same
        (request(b"", "/readyz", "GET"), False),  # probes and readings of the operator come to the end
        (request(b"", "/ops/model-status", "GET"), False),
    ],
    ids=["lead", "batch", "refused", "probe", "status"],
)
def test_only_leads_hold_a_process_and_not_for_ever(sent, stays):
    with served(linear(), drain=1.0, max_drain=3.0) as server:
        server.terminate()
        begun = time.monotonic()
        left: float | None = None
        while left is None and time.monotonic() - begun < 30:
            try:
                with server.connect() as connection:
                    connection.sendall(sent)
                    read_answer(connection)
            except OSError:
                left = time.monotonic() - begun
            time.sleep(0.05)
    assert left is not None, "it never left"
    assert (left >= 3.0) == stays


def test_what_is_in_flight_is_finished():
    with served(linear(), drain=2.0) as server:
        half, idle = server.connect(), server.connect()
        half.sendall(request(b'{"age": 1}')[:-1])
        idle.sendall(request(b'{"age": 1}'))
        assert read_answer(idle).status == 200
        server.terminate()
        time.sleep(0.1)
        assert server.ask("GET", "/readyz").status == 503
        idle.sendall(request(b'{"age": 1}'))
        answer = read_answer(idle)
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        time.sleep(3)  # it no longer listens, but the half request may still become whole
        half.sendall(b"}")
        assert read_answer(half).status == 200
        with pytest.raises(OSError, match="refused"):
            server.connect()


def rss(pid: int) -> int:
    """Resident memory in KiB."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0])


@pytest.mark.timeout(900)
def test_memory_stays_flat_at_full_rate(tmp_path, full):
    """Bodies of all sizes, good and bad; LEADMODEL_FULL=1: five minutes."""
    seconds = 300 if full else 3
    artifact = tmp_path / "model.json"
    artifact.write_bytes(dump(linear()))
    replica = Replica(artifact, "--previous", str(artifact))
    bodies = [
        b'{"age": 30}',
        b'{"age": "x"}',
        b"{",
        b'{"details": "%s"}' % (b"x" * 20_000),
        b'{"source": "%s"}' % os.urandom(8).hex().encode(),
    ]
    piece = b"".join(request(body) for body in bodies * 6)
    try:
        with socket.create_connection(("127.0.0.1", replica.port), 60) as connection:
            stream = connection.makefile("rb")

            def ask() -> None:
                connection.sendall(piece)
                for _ in range(30):
                    length = 0
                    while (line := stream.readline()) != b"\r\n":
                        if line.lower().startswith(b"content-length:"):
                            length = int(line.split(b":")[1])
                    stream.read(length)

            for _ in range(200):
                ask()
            begun, asked, until = rss(replica.process.pid), 0, time.monotonic() + seconds
            while time.monotonic() < until:
                ask()
                asked += 30
        ended = rss(replica.process.pid)
    finally:
        replica.process.kill()
        replica.process.wait()
    print(f"{asked} requests in {seconds} s: RSS {begun} KiB at the start, {ended} KiB at the end")
    assert ended - begun < 2048
