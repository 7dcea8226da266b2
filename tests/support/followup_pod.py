"""A pod of follow-ups as a process: `leadmodel-followup run` with its files in a folder, and calls of its HTTP server."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from leadmodel_followup.settings.settings import SCHEMA
from support.redis_servers import free_port

KEY, TOKEN = "0123456789abcdef", "token-of-the-intake"
FAST = {"perSecond": 10_000, "burst": 10_000}
TEXT = "Dear {{ name|default('friend') }}, shall we talk? Reply STOP to end."


def settings(**changes: Any) -> dict:
    """A plan without quiet hours, with rates and caps that hold nothing up."""
    return {
        "schema": SCHEMA,
        "tenant": "acme",
        "plan": "plan",
        "channels": [{"name": "sms", "provider": "Console", **FAST}],
        "bands": [
            {"name": "all", "minScore": 0, "steps": [{"name": "hello", "after": "0s", "channel": "sms"}]}
        ],
        "quietHours": {"channels": []},
        "limits": {**FAST, "recipientSeconds": 0.001},
        "caps": [],
        "worker": {"concurrency": 2},
        **changes,
    }


def lead(number: int, at: str, **changes: Any) -> dict:
    """A lead of a person of its own."""
    return {
        "lead": f"lead-{number}",
        "person": f"person-{number}",
        "at": at,
        "score": 0.9,
        "name": f"Quillfeather{number}",
        "company": "Marzipan Works",
        "language": "en",
        "timeZone": "Europe/Berlin",
        "addresses": {"sms": f"+4915{number:08}"},
        "consents": {"sms": {"at": at, "source": "form-1"}},
        **changes,
    }


@dataclass
class Pod:
    """One pod. `environ` is added to the environment, `flags` to the command line."""

    folder: Path
    url: str
    plan: dict = field(default_factory=settings)
    flags: tuple[str, ...] = ()
    environ: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def log(self) -> Path:
        return self.folder / "log.txt"

    def files(self) -> None:
        """Write what Kubernetes would mount."""
        (self.folder / "templates").mkdir(parents=True, exist_ok=True)
        steps = [step for band in self.plan["bands"] for step in band["steps"]]
        for step in steps:
            (self.folder / "templates" / f"{step['name']}.en.txt").write_text(TEXT)
        (self.folder / "followups.json").write_text(json.dumps(self.plan))
        (self.folder / "key").write_text(KEY)
        (self.folder / "token").write_text(TOKEN)

    def start(self, *, wait: bool = True) -> "Pod":
        self.files()
        at = self.folder
        command = [
            sys.executable,
            "-m",
            "leadmodel_followup.__main__",
            "run",
            f"--settings={at / 'followups.json'}",
        ]
        command += [
            f"--contact-key={at / 'key'}",
            f"--intake-token={at / 'token'}",
            f"--channels={at / 'channels'}",
        ]
        command += [f"--templates={at / 'templates'}", "--host=127.0.0.1", f"--port={self.port}", *self.flags]
        command.append(f"--redis-url={at / 'url'}")
        environ = {**os.environ, "LEADMODEL_REDIS_URL": self.url, **self.environ}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self) -> None:
        for _ in range(600):
            with suppress(httpx.TransportError):
                if httpx.get(f"{self.base}/readyz").status_code == 200:
                    return
            assert self.process is not None
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def call(self, method: str, path: str, body: Any = None, token: str = TOKEN) -> httpx.Response:
        return httpx.request(
            method, self.base + path, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=30
        )

    def children(self) -> list[int]:
        """The processes of the pod without the one that keeps them."""
        assert self.process is not None
        return [
            int(pid)
            for pid in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        ]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end of the pod and of all its processes."""
        assert self.process is not None
        below = self.children() if self.process.poll() is None else []
        self.process.send_signal(number)
        code = self.process.wait(60)
        for _ in range(600):
            if not any(Path(f"/proc/{pid}").exists() for pid in below):
                return code
            time.sleep(0.05)
        raise AssertionError("a process outlived its pod")


def clock_time(seconds: float = 0.0) -> str:
    """The time so many seconds from now."""
    return datetime.fromtimestamp(time.time() + seconds, UTC).isoformat()


def until(holds, seconds: float = 30.0) -> float:
    """Wait until something holds. Returns the seconds that it took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, "it never came"
        time.sleep(0.02)
    return time.monotonic() - began
