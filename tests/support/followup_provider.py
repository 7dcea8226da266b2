"""A provider over HTTP that keeps what it took and misbehaves as told, and a channel to it."""

import contextlib
import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any, BinaryIO

from leadmodel_followup.channels.channel import Message
from leadmodel_followup.channels.outcomes import (
    Absent,
    Accepted,
    OptedOut,
    Outcome,
    Present,
    Rejected,
    Throttled,
    Trace,
    Undecided,
    Unknown,
)

TAKES = ("take", "take-drop", "take-500", "take-late", "take-twice")
REFUSES = ("drop", "500", "429", "400", "stopped")
DELAY_S = 0.7


class Provider:
    """Counts messages by reference. `faults` gives the share of requests for each way to misbehave; the rest is taken and answered."""

    def __init__(self, faults: Mapping[str, float], seed: int = 0) -> None:
        assert set(faults) <= {*TAKES, *REFUSES}
        self.faults = faults
        self.taken: Counter[str] = Counter()
        self.texts: dict[str, str] = {}
        self.chance, self.lock = Random(seed), threading.Lock()
        self.busy, self.idle = 0, threading.Condition()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def mood(self) -> str:
        """How the next request is treated."""
        with self.lock:
            drawn = self.chance.random()
        for fault, share in self.faults.items():
            drawn -= share
            if drawn < 0:
                return fault
        return "take"

    def take(self, reference: str, body: str) -> None:
        """Keep a message, as if it went out to a person."""
        with self.lock:
            self.taken[reference] += 1
            self.texts[reference] = body

    def working(self, change: int) -> None:
        """Count requests that are being answered."""
        with self.idle:
            self.busy += change
            self.idle.notify_all()

    def finish(self) -> None:
        """Wait until every request that came is dealt with, also those whose sender gave up."""
        with self.idle:
            assert self.idle.wait_for(lambda: self.busy == 0, timeout=10)

    def close(self) -> None:
        """End the server."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def answer(to: BinaryIO, status: int, value: dict[str, str]) -> None:
    """Write one answer, if the sender still lives."""
    body = json.dumps(value).encode()
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    with contextlib.suppress(OSError):
        to.write(head.encode() + body)


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            provider.working(1)
            try:
                self.post()
            finally:
                provider.working(-1)

        def post(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            mood = provider.mood()
            if mood == "take-late":
                time.sleep(DELAY_S)
            if mood in TAKES:
                provider.take(message["reference"], message["body"])
            if mood in {"drop", "take-drop"}:
                return
            status = {"429": 429, "400": 400, "500": 503, "take-500": 503, "stopped": 403}.get(mood, 201)
            answer(self.wfile, status, {"id": f"p-{message['reference']}"})
            if mood == "take-twice":
                answer(self.wfile, status, {"id": f"p-{message['reference']}"})

        def do_GET(self) -> None:
            reference = self.path.rpartition("/")[2]
            answer(self.wfile, 200 if provider.taken[reference] else 404, {"id": f"p-{reference}"})

        def log_message(self, *_: Any) -> None:
            """Stay quiet."""

    return Handler


class HttpChannel:
    """Sends to a Provider: one request per message, each over a connection of its own."""

    sender = "http"

    def __init__(self, port: int, timeout_ms: int = 500, looks_up: str = "yes") -> None:
        self.port, self.timeout_ms, self.looks_up = port, timeout_ms, looks_up

    def send(self, message: Message) -> Outcome:
        body = json.dumps({"reference": message.reference, "to": message.address, "body": message.body})
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout_ms / 1000)
        try:
            connection.connect()
        except OSError:
            return Throttled(100)
        try:
            connection.request("POST", "/messages", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            value = json.loads(answer.read())
        except (OSError, http.client.HTTPException) as error:
            return Unknown(type(error).__name__)
        finally:
            connection.close()
        match answer.status:
            case 201:
                return Accepted(value["id"])
            case 429:
                return Throttled(100)
            case 400:
                return Rejected("400")
            case 403:
                return OptedOut()
        return Unknown(str(answer.status))

    def look_up(self, message: Message, since_ms: int) -> Trace:
        if self.looks_up != "yes":
            return Absent() if self.looks_up == "blind" else Undecided()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", f"/messages/{message.reference}")
            answer = connection.getresponse()
            value = json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            return Undecided()
        finally:
            connection.close()
        return Present(value["id"]) if answer.status == 200 else Absent()
