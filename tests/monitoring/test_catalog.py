"""The page of metrics says what the programs really export."""

from collections import Counter
from itertools import chain

import httpx
import pytest
from monitoring.catalog import exported, own
from monitoring.page import PAGE, page
from prometheus_client.parser import text_string_to_metric_families

from leadmodel_artifact.artifact import dump
from leadmodel_artifact.snapshot import digest
from leadmodel_messages import share
from leadmodel_messages.places import SHARE_FILE
from leadmodel_messages.share import Share
from leadmodel_operator.kubernetes.process.model_families import FAMILIES
from support.followup_pod import Pod, clock_time, lead, settings, until
from support.predictor_thread import served
from support.redis_servers import Server
from support.served_texts import Mount, looked, often, referred, text_document
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


def shows(server, pages: dict[str, str], word: str) -> bool:
    """Keep the page of metrics under the word that it is asked for, and tell whether it has the word."""
    pages[word] = server.ask("GET", "/metrics").body.decode()
    return word in pages[word]


def test_samples_of_a_predictor_have_the_labels_of_the_page(tmp_path, monkeypatch):
    often(monkeypatch)
    mount, place = Mount(tmp_path), tmp_path / "challenger.json.gz"
    mount.write(referred(text_document(), intent={"pricing": 0.5, "demo": 0.5}))
    newer = dump(linear(0.2, name="newer"))
    place.write_bytes(newer)
    beside = tmp_path / SHARE_FILE
    beside.write_text(share.dump(Share(digest(newer), 50)))
    models, pages = (linear(), linear(0.1, name="older")), {}
    with served(*models, texts=looked(mount), challengers=place.as_uri()) as server:
        server.ask("POST", "/enrich/batch?live=true", [{"text": text} for text in (SENTENCES[0], "") * 100])
        server.ask("POST", "/enrich", {"text": SENTENCES[0]})
        server.ask("POST", "/predict/batch?live=true", leads(200, seed=1))
        server.ask("POST", "/predict", leads(1, seed=2)[0])
        server.ask("POST", "/predict", b"{")
        until(lambda: shows(server, pages, "lead_model_challenger_answers_total{"))
        beside.write_text("no share")
        until(lambda: shows(server, pages, "lead_model_challenger_share_refused{"))
        place.write_bytes(b"no model")
        until(lambda: shows(server, pages, "lead_model_challenger_refused{"))
    known = {sample: m for m in exported() if m.part == "predictor" for sample in m.samples}
    seen = set()
    for family in chain.from_iterable(map(text_string_to_metric_families, pages.values())):
        for sample in family.samples:
            metric = known[sample.name]
            assert set(sample.labels) - {"le"} == set(metric.labels), sample.name
            seen.add(metric.name)
    ours = {m.name for m in own() if m.part == "predictor"}
    assert ours - seen == {"lead_model_training_data_newest_timestamp_seconds"} - seen


@pytest.mark.slow
def test_samples_of_a_pod_of_follow_ups_have_the_labels_of_the_page(tmp_path):
    """Over Console: a message that leaves, one whose consent goes, a customer, and a forged request to unsubscribe."""
    steps = [
        {"name": name, "after": after, "channel": "sms"} for name, after in (("hello", "0s"), ("again", "4s"))
    ]
    server = Server("valkey", tmp_path, ("--appendonly", "yes")).start()
    pod = Pod(tmp_path / "pod", server.url, settings(bands=[{"name": "all", "minScore": 0, "steps": steps}]))

    def samples():
        families = text_string_to_metric_families(httpx.get(f"{pod.base}/metrics").text)
        return {sample.name: sample for family in families for sample in family.samples}

    try:
        pod.start()
        pod.call("POST", "/followups", lead(1, clock_time()))
        until(lambda: "leadmodel_followup_sent_total" in samples())
        gone = {"person": "person-1", "channel": "sms", "address": None, "at": clock_time(), "source": "call"}
        assert pod.call("POST", "/consents", gone).json() == {"recorded": True}
        until(lambda: "leadmodel_followup_suppressed_total" in samples())
        for _ in range(2):
            pod.call("POST", "/conversions", {"person": "person-1", "at": clock_time()})
        assert httpx.post(f"{pod.base}/u/forged").status_code >= 400
        seen = samples()
    finally:
        pod.stop()
        server.stop()
    known = {name: metric for metric in exported() if metric.part == "followup" for name in metric.samples}
    for name, sample in seen.items():
        assert set(sample.labels) - {"le"} == set(known[name].labels), name
    assert seen["leadmodel_followup_converted_total"].value == 1, "a customer counts once"
    names = {known[name].name.removeprefix("leadmodel_followup_") for name in seen}
    assert names >= {
        "scheduled_total",
        "lateness_seconds",
        "provider_seconds",
        "waiting",
        "oldest_due_seconds",
    }
    print(
        "never seen here:",
        *sorted({metric.name for metric in known.values()} - {known[name].name for name in seen}),
    )


def test_counters_of_lead_models_are_named_so():
    assert {name for name, f in FAMILIES.items() if f.kind == "counter"} == {
        name for name in FAMILIES if name.endswith("_total")
    }
