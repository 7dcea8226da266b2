"""Faults that only a real cluster has: garbage collection, other writers, quotas, evictions, namespaces that go."""

import base64
import gzip
import json
import time
import uuid

import pytest
import yaml

from e2e.harness.cluster import wait_for
from e2e.harness.leads import some
from e2e.harness.load import Load
from e2e.harness.models import Model
from e2e.harness.subject import Subject

pytestmark = pytest.mark.self_healing


def uids(subject: Subject) -> set[str]:
    return {pod["metadata"]["uid"] for pod in subject.pods()}


def test_children_that_people_touch(subject: Subject, good: Model):
    """Deleted and edited children are mended; a restart that somebody asked for is not fought."""
    subject.serve(good)
    k, where = subject.cluster.kubectl, ("-n", subject.namespace)
    k("delete", "service,pdb,networkpolicy", subject.name, *where)
    subject.wait(
        "the Service is back", lambda: subject.cluster.get("service", subject.name, subject.namespace)
    )
    k("scale", "deployment", subject.name, "--replicas=5", *where)
    subject.wait("two replicas again", lambda: deployment(subject)["spec"]["replicas"] == 2)
    k("set", "image", f"deployment/{subject.name}", "predictor=localhost/nothing:1", *where)
    subject.wait("its image again", lambda: "nothing" not in json.dumps(deployment(subject)["spec"]))
    subject.until("Ready", "True", "Serving")
    before = uids(subject)
    k("rollout", "restart", f"deployment/{subject.name}", *where)
    k("rollout", "status", f"deployment/{subject.name}", "--timeout=120s", *where)
    assert "restartedAt" in json.dumps(deployment(subject)["spec"]["template"])
    subject.wait("other pods", lambda: not before & uids(subject) and len(uids(subject)) == 2)
    k("delete", "deployment", subject.name, *where)
    subject.wait("the Deployment is back", lambda: deployment(subject).get("spec"))
    subject.until("Ready", "True", "Serving")
    assert subject.champion() == good.digest
    assert not subject.status().get("quarantine")


def test_children_that_people_label_otherwise(subject: Subject, good: Model):
    """Whatever kind it is, what we rendered comes back; and an autoscaler goes when the spec no longer has one."""
    kinds = ("Service", "PodDisruptionBudget", "NetworkPolicy", "HorizontalPodAutoscaler")
    subject.serve(good, predictor={"autoscaling": {"minReplicas": 2, "maxReplicas": 3}})
    mine, words = f"customerops.dev/leadmodel={subject.name}", ",".join(kinds).lower()

    def managers() -> set[tuple[str, str]]:
        found = subject.cluster.items(words, subject.namespace, mine)
        return {(item["kind"], item["metadata"]["labels"]["app.kubernetes.io/managed-by"]) for item in found}

    before = managers()
    assert {kind for kind, _ in before} == set(kinds)
    subject.cluster.kubectl(
        "label",
        words,
        "-n",
        subject.namespace,
        "-l",
        mine,
        "app.kubernetes.io/managed-by=somebody",
        "--overwrite",
    )
    subject.wait("they are ours again", lambda: managers() == before)
    subject.apply()
    subject.wait("no autoscaler", lambda: "HorizontalPodAutoscaler" not in {kind for kind, _ in managers()})
    subject.until("Ready", "True", "Serving")


def deployment(subject: Subject) -> dict[str, object]:
    return subject.cluster.get("deployment", subject.name, subject.namespace) or {}


def test_a_deleted_snapshot_is_restored_from_a_pod(subject: Subject, good: Model):
    """The store is gone as well: only the pods still have the bytes."""
    subject.serve(good)
    subject.put_raw(None)
    name = f"{subject.name}-rev-{good.digest[7:19]}"
    subject.cluster.kubectl("delete", "configmap", name, "-n", subject.namespace)
    found = subject.wait("restored", lambda: subject.cluster.get("configmap", name, subject.namespace), 60)
    assert gzip.decompress(base64.b64decode(found["binaryData"]["model.json.gz"])) == good.raw
    assert subject.condition("Ready") == ("True", "Serving")


def test_a_lost_status_is_rebuilt_and_no_pod_restarts(subject: Subject, good: Model, better: Model):
    """As after a restore: status wiped through the API, and the ledger decides what serves."""
    subject.serve(good)
    subject.put(better)
    subject.poll()
    subject.until_champion(better)
    subject.until("Ready", "True", "Serving")
    subject.wait("old pods are gone", lambda: len(subject.pods()) == 2)
    before, known = uids(subject), subject.status()
    patch = json.dumps([{"op": "remove", "path": "/status"}])
    where = ("lm", subject.name, "-n", subject.namespace, "--subresource=status", "--type=json")
    subject.cluster.kubectl("patch", *where, f"--patch={patch}")
    subject.until("Ready", "True", "Serving")
    status = subject.status()
    for slot in ("champion", "previous"):
        assert status[slot]["digest"] == known[slot]["digest"]
    assert uids(subject) == before


