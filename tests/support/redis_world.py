"""A world with a real server, and a way to run a program that works over it; all that the program said is remembered."""

import contextlib
import io
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import redis

from support.redis_servers import Server


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
    main: Callable[[Sequence[str]], int]
    module: str
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
            code = self.main(self.arguments(*more))
        for number, handler in handlers:
            signal.signal(number, handler)
        self.said += [out.getvalue(), err.getvalue()]
        return Ran(code, out.getvalue(), err.getvalue())

    def start(self, *more: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", self.module, *self.arguments(*more)]
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


def files_of(folder: Path) -> list[str]:
    """All that was written outside the servers' own folders."""
    own = [
        path
        for path in folder.rglob("*")
        if path.is_file() and not path.relative_to(folder).parts[0].startswith("server")
    ]
    return [path.read_text(errors="replace") for path in own]
