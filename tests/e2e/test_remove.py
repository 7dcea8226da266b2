"""What is deleted goes, with everything it made, and nothing waits for the operator."""

import pytest

from e2e.harness.models import Model
from e2e.harness.subject import Subject

pytestmark = pytest.mark.lifecycle

KINDS = "deploy,rs,pods,svc,jobs,cronjobs,configmaps,pdb,hpa,networkpolicies,roles,rolebindings,serviceaccounts,endpointslices"
KUBERNETES_OWN = {"ConfigMap/kube-root-ca.crt", "ServiceAccount/default"}


def left(subject: Subject) -> set[str]:
    found = subject.cluster.items(KINDS, subject.namespace)
    return {f"{item['kind']}/{item['metadata']['name']}" for item in found} - KUBERNETES_OWN


def test_deleting_removes_everything(subject: Subject, good: Model, better: Model):
    """With every kind of child there is: schedules, budget, autoscaler, policy, accounts, snapshots, ledger."""
    retraining = {"leads": {"uri": subject.store.uri("/leads.csv.gz")}, "label": "y", "suspend": True}
    scaling = {"minReplicas": 2, "maxReplicas": 3, "targetCPUUtilizationPercentage": 80}
    spec = {
        "artifact": {"pollInterval": "1h"},
        "retraining": retraining,
        "predictor": {"autoscaling": scaling},
    }
    subject.serve(good, **spec)
    subject.put(better)
    subject.poll()
    subject.until_champion(better)
    subject.until("Ready", "True")
    kinds = {name.partition("/")[0] for name in left(subject)}
    assert {"Deployment", "Pod", "Service", "CronJob", "ConfigMap", "PodDisruptionBudget"} <= kinds
    assert {"HorizontalPodAutoscaler", "NetworkPolicy", "Role", "RoleBinding", "ServiceAccount"} <= kinds
    subject.cluster.kubectl("delete", "lm", subject.name, "-n", subject.namespace)
    subject.wait_gone(lambda: not left(subject))


def test_recreated_at_once_it_starts_anew(subject: Subject, good: Model):
    """Delete and create again within a second: nothing of the old one is taken for the new one's."""
    subject.serve(good)
    old = subject.object()["metadata"]["uid"]
    subject.cluster.kubectl("delete", "lm", subject.name, "-n", subject.namespace, "--wait=true")
    subject.apply()
    subject.until("Ready", "True", "Serving")
    uid = subject.object()["metadata"]["uid"]
    assert uid != old

    def ours() -> bool:
        found = subject.cluster.items("deploy,svc,configmaps,pdb", subject.namespace)
        owned = [item for item in found if item["metadata"].get("ownerReferences")]
        return {item["metadata"]["ownerReferences"][0]["uid"] for item in owned} == {uid}

    subject.wait("only children of the new one", ours)
