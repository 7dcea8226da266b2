"""A world with a real server, a way to run the program on it, and the rule that holds in every test: no seeded value gets out."""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis

from leadmodel_privacy.__main__ import main
from support.redis_servers import FLAVOURS, Server

FULL = os.environ.get("LEADMODEL_FULL") == "1"


@dataclass
class Seeds:
    """Personal data for tests: every value handed out is remembered, and must never be seen outside."""

    values: list[str] = field(default_factory=list)

    def email(self) -> str:
        return self._new(f"quillfeather{len(self.values):06d}@example.org")

    def ssn(self) -> str:
        n = len(self.values)
        return self._new(f"{219 + n % 400}-{10 + n % 80}-{1000 + n % 8999}")

    def _new(self, value: str) -> str:
        self.values.append(value)
        return value


@dataclass
class Ran:
    """What a run of the program left."""

    code: int
    out: str
    err: str

    @property
    def line(self) -> dict:
        return json.loads(self.out.splitlines()[-1])


@dataclass
class World:
    """One server, the program, and everything it said."""

    folder: Path
    seeds: Seeds = field(default_factory=Seeds)
    servers: list[Server] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    processes: "list[subprocess.Popen[str]]" = field(default_factory=list)

    def server(self, flavour: str, *options: str, **more) -> Server:
        folder = self.folder / f"server{len(self.servers)}"
        folder.mkdir()
        found = Server(flavour, folder, options, **more)
        self.servers.append(found)
        return found.start()

    @property
    def redis(self) -> "redis.Redis":
        return self.servers[0].client()

    def arguments(self, *more: str) -> list[str]:
        basic = ["backfill", "--wait", "5s", "--termination-log", str(self.folder / "termination")]
        if "--redis" not in more:
            basic += ["--redis", self.servers[0].url]
        return [*basic, *(() if "--match" in more else ("--match", "chat:*")), *more]

    def run(self, *more: str) -> Ran:
        out, err = io.StringIO(), io.StringIO()
        handlers = [(n, signal.getsignal(n)) for n in (signal.SIGTERM, signal.SIGINT)]
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(self.arguments(*more))
        for number, handler in handlers:
            signal.signal(number, handler)
        self.said += [out.getvalue(), err.getvalue()]
        return Ran(code, out.getvalue(), err.getvalue())

    def start(self, *more: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "leadmodel_privacy", *self.arguments(*more)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.processes.append(process)
        return process

    def ended(self, process: "subprocess.Popen[str]", timeout: float = 60) -> Ran:
        out, err = process.communicate(timeout=timeout)
        self.said += [out, err]
        return Ran(process.returncode, out, err)

    def kept(self) -> str:
        """Everything the program keeps in the servers, as text."""
        found = []
        for server in self.servers:
            if server.process is None or server.tls or server.locked:
                continue
            client = server.client(decode_responses=True, encoding_errors="replace")
            keys = client.scan_iter("leadmodel:*", count=1000)
            found += [key + repr(_value(client, key)) for key in keys]
            client.close()
        return "\n".join(found)

    def close(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.communicate()
        for server in self.servers:
            server.stop(kill=True)


def _value(client: "redis.Redis", key: str) -> object:
    match client.type(key):
        case "string":
            return client.get(key)
        case "hash":
            return client.hgetall(key)
        case "stream":
            return client.xrange(key)
    return ""


@pytest.fixture
def world(tmp_path, capfd, caplog):
    found = World(tmp_path)
    (tmp_path / "termination").write_text("")
    yield found
    try:
        outside = "\n".join([*found.said, found.kept(), caplog.text, *capfd.readouterr(), *_files(tmp_path)])
    finally:
        found.close()
    leaked = [value for value in found.seeds.values if value in outside or value.partition("@")[0] in outside]
    assert not leaked, f"{len(leaked)} seeded values got out"


def _files(folder: Path) -> list[str]:
    """All that was written outside the servers' own folders."""
    own = [
        path
        for path in folder.rglob("*")
        if path.is_file() and not path.relative_to(folder).parts[0].startswith("server")
    ]
    return [path.read_text(errors="replace") for path in own]


@pytest.fixture(params=FLAVOURS)
def flavour(request) -> str:
    return request.param


@pytest.fixture
def valkey(world) -> "redis.Redis":
    world.server("valkey")
    return world.redis


@pytest.fixture
def both(world, flavour) -> "redis.Redis":
    world.server(flavour)
    return world.redis


@pytest.fixture(scope="session")
def shared_valkey(tmp_path_factory) -> "redis.Redis":
    """A server for tests that hold no personal data."""
    server = Server("valkey", tmp_path_factory.mktemp("valkey")).start()
    yield server.client()
    server.stop()
