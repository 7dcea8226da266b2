"""Least privilege, proved on the whole run: the API server's audit log against what the chart grants.

Nothing the operator asked for was missing, and nothing it may do was left unused but what a run rarely needs. Runs last, after everything else has used its rights.
"""

import json
import os
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from e2e.harness.cluster import HELM_NAMESPACE, PLACE, Cluster

pytestmark = [pytest.mark.security, pytest.mark.alone, pytest.mark.own]

WHO = f"system:serviceaccount:{HELM_NAMESPACE}:leadmodel"
Right = tuple[str, str, str]  # group, resource[/subresource], verb


RARE: set[Right] = {  # asked for in cases that not every run makes
    # a name of ours turned out to be taken: whose is it?
    ("batch", "jobs", "get"),
    ("batch", "cronjobs", "get"),
    # somebody edited an object of ours, or an upgrade renders it differently
    ("", "serviceaccounts", "patch"),
    ("batch", "jobs", "patch"),
    ("rbac.authorization.k8s.io", "roles", "patch"),
    ("rbac.authorization.k8s.io", "rolebindings", "patch"),
    # a pod that serves neither model is evicted; nothing may serve
    ("", "pods", "delete"),
    ("apps", "deployments", "delete"),
}


def audited(since: str) -> Iterator[dict[str, Any]]:
    """What the API server was asked for since then."""
    for file in sorted((PLACE.folder / "log").glob("audit*.log")):
        for line in file.read_text().splitlines():
            if '"objectRef"' in line and (event := json.loads(line))["requestReceivedTimestamp"] >= since:
                yield event


def asked(since: str) -> Iterator[tuple[Right, dict[str, Any]]]:
    """What the operator asked for; not who asks in its name whether it may."""
    for event in audited(since):
        who = event["user"].get("username")  # none where a token was refused, such as that of a pod that went
        if who == WHO and "impersonatedUser" not in event:
            what = event["objectRef"]
            sub = f"/{what['subresource']}" if what.get("subresource") else ""
            yield (what.get("apiGroup", ""), what["resource"] + sub, event["verb"]), event


def missing(requests: Iterable[tuple[Right, dict[str, Any]]]) -> set[tuple[Right, bool]]:
    """Rights refused for want of them, and whether in one namespace: never once allowed in the whole run.

    Refusals alone do not tell: the chart's roles are uninstalled and installed again, an API server that starts does not know
    them yet, a namespace goes.
    """
    refused, allowed = set(), set()
    for right, event in requests:
        asked_in = (right, bool(event["objectRef"].get("namespace")))
        (refused if event["responseStatus"]["code"] in {401, 403} else allowed).add(asked_in)
    return refused - allowed


def granted(cluster: Cluster) -> set[Right]:
    """What its role and its Lease's role say."""
    found: set[Right] = set()
    for kind, name in (("clusterrole", "leadmodel"), ("role", "leadmodel-lease")):
        role = cluster.get(kind, name, HELM_NAMESPACE)
        assert role is not None
        for rule in role["rules"]:
            assert "*" not in rule["verbs"] + rule["resources"] + rule["apiGroups"]
            found |= {(g, r, v) for g in rule["apiGroups"] for r in rule["resources"] for v in rule["verbs"]}
    return found


@pytest.fixture(scope="module")
def since() -> str:
    """When this run began."""
    found = os.environ.get("LEADMODEL_E2E_SINCE")
    if found is None or not os.environ.get("LEADMODEL_DATA"):
        pytest.skip("only the whole run (`make e2e` with LEADMODEL_DATA) shows which rights are used")
    return found


def test_nothing_is_missing(since: str):
    every = list(asked(since))
    assert missing(every) == set()
    right = every[0][0]  # control: without it, it would be named
    without = [(r, {**e, "responseStatus": {"code": 403}} if r == right else e) for r, e in every]
    assert {found for found, _ in missing(without)} == {right}


def test_nothing_is_unused(cluster: Cluster, since: str):
    used = {right for right, _ in asked(since)}
    print(f"\n{sum(1 for _ in asked(since))} requests of the operator used {len(used)} rights")
    print("not asked for in this run:", sorted(granted(cluster) - used))
    assert granted(cluster) - used <= RARE
    assert used <= granted(cluster)


def test_only_its_own_managers_wrote(since: str):
    """Never a secret, never a node, never an object of the system."""
    touched = {right[1] for right, _ in asked(since)}
    assert not touched & {"secrets", "nodes", "namespaces", "clusterroles", "customresourcedefinitions"}
    spaces = {event["objectRef"].get("namespace") for _, event in asked(since)}
    assert not spaces & {"kube-system", "kube-public"}
