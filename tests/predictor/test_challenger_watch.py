"""The place where challengers lie: what appears there is loaded while leads are answered, what is wrong with it is a word and no more."""

import asyncio
import json
import os
import re
import threading
import urllib.request
from dataclasses import replace

import pytest

from leadmodel_artifact.artifact import dump
from leadmodel_artifact.model import Example
from leadmodel_artifact.snapshot import MAX_RAW_BYTES, digest, pack
from leadmodel_messages.errors import CHALLENGER, ErrorWord
from leadmodel_messages.window_document import parse
from leadmodel_predictor.serving import challengers
from leadmodel_predictor.serving.challengers import Challengers
from support.mounts import Mount
from support.other_models import OTHERS
from support.predictor_process import Replica
from support.predictor_thread import model_of, served
from support.served_texts import often, until
from support.small_models import leads, linear

OTHER = linear(-0.4, name="other")
WRONG = replace(OTHER, examples=(Example({"age": 40}, 0.999),))


@pytest.fixture
def mount(tmp_path):
    return Mount(tmp_path, "challenger.json.gz")


@pytest.fixture
def watched(mount):
    return Challengers(mount.file.as_uri(), {}, model_of(linear()))


def looked(watched):
    asyncio.run(watched.step())
    slots = watched.model.slots
    return slots.challenger and slots.challenger.slot.digest, watched.seen.error


def test_what_appears_is_loaded_and_what_goes_is_dropped(mount, watched):
    mount.write(None)
    assert looked(watched) == (None, None)
    mount.write(pack(dump(OTHER)))
    assert looked(watched) == (digest(dump(OTHER)), None)
    slot = watched.model.slots.challenger
    assert looked(watched) == (digest(dump(OTHER)), None)
    mount.write(dump(OTHER))
    assert looked(watched) == (digest(dump(OTHER)), None)
    assert watched.model.slots.challenger is slot, "the same model unpacked is the same challenger"
    mount.write(None)
    assert looked(watched) == (None, None)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", ErrorWord.SCHEMA_MISMATCH),
        (b"{}", ErrorWord.SCHEMA_MISMATCH),
        (pack(dump(OTHER))[:-9], ErrorWord.SCHEMA_MISMATCH),
        (dump(WRONG), ErrorWord.EXAMPLES_DIFFER),
        (pack(bytes(MAX_RAW_BYTES + 1)), ErrorWord.ARTIFACT_TOO_LARGE),
    ],
    ids=["empty", "no artifact", "cut off", "examples differ", "too large"],
)
def test_a_refused_challenger_is_a_word_and_drops_the_one_before_it(mount, watched, data, word):
    """The control is the challenger before, which was loaded; the one after is, too."""
    mount.write(pack(dump(OTHER)))
    assert looked(watched) == (digest(dump(OTHER)), None)
    champion = watched.model.slots.champion
    mount.write(data)
    assert looked(watched) == (None, word)
    assert looked(watched) == (None, word), "and not read again"
    assert word in CHALLENGER
    assert watched.model.slots.champion is champion
    mount.write(pack(dump(OTHER)))
    assert looked(watched) == (digest(dump(OTHER)), None)


def test_a_place_that_does_not_answer_leaves_the_challenger(mount, watched):
    mount.write(pack(dump(OTHER)))
    assert looked(watched)[0] == digest(dump(OTHER))
    watched.uri = "ftp://somewhere/challenger.json.gz"
    assert looked(watched) == (digest(dump(OTHER)), ErrorWord.ARTIFACT_BAD_URI)


def test_a_pipe_is_refused_at_once_and_a_file_in_its_place_is_taken(tmp_path):
    """Nobody writes into the pipe, so whoever opens it as a file waits for ever, as the control does."""
    pipe = tmp_path / "challenger.json.gz"
    os.mkfifo(pipe)
    watched = Challengers(pipe.as_uri(), {}, model_of(linear()))
    seen, waits = [], []
    threads = [
        threading.Thread(target=lambda: seen.append(looked(watched)), daemon=True),
        threading.Thread(target=lambda: waits.append(pipe.read_bytes()), daemon=True),
    ]
    for thread in threads:
        thread.start()
    threads[0].join(30)
    assert seen == [(None, ErrorWord.ARTIFACT_UNREACHABLE)]
    assert waits == []
    writer = os.open(pipe, os.O_WRONLY)  # lets the control end
    os.close(writer)
    threads[1].join(30)
    assert waits == [b""]
    pipe.unlink()
    pipe.write_bytes(pack(dump(OTHER)))
    assert looked(watched) == (digest(dump(OTHER)), None)


def test_what_fails_beside_this_champion_is_a_word_and_is_not_tried_again(mount, watched, monkeypatch):
    tried = []

    def failing(slots, wanted):
        tried.append(wanted)
        raise KeyError("x")

    mount.write(dump(OTHER))
    with monkeypatch.context() as patch:
        patch.setattr(challengers, "challenged", failing)
        assert looked(watched) == (None, ErrorWord.SCHEMA_MISMATCH)
        assert looked(watched) == (None, ErrorWord.SCHEMA_MISMATCH)
    assert len(tried) == 1
    mount.write(pack(dump(OTHER)))
    assert looked(watched) == (digest(dump(OTHER)), None)  # control


