"""Shares over real HTTP: they come, grow and go under load, no request fails, and every answer is the one of the model it names."""

import json
import re
import threading
import time

import pytest

from leadmodel_artifact.artifact import dump
from leadmodel_artifact.compiler import make_scorer
from leadmodel_artifact.lead import lead_values
from leadmodel_artifact.snapshot import digest, pack
from leadmodel_messages import share
from leadmodel_messages.errors import ErrorWord
from leadmodel_messages.places import CHALLENGER_FILE, SHARE_FILE
from leadmodel_messages.share import Share
from leadmodel_messages.window_document import parse
from leadmodel_predictor.serving.watch import FILE_S
from support.mounts import Mount
from support.predictor_thread import served
from support.served_texts import often, until
from support.small_models import leads, linear

CHAMPION, OTHER = linear(), linear(-0.4, name="other")
FIRST, SECOND = (digest(dump(model)) for model in (CHAMPION, OTHER))
SENT = [{"id": i, **lead} for i, lead in enumerate(leads(60))]
WEIGHTS = (1, 5, 10, 20, 30, 40, 50, 75, 90, 100)


@pytest.fixture
def mount(tmp_path):
    place = Mount(tmp_path, CHALLENGER_FILE)
    place.write(None)
    return place


def put(mount, challenger, weight=None):
    files = {CHALLENGER_FILE: pack(dump(challenger))}
    if weight is not None:
        files[SHARE_FILE] = share.dump(Share(digest(dump(challenger)), weight)).encode()
    mount.swap(files)


def window(server):
    return parse(server.ask("GET", "/ops/drift-window").json)


class Clients:
    """Clients that send leads one by one and in batches until they are stopped, and keep what was answered."""

    def __init__(self, server):
        self.server, self.stop = server, threading.Event()
        self.answers, self.failed = [], []
        works = [self.single, self.single, self.rows, self.columns]
        self.threads = [threading.Thread(target=self.run, args=(work,)) for work in works]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def run(self, work):
        while not self.stop.is_set():
            work()

    def ask(self, path, body):
        answer = self.server.ask("POST", path, body)
        if answer.status != 200:
            self.failed.append((answer.status, answer.body))
            return None
        return answer.json

    def single(self):
        for lead in SENT:
            if answer := self.ask("/predict", lead):
                self.answers.append((lead["id"], answer.get("digest"), answer["score"]))

    def rows(self):
        for lead, one in zip(SENT, self.ask("/predict/batch?live=true", SENT) or SENT, strict=True):
            self.answers.append((lead["id"], one.get("digest"), one.get("score")))

    def columns(self):
        body = {name: [lead[name] for lead in SENT] for name in SENT[0]}
        if answer := self.ask("/predict/batch", body):
            digests = answer.get("digest", [None] * len(SENT))
            self.answers += zip(range(len(SENT)), digests, answer["score"], strict=True)


def wanted(models):
    """The scores of every lead by the model that answers; without a name that is the champion."""
    scores = {
        digest(dump(model)): [make_scorer(model)(*lead_values(model, lead)) for lead in SENT]
        for model in models
    }
    return {None: scores[FIRST], **scores}


def test_challengers_shares_and_aborts_fail_no_request(mount, monkeypatch):
    """Twenty challengers, ten with growing shares, five of them aborted.

    The control are the answers: each is of the model it names, and the challengers with a share have answered.
    """
    often(monkeypatch)
    models = [linear(0.01 * i - 0.4, name=f"number {i}") for i in range(20)]
    with served(CHAMPION, challengers=mount.file.as_uri()) as server, Clients(server) as clients:
        for number, model in enumerate(models):
            name = digest(dump(model))
            put(mount, model)
            until(lambda name=name: (w := window(server)).challenger and w.challenger.digest == name)
            for weight in WEIGHTS[number % 10 :: 4] if number % 2 else ():
                put(mount, model, weight)
                until(lambda weight=weight: (w := window(server)).share and w.share.weight == weight)
            if number % 4 == 3:
                mount.write(None)
                until(lambda: (w := window(server)).share is None and w.challenger is None)
    assert clients.failed == []
    scores = wanted([CHAMPION, *models])
    odd = [one for one in clients.answers if one[2] != pytest.approx(scores[one[1]][one[0]], abs=1e-12)]
    assert odd == []
    answered = {name for _, name, _ in clients.answers} - {None, FIRST}
    assert len(answered) >= 8


def test_after_an_abort_the_champion_answers_within_a_look(mount):
    """With the intervals of a pod; the control is the challenger, which answers every lead until then."""
    put(mount, OTHER, 100)
    with served(CHAMPION, challengers=mount.file.as_uri()) as server:
        until(lambda: server.ask("POST", "/predict", SENT[0]).json.get("digest") == SECOND)
        mount.write(None)
        begun = time.monotonic()
        until(lambda: "digest" not in server.ask("POST", "/predict", SENT[0]).json)
        assert time.monotonic() - begun < 10 * FILE_S  # of a busy machine
        assert window(server).share is None


def test_the_endpoints_tell_of_the_share(mount, monkeypatch):
    often(monkeypatch)
    put(mount, OTHER, 100)

    def page(server):
        text = server.ask("GET", "/metrics").body.decode()
        return dict(re.findall(r"^lead_model_challenger_(\S+) (\S+)$", text, re.MULTILINE))

    with served(CHAMPION, challengers=mount.file.as_uri()) as server:
        until(lambda: window(server).share)
        for lead in SENT:
            server.ask("POST", "/predict", lead)
        server.ask("POST", "/predict", {"id": 1, "age": 30})
        seen = window(server)
        assert (seen.share.digest, seen.share.weight, seen.share.answered) == (SECOND, 100, 61)
        samples = page(server)
        assert (samples["share"], samples['answers_total{outcome="answered"}']) == ("1.0", "61.0")
        assert float(samples['answer_seconds_total{slot="challenger"}']) == pytest.approx(seen.share.seconds)
        digests = server.ask("GET", "/openapi.json").json["components"]["schemas"]["Score"]
        assert "digest" in digests["properties"]
        assert "digest" not in digests["required"]
        mount.swap({CHALLENGER_FILE: dump(OTHER), SHARE_FILE: json.dumps({"weight": 5}).encode()})
        until(lambda: window(server).share_error is ErrorWord.SCHEMA_MISMATCH)
        samples = page(server)
        assert samples['share_refused{reason="SchemaMismatch"}'] == "1.0"
        assert "share" not in samples
