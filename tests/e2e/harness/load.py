"""Requests to a served model: one at a time, or without pause from several threads."""

import json
import socket
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from typing import Any, Self


def post(url: str, body: Any, timeout: float = 5.0) -> Any:
    """POST JSON."""
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return json.loads(answer.read())


def opens(address: str, port: int) -> bool:
    """Whether a new connection opens at once.

    One that was begun before kube-proxy knew the Service never does: the kernel keeps where its first packet went.
    """
    try:
        socket.create_connection((address, port), 1).close()
    except OSError:
        return False
    return True


@dataclass
class Load:
    """Requests without pause, each on a connection of its own; every failure is kept, and who answered when."""

    url: str
    leads: list[dict[str, Any]]  # many and mixed: one lead again and again would be drift
    threads: int = 4
    sent: int = 0
    failures: list[str] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)  # that answered, in order of their first answer
    last: dict[int, float] = field(
        default_factory=dict
    )  # version → when it answered last, by the monotonic clock
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(self.threads)]
        for thread in self._threads:
            thread.start()
        return self

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                version = post(self.url, self.leads[self.sent % len(self.leads)])["version"]
                if version not in self.versions:
                    self.versions.append(version)
                self.last[version] = time.monotonic()
            except OSError as error:
                self.failures.append(f"{time.strftime('%H:%M:%S')} {error!r}")
            self.sent += 1
            time.sleep(0.01)

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
