"""The predictor as it runs: every endpoint, over real HTTP, in a process of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from leadmodel_artifact.artifact import digest, dump
from leadmodel_artifact.scoring import score
from leadmodel_messages.window_document import parse
from leadmodel_predictor.__main__ import parser
from leadmodel_predictor.serving.model import version_date
from support.small_models import leads, linear


@dataclass
class Server:
    process: subprocess.Popen[bytes]
    client: httpx.Client
    artifact: Path


def start(folder: Path, *flags: str, raw: bytes | None = None) -> Server:
    artifact = folder / "model.json"
    artifact.write_bytes(raw or dump(linear()))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "leadmodel_predictor",
        "--artifact",
        str(artifact),
        "--port",
        str(port),
        *flags,
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, env={**os.environ, "PYTHONWARNINGS": "error"})
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10)
    for _ in range(1200):  # a busy machine starts slowly
        try:
            client.get("/readyz")
            break
        except httpx.ConnectError:
            if process.poll() is not None:
                break
            time.sleep(0.05)
    return Server(process, client, artifact)


def stop(server: Server) -> None:
    server.client.close()
    if server.process.poll() is None:
        server.process.kill()
    server.process.wait()
    if server.process.stderr:
        server.process.stderr.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    (folder / "previous.json").write_bytes(dump(linear(0.1, name="older", version=1_766_000_000)))
    found = start(folder, "--previous", str(folder / "previous.json"))
    yield found
    stop(found)


def test_predict_answers_what_the_artifact_means(server):
    for lead in leads(50, seed=4):
        answer = server.client.post("/predict", json=lead).json()
        assert abs(answer["score"] - score(linear(), lead)) <= 1e-12
        assert (answer["model"], answer["version"]) == ("small", 1_767_000_000)


def test_batch_is_in_order_and_not_counted(server):
    sent = leads(100, seed=5)
    before = server.client.get("/ops/drift-window").json()["slots"]["champion"]["n"]
    answers = server.client.post("/predict/batch", json=sent).json()
    assert [a["score"] for a in answers] == [pytest.approx(score(linear(), lead), abs=1e-12) for lead in sent]
    assert server.client.get("/ops/drift-window").json()["slots"]["champion"]["n"] == before
    server.client.post("/predict/batch?live=true", json=sent)
    assert server.client.get("/ops/drift-window").json()["slots"]["champion"]["n"] == min(before + 100, 1000)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "$"),
        (b"{", "$"),
        (b"[]", "$"),
        (b"null", "$"),
        (b"\xff\xfe", "$"),
        (b'{"age": "old"}', "$.age"),
        (b'{"age": 151}', "$.age"),
        (b'{"age": 1e999}', "$.age"),
        (b'{"age": NaN}', "$"),
        (b'{"source": [7]}', "$.source"),
        (b'{"details": {}}', "$.details"),
        (b'{"created_at": "soon"}', "$.created_at"),
        (b'{"created_at": 2026}', "$.created_at"),
        (b'{"created_at": 1767571200000}', "$.created_at"),
        (b"[" * 50_000, "$"),
    ],
)
def test_bad_leads_are_422_with_a_path(server, body, field):
    answer = server.client.post("/predict", content=body)
    assert answer.status_code == 422
    assert answer.json()["field"] == field
    assert "old" not in answer.text or body != b'{"age": "old"}'


def test_a_bad_lead_in_a_batch_is_named(server):
    answer = server.client.post("/predict/batch", json=[{"age": 1}, {"age": "x"}])
    assert (answer.status_code, answer.json()["field"]) == (422, "$[1].age")
    answer = server.client.post("/predict/batch", json=[{"age": 1}, {"created_at": "x"}])
    assert (answer.status_code, answer.json()["field"]) == (422, "$[1].created_at")
    assert server.client.post("/predict/batch", json=[{}] * 10_001).status_code == 422


def test_limits(server):
    assert server.client.post("/predict", content=b" " * (1 << 20) + b"{}").status_code == 413
    assert server.client.get("/predict").status_code == 405
    assert server.client.post("/nothing").status_code == 404


def test_window_counts_both_slots(server):
    for lead in leads(40, seed=6):
        server.client.post("/predict", json=lead)
    found = parse(server.client.get("/ops/drift-window?since=0").json())
    assert found.champion is not None
    assert found.previous is not None
    assert found.champion.n == found.previous.n >= 40
    assert set(found.champion.features) == {"score", "age", "source", "details_len"}
    assert found.since == {"0.000": found.champion.n}
    assert server.client.get("/ops/drift-window?since=x").status_code == 422


def test_status_artifact_card_metrics_openapi(server):
    status = server.client.get("/ops/model-status").json()
    assert status["loaded"] is True
    assert status["digest"] == digest(dump(linear()))
    assert status["health"] == "warning_stale"
    assert server.client.get("/ops/artifact").content == dump(linear())
    previous = status["slots"]["previous"]
    assert digest(server.client.get(f"/ops/artifact?digest={previous}").content) == previous
    assert server.client.get("/ops/artifact?digest=sha256:0").status_code == 404
    card = server.client.get("/ops/model-card").json()
    assert card["kind"] == "linear"
    assert "parent" not in card
    metrics = server.client.get("/metrics").text
    for name in (
        "lead_model_loaded 1.0",
        "lead_model_auc 0.75",
        "lead_model_version ",
        "lead_model_last_reload_ts ",
        "lead_model_drift_score",
        "lead_model_requests_total",
    ):
        assert name in metrics
    schema = server.client.get("/openapi.json").json()["components"]["schemas"]["Lead"]
    assert server.client.post("/predict", json=schema["example"]).status_code == 200


def test_details_are_not_kept(server):
    server.client.post("/predict", json={"details": "call me at 4711-SECRET"})
    for path in ("/ops/drift-window", "/ops/model-status", "/metrics"):
        assert "SECRET" not in server.client.get(path).text


def test_no_log_holds_what_a_client_sent(tmp_path):
    server, secret = start(tmp_path), "anna.schmidt@example.org"
    try:
        for path in ("/predict", "/predict/batch", f"/{secret}", f"/ops/drift-window?since={secret}"):
            for sent in ({"details": secret}, {"age": secret}, {secret: secret}, [{"age": secret}], secret):
                server.client.post(path, json=sent, headers={"X-Name": secret})
            server.client.get(path)
            server.client.post(path, content=secret + "{" * 2_000_000)
        with socket.create_connection((server.client.base_url.host, server.client.base_url.port or 0)) as raw:
            raw.sendall(f"{secret}\r\n\r\n".encode())
            assert raw.recv(1000)
        server.process.send_signal(signal.SIGTERM)
        _, log = server.process.communicate(timeout=60)
    finally:
        stop(server)
    assert b"serving sha256:" in log  # there is a log
    assert secret.encode() not in log


def test_reload(tmp_path):
    server = start(tmp_path)
    try:
        server.artifact.write_bytes(b"{}")
        refused = server.client.post("/ops/reload-model").json()
        assert refused["ok"] is False
        assert server.client.get("/ops/model-status").json()["digest"] == digest(dump(linear()))
        server.artifact.write_bytes(dump(replace(linear(0.9), auc=0.6)))
        low = server.client.post("/ops/reload-model?min_auc=0.65").json()
        assert low == {
            "ok": False,
            "error": "Model AUC below threshold",
            "auc": 0.6,
            "min_auc": 0.65,
            "rejected": True,
        }
        new = dump(linear(0.9))
        server.artifact.write_bytes(new)
        done = server.client.post("/ops/reload-model").json()
        assert (done["ok"], done["digest"], done["previous"]) == (True, digest(new), digest(dump(linear())))
    finally:
        stop(server)


def test_reload_needs_the_token(tmp_path):
    (tmp_path / "token").write_text("right\n")
    server = start(tmp_path, "--token-file", str(tmp_path / "token"))
    try:
        assert server.client.post("/ops/reload-model").status_code == 401
        wrong = {"Authorization": "Bearer wrong"}
        assert server.client.post("/ops/reload-model", headers=wrong).status_code == 401
        right = {"Authorization": "Bearer right"}
        assert server.client.post("/ops/reload-model", headers=right).json()["ok"] is True
    finally:
        stop(server)


def test_sigterm_drains(tmp_path):
    server = start(tmp_path, "--drain-seconds", "1")
    try:
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert server.client.get("/readyz").status_code == 503
        answer = server.client.post("/predict", json={"age": 30})
        assert answer.status_code == 200
        assert answer.headers["connection"] == "close"
        assert server.process.wait(5) == 0
    finally:
        stop(server)


@pytest.mark.parametrize(
    ("raw", "flags"),
    [
        (b"{}", ()),
        (dump(linear()), ("--expect-digest", "sha256:" + "0" * 64)),
        (dump(replace(linear(), auc=0.5)), ()),
    ],
)
def test_a_refused_champion_exits_3_and_names_the_digest(tmp_path, raw, flags):
    log = tmp_path / "termination"
    log.touch()
    server = start(tmp_path, "--termination-log", str(log), *flags, raw=raw)
    try:
        assert server.process.wait(10) == 3
        assert json.loads(log.read_text())["digest"] == digest(raw)
    finally:
        stop(server)


def test_a_previous_that_does_not_load_is_no_failure(tmp_path):
    (tmp_path / "previous.json").write_bytes(b"{}")
    server = start(tmp_path, "--previous", str(tmp_path / "previous.json"))
    try:
        slots = server.client.get("/ops/model-status").json()["slots"]
        assert slots == {
            "champion": digest(dump(linear())),
            "previous": None,
            "previous_error": "SchemaMismatch",
        }
    finally:
        stop(server)


def has_ipv6() -> bool:
    """Whether the machine has the address of IPv6 that stands for itself: many containers have none."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.parametrize(("host", "answers"), [("", True), ("0.0.0.0", False)], ids=["every", "control"])
