"""The example of a text model, applied as the page shows it: judged in the cluster, answered by the pods that serve leads, watched."""

import json

import pytest

from e2e.harness.cluster import ROOT, Cluster
from e2e.harness.documented import BUCKET, fill, with_secret
from e2e.harness.load import post
from e2e.harness.models import Model
from e2e.harness.store import Store
from e2e.harness.subject import Subject
from leadmodel_artifact.artifact import digest
from leadmodel_store.store import put
from leadmodel_text.files import load, pack
from scenarios.callers import Callers, enrich_url
from scenarios.text_goods import better_text, held, shifted_text, text_holdout, texts

pytestmark = [pytest.mark.schedules]

EXAMPLE = ROOT / "crds" / "examples" / "enrichment.yaml"
QUESTION = "What does it cost per seat? We need a quote."


@pytest.fixture
def lead_model(
    cluster: Cluster, operator: None, store: Store, s3: dict[str, str], better: Model, namespace: str
):
    """The LeadModel of the example, with everything in the bucket where its manifest looks."""
    fill(cluster, s3, better, namespace)
    put(f"{BUCKET}/text.json.gz", pack(load(better_text())), environ=s3)
    put(f"{BUCKET}/messages.jsonl", text_holdout(), environ=s3)
    cluster.kubectl("apply", "-n", namespace, "-f", "-", stdin=with_secret(EXAMPLE.read_text()))
    return Subject(cluster, store, namespace)


def test_the_example_answers_texts_and_refuses_a_worse_model(lead_model: Subject, s3: dict[str, str]):
    good = digest(better_text())
    lead_model.until("Ready", "True", "Serving", 240)
    lead_model.until("EnrichmentHealthy", "True", "Serving", 240)
    status, pods = lead_model.status(), containers(lead_model)
    assert (status["enrichment"]["digest"], status["enrichment"]["readyPods"]) == (good, 2)

    predict = lead_model.url()
    answer = post(enrich_url(predict), {"text": QUESTION})
    assert answer["intent"]["label"] == "pricing"
    assert answer["language"]["label"] == "en"

    leads, written = [{"age": 40}], [{"text": text} for text in texts(held())]
    with Callers({predict: leads, enrich_url(predict): written}) as callers:
        put(f"{BUCKET}/text.json.gz", pack(load(shifted_text())), environ=s3)
        lead_model.poll()
        lead_model.until("EnrichmentHealthy", "False", "EnrichmentRejected")
    assert callers.failures == []
    assert min(callers.answered.values()) > 100
    assert lead_model.status()["enrichment"]["digest"] == good
    assert post(enrich_url(predict), {"text": QUESTION}) == answer
    assert containers(lead_model) == pods
    assert "EnrichmentRejected" in lead_model.events()
    shown = json.dumps(lead_model.object())
    assert not any(text in shown for text in texts(held()))


def containers(subject: Subject) -> set[str]:
    """The containers that serve: another one for each start and each restart."""
    listed = [c for pod in subject.pods() for c in pod["status"].get("containerStatuses", [])]
    return {c["containerID"] for c in listed if "containerID" in c}
