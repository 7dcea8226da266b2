"""Metrics of text models: what each pass says of them, and that a pod cannot add labels."""

from dataclasses import replace

from prometheus_client.parser import text_string_to_metric_families

from leadmodel_messages.window import FeatureWindow, TextWindow
from leadmodel_operator.kubernetes.process.model_metrics import ModelMetrics
from leadmodel_operator.planning.plan import plan
from leadmodel_operator.planning.text_drift import KNOWN, read_texts
from leadmodel_operator.reconcile import Key
from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.spec_policies import DriftPolicy
from worlds.names import START, digest
from worlds.situations import serving
from worlds.text_situations import upload_text, with_text
from worlds.texts import TextTruth
from worlds.world import World


def samples_of(world: World) -> dict[str, tuple[dict[str, str], float]]:
    """Read the metrics of a world's text models as Prometheus does: labels besides the LeadModel's, and the value."""
    metrics, seen = ModelMetrics(), world.observed()
    metrics.note(Key("sales", "conversion"), seen, plan(seen).status)
    own = {"namespace", "leadmodel"}
    return {
        sample.name: ({k: v for k, v in sample.labels.items() if k not in own}, sample.value)
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
        if sample.name.startswith("leadmodel_enrichment_")
        or sample.labels.get("condition") == "EnrichmentHealthy"
    }


def test_the_text_model_that_serves_has_its_figures():
    found = samples_of(with_text()[0])
    info = {"digest": short(digest("a")), "previous": ""}
    assert found["leadmodel_enrichment_info"] == (info, 1)
    assert found["leadmodel_enrichment_macro_f1"] == ({}, 0.75)
    assert found["leadmodel_enrichment_replicas_ready"] == ({}, 2)
    assert found["leadmodel_enrichment_drift_psi"][0] == {"feature": "intent"}
    assert not {"leadmodel_enrichment_refused", "leadmodel_status_condition"} & found.keys()


def test_a_refused_one_can_be_alerted_on():
    world, leader = with_text()
    upload_text(world, leader, "b", TextTruth(macro_f1=0.5))
    found = samples_of(world)
    assert found["leadmodel_enrichment_refused"] == ({"reason": "MacroF1BelowMinimum"}, 1)
    unhealthy = {"condition": "EnrichmentHealthy", "status": "false"}
    assert found["leadmodel_status_condition"] == (unhealthy, 1)


def test_without_a_text_model_there_is_no_line():
    assert samples_of(serving()[0]) == {}


def test_what_a_pod_calls_its_features_reaches_no_status():
    """A status holds 64 characters there; a longer name would have every write refused."""
    drifted = FeatureWindow("categorical", 300, 5000, 1e5, (300, 0), (150.0, 150.0))
    long = "x" * 128
    window = TextWindow(digest("a"), None, 300, {long: drifted})
    assert read_texts(None, window, 0.25, DriftPolicy(), START).feature is None
    known = replace(window, features={long: drifted, "intent": drifted})
    assert read_texts(None, known, 0.25, DriftPolicy(), START).feature == "intent"
    assert all(len(name) <= 64 for name in KNOWN)
