"""Reloads: beside the running model, one after the other, and whatever fails leaves the old model."""

import threading
import time
from dataclasses import replace

import pytest
from starlette.requests import Request

from leadmodel_artifact.artifact import digest, dump
from leadmodel_artifact.model import ArtifactError, ArtifactReason
from leadmodel_predictor.serving.reload import MAX_QUEUED, Reloads
from leadmodel_predictor.serving.slots import Slots, load_slot, pair
from leadmodel_store.store import StoreError, StoreReason
from support.predictor_thread import model_of, read_answer, request, served
from support.small_models import leads, linear

OLD, NEW = linear(), linear(0.9)


def slots_of(artifact=NEW) -> Slots:
    return pair(load_slot(dump(artifact), None), load_slot(dump(OLD), None))


def raising(error: BaseException):
    def read() -> Slots:
        raise error

    return read


FAILURES = {
    "refused": (ArtifactError(ArtifactReason.EXAMPLES_DIFFER, "examples[0] differs"), True),
    "store": (StoreError(StoreReason.NOT_FOUND, "not there"), False),
    "memory": (MemoryError(), False),
    "bug": (RuntimeError("secret: anna@example.org"), False),
    "recursion": (RecursionError(), False),
}


@pytest.mark.parametrize("case", FAILURES)
def test_whatever_fails_the_old_model_stays_and_says_why(case):
    error, rejected = FAILURES[case]
    with served(OLD, read=raising(error)) as server:
        before = server.ask("POST", "/predict", {"age": 30}).json
        answer = server.ask("POST", "/ops/reload-model")
        assert (answer.status, answer.json["ok"], answer.json["rejected"]) == (200, False, rejected)
        assert answer.json["error"]
        assert "anna" not in answer.body.decode()
        assert server.ask("POST", "/predict", {"age": 30}).json == before
        assert server.ask("GET", "/readyz").status == 200
        assert server.ask("GET", "/ops/drift-window").json["slots"]["champion"]["n"] == 2  # not emptied


def test_an_auc_that_is_no_number_or_too_low_is_rejected():
    with served(OLD, read=lambda: slots_of(replace(NEW, auc=0.6))) as server:
        answer = server.ask("POST", "/ops/reload-model?min_auc=0.65").json
        assert answer == {
            "ok": False, "error": "Model AUC below threshold", "auc": 0.6, "min_auc": 0.65, "rejected": True,
        }  # fmt: skip
        assert server.ask("GET", "/ops/model-status").json["digest"] == digest(dump(OLD))
        for bad in ("nan", "x", "-1", "2", ""):
            refused = server.ask("POST", f"/ops/reload-model?min_auc={bad}")
            assert (refused.status, refused.json["field"]) == (422, "min_auc")


def test_the_window_starts_anew_and_the_old_model_becomes_previous():
    with served(OLD, read=slots_of) as server:
        for lead in leads(5):
            server.ask("POST", "/predict", lead)
        assert server.ask("POST", "/ops/reload-model").json == {
            "ok": True, "auc": 0.75, "version": NEW.version, "digest": digest(dump(NEW)), "previous": digest(dump(OLD)),
        }  # fmt: skip
        slots = server.ask("GET", "/ops/drift-window").json["slots"]
        assert (slots["champion"]["digest"], slots["champion"]["n"]) == (digest(dump(NEW)), 0)
        assert slots["previous"]["digest"] == digest(dump(OLD))


def test_concurrent_reloads_wait_for_each_other_up_to_a_number():
    running, most = 0, 0

    def slow() -> Slots:
        nonlocal running, most
        running += 1
        most = max(most, running)
        time.sleep(0.3)
        running -= 1
        return slots_of()

    with served(OLD, read=slow) as server:
        codes: list[int] = []
        asking = [
            threading.Thread(target=lambda: codes.append(server.ask("POST", "/ops/reload-model").status))
            for _ in range(MAX_QUEUED + 4)
        ]
        for thread in asking:
            thread.start()
        assert server.ask("POST", "/predict", b'{"age": 1}').status == 200
        for thread in asking:
            thread.join()
        assert most == 1
        assert codes.count(200) >= MAX_QUEUED
        assert set(codes) == {200, 409}


def test_no_request_fails_while_models_change(full):
    """Each answer is one model's, entirely: score and version belong together."""
    models = [replace(linear(0.2 + i / 10), version=1_767_000_000 + i) for i in range(3)]
    turn = iter(range(10**6))
    slots = [pair(load_slot(dump(m), None), None) for m in models]
    wanted = {m.version: score_of(m) for m in models}
    done = False
    failed: list[object] = []

    def ask(port_of) -> None:
        connection = port_of.connect()
        while not done:
            connection.sendall(request(b'{"age": 30}'))
            answer = read_answer(connection)
            if answer.status != 200 or answer.json["score"] != wanted[answer.json["version"]]:
                failed.append(answer)

    with served(models[0], read=lambda: slots[next(turn) % 3]) as server:
        asking = [threading.Thread(target=ask, args=(server,)) for _ in range(4)]
        for thread in asking:
            thread.start()
        for _ in range(100 if full else 10):
            answer = server.ask("POST", "/ops/reload-model").json
            assert server.ask("POST", "/predict", b'{"age": 30}').json["version"] == answer["version"]
        done = True
        for thread in asking:
            thread.join()
    assert failed == []


def score_of(artifact) -> float:
    import json

    from leadmodel_predictor.http.predict import Predict

    return json.loads(Predict(model_of(artifact)).score(b'{"age": 30}', 0.0))["score"]


# --- who may ---------------------------------------------------------------------------------------------------------------------


