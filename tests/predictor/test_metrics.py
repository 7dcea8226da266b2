"""What Prometheus sees is what its own tool accepts, counts what happened and has bounded labels."""

import contextlib
import gzip
import json
import shutil
import subprocess
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families

from leadmodel_artifact.artifact import digest, dump
from leadmodel_predictor.http.errors import Refused
from leadmodel_predictor.http.predict import Predict
from leadmodel_predictor.serving.decode import Reader
from leadmodel_predictor.serving.examined import ExaminedLeads
from leadmodel_predictor.serving.scores import Scores
from support.predictor_thread import model_of, served
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
    assert value("lead_model_score_count", endpoint="predict") == 200
    assert value("lead_model_score_count", endpoint="batch") == 30
    assert 0 < value("lead_model_score_sum", endpoint="batch") < 30
    assert value("lead_model_batch_size_bucket", le="10.0") == 0
    assert value("lead_model_batch_size_bucket", le="100.0") == 1
    assert value("lead_model_batch_size_sum") == 30
    assert value("lead_model_reload_duration_seconds_count", outcome="ok") == 1
    assert value("lead_model_training_rows") == linear().n_train
    assert value("lead_model_open_connections") >= 1
    assert value("lead_model_drift_window_seconds") >= 0


def infos(text):
    families = text_string_to_metric_families(text)
    return [(s.name, s.labels) for f in families for s in f.samples if s.name == "lead_model_info"]


def test_they_are_few(text):
    assert len([line for line in text.splitlines() if not line.startswith("#")]) < 120
    assert "_created" not in text


def scores_of(scores):
    (family,) = scores.collect()
    return family.samples


def test_few_scores_wait_whatever_leads_come():
    """Neither ten thousand good leads nor refused ones between them let the list of waiting scores grow."""
    predict = Predict(model_of(linear()))
    lead = json.dumps(leads(1, seed=1)[0]).encode()
    for number in range(3000):
        with contextlib.suppress(Refused):
            predict.answer(lead if number % 50 == 0 else b"{")
    scores = predict.model.metrics.scores
    assert scores.single.counts[-1] >= 59  # of 60
    scores.fold()
    assert scores.single.counts[-1] == 60


def waiting_after_a_step_back(monkeypatch, *stepping):
    """How many of 5,000 scores wait, at 1,000 leads a second, where some clocks step back by a day after the first 2,000."""
    clocks = {"perf_counter": 50.0, "time": 1_800_000_000.0}
    for name in ("perf_counter", "time"):
        monkeypatch.setattr(f"leadmodel_predictor.http.predict.{name}", lambda name=name: clocks[name])
    predict = Predict(model_of(linear()))
    lead = json.dumps(leads(1, seed=1)[0]).encode()
    for number in range(5000):
        for name in clocks:
            clocks[name] += 0.001 - (86400 if number == 2000 and name in stepping else 0)
        predict.answer(lead)
    return 5000 - predict.model.metrics.scores.single.counts[-1]


def test_few_scores_wait_where_the_clock_of_the_machine_is_set_back(monkeypatch):
    assert waiting_after_a_step_back(monkeypatch, "time") <= 10


def test_control_a_clock_that_steps_back_lets_scores_wait(monkeypatch):
    assert waiting_after_a_step_back(monkeypatch, "perf_counter") >= 3000


@pytest.mark.parametrize(
    ("score", "bucket"), [(0.0, "0.1"), (0.1, "0.1"), (0.1001, "0.2"), (1.0, "1.0"), (1.5, "+Inf")]
)
def test_a_score_on_a_bound_counts_below_it(score, bucket):
    scores = Scores()
    scores.seen(score)
    scores.add_batch([score])
    single, batch = (
        {s.labels["le"]: s.value for s in scores_of(scores) if s.labels["endpoint"] == e and "le" in s.labels}
        for e in ("predict", "batch")
    )
    assert single == batch
    (family,) = scores.collect()
    counts = {
        s.labels["le"]: s.value
        for s in family.samples
        if s.labels["endpoint"] == "batch" and "le" in s.labels
    }
    assert min((le for le, count in counts.items() if count), key=float) == bucket


def test_openmetrics_and_text_say_the_same():
    """Each sample, except what passes meanwhile; the strict parser of OpenMetrics reads all of it."""
    with served(linear(), linear(0.1, name="older")) as server:
        server.ask("POST", "/predict", leads(1, seed=1)[0])
        plain = server.ask("GET", "/metrics")
        strict = server.ask("GET", "/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert plain.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert strict.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert strict.body.endswith(b"# EOF\n")

    def names(families):
        return {(s.name, *sorted(s.labels.items())) for f in families for s in f.samples}

    assert names(openmetrics_families(strict.body.decode())) == names(
        text_string_to_metric_families(plain.body.decode())
    )
    with pytest.raises(ValueError, match="Clashing name"):  # the control: text is no OpenMetrics
        names(openmetrics_families(plain.body.decode()))


@pytest.mark.parametrize(("accepted", "packed"), [("gzip", True), ("deflate, gzip;q=0", False)])
def test_metrics_are_packed_for_whom_accepts_it(accepted, packed):
    with served(linear()) as server:
        answer = server.ask("GET", "/metrics", Accept_Encoding=accepted)
    assert (answer.headers.get("content-encoding") == "gzip") is packed
    text = gzip.decompress(answer.body) if packed else answer.body
    assert b"lead_model_auc 0.75" in text


def test_a_feature_with_quotes_and_line_ends_adds_no_line():
    hostile = 'age"} 1\nlead_model_auc{x="\\'
    renamed = replace(
        linear(), features=(replace(linear().features[0], name=hostile), *linear().features[1:])
    )
    examined = ExaminedLeads()
    registry = CollectorRegistry()
    registry.register(examined)
    examined.look(Reader((renamed, lambda *_: 0.5), None), b"{}", 1.0)
    families = list(text_string_to_metric_families(generate_latest(registry).decode()))
    features = {s.labels["feature"] for f in families for s in f.samples if "feature" in s.labels}
    assert hostile in features
    assert {f.name for f in families} == {
        "lead_model_examined_leads",
        "lead_model_unknown_fields",
        "lead_model_missing_fields",
    }


def test_the_time_of_the_newest_row_is_absent_until_it_is_known():
    model = model_of(replace(linear(), data=replace(linear().data, to=None)))
    model.gauges(model.ring.window(1.0))
    text = generate_latest(model.metrics.registry)
    assert b"\nlead_model_training_data_newest_timestamp_seconds " not in text


def test_the_time_of_the_newest_row_is_shown():
    model = model_of(replace(linear(), data=replace(linear().data, to="2026-01-02T03:04:05Z")))
    model.gauges(model.ring.window(1.0))
    text = generate_latest(model.metrics.registry)
    assert b"\nlead_model_training_data_newest_timestamp_seconds 1.767323045e+09" in text