def test_an_object_of_somebody_else_is_never_touched(subject: Subject, good: Model):
    """Its name is taken: the operator says so, does not adopt it, and goes on once it is gone."""
    subject.put(good)
    theirs = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": subject.name, "namespace": subject.namespace},
        "spec": {"ports": [{"port": 81}], "selector": {"app": "theirs"}},
    }
    subject.cluster.apply(theirs)
    subject.apply()
    subject.until("Stalled", "True", "NameConflict")
    assert f"Service/{subject.name}" in subject.message("Stalled")
    found = subject.cluster.get("service", subject.name, subject.namespace)
    assert found is not None
    assert found["spec"]["selector"] == {"app": "theirs"}
    assert "ownerReferences" not in found["metadata"]
    subject.cluster.kubectl("delete", "service", subject.name, "-n", subject.namespace)
    subject.until("Ready", "True", "Serving")


def test_a_forged_validation_promotes_nothing(subject: Subject, good: Model, worse: Model):
    """A Job with our labels and a perfect report, made by somebody else: it is not ours, so it says nothing."""
    subject.serve(good)
    labels = {
        "customerops.dev/leadmodel": subject.name,
        "customerops.dev/role": "validation",
        "app.kubernetes.io/managed-by": "leadmodel-operator",
    }
    report = {
        "schema": "leadmodel.report/v1",
        "outcome": "Measured",
        "artifact": {"digest": worse.digest},
        "auc": 0.99,
    }
    job = json.loads(
        subject.cluster.kubectl("get", "deployment", subject.name, "-n", subject.namespace, "-o", "json")
    )
    container = job["spec"]["template"]["spec"]["containers"][0]
    program = f"open('/dev/termination-log', 'w').write({json.dumps(json.dumps(report))})"
    pod = {
        "restartPolicy": "Never",
        "securityContext": job["spec"]["template"]["spec"]["securityContext"],
        "containers": [
            {
                "name": "main",
                "image": container["image"],
                "command": ["python3", "-c", program],
                "securityContext": container["securityContext"],
            }
        ],
    }
    about = {"name": f"{subject.name}-val-0123456789", "namespace": subject.namespace, "labels": labels}
    subject.cluster.apply(
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": about,
            "spec": {"backoffLimit": 0, "template": {"metadata": {"labels": labels}, "spec": pod}},
        }
    )
    where = ("-n", subject.namespace, "--timeout=60s")
    subject.cluster.kubectl("wait", "--for=condition=Complete", f"job/{about['name']}", *where)
    subject.put(worse, holdout=good.holdout)
    subject.poll()
    subject.until("Validated", "False", "AucBelowMinimum")
    assert subject.champion() == good.digest
    assert subject.cluster.get("job", str(about["name"]), subject.namespace) is not None


def test_a_bad_image_blames_no_model(subject: Subject, good: Model):
    """The old pods go on answering while the new ones cannot start; the mended spec is taken."""
    subject.serve(good)
    with Load(subject.url(), some(good, 400), threads=2) as load:
        subject.apply(predictor={"image": "localhost/nothing:1"})

        def stuck() -> bool:
            waiting = [
                c["state"].get("waiting", {})
                for p in subject.pods()
                for c in p["status"].get("containerStatuses", [])
            ]
            return any("Image" in w.get("reason", "") for w in waiting)

        subject.wait("a pod that cannot pull", stuck)
        assert subject.condition("Available")[0] == "True"
        assert not subject.status().get("quarantine")
        assert subject.champion() == good.digest
        subject.apply()
        subject.wait("two pods", lambda: len(subject.pods()) == 2 and not stuck())
    subject.until("Ready", "True", "Serving")
    assert not load.failures, load.failures[:3]


