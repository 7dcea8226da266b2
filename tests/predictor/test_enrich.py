"""Texts over HTTP mean what the library means, within limits, and no refusal shows a text."""

import json
import threading

import pytest

from leadmodel_predictor.http import enrich
from leadmodel_text.enrich import HEADS, Enricher
from support.predictor_thread import read_answer, request
from support.served_texts import serving, text_document
from support.text_documents import GERMAN, SENTENCES

DOCUMENT = text_document()
TEXTS = [*SENTENCES, *GERMAN, "", "zebra quokka", "Maria wants 4711 seats [EMAIL]", "price " * 500]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("texts"), DOCUMENT) as (found, _):
        yield found


def plain(value):
    return json.loads(json.dumps(value))


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:20])
@pytest.mark.parametrize("refused", [False, True])
def test_one_text_is_answered_as_the_library_does(server, text, refused):
    enricher = Enricher(DOCUMENT)
    query = "?refused=true" if refused else ""
    for language in (None, "en", "de", "other"):
        answer = server.ask("POST", f"/enrich{query}", {"text": text, "language": language})
        assert answer.status == 200
        assert answer.json == plain(enricher.enrich(text, language, refused=refused))
    for head in HEADS:
        answer = server.ask("POST", f"/enrich{query}", {"text": text, "want": [head]})
        assert answer.json == plain(enricher.enrich(text, None, (head,), refused=refused))


def test_a_list_means_what_single_texts_mean(server):
    asked = [{"text": text} for text in TEXTS] + [{"text": TEXTS[0], "language": "de", "want": ["urgency"]}]
    wanted = [server.ask("POST", "/enrich", one).json for one in asked]
    assert server.ask("POST", "/enrich/batch", asked).json == wanted
    assert server.ask("POST", "/enrich/batch", []).json == []


def test_columns_mean_what_a_list_means(server):
    languages = [None if i % 2 else "en" for i in range(len(TEXTS))]
    want = ["intent", "language"]
    rows = [{"text": t, "language": x, "want": want} for t, x in zip(TEXTS, languages, strict=True)]
    wanted = server.ask("POST", "/enrich/batch", rows).json
    columns = {"text": TEXTS, "language": languages, "want": want, "unknown": [1]}
    answer = server.ask("POST", "/enrich/batch", columns).json
    assert (answer.pop("model"), answer.pop("version")) == ("small", DOCUMENT.version)
    assert set(answer) == {*want, "truncated"}
    assert answer == {name: [one[name] for one in wanted] for name in answer}
    assert server.ask("POST", "/enrich/batch", {"text": []}).json["model"] == "small"


@pytest.mark.parametrize("want", [None, ["urgency", "language", "intent"]])
def test_columns_stand_in_the_order_of_a_single_answer(server, want):
    one = list(server.ask("POST", "/enrich", {"text": TEXTS[0], "want": want}).json)
    assert list(server.ask("POST", "/enrich/batch", {"text": TEXTS, "want": want}).json) == one
    assert one[-3:] == ["truncated", "model", "version"]


def test_no_texts_in_columns_are_answered_in_empty_columns(server):
    answer = server.ask("POST", "/enrich/batch", {"text": [], "want": ["intent"]}).json
    assert answer == {"intent": [], "truncated": [], "model": "small", "version": DOCUMENT.version}


def test_a_long_batch_is_whole(server):
    texts = [f"{SENTENCES[i % 6]} {i}" for i in range(10_000)]
    answer = server.ask("POST", "/enrich/batch", {"text": texts, "want": ["language"]}).json
    assert [one["label"] for one in answer["language"]] == ["en"] * 10_000


