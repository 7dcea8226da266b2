"""A predictor inside the test process: the real server on a real socket, in a thread; and a client that speaks bytes."""

import contextlib
import http.client
import json
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import CollectorRegistry

from leadmodel_artifact.artifact import dump
from leadmodel_artifact.model import Artifact
from leadmodel_predictor.http.app import Application
from leadmodel_predictor.http.guard import Guard
from leadmodel_predictor.http.server import Server
from leadmodel_predictor.serving.challengers import Challengers
from leadmodel_predictor.serving.metrics import Metrics
from leadmodel_predictor.serving.model import Model
from leadmodel_predictor.serving.reload import Reloads
from leadmodel_predictor.serving.ring import Ring
from leadmodel_predictor.serving.slots import Slots, load_slot, pair
from leadmodel_predictor.serving.text_model import TextModel


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Served:
    port: int
    server: Server
    model: Model
    guard: Guard
    opened: list[socket.socket] = field(default_factory=list)

    def connect(self, timeout: float = 30) -> socket.socket:
        found = socket.create_connection(("127.0.0.1", self.port), timeout)
        self.opened.append(found)
        return found

    def ask(self, method: str, path: str, body: bytes | Any = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
            connection.request(
                method, path, sent, {name.replace("_", "-"): value for name, value in headers.items()}
            )
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def terminate(self) -> None:
        """Tell the server to go, as SIGTERM does; it holds an idle connection then."""
        self.connect()
        while not self.guard.connections:
            time.sleep(0.01)
        loop = next(iter(self.guard.connections)).loop
        loop.call_soon_threadsafe(self.server.handle_exit, signal.SIGTERM, None)

    def limited(self, limit: str) -> float:
        text = self.ask("GET", "/metrics").body.decode()
        line = next(x for x in text.splitlines() if f'refused_total{{limit="{limit}"}}' in x)
        return float(line.split()[-1])


def model_of(champion: Artifact, previous: Artifact | None = None) -> Model:
    second = load_slot(dump(previous), None) if previous else None
    slots = pair(load_slot(dump(champion), None), second)
    return Model(slots, Ring(slots, "test"), Metrics(CollectorRegistry()), time.time(), "test")


@contextlib.contextmanager
def served(
    champion: Artifact,
    previous: Artifact | None = None,
    *,
    read: Callable[[], Slots] | None = None,
    token: str | None = None,
    texts: TextModel | None = None,
    challengers: str | None = None,
    drain: float = 0.2,
    max_drain: float = 0.0,
    **limits: Any,
) -> Iterator[Served]:
    model = model_of(champion, previous)
    guard = Guard(lambda limit: model.metrics.limited[limit](), **limits)
    model.metrics.watch(guard)
    if texts is not None:
        model.metrics.registry.register(texts.metrics)
    watched = Challengers(challengers, {}, model) if challengers is not None else None
    if watched is not None:
        model.metrics.registry.register(watched.metrics)
    app = Application(
        model,
        Reloads(model, read or (lambda: model.slots), 0.65, None if token is None else lambda: token),
        texts,
        watched,
    )
    listening = socket.create_server(("127.0.0.1", 0), backlog=4096)
    server = Server(app, guard, "127.0.0.1", 0, drain_seconds=drain, max_drain_seconds=max_drain)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    found = Served(listening.getsockname()[1], server, model, guard)
    try:
        yield found
    finally:
        for connection in found.opened:
            connection.close()
        server.should_exit = True
        thread.join()


def request(body: bytes = b'{"age": 30}', path: str = "/predict", method: str = "POST", *more: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}", *more]
    return "\r\n".join([*lines, "", ""]).encode() + body


def read_answer(connection: socket.socket) -> Answer:
    """One answer; raises EOFError where the connection ends before it does."""
    answer = http.client.HTTPResponse(connection)
    try:
        answer.begin()
        body = answer.read()
    except http.client.HTTPException as error:
        raise EOFError from error
    return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, body)


def read_all(connection: socket.socket) -> bytes:
    """Everything until the server closes."""
    parts = []
    while part := connection.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)
