"""What Prometheus sees is what its own tool accepts, counts what happened and has bounded labels."""

import shutil
import subprocess

import pytest
from prometheus_client.parser import text_string_to_metric_families

from leadmodel_artifact.artifact import digest, dump
from support.predictor_thread import served
from support.small_models import leads, linear


@pytest.fixture(scope="module")
def text() -> str:
    with served(linear(), linear(0.1, name="older")) as server:
        for lead in leads(200, seed=1):
            assert server.ask("POST", "/predict", lead).status == 200
        for body in (b"{", b'{"age": "x"}', b"[]"):
            assert server.ask("POST", "/predict", body).status == 422
        server.ask("GET", "/predict")
        server.ask("POST", "/predict/batch", leads(30))
        server.ask("POST", "/ops/reload-model")
        return server.ask("GET", "/metrics").body.decode()


def test_promtool_accepts_them(text):
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool (Debian: prometheus) is not installed")
    found = subprocess.run(
        [promtool, "check", "metrics"], check=False, input=text, capture_output=True, text=True, timeout=60
    )
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")
    broken = text.replace(
        "# TYPE lead_model_requests_total counter", "# TYPE lead_model_requests_total gauge"
    )
    assert broken != text
    refused = subprocess.run(
        [promtool, "check", "metrics"], input=broken, check=False, capture_output=True, text=True, timeout=60
    )
    assert refused.returncode != 0  # the control: it looks


def test_they_count_what_happened(text):
    found = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }

    def value(name: str, **labels: str) -> float:
        return found[(name, *sorted(labels.items()))]

    assert value("lead_model_requests_total", endpoint="predict", code="200") == 200
    assert value("lead_model_requests_total", endpoint="predict", code="422") == 3
    assert value("lead_model_requests_total", endpoint="predict", code="405") == 1
    assert value("lead_model_requests_total", endpoint="batch", code="200") == 1
    assert value("lead_model_request_duration_seconds_count", endpoint="predict") == 200
    assert value("lead_model_request_duration_seconds_bucket", endpoint="predict", le="+Inf") == 200
    assert value("lead_model_request_duration_seconds_sum", endpoint="predict") > 0
    assert value("lead_model_batch_leads_total") == 30
    assert value("lead_model_bad_leads_total", slot="champion") == 3
    assert value("lead_model_bad_leads_total", slot="previous") == 3
    assert value("lead_model_reloads_total", outcome="ok") == 1
    assert value("lead_model_drift_window_samples") == 203
    assert value("lead_model_drift_psi", feature="age") >= 0
    assert value("lead_model_loaded") == 1
    slots = {labels["slot"]: labels["digest"] for name, labels in infos(text)}
    assert slots == {
        "champion": digest(dump(linear()))[7:19],
        "previous": digest(dump(linear(0.1, name="older")))[7:19],
    }
    assert value("lead_model_auc") == 0.75


def infos(text):
    families = text_string_to_metric_families(text)
    return [(s.name, s.labels) for f in families for s in f.samples if s.name == "lead_model_info"]


def test_they_are_few(text):
    assert len([line for line in text.splitlines() if not line.startswith("#")]) < 120
    assert "_created" not in text
