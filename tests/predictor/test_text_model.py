"""The slot of a text model: what is loaded, what is refused and why, what the window and the metrics show of it."""

import contextlib
import json
import os
import socket
import threading
from dataclasses import replace

import pytest

from leadmodel_artifact.artifact import dump as dump_artifact
from leadmodel_artifact.snapshot import digest
from leadmodel_messages.errors import ErrorWord
from leadmodel_messages.window_document import parse
from leadmodel_predictor.serving.text_model import TextModel
from leadmodel_text.document import MAX_RAW_BYTES, Example
from leadmodel_text.enrich import Enricher
from leadmodel_text.files import dump, pack
from support.predictor_process import Replica
from support.predictor_thread import Served, read_answer, request
from support.served_texts import Mount, looked, often, referred, serving, text_document, until
from support.small_models import linear
from support.text_documents import GERMAN, SENTENCES

FIRST, SECOND = text_document(1), text_document(2, name="second")
WRONG = replace(FIRST, examples=(Example("price", "demo", 0.123456, 0.5),))
OTHER_TOKENS = replace(FIRST, tokenizer="t0")


def again(texts: TextModel) -> TextModel:
    texts.take(texts.look())
    return texts


def test_a_document_is_loaded_packed_or_plain_under_the_digest_of_its_bytes(tmp_path):
    mount = Mount(tmp_path)
    for data in (pack(FIRST), dump(FIRST)):
        mount.write(data)
        texts = looked(mount)
        assert texts.slot.digest == digest(dump(FIRST))
        assert texts.snapshot(0.0).window().error is None


def test_a_mount_is_swapped_as_kubelet_does(tmp_path):
    mount = Mount(tmp_path)
    mount.write(FIRST)
    texts = looked(mount)
    first = texts.slot
    assert again(texts).slot is first
    mount.write(SECOND)
    assert again(texts).slot.document.name == "second"
    mount.write(SECOND)
    second = texts.slot
    assert again(texts).slot is second, "the same bytes in another folder are the same text model"


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", ErrorWord.SCHEMA_MISMATCH),
        (b"no document", ErrorWord.SCHEMA_MISMATCH),
        (b"\x1f\x8bcut off", ErrorWord.SCHEMA_MISMATCH),
        (pack(FIRST)[:-9], ErrorWord.SCHEMA_MISMATCH),
        (dump(FIRST)[:-9], ErrorWord.SCHEMA_MISMATCH),
        (b"[" * 100_000, ErrorWord.SCHEMA_MISMATCH),
        (dump(OTHER_TOKENS), ErrorWord.SCHEMA_MISMATCH),
        (dump(WRONG), ErrorWord.EXAMPLES_DIFFER),
        (dump(replace(WRONG, languages=())), ErrorWord.EXAMPLES_DIFFER),
        (b" " * (MAX_RAW_BYTES + 1), ErrorWord.ARTIFACT_TOO_LARGE),
    ],
    ids=lambda value: str(value[:20]),
)
def test_what_cannot_be_loaded_keeps_what_serves_and_says_why(tmp_path, data, error):
    mount = Mount(tmp_path)
    mount.write(FIRST)
    texts = looked(mount)
    mount.write(data)
    for _ in range(2):
        window = again(texts).snapshot(0.0).window()
        assert (window.digest, window.error) == (digest(dump(FIRST)), error)
    mount.write(FIRST)
    window = again(texts).snapshot(0.0).window()
    assert (window.digest, window.error) == (digest(dump(FIRST)), None)
    alone = Mount(tmp_path / "alone")
    alone.folder.mkdir()
    alone.write(data)
    assert (looked(alone).slot, looked(alone).snapshot(0.0).window().error) == (None, error)


def test_a_refused_file_is_read_once(tmp_path, monkeypatch):
    mount = Mount(tmp_path)
    mount.write(b"no document")
    texts = looked(mount)
    monkeypatch.setattr("leadmodel_predictor.serving.text_model.load_text", None)  # who loads now, fails
    assert texts.look().error is ErrorWord.SCHEMA_MISMATCH


def test_a_source_that_cannot_be_read_keeps_what_serves(tmp_path):
    mount = Mount(tmp_path)
    mount.write(FIRST)
    texts = looked(mount)
    texts.uri = tmp_path.as_uri()  # a folder
    window = again(texts).snapshot(0.0).window()
    assert (window.digest, window.error) == (digest(dump(FIRST)), ErrorWord.ARTIFACT_UNREACHABLE)
    texts.uri = "ftp://somewhere/text.json"
    assert again(texts).snapshot(0.0).window().error is ErrorWord.ARTIFACT_BAD_URI


