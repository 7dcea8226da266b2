"""Limits of connections, each with a control that shows the damage without it.

`endpoint` is the inline endpoint, which connections answer themselves, and one of the ASGI application.
"""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from leadmodel_artifact.artifact import dump
from leadmodel_predictor.http.guard import Guard
from support.predictor_process import Replica
from support.predictor_thread import read_all, read_answer, request, served
from support.small_models import linear

MODEL = linear()


@dataclass(frozen=True)
class Endpoint:
    path: str
    body: bytes

    def request(self, *more: str) -> bytes:
        return request(self.body, self.path, "POST", *more)

    def head(self, *more: str) -> bytes:
        """A head without a length."""
        return "\r\n".join([f"POST {self.path} HTTP/1.1", "Host: t", *more, "", ""]).encode()


@pytest.fixture(
    params=[Endpoint("/predict", b'{"age": 30}'), Endpoint("/predict/batch", b'[{"age":30}]')],
    ids=["inline", "asgi"],
)
def endpoint(request) -> Endpoint:
    return request.param


@contextlib.contextmanager
def held(server, connections: int = 1) -> Iterator[None]:
    """Once it has that many connections the server does nothing until the end of the block."""
    while len(server.guard.connections) < connections:
        time.sleep(0.01)
    holds, ends = threading.Event(), threading.Event()

    def hold() -> None:
        holds.set()
        ends.wait(20)

    next(iter(server.guard.connections)).loop.call_soon_threadsafe(hold)
    assert holds.wait(20)
    try:
        yield
    finally:
        ends.set()


def send_for_long(connection: socket.socket, part: bytes, times: int, pause: float = 0.0) -> None:
    """Go on sending until the server ends it."""
    for _ in range(times):
        connection.sendall(part)
        time.sleep(pause)


def statuses(answer: bytes) -> list[int]:
    return [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]


# --- bodies as they come ---------------------------------------------------------------------------------------------------


def test_split_anywhere(endpoint):
    whole = endpoint.request()
    with served(MODEL) as server:
        wanted = server.ask("POST", endpoint.path, endpoint.body).json
        connection = server.connect()
        for at in range(1, len(whole), 5):
            connection.sendall(whole[:at])
            time.sleep(0.002)
            connection.sendall(whole[at:])
            answer = read_answer(connection)
            assert (answer.status, answer.json) == (200, wanted)


def test_byte_by_byte(endpoint):
    with served(MODEL) as server:
        connection = server.connect()
        for byte in endpoint.request():
            connection.sendall(bytes([byte]))
        assert read_answer(connection).status == 200


