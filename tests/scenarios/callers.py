"""Callers of one LeadModel: leads to /predict and texts to /enrich, one at a time or without pause from several threads."""

import http.client
import json
import threading
from collections.abc import Sequence
from typing import Any, Self
from urllib.parse import urlsplit


def post_each(where: str, bodies: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """POST each body to this URL, on one connection, and return the answers; raises when one is not answered with 200."""
    url, answers = urlsplit(where), []
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=10)
    for body in bodies:
        connection.request("POST", url.path, json.dumps(body))
        answer = connection.getresponse()
        raw = answer.read()
        assert answer.status == 200, raw
        answers.append(json.loads(raw))
    connection.close()
    return answers


def enrich_url(predict: str) -> str:
    """Where texts go, from where leads go."""
    return predict.removesuffix("/predict") + "/enrich"


class Callers:
    """Threads that send without pause until the block ends; of each path they count the answers, and keep what was no 200."""

    def __init__(self, bodies: dict[str, Sequence[dict[str, Any]]]) -> None:
        """Send the bodies of each URL, in turns, from two threads per URL."""
        self.answered = dict.fromkeys(bodies, 0)
        self.failures: list[str] = []
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._call, args=(url, sent))
            for url, sent in bodies.items()
            for _ in range(2)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _call(self, where: str, bodies: Sequence[dict[str, Any]]) -> None:
        url, turn = urlsplit(where), 0
        connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=10)
        while not self._stop.is_set():
            try:
                connection.request("POST", url.path, json.dumps(bodies[turn % len(bodies)]))
                answer = connection.getresponse()
                answer.read()
                if answer.status == 200:
                    self.answered[where] += 1
                else:
                    self.failures.append(f"{url.path}: HTTP {answer.status}")
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(f"{url.path}: {error!r}")
                connection.close()
            turn += 1
            self._stop.wait(0.005)
        connection.close()
