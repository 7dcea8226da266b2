"""What the real API server refuses: named within seconds by condition, event and metric, and status says what pods serve meanwhile."""

import asyncio
import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from e2e.harness.cluster import HELM_NAMESPACE, Cluster, wait_for
from e2e.harness.leads import only, proven, replace
from e2e.harness.models import Model
from e2e.harness.subject import Subject
from e2e.test_drift import decided_back
from leadmodel_operator.__main__ import now
from leadmodel_operator.kubernetes.apiserver import kubeconfig
from leadmodel_operator.kubernetes.apiserver.client import NO_FIELD, ApiError, Client
from leadmodel_operator.kubernetes.refused_status import accepted_part

pytestmark = pytest.mark.self_healing

GOAL_S = 5
SPREAD = {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}
TWICE = {"topologySpreadConstraints": [SPREAD, SPREAD]}  # the definition takes it, the API server does not
FIELD = "spec.template.spec.topologySpreadConstraints"
TEAM = "every Deployment needs the label team"
ROLLBACK = {"maxPreviousPsi": 0.2}


@contextmanager
def without_team(subject: Subject) -> Iterator[None]:
    """A policy of the namespace that denies every Deployment we render, as long as the block lasts."""
    group, name = "admissionregistration.k8s.io/v1", subject.namespace
    rule = {
        "apiGroups": ["apps"],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["deployments"],
    }
    policy = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [rule]},
        "validations": [{"expression": "'team' in object.metadata.?labels.orValue({})", "message": TEAM}],
    }
    here = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}
    binding = {"policyName": name, "validationActions": ["Deny"], "matchResources": here}
    kinds = {"ValidatingAdmissionPolicy": policy, "ValidatingAdmissionPolicyBinding": binding}
    subject.cluster.apply(
        *({"apiVersion": group, "kind": k, "metadata": {"name": name}, "spec": s} for k, s in kinds.items())
    )
    probe = ("create", "deployment", "probe", "--image=x", "--dry-run=server", "-n", name)
    try:
        wait_for("the policy holds", lambda: TEAM in subject.cluster.kubectl(*probe, check=False))
        yield
    finally:
        for kind in kinds:
            subject.cluster.kubectl("delete", kind.lower(), name)
        wait_for("the policy is gone", lambda: TEAM not in subject.cluster.kubectl(*probe, check=False))


def refused_within(subject: Subject, reason: str, *words: str) -> float:
    """Wait until Stalled names the object with these words; the seconds it took."""
    started = time.monotonic()

    def is_named() -> bool:
        said = subject.message("Stalled")
        return subject.condition("Stalled") == ("True", reason) and all(word in said for word in words)

    subject.wait(f"Stalled/{reason}", is_named, 60)
    took = time.monotonic() - started
    print(f"\n{reason} in the condition after {took:.1f} s (goal {GOAL_S} s): {subject.message('Stalled')}")
    return took


def notes(subject: Subject, reason: str) -> list[str]:
    """The sentences of its events of this reason."""
    events = subject.cluster.items("events.events.k8s.io", subject.namespace)
    mine = [event for event in events if event.get("regarding", {}).get("name") == subject.name]
    return [event["note"] for event in mine if event["reason"] == reason]


def is_counted(subject: Subject, metric: str, label: str) -> bool:
    """Whether some operator's /metrics has a line of this LeadModel with this label."""
    lines = []
    for pod in subject.cluster.items("pods", HELM_NAMESPACE, "app.kubernetes.io/name=leadmodel-operator"):
        url = f"http://{pod['status']['podIP']}:8080/metrics"
        with urllib.request.urlopen(url, timeout=10) as answer:
            lines += answer.read().decode().splitlines()
    mine = [line for line in lines if line.startswith(metric + "{") and f'"{subject.namespace}"' in line]
    return any(label in line for line in mine)


def told_everywhere(subject: Subject, reason: str, kind: str, words: str) -> None:
    """One event and the metrics, beside the condition."""
    subject.wait("the event", lambda: any(words in note for note in notes(subject, reason)), 30)
    assert len(notes(subject, reason)) == 1
    subject.wait("the metric", lambda: is_counted(subject, "leadmodel_stalled", f'reason="{reason}"'), 30)
    assert is_counted(subject, "leadmodel_refused_objects", f'kind="{kind}"')


def uids(subject: Subject) -> set[str]:
    return {pod["metadata"]["uid"] for pod in subject.pods()}


def still_serves(subject: Subject, model: Model, pods: set[str]) -> None:
    """Pods are as they were, and Ready says what they serve and why that is not what was asked for."""
    assert subject.condition("Ready") == ("False", "Refused")
    assert f"pods serve {model.digest[7:19]}" in subject.message("Ready")
    assert subject.condition("Available")[0] == "True"
    assert uids(subject) == pods


def test_a_field_that_the_api_server_refuses(subject: Subject, good: Model):
    subject.serve(good)
    before = uids(subject)
    subject.apply(predictor=TWICE)
    refused_within(subject, "Refused", f"Deployment/{subject.name}", FIELD, "duplicate entries")
    told_everywhere(subject, "Refused", "Content", FIELD)
    still_serves(subject, good, before)
    subject.apply()
    subject.until("Ready", "True", "Serving")
    assert subject.condition("Stalled") == ("False", "Settled")


def test_an_admission_policy(subject: Subject, good: Model):
    subject.serve(good)
    before = uids(subject)
    with without_team(subject):
        subject.apply(predictor={"podAnnotations": {"example.com/asked": "for"}})
        refused_within(subject, "Refused", f"Deployment/{subject.name}", TEAM)
        told_everywhere(subject, "Refused", "Content", TEAM)
        still_serves(subject, good, before)
    subject.until("Ready", "True", "Serving")
    subject.wait("other pods", lambda: not before & uids(subject))


