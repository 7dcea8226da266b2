"""`leadmodel local up` in a process of its own, over models built by hand. What a test does to it, and what it can be asked."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Self
from urllib.parse import urlsplit

import yaml

from leadmodel_artifact.artifact import digest
from leadmodel_local.state.files import hold
from scenarios.goods import holdout
from support.small_models import leads

COMMAND = [sys.executable, "-m", "leadmodel_local.cli", "local"]
KEY = "sales/conversion"


def put(path: Path, data: bytes) -> None:
    """As an uploader should: whole or not at all."""
    beside = path.with_suffix(".part")
    beside.write_bytes(data)
    beside.replace(path)


@dataclass
class Machine:
    """One state folder, one manifest, and the runtime that looks after them."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None
    spec: dict[str, Any] = field(default_factory=dict)
    held: IO[bytes] | None = None
    watched: Path | None = None  # a folder of manifests instead of the one
    texts: dict[str, str] | None = None  # of the ConfigMap `texts`
    flags: tuple[str, ...] = ()  # of `up`

    def __post_init__(self) -> None:
        self.state = self.folder / "state"
        self.artifact, self.holdout = self.folder / "model.json", self.folder / "holdout.csv"
        if self.watched is None:
            put(self.holdout, holdout())
            self.apply()

    def apply(self, *, annotations: dict[str, str] | None = None, **spec: Any) -> None:
        self.spec |= spec
        document = {
            "apiVersion": "customerops.dev/v1alpha1",
            "kind": "LeadModel",
            "metadata": {"name": "conversion", "namespace": "sales", "annotations": annotations or {}},
            "spec": {
                "artifact": {"uri": self.artifact.as_uri()},
                "holdout": {"uri": self.holdout.as_uri()},
                "gate": {"live": {"policy": "Off"}},  # most tests send no leads
                **self.spec,
            },
        }
        documents: list[Any] = [document]
        if self.texts is not None:
            metadata = {"name": "texts", "namespace": "sales"}
            config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": self.texts}
            documents.append(config_map)
        put(self.folder / "model.yaml", yaml.safe_dump_all(documents).encode())

    def put(self, data: bytes) -> str:
        put(self.artifact, data)
        return digest(data)

    def start(self) -> Self:
        assert self.process is None
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "--state", str(self.state), *self._up()],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self

    def _up(self) -> list[str]:
        """Whatever happens to the test, the runtime and its children do not outlive it."""
        if self.held is None:
            self.held = hold(self.folder / "held")
        return [
            "up",
            "--while-held",
            str(self.folder / "held"),
            *self.flags,
            str(self.watched or self.folder / "model.yaml"),
        ]

    def kill(self) -> None:
        """As a power cut would, for the runtime alone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.process = None

    def stop(self) -> int:
        if self.process is None:
            self.start()
            time.sleep(0.5)
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=30)
        self.process = None
        return code

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        try:
            self.stop()
            assert self.living() == [], "children are left"
        finally:
            if self.held is not None:
                self.held.close()

    # --- what can be asked -------------------------------------------------------------------------------------------

    def ask(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, "--state", str(self.state), *arguments],
            capture_output=True,
            text=True,
            env={**os.environ, **environ},
            timeout=60,
            check=False,
        )

    def status(self) -> dict[str, Any]:
        try:
            return json.loads((self.state / KEY / "status.json").read_bytes())["status"]
        except OSError:
            return {}

    def condition(self, kind: str) -> tuple[str, str]:
        found = {c["type"]: (c["status"], c["reason"]) for c in self.status().get("conditions", [])}
        return found.get(kind, ("", ""))

    def champion(self) -> str | None:
        return (self.status().get("champion") or {}).get("digest")

    def serves(self, digest: str) -> bool:
        """In status and settled."""
        status = self.status()
        return self.champion() == digest and status.get("rollout") is None and status["readyReplicas"] == 2

    def wait(self, what: str, ready: Callable[[], Any], seconds: float = 100) -> Any:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if found := ready():
                return found
            time.sleep(0.05)
        log = (self.folder / "log").read_text()
        raise AssertionError(f"not within {seconds} s: {what}\n{log}\n{json.dumps(self.status(), indent=1)}")

    def living(self) -> list[str]:
        """Folders whose child lives, found by what the processes themselves say."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                where = (entry / "cwd").readlink()
            except OSError:
                continue
            if where.is_relative_to(self.state):
                found.append(f"{where.relative_to(self.state)}:{entry.name}")
        return sorted(found)

    def predictors(self) -> list[int]:
        """Pids of programs that serve."""
        found = []
        for entry in self.living():
            pid = int(entry.rpartition(":")[2])
            try:
                line = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"leadmodel_predictor" in line[:3]:
                found.append(pid)
        return found


class Load:
    """Callers with kept connections; a closed idle connection is opened again, everything else that is not a 200 is a failure."""

    def __init__(self, url: str, callers: int = 4) -> None:
        self.url, self.sent, self.failures = urlsplit(url), 0, []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._call, args=(i,)) for i in range(callers)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _call(self, seed: int) -> None:
        rows = [json.dumps(row) for row in leads(200, seed=seed + 30)]
        connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=10)
        while not self._stop.is_set():
            try:
                connection.request("POST", self.url.path, rows[self.sent % 200])
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    self.failures.append(str(answer.status))
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
                connection.close()
            self.sent += 1
        connection.close()
