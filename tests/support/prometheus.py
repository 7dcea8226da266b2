"""A real Prometheus (Debian's package) over given targets, and questions to it."""

import contextlib
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

EVERY = "1s"


@dataclass(frozen=True)
class Target:
    """What is scraped under which labels; `honor`: whether labels of its own win over these."""

    address: str
    labels: dict[str, str]
    honor: bool = False


@dataclass(frozen=True)
class Prometheus:
    """A running server."""

    address: str

    def api(self, path: str, **parameters: str) -> Any:
        """The data of an answer. Raises AssertionError with the server's words where it refuses."""
        url = f"http://{self.address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from None

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series of an expression, now."""
        return self.api("query", query=expression)["result"]

    def range(self, expression: str, begin: float, end: float) -> list[dict[str, Any]]:
        """The series of an expression between two instants, second by second."""
        return self.api("query_range", query=expression, start=f"{begin:.3f}", end=f"{end:.3f}", step="1")[
            "result"
        ]

    def firing(self, name: str) -> list[dict[str, str]]:
        """The labels of every alert of this name that fires."""
        alerts = self.api("alerts")["alerts"]
        return [a["labels"] for a in alerts if a["state"] == "firing" and a["labels"]["alertname"] == name]

    def until(self, happened: Any, seconds: float = 60.0) -> Any:
        """Wait until a function of this server answers something true, and return that."""
        end = time.monotonic() + seconds
        while not (answer := happened(self)):
            assert time.monotonic() < end, "it did not happen in time"
            time.sleep(0.2)
        return answer


def static(targets: Sequence[Target], rules: Sequence[Path]) -> dict[str, Any]:
    """The configuration of a server that scrapes targets and evaluates rules every second."""
    return {
        "global": {"scrape_interval": EVERY, "scrape_timeout": EVERY, "evaluation_interval": EVERY},
        "rule_files": [str(rule) for rule in rules],
        "scrape_configs": [
            {
                "job_name": f"target-{number}",
                "honor_labels": target.honor,
                "static_configs": [{"targets": [target.address], "labels": target.labels}],
            }
            for number, target in enumerate(targets)
        ],
    }


@contextlib.contextmanager
def running(folder: Path, settings: dict[str, Any]) -> Iterator[Prometheus]:
    """Run a server with a configuration until the caller is done; `folder` keeps what it scraped."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("prometheus (Debian: prometheus) is not installed")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    file = folder / "prometheus.yaml"
    file.write_text(yaml.safe_dump(settings))
    command = [
        program,
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
    ]
    with (
        (folder / "prometheus.log").open("w") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as process,
    ):
        server = Prometheus(address)
        try:
            server.until(lambda _: process.poll() is None and _answers(address))
            yield server
        finally:
            process.terminate()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{address}/-/ready", timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False