def test_a_quota_on_deployments(subject: Subject, good: Model):
    """The Deployment is gone and may not be made again."""
    subject.serve(good, predictor={"replicas": 1})
    metadata = {"name": "none", "namespace": subject.namespace}
    hard = {"count/deployments.apps": "0"}
    subject.cluster.apply(
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": hard}}
    )
    subject.wait("the quota counts", lambda: quota_of(subject).get("used"))
    subject.cluster.kubectl("delete", "deployment", subject.name, "-n", subject.namespace)
    refused_within(
        subject, "QuotaExceeded", f"Deployment/{subject.name}", "exceeded quota: none", "raise the quota"
    )
    told_everywhere(subject, "QuotaExceeded", "Quota", "exceeded quota: none")
    assert subject.condition("Ready") == ("False", "QuotaExceeded")
    subject.cluster.kubectl("delete", "resourcequota", "none", "-n", subject.namespace)
    subject.until("Ready", "True", "Serving")


def quota_of(subject: Subject) -> dict[str, Any]:
    found = subject.cluster.get("resourcequota", "none", subject.namespace)
    return dict((found or {}).get("status") or {})


def test_a_rollback_that_is_refused_is_not_claimed(subject: Subject, good: Model, broken: Model):
    """Decided and not carried out: the bad model serves, and every sentence says so, until the policy lets the Deployment be."""
    proven(subject, good, rollback=ROLLBACK)
    replace(subject, broken)
    with without_team(subject):
        decided_back(subject, good)
        refused_within(subject, "Refused", f"Deployment/{subject.name}", TEAM)
        assert subject.champion() == good.digest
        assert only(subject, broken.digest)
        assert "decided: " in subject.message("RolledBack")
        assert subject.condition("Ready") == ("False", "Refused")
        assert f"pods serve {broken.digest[7:19]}" in subject.message("Ready")
        assert not [note for note in notes(subject, "RolledBack") if "serves instead" in note]
    subject.wait("in every pod", lambda: only(subject, good.digest))
    subject.wait("it is claimed", lambda: "serves instead" in subject.message("RolledBack"))
    subject.until("Stalled", "True", "RolledBack")


def test_refused_settings_hold_up_no_rollback(subject: Subject, good: Model, broken: Model):
    """A person has just written a setting that the API server refuses; the good model serves with the settings of before."""
    asked = {"podAnnotations": {"example.com/team": "sales"}}
    proven(subject, good, rollback=ROLLBACK, predictor=asked)
    replace(subject, broken)
    subject.apply(rollback=ROLLBACK, predictor={**asked, **TWICE})
    refused_within(subject, "Refused", FIELD)
    assert only(subject, broken.digest)
    decided_back(subject, good)
    subject.wait("in every pod", lambda: only(subject, good.digest))
    assert {pod["metadata"]["annotations"]["example.com/team"] for pod in subject.pods()} == {"sales"}
    subject.wait("it is claimed", lambda: "serves instead" in subject.message("RolledBack"))
    assert subject.condition("Stalled") == ("True", "Refused")
    assert f"pods serve {good.digest[7:19]}" in subject.message("Ready")
    subject.apply(rollback=ROLLBACK, predictor=asked)
    subject.until("Stalled", "True", "RolledBack")
    assert only(subject, good.digest)


# --- the status itself ---------------------------------------------------------------------------------------------------------


def test_a_status_that_is_refused_in_part(cluster: Cluster, operator: None, namespace: str):
    """Beside the fields that it refuses, the real server names `<nil>` for the rules it left unchecked; that is no field."""
    name, url = "conversion", f"/apis/customerops.dev/v1alpha1/namespaces/{namespace}/leadmodels/conversion"
    uri = "http://nobody.invalid"
    spec = {
        "artifact": {"uri": f"{uri}/model.json"},
        "holdout": {"uri": f"{uri}/holdout.csv"},
        "paused": True,
    }
    metadata = {"name": name, "namespace": namespace}
    cluster.apply(
        {"apiVersion": "customerops.dev/v1alpha1", "kind": "LeadModel", "metadata": metadata, "spec": spec}
    )
    wait_for(
        "the pause",
        lambda: (cluster.get("lm", name, namespace) or {}).get("status", {}).get("phase") == "Paused",
    )
    wrong = {"phase": "Nonsense", "poll": {"etag": "x" * 1000}}

    def refusal() -> str | None:
        body = cluster.get("lm", name, namespace)
        assert body is not None
        words = cluster.kubectl(
            "replace", "--raw", f"{url}/status", "-f", "-",
            stdin=json.dumps({**body, "status": {**body["status"], **wrong}}), check=False,
        )  # fmt: skip
        return None if "Conflict" in words else words  # the operator wrote in between

    words = wait_for("an answer to the status", refusal)
    assert NO_FIELD in words, "else the real server no longer says it, and the rule for it can go"

    async def ask() -> tuple[ApiError, dict[str, Any]]:
        client = Client(kubeconfig.load(cluster.kubeconfig, now))
        try:
            stored = await client.get(url)
            assert stored is not None
            status = {**stored["status"], **wrong}
            with pytest.raises(ApiError) as refused:
                await client.replace(f"{url}/status", {**stored, "status": status})
            rest = accepted_part(status, stored["status"], refused.value.fields)
            assert rest is not None
            return refused.value, await client.replace(f"{url}/status", {**stored, "status": rest})
        finally:
            await client.close()

    error, written = asyncio.run(ask())
    assert error.status == 422
    assert set(error.fields) == {"status.phase", "status.poll.etag"}
    assert written["status"]["phase"] == "Pending", "the default of the definition"
    assert "etag" not in (written["status"].get("poll") or {})
