"""Texts that somebody made to be costly, odd or revealing: each is answered, and nothing a predictor shows holds a word of them."""

import json
from dataclasses import replace

import pytest

from leadmodel_artifact.artifact import dump
from leadmodel_messages.errors import ErrorWord
from leadmodel_predictor.serving.text_slot import answered
from support.predictor_process import Replica
from support.predictor_thread import Served
from support.served_texts import Mount, referred, serving, text_document, until
from support.small_models import linear
from support.text_documents import SENTENCES

HOSTILE = {
    "one word": "a" * 20_000,
    "one sign": "." * 20_000,
    "known words": "price seats " * 5000,
    "new words": " ".join(f"w{n}x{'abc'[n % 3]}" for n in range(8000)),
    "marks": "e\u0301\u0302\u0303" * 5000,
    "emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 2000,
    "right to left": "\u202eprice\u202c " * 2000,
    "zero width": "p\u200br\u200bi\u200bc\u200be " * 2000,
    "nothing seen": "\u200b" * 20_000,
    "brackets": "[NAME_" * 4000,
    "addresses": "a@b.co " * 3000,
    "lines": "\n" * 20_000,
    "control": "".join(map(chr, range(32))) * 500,
    "quotes": '"\\' * 10_000,
    "JSON": json.dumps({"text": "price"}) * 500,
    "metric": 'price"} 1\nlead_model_auc{x="\\',
    "planes": "\U0010ffff\ufffe\x00" * 2000,
}
WHOLE = {"metric", "planes"}  # the others are cut
PLANTED = "Rumpelstiltskin"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("texts"), referred(text_document(), intent={"pricing": 1.0})) as (
        s,
        _,
    ):
        yield s


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_is_answered_alone_and_in_a_batch(server, name):
    text = HOSTILE[name]
    one = server.ask("POST", "/enrich", {"text": text})
    assert one.status == 200
    assert one.json["truncated"] is (name not in WHOLE)
    many = server.ask("POST", "/enrich/batch?live=true", {"text": [text, SENTENCES[0]] * 3})
    assert many.status == 200
    assert many.json["intent"][0] == one.json["intent"]
    assert many.json["intent"][1] == server.ask("POST", "/enrich", {"text": SENTENCES[0]}).json["intent"]


def test_reasons_are_words_of_the_vocabulary(server):
    """A message beside known words: what is shown of the reasons is known."""
    vocabulary = {f for t in (server.server.app.texts.slot.document.intent.table,) for f in t.features}
    answer = server.ask("POST", "/enrich", {"text": f"{PLANTED} price {PLANTED} per seat pricing"})
    shown = [reason["text"] for reason in answer.json["intent"]["reasons"]]
    assert shown
    assert vocabulary.issuperset(shown)
    assert PLANTED.lower() not in answer.body.decode().lower()


PAGES = ("/metrics", "/ops/drift-window", "/ops/model-status", "/ops/model-card", "/openapi.json")


def test_what_a_predictor_shows_holds_no_text(tmp_path):
    """Texts that are answered, refused and cut, a language that is none, and a document that is refused, all with one word."""
    mount, artifact, log = Mount(tmp_path), tmp_path / "model.json", tmp_path / "log"
    artifact.write_bytes(dump(linear()))
    mount.write(text_document())
    replica = Replica(artifact, "--text-model", str(mount.file), log=log)
    try:
        server = Served(replica.port, None, None, None)
        until(lambda: server.ask("POST", "/enrich", {"text": "price"}).status == 200)
        long = f"{PLANTED} price per seat " * 200
        for one in (
            {"text": PLANTED},
            {"text": long},
            {"text": 5, "a": PLANTED},
            {"text": "", "language": PLANTED},
        ):
            for path, body in (("/enrich", one), ("/enrich/batch?live=true", [one, one])):
                assert server.ask("POST", path, body).status in {200, 422}
        mount.write(json.dumps({"schema": PLANTED, "name": PLANTED}).encode())
        until(lambda: server.ask("GET", "/ops/drift-window").json["text"]["error"])
        seen = b"".join([server.ask("GET", path).body for path in PAGES]) + log.read_bytes()
    finally:
        replica.process.terminate()
        replica.process.wait()
    assert PLANTED.lower().encode() not in seen.lower()
    assert b'name="small"' in seen, "the search sees metrics"
    assert ErrorWord.SCHEMA_MISMATCH.encode() in log.read_bytes(), "and the log"


def test_control_a_label_that_is_a_word_of_a_text_would_be_seen(server):
    texts = server.server.app.texts
    slot = texts.slot
    found = answered(slot, SENTENCES[0], PLANTED, ("language",), refused=False)
    texts.count(slot, found, live=True)
    assert PLANTED.encode() not in server.ask("GET", "/metrics").body
    open_slot = replace(slot, labels={**slot.labels, "language": (*slot.labels["language"], PLANTED)})
    texts.metrics.of(open_slot)
    texts.count(slot, found, live=True)
    assert PLANTED.encode() in server.ask("GET", "/metrics").body
    texts.metrics.of(slot)
    assert PLANTED.encode() not in server.ask("GET", "/metrics").body
