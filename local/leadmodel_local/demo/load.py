"""Callers that POST leads without pause and count; every answer that is not a 200 is a failure."""

import http.client
import random
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Self
from urllib.parse import urlsplit

CALLERS, CALLS_PER_SECOND = 3, 60.0  # the rate of each caller


class Load:
    """A context manager that sends `leads`; `leads` may be replaced while the callers run."""

    def __init__(self, url: str, leads: Sequence[bytes]) -> None:
        self._url, self.leads = urlsplit(url), leads
        self.sent = 0
        self.failures: list[str] = []
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._recent: deque[float] = deque(maxlen=400)
        self._threads = [threading.Thread(target=self._call, args=(i,), daemon=True) for i in range(CALLERS)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def rate(self) -> float:
        """Return answers per second over the last two seconds."""
        now = time.monotonic()
        with self._lock:
            return sum(at > now - 2 for at in self._recent) / 2

    def _call(self, seed: int) -> None:
        chance, connection = random.Random(seed), self._connect()
        due = time.monotonic()
        while not self._stop.is_set():
            due = max(due + 1 / CALLS_PER_SECOND, time.monotonic() - 0.1)
            problem = self._send(connection, chance.choice(self.leads))
            with self._lock:
                self.sent += 1
                self._recent.append(time.monotonic())
                if problem:
                    self.failures.append(problem)
            if problem:
                connection.close()
                self._stop.wait(0.05)
            self._stop.wait(max(0.0, due - time.monotonic()))
        connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._url.hostname or "", self._url.port, timeout=10)

    def _send(self, connection: http.client.HTTPConnection, lead: bytes) -> str:
        """Send one lead; return what went wrong, or an empty text."""
        try:
            connection.request("POST", self._url.path, lead)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__
        return "" if answer.status == 200 else f"HTTP {answer.status}"
