"""Batches: lists and columns mean the same as leads one by one, within limits, and count for drift only when they are live."""

from dataclasses import replace

import pytest

from leadmodel_artifact.model import Artifact, Example, Linear, Reference
from leadmodel_artifact.scoring import score
from support.predictor_thread import served
from support.small_models import FEATURES, leads, linear

MODEL = linear()


@pytest.fixture(scope="module")
def server():
    with served(MODEL, linear(0.1, name="older")) as found:
        yield found


def as_columns(rows: list[dict]) -> dict[str, list]:
    return {name: [row.get(name) for row in rows] for name in rows[0]}


def test_lists_and_columns_mean_what_single_leads_mean(server):
    rows = leads(1200, seed=3)
    rows[7] = {"age": None, "source": None, "details": None, "created_at": None}
    wanted = [server.ask("POST", "/predict", row).json["score"] for row in rows[:50]]
    wanted += [score(MODEL, row) for row in rows[50:]]
    found = server.ask("POST", "/predict/batch", rows).json
    assert [set(answer) for answer in found] == [{"score", "model", "version"}] * len(rows)
    assert [answer["score"] for answer in found] == pytest.approx(wanted, abs=1e-12)
    columns = server.ask("POST", "/predict/batch", as_columns(rows)).json
    assert columns["score"] == [answer["score"] for answer in found]
    assert (columns["model"], columns["version"]) == (found[0]["model"], found[0]["version"])


def test_absent_columns_are_missing_values(server):
    found = server.ask("POST", "/predict/batch", {"source": ["ads", "web", "fair"]}).json["score"]
    assert found == [
        server.ask("POST", "/predict", {"source": s}).json["score"] for s in ("ads", "web", "fair")
    ]


def test_columns_that_only_the_previous_model_reads_say_how_many_leads():
    """As many as were sent, though the champion finds no column of its own, and no hour that would end."""
    with served(untimed(), linear(0.1, name="older")) as server:
        found = server.ask("POST", "/predict/batch", {"source": ["ads", "web", "fair"]}).json["score"]
        assert found == [server.ask("POST", "/predict", {"age": None}).json["score"]] * 3


def untimed() -> Artifact:
    """A model of the age alone."""
    reference = Reference("holdout-newest/v1", 0, ())
    bare = replace(MODEL, features=FEATURES[:1], model=Linear(-1.0, (0.5,)), reference=reference)
    return replace(bare, examples=tuple(Example(lead, score(bare, lead)) for lead in leads(5)))


def test_nothing_is_a_batch_too(server):
    assert server.ask("POST", "/predict/batch", b" [] ").json == []
    assert server.ask("POST", "/predict/batch", {"age": []}).json["score"] == []


BAD = {
    b"": "$",
    b"7": "$",
    b"[7]": "$[0]",
    b'[{"age": "x"}]': "$[0].age",
    b'[{}, {"created_at": "x"}]': "$[1].created_at",
    b"[" + b",".join([b"{}"] * 10_001) + b"]": "$",
    b"[" + b",".join([b"{}"] * 100_001) + b"]": "$",
    b"{}": "$",
    b'{"unknown": [1]}': "$",
    b'{"age": 1}': "$.age",
    b'{"age": null}': "$",
    b'{"age": ["x"]}': "$.age[0]",
    b'{"age": [1, 151]}': "$.age[1]",
    b'{"age": [1], "source": ["a", "b"]}': "$.source",
    b'{"age": [1], "created_at": ["soon"]}': "$.created_at[0]",
    b'{"age": [1], "created_at": [2026]}': "$.created_at[0]",
    b'{"age": [' + b",".join([b"1"] * 10_001) + b"]}": "$.age",
    b'{"source": [' + b",".join([b'"\\\\"'] * 10_001) + b"]}": "$.source",
    b'{"source": [' + b",".join([b"null"] * 10_001) + b"]}": "$.source",
    b'{"age": [1}': "$",
    b'{"age": ' + b"[" * 50_000: "$",
    b"\xff": "$",
}


@pytest.mark.parametrize("body", BAD, ids=lambda body: body[:40])
@pytest.mark.parametrize("live", ["", "?live=true"])
def test_what_is_refused_is_named(server, body, live):
    answer = server.ask("POST", "/predict/batch" + live, body)
    assert (answer.status, answer.json["field"]) == (422, BAD[body])


def test_long_bodies_of_empty_leads_are_not_decoded(server):
    short, long = (
        server.ask("POST", "/predict/batch", b"[" + b",".join([b"{}"] * count) + b"]").json["error"]
        for count in (300_000, 400_000)
    )
    assert ("braces" in short, "braces" in long) == (False, True)


def test_texts_full_of_quotes_and_commas_are_no_values(server):
    text = 'she said "a, b", \\ "c"' * 50
    found = server.ask("POST", "/predict/batch", {"details": [text] * 5000})
    assert len(found.json["score"]) == 5000


@pytest.mark.parametrize(
    "query", ["live=yes", "live=", "live=true&live=true", "live=1", "live=" + "x" * 9000]
)
def test_live_is_true_or_false(server, query):
    answer = server.ask("POST", f"/predict/batch?{query}", [])
    assert (answer.status, answer.json["field"]) == (422, "live")


def counts(server) -> tuple[int, int, int]:
    slots = server.ask("GET", "/ops/drift-window").json["slots"]
    return slots["champion"]["n"], slots["champion"]["bad"], slots["previous"]["bad"]


@pytest.mark.parametrize("make", [list, as_columns], ids=["list", "columns"])
def test_only_live_batches_are_counted(make):
    rows = leads(300, seed=4)
    with served(MODEL, linear(0.1, name="older")) as server:
        server.ask("POST", "/predict/batch", make(rows))
        assert counts(server) == (0, 0, 0)
        server.ask("POST", "/predict/batch?live=true", make(rows))
        assert counts(server) == (300, 0, 0)
        single = replace(server.model.ring.window(0.0, ()), now=0.0)
        server.model.ring.entries.clear()
        for row in rows:
            server.ask("POST", "/predict", row)
        one_by_one = server.model.ring.window(0.0, ())
        assert single.champion.features == one_by_one.champion.features
        assert single.previous.features == one_by_one.previous.features


def test_a_refused_live_batch_counts_the_lead_that_was_refused():
    """The champion wants a field that leads do not have; the previous model reads them well."""
    age = replace(FEATURES[0], required=True, default=None)
    strict = linear(features=(age, *FEATURES[1:]))
    with served(strict, linear(0.1, name="older")) as server:
        for body in ([{"age": 5}, {"source": "web"}], {"source": ["web", "ads"]}, [{"age": 1}, {"age": "x"}]):
            assert server.ask("POST", "/predict/batch?live=true", body).status == 422
        assert counts(server) == (3, 3, 1)


def test_a_long_batch_lets_single_leads_through():
    """Answered while a batch is scored: within the time the batch takes."""
    import threading
    import time

    with served(MODEL) as server:
        columns = as_columns(leads(10_000, seed=5))
        finished: list[float] = []
        batch = threading.Thread(
            target=lambda: (
                server.ask("POST", "/predict/batch?live=true", columns),
                finished.append(time.monotonic()),
            )
        )
        batch.start()
        answered = []
        while batch.is_alive():
            assert server.ask("POST", "/predict", b'{"age": 1}').status == 200
            answered.append(time.monotonic())
        assert sum(at < finished[0] for at in answered) >= 1
