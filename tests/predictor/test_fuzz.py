"""Nothing that can be sent makes a 500, a drop without cause, or an answer without a path: on both paths, over real sockets."""

import json
import random
import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.predictor_thread import read_answer, request, served
from support.served_texts import Mount, looked, text_document
from support.small_models import leads, linear
from support.text_documents import SENTENCES

json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=20),
        st.integers(10**300, 10**310),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=8,
)
FIELDS = ("age", "source", "details", "created_at", "text", "language", "want")
almost_leads = st.dictionaries(st.sampled_from(FIELDS), json_values, min_size=1, max_size=7)
bodies = st.one_of(
    st.binary(max_size=200),
    json_values.map(json.dumps).map(str.encode),
    almost_leads.map(json.dumps).map(str.encode),
)


BATCHES = ("/predict/batch", "/predict/batch?live=true", "/enrich/batch", "/enrich/batch?live=true")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    mount = Mount(tmp_path_factory.mktemp("texts"))
    mount.write(text_document())
    with served(linear(), linear(0.1, name="older"), texts=looked(mount)) as found:
        yield found


def check(server, sent: list[tuple[str, bytes]]) -> int:
    """Send bodies on one connection; how many were refused."""
    connection, refused = server.connect(), 0
    for path, body in sent:
        connection.sendall(request(body, path))
        answer = read_answer(connection)
        assert answer.status in {200, 422}, (path, body, answer)
        if answer.status == 422:
            refused += 1
            assert set(answer.json) == {"error", "field"}, (path, body)
            assert answer.json["field"].startswith("$"), (path, body)
    connection.close()
    return refused


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(st.lists(bodies, min_size=1, max_size=10))
def test_generated_bodies(server, found):
    check(
        server,
        [(path, body) for body in found for path in ("/predict", "/enrich", *BATCHES)],
    )


def mutated(chance: random.Random, body: bytes) -> bytes:
    """A lead with some bytes changed, cut, doubled or put in."""
    found = bytearray(body)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(found) + 1)
        match chance.randrange(5):
            case 0:
                found[at:at] = bytes([chance.randrange(256)])
            case 1:
                del found[at : at + chance.randint(1, 20)]
            case 2:
                found[at:at] = found[at : at + chance.randint(1, 30)]
            case 3:
                found[at : at + 1] = chance.choice(
                    ['"', "{", "}", "[", "]", "1e999", "NaN", "null", "\\ud800", "-"]
                ).encode()
            case _:
                found[at : at + 1] = chance.choice(string.punctuation).encode()
    return bytes(found)


def test_twenty_thousand_bad_bodies(server, full):
    chance = random.Random(20)
    plain = [json.dumps(lead).encode() for lead in leads(50, seed=2)]
    batches = [json.dumps(leads(3, seed=i)).encode() for i in range(20)]
    columns = [b'{"age": [41, 35], "source": ["ads", null], "created_at": ["2026-01-01", 1767571200]}']
    texts = [json.dumps({"text": text, "language": "en", "want": ["intent"]}).encode() for text in SENTENCES]
    many = [b"[%b]" % b",".join(texts), json.dumps({"text": SENTENCES, "want": None}).encode()]
    wanted, refused, sent = 20_000 if full else 600, 0, 0
    while refused < wanted:
        piece = [("/predict", mutated(chance, chance.choice(plain))) for _ in range(50)]
        piece += [("/enrich", mutated(chance, chance.choice(texts))) for _ in range(25)]
        for path in BATCHES:
            bodies = batches + columns if path.startswith("/predict") else many
            piece += [(path, mutated(chance, chance.choice(bodies))) for _ in range(25)]
        refused += check(server, piece)
        sent += len(piece)
        assert sent < 20 * wanted
    if full:
        print(f"{refused} bad bodies of {sent} refused with a path, none answered otherwise")


PATHS = [
    "/", "//predict", "/predict/", "/Predict", "/ops/model-status/", "/ops", "/ops/../metrics", "/%2e%2e/x", "/predict%00",
    "/ops/drift-window?since=nan", "/ops/drift-window?since=-1", "/ops/drift-window?since=1e308",
    "/ops/drift-window?since=" + "9" * 5000, "/ops/drift-window?" + "since=1&" * 5000, "/ops/drift-window?since=%ff",
    "/ops/artifact?digest=" + "a" * 60_000, "/ops/artifact?digest=", "/ops/reload-model?min_auc=nan",
    "/ops/reload-model?min_auc=inf", "/ops/reload-model?min_auc=-1", "/ops/reload-model?min_auc=" + "1" * 4000,
    "/ops/reload-model?min_auc=x&min_auc=y", "/metrics?name[]=x", "/openapi.json?x", "/ops/model-card#x", "*", "/predict?a=b&c",
]  # fmt: skip
HEADERS = [
    "X: " + "y" * 60_000,
    "Accept: \x80\xff",
    "Host:",
    "Cookie: a=b; " * 100,
    "Authorization: Bearer \xff",
    "Range: bytes=0-1",
]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "HEAD", "OPTIONS", "DELETE", "PATCH", "TRACE"])
def test_odd_requests(server, method):
    for path in PATHS:
        connection = server.connect()
        connection.sendall(request(b"{}", path, method, "Connection: close"))
        status = int(connection.makefile("rb").readline().split()[1])
        assert 200 <= status < 500, (method, path, status)
    for header in HEADERS:
        connection = server.connect()
        connection.sendall(
            f"{method} /ops/model-status HTTP/1.1\r\nHost: t\r\n{header}\r\nConnection: close\r\n\r\n".encode(
                "latin-1"
            )
        )
        status = int(connection.makefile("rb").readline().split()[1])
        assert 200 <= status < 500, (method, header, status)


def test_every_get_answers_head_and_refuses_the_rest_in_json(server):
    for path in (
        "/ops/model-status",
        "/ops/drift-window",
        "/ops/artifact",
        "/ops/model-card",
        "/metrics",
        "/healthz",
        "/readyz",
        "/openapi.json",
    ):
        assert server.ask("HEAD", path).status == 200
        answer = server.ask("POST", path, b"")
        assert (answer.status, answer.json["field"]) == (405, "$")
        assert "GET" in answer.headers["allow"]
    for path in ("/predict", "/predict/batch", "/enrich", "/enrich/batch"):
        for method in ("GET", "HEAD", "OPTIONS", "PUT"):
            answer = server.ask(method, path)
            assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert server.ask("GET", "/nothing").json["field"] == "$"
