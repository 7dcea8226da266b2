"""The operator as a real process on the fake API: started, killed, stopped and continued by signals, asked over its own port."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import yaml

from worlds.fake_cluster import IMAGE, FakeCluster

READY = 90.0


def kubeconfig(server: str, folder: Path) -> Path:
    """A kubeconfig for a server without TLS."""
    named = {"name": "fake"}
    body = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "fake",
        "clusters": [{**named, "cluster": {"server": server}}],
        "users": [{**named, "user": {"token": "not-a-secret"}}],
        "contexts": [{**named, "context": {"cluster": "fake", "user": "fake"}}],
    }
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(body))
    return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Process:
    """One operator."""

    cluster: FakeCluster
    folder: Path
    identity: str = "one"
    more: tuple[str, ...] = ("--scrape=off",)
    port: int = field(default_factory=free_port)

    async def start(self) -> Process:
        self.log = self.folder / f"{self.identity}-{self.port}.log"
        command = [sys.executable, "-m", "leadmodel_operator", f"--predictor-image={IMAGE}"]
        command += [f"--identity={self.identity}", "--host=127.0.0.1", f"--port={self.port}", *self.more]
        config = kubeconfig(self.cluster.api.url, self.folder)
        with self.log.open("ab") as out:
            self.running = await asyncio.create_subprocess_exec(
                *command, stdout=out, stderr=out, env={**os.environ, "KUBECONFIG": str(config)}
            )
        return self

    def signal(self, number: signal.Signals) -> None:
        self.running.send_signal(number)

    async def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.running.kill()
        await self.running.wait()

    async def ask(self, target: str) -> tuple[int, str]:
        """Code and body of a GET on its own port; (0, "") when it does not answer within two seconds."""

        def get() -> tuple[int, str]:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{target}", timeout=2) as answer:
                    return answer.status, answer.read().decode()
            except urllib.error.HTTPError as error:
                return error.code, error.read().decode()
            except OSError:
                return 0, ""

        return await asyncio.to_thread(get)

    async def answers(self, target: str, code: int, text: str | None = None, limit: float = READY) -> None:
        """Wait until it answers so."""
        loop = asyncio.get_running_loop()
        end = loop.time() + limit
        while (answer := await self.ask(target)) and (answer[0] != code or text not in {None, answer[1]}):
            assert loop.time() < end, (target, answer)
            await asyncio.sleep(0.2)

    def lines(self) -> list[dict]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@contextlib.asynccontextmanager
async def a_process(cluster: FakeCluster, folder: Path, **more: object) -> AsyncIterator[Process]:
    process = await Process(cluster, folder, **more).start()
    try:
        yield process
    finally:
        await process.kill()


async def turn(
    cluster: FakeCluster,
    until: Callable[[], bool],
    limit: float = READY,
    what: str = "it does not come about",
) -> float:
    """The cluster moves by the wall clock until something holds; the seconds it took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while not until():
        assert loop.time() - began < limit, what
        cluster.now = datetime.fromtimestamp(time.time(), UTC)
        cluster.step()
        await asyncio.sleep(0.05)
    return loop.time() - began


async def quiet(cluster: FakeCluster, seconds: float) -> list[str]:
    """Writes other than to the Lease while nothing happens (an event of what just happened may still come)."""
    start = len(cluster.api.log)
    await asyncio.sleep(seconds)
    return [str(c) for c in cluster.api.log[start:] if c.writes and c.resource not in {"leases", "events"}]
