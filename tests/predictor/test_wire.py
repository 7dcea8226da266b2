"""Responses byte for byte: those of POST /predict as they always were, all others as uvicorn's own HTTP protocol writes them."""

import re
import socket
import threading
import time

import pytest
import uvicorn

from leadmodel_predictor.http.app import Application
from leadmodel_predictor.serving.reload import Reloads
from support.predictor_thread import model_of, read_all, request, served
from support.small_models import linear

DATE = rb"date: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\r\n"
CLOSE = "Connection: close"
SCORE = rb'{"score":0\.\d+,"model":"[a-z-]+","version":\d+}'


def exchange(port: int, sent: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 30) as connection:
        connection.sendall(sent)
        return read_all(connection)


def head(status: bytes, length: bytes, *more: bytes) -> bytes:
    lines = [b"HTTP/1\\.1 " + status + b"\r\n", DATE, b"content-type: application/json\r\n"]
    return b"".join(
        [*lines, b"content-length: " + length + b"\r\n", *(line + b"\r\n" for line in more), b"\r\n"]
    )


def refused(status: bytes, error: bytes, field: bytes, *more: bytes) -> bytes:
    body = b'{"error": "%b", "field": "%b"}' % (error, field)
    return head(status, b"%d" % len(body), *more) + re.escape(body)


LAST = b"connection: close"
PREDICT = {
    "a lead": (request(b'{"age": 30}', "/predict", "POST", CLOSE), head(b"200 OK", rb"\d+", LAST) + SCORE),
    "a query": (request(b'{"age": 30}', "/predict?a=b", "POST", CLOSE), head(b"200 OK", rb"\d+", LAST) + SCORE),
    "a coded path": (request(b'{"age": 30}', "/%70redict", "POST", CLOSE), head(b"200 OK", rb"\d+", LAST) + SCORE),
    "one that stays": (
        request(b'{"age": 30}') + request(b"{", "/predict", "POST", CLOSE),
        head(b"200 OK", rb"\d+") + SCORE
        + refused(b"422 Unprocessable (Entity|Content)", rb"the body ends within its JSON; send a JSON object in UTF-8, such as {\"details\": \"please call\"}", b"$", LAST),
    ),
    "a bad field": (
        request(b'{"age": "x"}', "/predict", "POST", CLOSE),
        refused(b"422 Unprocessable (Entity|Content)", b"Expected `float | null`, got `str`".replace(b"`", b""), b"$.age", LAST),
    ),
    "a large body": (
        request(b" " * (1 << 20) + b"{}", "/predict", "POST", CLOSE),
        refused(b"413 (Request Entity Too Large|Content Too Large)", b"the body may have at most 1048576 bytes", b"$", LAST),
    ),
    "another method": (
        request(b"", "/predict", "PUT", CLOSE),
        refused(b"405 Method Not Allowed", b"use POST", b"$", b"allow: POST", LAST),
    ),
    "no HTTP": (b"hello\r\n\r\n", refused(b"400 Bad Request", b"this is no HTTP request", b"$", LAST)),
}  # fmt: skip


@pytest.fixture(scope="module")
def ours():
    with served(linear()) as server:
        yield server.port


@pytest.mark.parametrize("name", PREDICT)
def test_answers_to_leads_are_as_they_always_were(ours, name):
    sent, wanted = PREDICT[name]
    assert re.fullmatch(wanted, exchange(ours, sent)), exchange(ours, sent)


@pytest.fixture(scope="module")
def theirs():
    """The same application behind uvicorn's own HTTP protocol."""
    model = model_of(linear())
    app = Application(model, Reloads(model, lambda: model.slots, 0.65, None))
    config = uvicorn.Config(
        app,
        http="httptools",
        interface="asgi3",
        lifespan="off",
        ws="none",
        access_log=False,
        server_header=False,
        log_level="warning",
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join()


REQUESTS = [
    *(request(b"", path, method, CLOSE) for method in ("GET", "HEAD", "POST", "OPTIONS") for path in (
        "/healthz", "/readyz", "/openapi.json", "/ops/artifact", "/ops/artifact?digest=x", "/ops/model-card",
        "/nothing", "/%6eothing?a=%20b", "/ops/drift-window?since=x", "/predict/batch",
    )),
    *(request(b"", "/predict", method, CLOSE) for method in ("GET", "HEAD", "PUT")),
    request(b'[{"age": 30}, {"age": null}]', "/predict/batch", "POST", CLOSE),
    request(b'[{"age": "x"}]', "/predict/batch", "POST", CLOSE),
    request(b"", "/healthz", "GET") + request(b"", "/readyz", "GET", CLOSE),
    request(b"", "/healthz", "GET").replace(b"HTTP/1.1", b"HTTP/1.0"),
    request(b"", "/ops/model-card", "GET", "Expect: 100-continue", CLOSE),
]  # fmt: skip


@pytest.mark.parametrize("sent", REQUESTS, ids=range(len(REQUESTS)))
def test_all_other_answers_are_as_uvicorn_writes_them(ours, theirs, sent):
    def without_time(answer: bytes) -> bytes:
        return re.sub(DATE, b"date: now\r\n", answer)

    assert without_time(exchange(ours, sent)) == without_time(exchange(theirs, sent))