def test_a_pipe_is_refused_at_once_and_a_file_in_its_place_is_taken(tmp_path):
    """Nobody writes into the pipe, so whoever opens it as a file waits for ever, as the control does."""
    pipe = tmp_path / "text.json.gz"
    os.mkfifo(pipe)
    texts = TextModel(pipe.as_uri(), {})
    looks, waits = [], []
    threads = [
        threading.Thread(target=lambda: looks.append(texts.look()), daemon=True),
        threading.Thread(target=lambda: waits.append(pipe.read_bytes()), daemon=True),
    ]
    for thread in threads:
        thread.start()
    threads[0].join(30)
    assert [look.error for look in looks] == [ErrorWord.ARTIFACT_UNREACHABLE]
    assert waits == []
    writer = os.open(pipe, os.O_WRONLY)  # lets the control end
    os.close(writer)
    threads[1].join(30)
    assert waits == [b""]
    pipe.unlink()
    pipe.write_bytes(pack(FIRST))
    assert texts.look().slot is not None


def test_a_missing_file_is_no_text_model(tmp_path):
    mount = Mount(tmp_path)
    mount.write(None)
    texts = looked(mount)
    assert (texts.slot, texts.snapshot(0.0).window().error) == (None, None)
    mount.write(FIRST)
    assert again(texts).slot is not None
    mount.write(None)
    assert again(texts).slot is None


# --- what is shown ---------------------------------------------------------------------------------------------------------------


SHARES = {"intent": {"demo": 0.3, "pricing": 0.4}, "urgency": {"high": 0.2, "low": 0.5, "medium": 0.3}}


def window(server):
    return parse(server.ask("GET", "/ops/drift-window").json).text


def test_the_window_counts_what_was_answered(tmp_path):
    document = referred(FIRST, **SHARES)
    texts = [*SENTENCES, *GERMAN, "zebra quokka yak", ""]
    with serving(tmp_path, document) as (server, _):
        answers = [server.ask("POST", "/enrich", {"text": text}).json for text in texts]
        server.ask("POST", "/enrich", {"text": SENTENCES[0], "want": ["language"]})
        assert server.ask("POST", "/enrich/batch", [{"text": SENTENCES[0]}] * 5).status == 200
        seen = window(server)
        assert server.ask("POST", "/enrich/batch?live=true", [{"text": SENTENCES[0]}] * 5).status == 200
        assert window(server).n == seen.n + 5
    assert (seen.digest, seen.error, seen.n) == (digest(dump(document)), None, len(texts) + 1)
    intents = [answer["intent"]["label"] for answer in answers]
    left = sum(label not in SHARES["intent"] for label in intents)
    assert seen.features["intent"].observed == (intents.count("demo"), intents.count("pricing"), left)
    assert seen.features["intent"].expected == pytest.approx(
        (len(texts) * 0.3, len(texts) * 0.4, len(texts) * 0.3)
    )
    levels = [answer["urgency"]["level"] for answer in answers]
    assert None in levels
    counted = tuple(levels.count(level) for level in ("high", "low", "medium"))
    assert seen.features["urgency"].observed == (*counted, 0), "the reference has no texts without a level"
    assert seen.features["urgency"].n == sum(counted)
    assert seen.features["unknown"].n == len(texts) - len(GERMAN), "words of other languages are not counted"
    assert seen.features["unknown"].observed[-1] >= 1
    assert seen.features["length"].n == seen.n
    assert set(seen.features) == {"intent", "urgency", "unknown", "length"}


def test_a_window_holds_the_newest_thousand_texts_of_one_document(tmp_path):
    with serving(tmp_path, referred(FIRST, **SHARES)) as (server, mount):
        texts = server.server.app.texts
        server.ask("POST", "/enrich/batch?live=true", {"text": [SENTENCES[0]] * 1500})
        assert window(server).n == 1000
        assert texts.snapshot(1e11).window().n == 0, "texts of last week are gone"
        mount.write(referred(SECOND, **SHARES))
        again(texts)
        assert (window(server).n, window(server).digest) == (0, texts.slot.digest)


def test_a_predictor_without_a_text_model_writes_the_window_of_before(tmp_path):
    with serving(tmp_path) as (server, _):
        assert window(server) == parse(server.ask("GET", "/ops/drift-window").json).text
        assert window(server).digest is None
        server.server.app.ops.texts = None
        assert "text" not in server.ask("GET", "/ops/drift-window").json


def series(server, name):
    """Labels and values of the series of a metric."""
    lines = server.ask("GET", "/metrics").body.decode().splitlines()
    found = [line.rpartition(" ") for line in lines if line.startswith((f"{name}{{", f"{name} "))]
    return {labels.removeprefix(name): float(value) for labels, _, value in found}