SECRET = "Rumpelstiltskin"
BAD_ONE = {
    b"": "$",
    b"7": "$",
    b"[]": "$",
    b"{}": "$.text",
    b'{"text": null}': "$.text",
    b'{"text": 5, "a": "Rumpelstiltskin"}': "$.text",
    b'{"text": ["Rumpelstiltskin"]}': "$.text",
    b'{"text": "Rumpelstiltskin", "want": []}': "$.want",
    b'{"text": "Rumpelstiltskin", "want": "intent"}': "$.want",
    b'{"text": "a", "want": ["intent", "Rumpelstiltskin"]}': "$.want",
    b'{"text": "a", "want": ["intent", 5]}': "$.want[1]",
    b'{"text": "a", "language": "Rumpelstiltskin"}': "$.language",
    b'{"text": "a", "language": 5}': "$.language",
    b'{"text": "Rumpelstiltskin"': "$",
    b'{"text": "Rumpelstiltskin"} Rumpelstiltskin': "$",
    b'{"text": "\\ud800 Rumpelstiltskin"}': "$",
    b'{"text": "Rumpelstiltskin \xff"}': "$",
    b"Rumpelstiltskin": "$",
    b'{"a":' + b"[" * 50_000: "$",
}
BAD_MANY = {
    b"": "$",
    b"7": "$",
    b"Rumpelstiltskin": "$",
    b"[": "$",
    b"]": "$",
    b"[}": "$",
    b"[]]": "$",
    b"[{]}": "$",
    b"[],": "$",
    b"[] Rumpelstiltskin": "$",
    b'["Rumpelstiltskin"]': "$[0]",
    b'[{"text": "a"}, 7]': "$[1]",
    b'[{"text": "a"},]': "$[1]",
    b'[,{"text": "a"}]': "$[0]",
    b'[{"text": "a"} {"text": "b"}]': "$[0]",
    b'[{"text": "a"}, {"text": 5}]': "$[1].text",
    b'[{"text": "a"}, {"text": "b", "want": ["Rumpelstiltskin"]}]': "$[1].want",
    b'[{"text": "a"}, {"text": "b", "language": "xx"}]': "$[1].language",
    b'[{"text": "Rumpelstiltskin]': "$",
    b"[" + b",".join([b'{"text":""}'] * 10_001) + b"]": "$",
    b"[" * 1_000_000: "$",
    b"[" + b"," * 1_000_000 + b"]": "$",
    b'[{"a":[' + b"1," * 500_000 + b'1],"text":"a"}]': "$",
    b'["' + b'\\"' * 500_000: "$",
    b"{}": "$.text",
    b'{"text"}': "$",
    b'{"text": ["a"], }': "$",
    b'{"text": null}': "$.text",
    b'{"text": [], "want": ["Rumpelstiltskin"]}': "$.want",
    b'{"text": "Rumpelstiltskin"}': "$.text",
    b'{"text": ["a", 5]}': "$.text[1]",
    b'{"text": ["a", "Rumpelstiltskin]}': "$",
    b'{"text": ["a"], "language": ["xx"]}': "$.language[0]",
    b'{"text": ["a"], "language": [5]}': "$.language[0]",
    b'{"text": ["a"], "language": "en"}': "$.language",
    b'{"text": ["a", "b"], "language": ["en"]}': "$.language",
    b'{"text": ["a"], "want": ["Rumpelstiltskin"]}': "$.want",
    b'{"text": ["a"], "want": [' + b'"intent",' * 1000 + b'"intent"]}': "$.want",
    b'{"text": [' + b",".join([b'""'] * 10_001) + b"]}": "$.text",
    b'{"text": [], ' + b",".join(b'"k%d": 1' % i for i in range(200)) + b"}": "$",
    b"\xff": "$",
}
CASES = [("/enrich", body, field) for body, field in BAD_ONE.items()] + [
    ("/enrich/batch", body, field) for body, field in BAD_MANY.items()
]


@pytest.mark.parametrize(("path", "body", "field"), CASES, ids=lambda value: str(value[:40]))
def test_what_is_refused_is_named_and_never_shown(server, path, body, field):
    answer = server.ask("POST", path, body)
    assert (answer.status, answer.json["field"]) == (422, field)
    assert set(answer.json) == {"error", "field"}
    assert SECRET.encode() not in answer.body


@pytest.mark.parametrize("query", ["refused=yes", "refused=", "refused=true&refused=true", "live=1"])
def test_flags_are_true_or_false(server, query):
    answer = server.ask("POST", f"/enrich/batch?{query}", [])
    assert (answer.status, answer.json["field"]) == (422, query.partition("=")[0])


@pytest.mark.parametrize("path", ["/enrich", "/enrich/batch"])
def test_other_methods_are_refused(server, path):
    for method in ("GET", "PUT", "DELETE"):
        answer = server.ask(method, path)
        assert (answer.status, answer.headers["allow"], answer.json["field"]) == (405, "POST", "$")


def test_bodies_over_their_limit_are_refused_and_those_at_the_limit_are_not(server):
    for path, limit, make in (
        ("/enrich", 1 << 20, lambda text: b'{"text":"%b"}' % text),
        ("/enrich/batch", 16 << 20, lambda text: b'[{"text":"", "a":"%b"}]' % text),
    ):
        fitting = b"a" * (limit - len(make(b"")))
        assert server.ask("POST", path, make(fitting)).status in {200, 422}
        answer = server.ask("POST", path, make(fitting + b"a"))
        assert (answer.status, answer.json["field"]) == (413, "$")


def test_without_a_text_model_texts_are_not_found_and_leads_are_answered(tmp_path):
    with serving(tmp_path) as (server, _):
        for path, body in (("/enrich", {"text": "a"}), ("/enrich/batch", [{"text": "a"}])):
            answer = server.ask("POST", path, body)
            assert (answer.status, answer.json["field"]) == (404, "$")
        assert server.ask("GET", "/readyz").status == 200
        assert server.ask("POST", "/predict", {"age": 30}).status == 200
        assert "/enrich" not in server.ask("GET", "/openapi.json").json["paths"]


def test_one_batch_too_many_is_busy(server, monkeypatch):
    monkeypatch.setattr(enrich, "MAX_BATCHES", 0)
    answer = server.ask("POST", "/enrich/batch", [{"text": "a"}])
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert server.ask("POST", "/enrich", {"text": "a"}).status == 200
    monkeypatch.undo()
    assert server.ask("POST", "/enrich/batch", [{"text": "a"}]).status == 200


def test_leads_and_texts_are_answered_while_batches_are(server):
    """Two batches at a time, each of a second or more: what comes in between waits for neither."""
    texts = [{"text": SENTENCES[0] + " " + " ".join(SENTENCES)}] * 1500
    batches = [threading.Thread(target=lambda: server.ask("POST", "/enrich/batch", texts)) for _ in range(2)]
    for batch in batches:
        batch.start()
    answered = 0
    connection = server.connect()
    while any(batch.is_alive() for batch in batches):
        connection.sendall(request(b'{"age": 1}'))
        assert read_answer(connection).status == 200
        connection.sendall(request(b'{"text": "price"}', "/enrich"))
        assert read_answer(connection).status == 200
        answered += 1
    assert answered > 20