def test_challengers_come_and_go_while_leads_are_answered(mount, monkeypatch):
    """Twenty challengers, every other one refused, under leads of four clients: no request fails, and the window is never emptied."""
    often(monkeypatch)
    mount.write(None)
    models = [dump(linear(0.01 * i, name=f"number {i}")) for i in range(10)]
    stop, failed, counts = threading.Event(), [], []
    with served(linear(), challengers=mount.file.as_uri()) as server:

        def client():
            while not stop.is_set():
                answer = server.ask("POST", "/predict", b'{"age": 30}')
                if answer.status != 200:
                    failed.append(answer.status)

        def seen():
            window = parse(server.ask("GET", "/ops/drift-window").json)
            counts.append(window.champion.n)
            return window

        clients = [threading.Thread(target=client) for _ in range(4)]
        for thread in clients:
            thread.start()
        for raw in models:
            mount.write(pack(raw))
            until(lambda raw=raw: (w := seen()).challenger is not None and w.challenger.digest == digest(raw))
            mount.write(dump(WRONG))
            until(lambda: seen().challenger_error is ErrorWord.EXAMPLES_DIFFER)
            assert server.ask("GET", "/readyz").status == 200
        stop.set()
        for thread in clients:
            thread.join()
        assert failed == []
        assert counts == sorted(counts)
        assert counts[-1] > 20


def test_the_endpoints_show_the_challenger(mount):
    mount.write(pack(dump(OTHER)))
    name = digest(dump(OTHER))
    with served(linear(), challengers=mount.file.as_uri()) as server:
        for lead in leads(20):
            server.ask("POST", "/predict", lead)
        until(lambda: parse(server.ask("GET", "/ops/drift-window").json).challenger)
        seen = parse(server.ask("GET", "/ops/drift-window").json)
        assert (seen.takes_challenger, seen.challenger.digest, seen.challenger.n) == (True, name, 20)
        assert server.ask("GET", f"/ops/artifact?digest={name}").body == dump(OTHER)
        assert server.ask("GET", "/ops/model-status").json["slots"]["challenger"] == name
        assert f'digest="{name[7:19]}",slot="challenger"' in server.ask("GET", "/metrics").body.decode()
    with served(linear()) as bare:  # control
        document = bare.ask("GET", "/ops/drift-window").json
        assert "challenger" not in document["slots"]
        assert not parse(document).takes_challenger
        assert bare.ask("GET", f"/ops/artifact?digest={name}").status == 404
        assert "challenger" not in bare.ask("GET", "/ops/model-status").json["slots"]


def metrics_of(server, name: str) -> dict[str, float]:
    """The samples of a metric with one label, by its value."""
    page = server.ask("GET", "/metrics").body.decode()
    lines = re.findall(rf'^{name}{{\w+="(\w+)"}} (\S+)$', page, re.MULTILINE)
    return {label: float(value) for label, value in lines}


def test_metrics_count_what_the_challenger_made_of_the_leads(mount, monkeypatch):
    """It reads a field of which the champion kept nothing; the control is the lead that comes once it is loaded."""
    often(monkeypatch)
    mount.write(None)
    with served(linear(), challengers=mount.file.as_uri()) as server:
        for lead in leads(20):
            server.ask("POST", "/predict", {**lead, "extra": 3})
        assert metrics_of(server, "lead_model_challenger_leads") == {}
        mount.write(pack(dump(OTHERS["one more number"])))
        until(lambda: metrics_of(server, "lead_model_challenger_leads"))
        counts = metrics_of(server, "lead_model_challenger_leads")
        assert counts == {"compared": 0, "unsupported": 0, "refused": 0, "unread": 20}
        server.ask("POST", "/predict", {**leads(1)[0], "extra": 3})
        counts = metrics_of(server, "lead_model_challenger_leads")
        assert (counts["unread"], counts["compared"] + counts["unsupported"]) == (20, 1)
        assert metrics_of(server, "lead_model_challenger_refused") == {}
        mount.write(dump(WRONG))
        until(lambda: metrics_of(server, "lead_model_challenger_refused") == {"ExamplesDiffer": 1})
        assert metrics_of(server, "lead_model_challenger_leads") == {}
    with served(linear()) as bare:
        assert "lead_model_challenger" not in bare.ask("GET", "/metrics").body.decode()


def test_the_program_takes_a_place_that_may_be_empty(tmp_path):
    (tmp_path / "model.json").write_bytes(dump(linear()))
    replica = Replica(tmp_path / "model.json", "--challenger", str(tmp_path / "challenger.json.gz"))
    try:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{replica.port}/ops/drift-window", timeout=30
        ) as answer:
            seen = parse(json.load(answer))
    finally:
        replica.process.kill()
        replica.process.wait()
    assert (seen.takes_challenger, seen.challenger, seen.challenger_error) == (True, None, None)