def asked_from(peer: str, /, **headers: str) -> Request:
    raw = [(k.replace("_", "-").encode(), v.encode("latin-1")) for k, v in headers.items()]
    return Request({"type": "http", "headers": raw, "client": (peer, 1), "method": "POST", "path": "/"})


@pytest.mark.parametrize(
    ("asked", "may"),
    [
        (asked_from("127.0.0.1"), True),
        (asked_from("::1"), True),
        (asked_from("::ffff:127.0.0.1"), False),
        (asked_from("10.0.0.1"), False),
        (asked_from("nonsense"), False),
        (asked_from("127.0.0.6"), False),  # a mesh's proxy
        (asked_from("localhost"), False),
        (asked_from("127.0.0.1", x_forwarded_for="127.0.0.1"), False),
        (asked_from("127.0.0.1", x_forwarded_host="a"), False),
        (asked_from("127.0.0.1", x_envoy_internal="true"), False),
        (asked_from("127.0.0.1", forwarded="for=10.0.0.1"), False),
        (asked_from("127.0.0.1", via="1.1 proxy"), False),
        (asked_from("127.0.0.1", x_real_ip="10.0.0.1"), False),
        (asked_from("127.0.0.1", client_ip="10.0.0.1"), False),
        (asked_from("127.0.0.1", x_cluster_client_ip="10.0.0.1"), False),
        (asked_from("127.0.0.1", x_azure_clientip="10.0.0.1"), False),
        (asked_from("127.0.0.1", cf_ray="1"), False),
        (asked_from("127.0.0.1", x_amzn_trace_id="Root=1"), False),
        (asked_from("127.0.0.1", l5d_dst_canonical="a"), False),
        (asked_from("127.0.0.1", x_request_id="1", traceparent="00-0-0-01", user_agent="curl"), True),
        (asked_from("127.0.0.1", host="127.0.0.1:8080"), True),
        (asked_from("::1", host="[::1]:8080"), True),
        (asked_from("127.0.0.1", host="localhost"), True),
        (asked_from("127.0.0.1", host="LOCALHOST:8080"), True),
        (asked_from("127.0.0.1", host="evil.example"), False),  # a name that resolves to 127.0.0.1
        (asked_from("127.0.0.1", host="localhost.evil.example"), False),
        (asked_from("127.0.0.1", host="localhost@evil.example"), False),
        (asked_from("127.0.0.1", host="[::1"), False),
        (asked_from("127.0.0.1", host=""), False),
        (asked_from("127.0.0.1", host="localhost:8080", origin="http://localhost:8080"), True),
        (asked_from("127.0.0.1", host="localhost:8080", origin="http://localhost:3000"), False),
        (asked_from("127.0.0.1", host="localhost:8080", origin="https://evil.example"), False),
        (asked_from("127.0.0.1", host="localhost:8080", origin="null"), False),
        (asked_from("127.0.0.1", host="localhost:8080", sec_fetch_site="cross-site"), False),
        (asked_from("127.0.0.1", host="localhost:8080", sec_fetch_site="same-origin"), True),
    ],
)
def test_without_a_token_only_programs_on_this_machine_may(asked, may):
    reloads = Reloads(model_of(OLD), slots_of, 0.65, None)
    assert (reloads.forbidden(asked) is None) is may


@pytest.mark.parametrize("asked", ["127.0.0.6", "10.0.0.1"])
def test_the_control_a_token_lets_anybody_in_who_has_it(asked):
    reloads = Reloads(model_of(OLD), slots_of, 0.65, lambda: "right")
    assert reloads.forbidden(asked_from(asked, via="proxy", host="x", authorization="Bearer right")) is None


def test_a_token_is_read_anew_after_its_rotation(tmp_path):
    from functools import partial

    from leadmodel_predictor.__main__ import read_token

    file = tmp_path / "token"
    reloads = Reloads(model_of(OLD), slots_of, 0.65, partial(read_token, file))

    def answer(token: str) -> int | None:
        refused = reloads.forbidden(asked_from("10.0.0.1", authorization=f"Bearer {token}"))
        return refused and refused[0]

    file.write_text("first\n")
    assert (answer("first"), answer("second")) == (None, 401)
    file.write_text("second\n")
    assert (answer("first"), answer("second")) == (401, None)
    file.write_text("\n")
    assert (answer("second"), answer("")) == (503, 503)
    file.unlink()
    assert (answer("second"), answer("")) == (503, 503)


@pytest.mark.parametrize(
    ("asked", "least"), [("?min_auc=0", 0.65), ("", 0.65), ("?min_auc=0.5", 0.65), ("?min_auc=0.7", 0.7)]
)
def test_a_caller_may_raise_the_lock_and_not_lift_it(asked, least):
    with served(OLD, read=lambda: slots_of(replace(NEW, auc=0.6))) as server:
        answer = server.ask("POST", f"/ops/reload-model{asked}").json
        assert (answer["ok"], answer["min_auc"]) == (False, least)
        assert server.ask("GET", "/ops/model-status").json["digest"] == digest(dump(OLD))
    with served(OLD, read=lambda: slots_of(replace(NEW, auc=0.71))) as server:
        assert server.ask("POST", f"/ops/reload-model{asked}").json["ok"] is True


@pytest.mark.parametrize(
    ("header", "may"),
    [
        ("Bearer right", True),
        ("Bearer wrong", False),
        ("Bearer ", False),
        ("right", False),
        ("Bearer \xff", False),
        ("", False),
    ],
)
def test_with_a_token_only_who_has_it(header, may):
    reloads = Reloads(model_of(OLD), slots_of, 0.65, lambda: "right")
    assert (reloads.forbidden(asked_from("127.0.0.1", authorization=header)) is None) is may
