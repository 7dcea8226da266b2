"""The cluster is lost, manifests and bucket are left: what docs/operations.md promises under "Disaster recovery", on a real cluster.

Losing etcd is played by deleting the whole namespace: LeadModel, ledger, snapshots, Deployment, Service, Jobs and pods are gone.
"""

import json
from typing import Any

import pytest

from e2e.harness.models import Model
from e2e.harness.subject import Subject

pytestmark = pytest.mark.lifecycle
LOST = ("ownerReferences", "uid", "resourceVersion", "creationTimestamp", "managedFields")


def backup(subject: Subject) -> list[dict[str, Any]]:
    """Ledger and snapshots as the page backs them up: without owners and identity."""
    kept = subject.cluster.items("configmaps", subject.namespace, "customerops.dev/leadmodel")
    kept = [item for item in kept if not item["metadata"]["name"].endswith("-mailbox")]
    for item in kept:
        for name in LOST:
            item["metadata"].pop(name, None)
    return kept


def lose_everything(subject: Subject) -> None:
    """Delete the namespace with all that is in it, and make an empty one of the same name."""
    cluster, namespace = subject.cluster, subject.namespace
    cluster.kubectl("delete", "namespace", namespace, "--timeout=180s")
    cluster.kubectl("create", "namespace", namespace)
    cluster.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")


def rolled_back(subject: Subject, good: Model, broken: Model, seconds: int = 120, **spec: Any) -> None:
    """Good serves again after a rollback by hand; the bucket still holds the other model, which passes its gate."""
    subject.serve(good, seconds, **spec)
    subject.put(broken)
    subject.poll()
    subject.until_champion(broken)
    subject.until("Ready", "True", "Serving")
    subject.annotate("rollback-to", good.digest)
    subject.until("Ready", "False", "RolledBack")
    subject.wait("pods of the good model", lambda: len(subject.pods()) == 2)


def promotions(subject: Subject) -> list[str]:
    """Digests in the order of their promotion, newest first."""
    return [entry["digest"] for entry in subject.status()["history"] if entry["reason"] == "Promoted"]


def test_the_same_champion_serves_again_and_is_promoted_once(subject: Subject, good: Model, better: Model):
    subject.serve(good)
    subject.put(better)
    subject.poll()
    subject.until_champion(better)
    subject.until("Ready", "True", "Serving")
    before = subject.object()["metadata"]["uid"]
    lose_everything(subject)
    seconds = subject.serve(better)
    assert subject.object()["metadata"]["uid"] != before
    assert promotions(subject) == [better.digest]
    assert subject.status()["decision"] == 1
    print(f"\nthe same champion serves {seconds:.1f} s after `kubectl apply` in an empty namespace")


def test_without_its_ledger_a_rolled_back_model_serves_again(subject: Subject, good: Model, broken: Model):
    """The control of the next test."""
    rolled_back(subject, good, broken)
    lose_everything(subject)
    subject.apply()
    subject.until_champion(broken)


def test_with_its_ledger_the_rolled_back_model_stays_out(subject: Subject, good: Model, broken: Model):
    rolled_back(subject, good, broken)
    kept, before = backup(subject), subject.status()
    lose_everything(subject)
    listing = json.dumps({"apiVersion": "v1", "kind": "List", "items": kept})
    subject.cluster.kubectl("create", "-n", subject.namespace, "-f", "-", stdin=listing)
    body = subject.body()
    body["metadata"]["annotations"] = {"customerops.dev/adopt": "true"}
    subject.cluster.apply(body)
    subject.until_champion(good)
    subject.wait("pods of the good model", lambda: len(subject.pods()) == 2)
    subject.poll()
    subject.until("SourceReachable", "True", "Polled")
    status = subject.status()
    kinds = [(entry["digest"], entry["kind"]) for entry in status["quarantine"]]
    assert kinds == [(entry["digest"], entry["kind"]) for entry in before["quarantine"]]
    assert (broken.digest, "Manual") in kinds
    assert status["champion"]["digest"] == good.digest
    assert promotions(subject) == []