def test_a_quota_holds_a_rollout_and_lets_it_go(subject: Subject, good: Model, better: Model):
    """No room for the surge pod: the old model serves on, nobody is blamed; with room it goes by itself."""
    subject.serve(good)
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "few", "namespace": subject.namespace},
        "spec": {"hard": {"count/pods": "3"}},
    }
    subject.put(better)
    subject.poll()
    subject.until_champion(better)
    subject.until("Ready", "True", "Serving")
    subject.wait("old pods are gone", lambda: len(subject.pods()) == 2)
    for job in subject.cluster.items("jobs", subject.namespace):
        subject.cluster.kubectl("delete", "job", job["metadata"]["name"], "-n", subject.namespace)
    quota["spec"]["hard"]["count/pods"] = "2"  # type: ignore[index]  # a plain literal above
    subject.wait("only two pods", lambda: len(subject.cluster.items("pods", subject.namespace)) == 2)
    subject.cluster.apply(quota)
    subject.apply(artifact={"digest": good.digest})  # held and passed: needs no Job
    subject.until_champion(good)
    time.sleep(5)
    assert subject.condition("Ready")[0] == "False"
    assert subject.condition("Available")[0] == "True"
    assert not subject.status().get("quarantine")
    subject.cluster.kubectl("delete", "resourcequota", "few", "-n", subject.namespace)
    subject.until("Ready", "True", "Serving", seconds=180)


def test_evictions_leave_one_pod(subject: Subject, good: Model):
    """As `kubectl drain` asks: the budget lets one go, not both, and no request fails."""
    subject.serve(good)
    with Load(subject.url(), some(good, 400), threads=2) as load:
        answers = [evict(subject, pod["metadata"]["name"]) for pod in subject.pods()]
        assert sum("Cannot evict" in answer for answer in answers) == 1
        subject.wait("two pods again", lambda: ready_pods(subject) == 2)
    assert not load.failures, load.failures[:3]
    assert subject.champion() == good.digest


def evict(subject: Subject, pod: str) -> str:
    body = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": pod, "namespace": subject.namespace},
    }
    path = f"/api/v1/namespaces/{subject.namespace}/pods/{pod}/eviction"
    return subject.cluster.kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(body), check=False)


def ready_pods(subject: Subject) -> int:
    conditions = [c for pod in subject.pods() for c in pod["status"].get("conditions", [])]
    return sum(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def test_an_autoscaler_owns_the_number(subject: Subject, good: Model):
    """The number is handed over, not dropped; what the autoscaler sets is not set back."""
    subject.serve(good)
    scaling = {"minReplicas": 2, "maxReplicas": 4, "targetCPUUtilizationPercentage": 80}
    subject.apply(predictor={"autoscaling": scaling})
    subject.wait("an autoscaler", lambda: subject.cluster.get("hpa", subject.name, subject.namespace))
    subject.cluster.kubectl("scale", "deployment", subject.name, "--replicas=3", "-n", subject.namespace)
    subject.wait("three pods", lambda: ready_pods(subject) == 3)
    time.sleep(6)
    assert deployment(subject)["spec"]["replicas"] == 3  # type: ignore[index]  # JSON
    subject.until("Ready", "True", "Serving")


def test_a_namespace_that_goes_in_the_middle(subject: Subject, good: Model):
    """Deleted while the first validation runs: it goes, and the operator is well."""
    subject.put(good)
    subject.apply()
    subject.wait("a Job", lambda: subject.cluster.items("jobs", subject.namespace))
    subject.cluster.kubectl("delete", "namespace", subject.namespace, "--wait=false")
    wait_for("it is gone", lambda: not subject.cluster.get("namespace", subject.namespace, "default"))
    other = Subject(subject.cluster, subject.store, f"t-{uuid.uuid4().hex[:8]}")
    subject.cluster.kubectl("create", "namespace", other.namespace)
    try:
        other.serve(good, predictor={"replicas": 1})
    finally:
        other.cluster.kubectl("delete", "namespace", other.namespace, "--wait=false")


@pytest.mark.parametrize("value", ["not-a-digest", "sha256:" + "9" * 64])
def test_a_verb_that_makes_no_sense_is_answered(subject: Subject, good: Model, value: str):
    subject.serve(good, predictor={"replicas": 1})
    subject.annotate("rollback-to", value)
    subject.wait("an answer", lambda: "VerbRefused" in subject.events())
    assert subject.champion() == good.digest
    assert subject.condition("Ready") == ("True", "Serving")


def test_what_is_idle_is_not_written(subject: Subject, good: Model):
    """Twenty seconds without leads or artifacts: not one write to the object or its children."""
    subject.serve(good)
    time.sleep(5)

    def versions() -> str:
        found = subject.cluster.items("lm,deploy,svc,configmaps,pdb,roles,rolebindings", subject.namespace)
        return yaml.safe_dump(sorted(item["metadata"]["resourceVersion"] for item in found))

    before = versions()
    time.sleep(20)
    assert versions() == before