def test_metrics_count_requests_answers_and_texts(tmp_path):
    with serving(tmp_path, referred(FIRST, **SHARES)) as (server, _):
        one = {"text": SENTENCES[0], "language": "en"}
        answer = server.ask("POST", "/enrich", one).json
        server.ask("POST", "/enrich/batch", [one] * 4)
        server.ask("POST", "/enrich", {"text": "price " * 1000, "want": ["urgency"]})
        server.ask("POST", "/enrich", {"text": 5})
        server.ask("POST", "/enrich", {"text": GERMAN[0]})
        assert series(server, "lead_enrich_requests_total") == {'{code="200"}': 4, '{code="422"}': 1}
        assert series(server, "lead_enrich_duration_seconds_count") == {"": 3}
        label = answer["intent"]["label"]
        assert series(server, "lead_enrich_labels_total")[f'{{head="intent",label="{label}"}}'] == 5
        why = '{head="intent",why="unsupported_language"}'
        assert series(server, "lead_enrich_abstained_total")[why] == 1
        assert series(server, "lead_enrich_confidence_count")['{head="intent"}'] == 5
        assert series(server, "lead_enrich_unknown_words_ratio_count") == {"": 6}
        assert series(server, "lead_enrich_truncated_total") == {"": 1}
        assert series(server, "lead_enrich_drift") == {}
        server.ask("POST", "/enrich/batch?live=true", [one] * 200)
        assert series(server, "lead_enrich_drift")['{head="intent"}'] > 0.5


def test_series_of_labels_end_with_their_document(tmp_path):
    """Twenty documents with classes of their own, one after the other."""
    with serving(tmp_path, FIRST) as (server, mount):
        texts = server.server.app.texts
        for number in range(20):
            classes = tuple(f"class {number}.{place}" for place in range(5))
            mount.write(replace(FIRST, name=f"n{number}", intent=replace(FIRST.intent, classes=classes)))
            again(texts)
            for sentence in SENTENCES:
                server.ask("POST", "/enrich", {"text": sentence})
            labels = [key for key in series(server, "lead_enrich_labels_total") if 'head="intent"' in key]
            assert 1 <= len(labels) <= 5
            assert all(f"class {number}." in key for key in labels)
            (info,) = series(server, "lead_enrich_model_info")
            assert f'name="n{number}"' in info
        assert series(server, "lead_enrich_labels_total")['{head="language",label="en"}'] == 120


# --- twenty swaps under load -----------------------------------------------------------------------------------------------------


def load(server, results, ended, body, path):
    """One client that asks until the test ends."""
    connection = server.connect()
    while not ended.is_set():
        connection.sendall(request(body, path))
        results.append(read_answer(connection))


@contextlib.contextmanager
def loaded(server):
    """Four clients that ask for scores and texts without a pause; their answers."""
    leads, texts, ended = [], [], threading.Event()
    bodies = [
        (leads, b'{"age": 30}', "/predict"),
        (texts, json.dumps({"text": SENTENCES[0]}).encode(), "/enrich"),
    ]
    clients = [
        threading.Thread(target=load, args=(server, results, ended, body, path))
        for results, body, path in bodies * 2
    ]
    for client in clients:
        client.start()
    try:
        yield leads, texts
    finally:
        ended.set()
        for client in clients:
            client.join()


def test_twenty_swaps_fail_no_request(tmp_path, monkeypatch):
    often(monkeypatch)
    wanted = {d.name: json.loads(json.dumps(Enricher(d).enrich(SENTENCES[0]))) for d in (FIRST, SECOND)}
    with serving(tmp_path, FIRST) as (server, mount), loaded(server) as (leads, texts):
        model = server.server.app.texts
        for number in range(20):
            document = (SECOND, FIRST)[number % 2]
            mount.write(document)
            until(lambda: texts and texts[-1].json["model"] == document.name)  # noqa: B023  # called at once
            if number % 5 == 0:  # and what is refused in between changes nothing
                mount.write(b"no document")
                until(lambda: model.snapshot(0.0).error is not None)
    assert {answer.status for answer in leads} == {answer.status for answer in texts} == {200}
    assert {answer.json["model"] for answer in texts} == set(wanted), "both have answered"
    assert all(answer.json == wanted[answer.json["model"]] for answer in texts), "no answer is of two models"
    assert len({answer.body for answer in leads}) == 1


def test_control_a_text_model_that_goes_away_fails_texts_and_no_lead(tmp_path, monkeypatch):
    often(monkeypatch)
    with serving(tmp_path, FIRST) as (server, mount), loaded(server) as (leads, texts):
        until(lambda: texts)
        mount.write(None)
        until(lambda: texts[-1:] and texts[-1].status == 404)
        assert server.ask("GET", "/readyz").status == 200
    assert {answer.status for answer in texts} == {200, 404}
    assert {answer.status for answer in leads} == {200}


def test_a_source_that_does_not_answer_delays_neither_readiness_nor_leads(tmp_path):
    """A server that takes connections and says nothing."""
    artifact = tmp_path / "model.json"
    artifact.write_bytes(dump_artifact(linear()))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}/text.json.gz"
        replica = Replica(artifact, "--text-model", uri)
        server = Served(replica.port, None, None, None)
        try:
            assert server.ask("POST", "/predict", {"age": 30}).status == 200
            assert server.ask("POST", "/enrich", {"text": "price"}).status == 503, "nobody knows yet"
            assert window(server).error is None, "still asking"
            until(lambda: window(server).error is ErrorWord.ARTIFACT_UNREACHABLE)
            assert server.ask("POST", "/enrich", {"text": "price"}).status == 404
            assert server.ask("GET", "/readyz").status == 200
        finally:
            replica.process.terminate()
            assert replica.process.wait(60) == 0