def test_a_pod_answers_on_ipv6(tmp_path, host, answers):
    """A cluster may have IPv6 alone. The control is the address of IPv4."""
    if not has_ipv6():
        pytest.skip("this machine has no address of IPv6")
    server = start(tmp_path, f"--host={host}")
    try:
        assert server.client.get("/readyz").status_code == 200
        with socket.socket(socket.AF_INET6) as six:
            assert (six.connect_ex(("::1", server.client.base_url.port)) == 0) is answers
    finally:
        stop(server)


def test_what_kubernetes_says_of_a_service_called_leadmodel_is_no_port(monkeypatch):
    """The control is the port that a person sets."""
    monkeypatch.setenv("LEADMODEL_PORT", "tcp://10.96.0.7:80")
    assert parser().parse_args(["--artifact", "a"]).port == 8080
    monkeypatch.setenv("LEADMODEL_PORT", "9000")
    assert parser().parse_args(["--artifact", "a"]).port == 9000


@pytest.mark.parametrize(
    ("trained_at", "shown"),
    [
        ("2026-01-05T00:00:00+00:00", "2026-01-05T00:00:00Z"),
        ("2026-01-05T00:00:00Z", "2026-01-05T00:00:00Z"),
        ("2026-01-05T02:00:00+02:00", "2026-01-05T00:00:00Z"),
        ("2026-01-05T00:00:00", "2026-01-05T00:00:00Z"),
        ("some day", "some day"),
    ],
)
def test_the_date_of_a_version_ends_with_z(trained_at, shown):
    assert version_date(replace(linear(), trained_at=trained_at)) == shown
