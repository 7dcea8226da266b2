"""The page of metrics says what both programs really export."""

from collections import Counter

import pytest
from monitoring.catalog import exported, own
from monitoring.page import PAGE, page
from prometheus_client.parser import text_string_to_metric_families

from leadmodel_operator.kubernetes.process.model_families import FAMILIES
from support.predictor_thread import served
from support.served_texts import Mount, looked, referred, text_document
from support.small_models import leads, linear
from support.text_documents import SENTENCES

SEED = ("lead_model_auc", "lead_model_drift_score", "lead_model_last_reload_ts", "lead_model_version")


def test_the_page_is_not_stale():
    assert PAGE.read_text() == page(), "make monitoring"


def test_there_are_enough_and_each_once():
    names = [metric.name for metric in own()]
    assert len(names) >= 45
    assert max(Counter(names).values()) == 1


@pytest.mark.parametrize("name", SEED)
def test_the_first_names_stay(name):
    (metric,) = [m for m in own() if m.name == name]
    assert (metric.part, metric.kind, metric.labels) == ("predictor", "gauge", ())


def test_every_text_is_a_sentence():
    for metric in own():
        assert metric.text[0].isupper() or metric.text[0].isdigit(), metric.name
        assert metric.text.endswith("."), metric.name


def test_units_stand_in_names():
    """Seconds are seconds; what only rises ends in _total."""
    for metric in own():
        assert (metric.kind == "counter") is metric.name.endswith("_total"), metric.name
        assert metric.name.split("_")[-1] not in {"ms", "hours", "minutes", "percent"}, metric.name


def test_samples_of_a_predictor_have_the_labels_of_the_page(tmp_path):
    mount = Mount(tmp_path)
    mount.write(referred(text_document(), intent={"pricing": 0.5, "demo": 0.5}))
    with served(linear(), linear(0.1, name="older"), texts=looked(mount)) as server:
        server.ask("POST", "/enrich/batch?live=true", [{"text": text} for text in (SENTENCES[0], "") * 100])
        server.ask("POST", "/enrich", {"text": SENTENCES[0]})
        server.ask("POST", "/predict/batch?live=true", leads(200, seed=1))
        server.ask("POST", "/predict", leads(1, seed=2)[0])
        server.ask("POST", "/predict", b"{")
        text = server.ask("GET", "/metrics").body.decode()
    known = {sample: m for m in exported() if m.part == "predictor" for sample in m.samples}
    seen = set()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            metric = known[sample.name]
            assert set(sample.labels) - {"le"} == set(metric.labels), sample.name
            seen.add(metric.name)
    ours = {m.name for m in own() if m.part == "predictor"}
    assert ours - seen == {"lead_model_training_data_newest_timestamp_seconds"} - seen


def test_counters_of_lead_models_are_named_so():
    assert {name for name, f in FAMILIES.items() if f.kind == "counter"} == {
        name for name in FAMILIES if name.endswith("_total")
    }