def test_chunked(endpoint):
    head = endpoint.head("Transfer-Encoding: chunked")
    first, second = endpoint.body[:7], endpoint.body[7:]
    with served(MODEL) as server:
        connection = server.connect()
        connection.sendall(head + b"7\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (first, len(second), second))
        assert read_answer(connection).status == 200
        connection.sendall(head + b"7\r\n%b\r\n" % first)
        time.sleep(0.05)
        connection.sendall(b"%x\r\n%b\r\n0\r\n\r\n" % (len(second), second))
        assert read_answer(connection).status == 200


def test_pipelined_answers_come_in_order():
    sent = b"".join(
        request(b'{"age": %d}' % age) + request(b"", "/healthz", "GET") + request(b'{"age": "x"}')
        for age in range(20)
    )
    with served(MODEL) as server:
        connection = server.connect()
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        assert statuses(read_all(connection)) == [200, 200, 422] * 20


@pytest.mark.parametrize(
    "after", [request(b'{"age": 31}') * 2, b"this is no HTTP\r\n\r\n"], ids=["more", "noise"]
)
@pytest.mark.parametrize("draining", [False, True], ids=["asked", "draining"])
def test_what_follows_the_last_request_is_not_heard(draining, after):
    """The last one, for the client said so or for the process leaves: what comes behind it is neither counted nor answered."""
    with served(MODEL) as server:
        connection = server.connect()
        server.guard.is_draining = draining
        close = () if draining else ("Connection: close",)
        connection.sendall(request(b'{"age": 30}', "/predict", "POST", *close) + after)
        assert statuses(read_all(connection)) == [200]
        assert len(server.model.ring.entries) == 1
        server.guard.is_draining = False
        assert server.limited("syntax") == 0


def test_a_client_that_reads_late_has_all_its_answers():
    count = 100_000
    with served(MODEL) as server:
        connection = server.connect()
        sending = threading.Thread(target=connection.sendall, args=(request(b'{"age": 30}') * count,))
        sending.start()
        while not server.guard.connections:
            time.sleep(0.01)
        protocol = next(iter(server.guard.connections))
        while not protocol.is_read_paused:
            time.sleep(0.01)
        found, last = 0, b""
        while found < count:
            came = connection.recv(1 << 20)
            assert came, f"it closed after {found} answers"
            last = last[-14:] + came
            found += last.count(b"HTTP/1.1 200 OK")
        sending.join()


def test_an_application_waits_for_a_client_that_reads_late():
    count = 3_000
    with served(MODEL, max_pipelined=1 << 30) as server:
        connection = server.connect()
        sending = threading.Thread(
            target=connection.sendall, args=(request(b"", "/openapi.json", "GET") * count,)
        )
        sending.start()
        while not server.guard.connections:
            time.sleep(0.01)
        protocol = next(iter(server.guard.connections))
        while not (protocol.is_write_paused and protocol.exchange):
            time.sleep(0.01)
        found, last = 0, b""
        while found < count:
            came = connection.recv(1 << 20)
            assert came, f"it closed after {found} answers"
            last = last[-14:] + came
            found += last.count(b"HTTP/1.1 200 OK")
        sending.join()


def test_a_half_closed_client_gets_its_answer():
    with served(MODEL) as server:
        for path, body, method in (("/predict", b'{"age": 1}', "POST"), ("/ops/model-status", b"", "GET")):
            connection = server.connect()
            connection.sendall(request(body, path, method))
            connection.shutdown(socket.SHUT_WR)
            assert read_answer(connection).status == 200
            assert connection.recv(1) == b""


def test_without_care_for_half_closed_clients_the_answer_is_lost(monkeypatch):
    monkeypatch.setattr("leadmodel_predictor.http.connection.Connection.eof_received", lambda _: None)
    with served(MODEL) as server:
        connection = server.connect()
        with held(server):
            connection.sendall(request(b"", "/ops/model-status", "GET"))
            connection.shutdown(socket.SHUT_WR)
        with pytest.raises((EOFError, ConnectionError)):
            read_answer(connection)


def test_expect_100_continue(endpoint):
    with served(MODEL) as server:
        connection = server.connect()
        connection.sendall(endpoint.request("Expect: 100-continue")[: -len(endpoint.body)])
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(endpoint.body)
        assert read_answer(connection).status == 200


def test_what_waits_to_be_continued_waits_for_its_turn_too(endpoint):
    with served(MODEL) as server:
        connection = server.connect()
        head = endpoint.request("Expect: 100-continue")[: -len(endpoint.body)]
        with held(server):
            connection.sendall(request(b"", "/ops/model-card", "GET") + head)
        came = b""
        while not came.endswith(b"HTTP/1.1 100 Continue\r\n\r\n"):
            came += connection.recv(1 << 16)
        assert statuses(came) == [200, 100]
        connection.sendall(endpoint.body)
        assert read_answer(connection).status == 200


def test_an_offer_to_upgrade_is_not_taken(endpoint):
    with served(MODEL) as server:
        connection = server.connect()
        for _ in range(2):
            connection.sendall(endpoint.request("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c"))
            assert read_answer(connection).status == 200


@pytest.mark.parametrize("piece", [1, 7, 10_000])
@pytest.mark.parametrize("chunks", [1, 3])
def test_an_offer_to_upgrade_with_a_chunked_body_is_answered_over_http_1(endpoint, piece, chunks):
    """As `curl --http2` and the HttpClient of Java send a lead whose size they do not know."""
    body, size = endpoint.body, -(-len(endpoint.body) // chunks)
    parts = [body[i : i + size] for i in range(0, len(body), size)]
    chunked = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    offer = endpoint.head(
        "Connection: Upgrade, HTTP2-Settings",
        "Upgrade: h2c",
        "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA",
        "Transfer-Encoding: chunked",
    )
    with served(MODEL) as server:
        connection = server.connect()
        for _ in range(2):  # the connection goes on in HTTP/1.1
            sent = offer + chunked
            for at in range(0, len(sent), piece):
                connection.sendall(sent[at : at + piece])
            assert read_answer(connection).status == 200
        connection.sendall((offer + chunked) * 2 + endpoint.request("Connection: close"))
        assert statuses(read_all(connection)) == [200, 200, 200]


def test_an_offer_to_upgrade_with_another_coding_or_a_torn_chunk_is_no_http(endpoint):
    offer = ("Connection: Upgrade", "Upgrade: h2c")
    for coding, body in (("gzip, chunked", b"0\r\n\r\n"), ("chunked", b"zz\r\n")):
        with served(MODEL) as server:
            connection = server.connect()
            connection.sendall(endpoint.head(*offer, f"Transfer-Encoding: {coding}") + body)
            assert statuses(read_all(connection)) == [400]


def test_old_clients(endpoint):
    with served(MODEL) as server:
        connection = server.connect()
        connection.sendall(endpoint.request().replace(b"HTTP/1.1", b"HTTP/1.0"))
        answer = read_all(connection)
        assert statuses(answer) == [200]
        assert b"connection: close" in answer


# --- too large -----------------------------------------------------------------------------------------------------------------


def test_a_large_body_is_refused_when_it_is_announced(endpoint):
    with served(MODEL) as server:
        connection = server.connect()
        connection.sendall(endpoint.head("Content-Length: 1073741824"))
        connection.sendall(b" " * (1 << 17))  # of a gigabyte
        answer = read_answer(connection)
        assert (answer.status, answer.json["field"]) == (413, "$")


def test_a_gigabyte_in_chunks_is_refused_and_never_held(endpoint, full):
    size = 1 << 30 if full else 1 << 25
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    limit = 4 << 20 if endpoint.path == "/predict" else 20 << 20
    with served(MODEL) as server:
        connection = server.connect()
        connection.sendall(endpoint.head("Transfer-Encoding: chunked"))
        for _ in range(size // 0x10000):
            connection.sendall(chunk)
            assert server.guard.held_bytes < limit
        connection.sendall(b"0\r\n\r\n")
        assert read_answer(connection).status == 413
        connection.sendall(endpoint.request())
        assert read_answer(connection).status == 200
        assert server.guard.held_bytes == 0


def test_a_refused_body_is_read_for_a_while_only(endpoint):
    with served(MODEL, ignored_seconds=0.5) as server:
        connection = server.connect()
        connection.sendall(endpoint.head("Content-Length: 999999999"))
        with pytest.raises(ConnectionError):
            send_for_long(connection, b" " * (1 << 16), 300, pause=0.02)


@pytest.mark.parametrize("part", [b"X" * 100, b"X: " + b"y" * 1000 + b"\r\n"])
def test_a_head_without_end(part):
    with served(MODEL, max_head_bytes=20_000) as server:
        connection = server.connect()
        connection.sendall(b"POST /predict HTTP/1.1\r\n")
        for _ in range(21_000 // len(part) + 1):
            connection.sendall(part)
        answer = read_answer(connection)
        assert (answer.status, answer.json["field"]) == (431, "$")
        assert connection.recv(1) == b""
        assert server.limited("head") == 1


def test_many_requests_in_a_piece_are_no_long_head():
    """Pieces of 64 KiB and more that begin and end within heads, on one connection that stays."""
    one = request(b'{"age": 30}')
    limits = {"max_head_bytes": 20_000, "max_pipelined": 10_000}
    with served(MODEL, **limits) as server, server.connect() as connection:
        connection.settimeout(20)
        for _ in range(5):
            whole = one * 600
            connection.sendall(whole[:10])
            time.sleep(0.05)
            connection.sendall(whole[10 : len(whole) - 20])
            time.sleep(0.05)
            connection.sendall(whole[len(whole) - 20 :])
            answers = b""
            while answers.count(b'"version":') < 600:
                answers += connection.recv(1 << 16)
            assert statuses(answers) == [200] * 600
        assert server.limited("head") == 0


@pytest.mark.parametrize("cut", [None, 40_000], ids=["in one piece", "in two"])
def test_a_long_head_that_is_whole_is_refused_too(cut):
    head = b"POST /predict HTTP/1.1\r\nX: " + b"y" * 70_000 + b"\r\nContent-Length: 2\r\n\r\n{}"
    with served(MODEL) as server:
        connection = server.connect()
        with held(server):
            connection.sendall(head[:cut])
        if cut:
            time.sleep(0.4)
            connection.sendall(head[cut:])
        answer = read_answer(connection)
        assert (answer.status, answer.json["field"]) == (431, "$")
        assert len(server.model.ring.entries) == 0


def test_without_the_limit_a_head_grows(monkeypatch):
    with served(MODEL, max_head_bytes=1 << 60, head_seconds=1e9) as server:
        connection = server.connect()
        connection.sendall(b"POST /predict HTTP/1.1\r\n")
        for _ in range(30):
            connection.sendall(b"X: " + b"y" * 10_000 + b"\r\n")
        deadline = time.monotonic() + 20
        while not (held := [c for c in server.guard.connections if len(c.reader.incoming.headers) >= 29]):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert sum(len(value) for _, value in held[0].reader.incoming.headers) >= 290_000


def test_unfinished_bodies_are_held_up_to_a_limit(endpoint):
    with served(MODEL, max_held_bytes=200_000) as server:
        unfinished = [server.connect() for _ in range(5)]
        for connection in unfinished:
            connection.sendall(request(b" " * 60_000, endpoint.path)[:-1])
        codes = [int(c.recv(1 << 16)[9:12]) for c in unfinished[3:]]
        assert codes == [503, 503]
        assert (
            server.ask("POST", "/predict", b'{"age": 1}').status == 200
        )  # what is whole at once needs no room
        for connection in unfinished[:3]:
            connection.sendall(b" ")
            assert read_answer(connection).status == 422
        assert server.guard.held_bytes == 0


def test_without_the_limit_they_are_all_held():
    with served(MODEL, max_held_bytes=1 << 60) as server:
        for _ in range(5):
            server.connect().sendall(request(b" " * 60_000)[:-1])
        deadline = time.monotonic() + 20
        while server.guard.held_bytes < 300_000:
            assert time.monotonic() < deadline
            time.sleep(0.01)


# --- no HTTP ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
        b"POST /predict HTTP/9.9\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"POST /predict HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: t\r\n\r\n",
        b"CONNECT a:b HTTP/1.1\r\nHost: t\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\nHost: t\r\n\r\n",
    ],
)
def test_what_is_no_http_is_told_so(sent):
    with served(MODEL) as server:
        connection = server.connect()
        connection.sendall(sent)
        answer = read_all(connection)
        assert statuses(answer) == [400]
        assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["field"] == "$"
        assert server.limited("syntax") == 1


def test_requests_before_nonsense_are_answered_first():
    with served(MODEL) as server:
        connection = server.connect()
        connection.sendall(
            request(b"", "/ops/model-status", "GET") + request(b'{"age": 1}') + b"nonsense\r\n\r\n"
        )
        assert statuses(read_all(connection)) == [200, 200, 400]


# --- too slow --------------------------------------------------------------------------------------------------------------------


def test_slow_loris(endpoint):
    """Heads and bodies that trickle in are ended; others are served meanwhile."""
    with served(MODEL, head_seconds=1.0, body_seconds=1.5) as server:
        slow = [server.connect() for _ in range(60)]
        for i, connection in enumerate(slow):
            connection.sendall(request(b"{" + b" " * 1000, endpoint.path)[: 30 if i % 2 else 100])
        begun = time.monotonic()
        told: list[int] = []
        while len(told) < len(slow) and time.monotonic() < begun + 60:
            assert server.ask("POST", "/predict", b'{"age": 1}').status == 200
            for connection in slow[len(told) :]:
                connection.setblocking(False)
                try:
                    told.append(int(connection.recv(1000)[9:12]))
                except BlockingIOError:
                    connection.send(b" ")
                    break
            time.sleep(0.05)
        assert told == [408] * len(slow)
        assert server.limited("time") == len(slow)


def test_without_the_sweep_slow_clients_stay(monkeypatch):
    monkeypatch.setattr(Guard, "sweep", lambda *_: None)
    with served(MODEL, head_seconds=0.1, body_seconds=0.1) as server:
        connection = server.connect()
        connection.sendall(request(b'{"age": 1}')[:-1])
        time.sleep(2.5)
        connection.sendall(b"}")
        assert read_answer(connection).status == 200


def test_idle_connections_are_closed():
    with served(MODEL, idle_seconds=1.0) as server:
        silent, once = server.connect(), server.connect()
        once.sendall(request())
        assert read_answer(once).status == 200
        assert silent.recv(1) == once.recv(1) == b""


def test_a_connection_is_not_idle_at_its_first_sweep():
    with served(MODEL) as server:
        connection = server.connect()
        while not server.guard.connections:
            time.sleep(0.01)
        loop = next(iter(server.guard.connections)).loop
        loop.call_soon_threadsafe(server.guard.sweep, loop.time())
        time.sleep(0.05)
        connection.sendall(request())
        assert read_answer(connection).status == 200


def test_a_busy_connection_is_not_idle():
    with served(MODEL, idle_seconds=1.5) as server:
        connection = server.connect()
        for _ in range(30):
            connection.sendall(request())
            assert read_answer(connection).status == 200
            time.sleep(0.2)


def test_many_idle_connections_hinder_nobody(tmp_path, full):
    """The server has a process of its own: a connection takes a descriptor at each end."""
    count, artifact = 10_000 if full else 300, tmp_path / "model.json"
    artifact.write_bytes(dump(MODEL))
    replica = Replica(artifact)
    descriptors = Path(f"/proc/{replica.process.pid}/fd")
    with contextlib.ExitStack() as held:
        held.callback(replica.process.wait)
        held.callback(replica.process.kill)

        def connect() -> socket.socket:
            return held.enter_context(socket.create_connection(("127.0.0.1", replica.port), 30))

        for _ in range(count + 50):  # more than it has descriptors of its own
            connect()
        deadline = time.monotonic() + 60
        while (taken := len(list(descriptors.iterdir()))) < count + 50 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert taken >= count + 50
        for _ in range(20):
            asking = connect()
            asking.sendall(request(b'{"age": 1}'))
            assert read_answer(asking).status == 200


def test_more_connections_than_allowed_are_told():
    with served(MODEL, max_connections=5) as server:
        kept = [server.connect() for _ in range(5)]
        kept[0].sendall(request())
        assert read_answer(kept[0]).status == 200
        answer = read_answer(server.connect())
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        kept[0].close()
        kept[4].sendall(request())
        assert read_answer(kept[4]).status == 200


def test_without_a_limit_connections_grow():
    with served(MODEL, max_connections=1 << 30) as server:
        kept = [server.connect() for _ in range(6)]
        for connection in kept:
            connection.sendall(request())
            assert read_answer(connection).status == 200


def test_who_does_not_read_is_dropped_and_not_read():
    with served(MODEL, unread_seconds=1.0, max_pipelined=1_000_000) as server:
        connection = server.connect()
        connection.settimeout(5)
        with pytest.raises((TimeoutError, ConnectionError)):
            send_for_long(
                connection, request(b"", "/openapi.json", "GET") + request(b'{"age": 1}'), 1_000_000
            )
        deadline = time.monotonic() + 20
        while server.guard.connections and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not server.guard.connections


def test_without_the_sweep_who_does_not_read_stays(monkeypatch):
    monkeypatch.setattr(Guard, "sweep", lambda *_: None)
    with served(MODEL, unread_seconds=0.5, max_pipelined=1_000_000) as server:
        connection = server.connect()
        connection.settimeout(3)
        with pytest.raises(TimeoutError):
            send_for_long(connection, request(b"", "/openapi.json", "GET"), 1_000_000)
        assert server.guard.connections


def test_without_pausing_who_does_not_read_is_read_on_and_on(monkeypatch):
    monkeypatch.setattr("leadmodel_predictor.http.connection.Connection.pause_writing", lambda _: None)
    sent = request(b"", "/openapi.json", "GET")
    with served(MODEL, unread_seconds=1e9, max_pipelined=1_000_000) as server:
        connection = server.connect()
        connection.settimeout(5)
        send_for_long(connection, sent, 10_000)  # their answers are more than any buffer of the system takes
        assert max(c.transport.get_write_buffer_size() for c in server.guard.connections) > 16 << 20


def test_without_the_sweep_idle_connections_stay(monkeypatch):
    monkeypatch.setattr(Guard, "sweep", lambda *_: None)
    with served(MODEL, idle_seconds=0.5) as server:
        connection = server.connect()
        connection.settimeout(3)
        with pytest.raises(TimeoutError):
            connection.recv(1)


def test_without_the_sweep_a_refused_body_is_read_for_ever(monkeypatch):
    monkeypatch.setattr(Guard, "sweep", lambda *_: None)
    with served(MODEL, ignored_seconds=0.5) as server:
        connection = server.connect()
        connection.sendall(b"POST /predict HTTP/1.1\r\nHost: t\r\nContent-Length: 999999999\r\n\r\n")
        send_for_long(connection, b" " * (1 << 16), 300, pause=0.01)


# --- too many --------------------------------------------------------------------------------------------------------------------


def flood(server, count: int) -> list[int]:
    """Ask while the loop is held, so that all of it waits when it goes on."""
    connections = [server.connect() for _ in range(count)]
    with held(server, count):
        for connection in connections:
            connection.sendall(request(b'{"age": 30}', "/ops/model-card", "GET"))
    return [read_answer(connection) for connection in connections]


def test_the_ceiling_is_reached_before_the_queue_grows():
    with served(MODEL, max_waiting=20) as server:
        answers = flood(server, 100)
        busy = [a for a in answers if a.status == 503]
        assert {a.status for a in answers} == {200, 503}
        assert all(a.headers["retry-after"] == "1" and a.json["field"] == "$" for a in busy)
        assert server.limited("waiting") == len(busy)
        assert server.ask("POST", "/predict", b'{"age": 1}').status == 200


def test_without_a_ceiling_everything_waits():
    with served(MODEL, max_waiting=1 << 30) as server:
        assert {a.status for a in flood(server, 100)} == {200}


def test_a_flood_of_requests_in_a_row():
    with served(MODEL, max_pipelined=10) as server:
        connection = server.connect()
        connection.sendall(request(b"", "/ops/model-status", "GET") * 50)
        answer = read_all(connection)
        assert statuses(answer)[-1] == 503
        assert 10 <= statuses(answer).count(200) < 50


def test_without_a_limit_a_row_is_as_long_as_it_comes():
    with served(MODEL, max_pipelined=1 << 30) as server:
        connection = server.connect()
        connection.sendall(request(b"", "/ops/model-status", "GET") * 50)
        connection.shutdown(socket.SHUT_WR)
        assert statuses(read_all(connection)) == [200] * 50
