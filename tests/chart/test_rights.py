"""What the chart lets the operator do, and whom its network policies let through; the templates are read without Helm."""

from typing import Any

import pytest
import yaml

from leadmodel_operator.kubernetes.render import job_access
from leadmodel_operator.kubernetes.render.names import ROLE
from leadmodel_operator.planning.observed import JobKind
from worlds.names import spec
from worlds.rights import TEMPLATES, rules, without_actions

LEAD_MODEL = {"metadata": {"name": "conversion", "namespace": "sales", "uid": "0"}}
GIVES_AWAY = {"escalate", "bind", "impersonate", "*", "approve", "sign"}  # verbs by which rights beget rights


def values() -> dict[str, Any]:
    """The chart's default values."""
    return dict(yaml.safe_load((TEMPLATES.parent / "values.yaml").read_text()))


def risky(given: list[dict[str, Any]]) -> list[str]:
    """Rights by which a stolen token gets more rights, or reads what it must not."""
    held = [
        (g, r, v)
        for rule in given
        for g in rule["apiGroups"]
        for r in rule["resources"]
        for v in rule["verbs"]
    ]
    bad = [f"{verb} {resource}" for _, resource, verb in held if verb in GIVES_AWAY or "*" in resource]
    bad += [
        f"{verb} {r}"
        for _, r, verb in held
        if r in {"secrets", "nodes", "serviceaccounts/token", "pods/exec"}
    ]
    bad += [
        f"{verb} {r}"
        for group, r, verb in held
        if group == "rbac.authorization.k8s.io" and (r.startswith("cluster") or verb in {"delete", "update"})
    ]
    return bad


def test_the_operators_rights_beget_no_rights():
    assert len(rules()) > 10
    assert risky(rules()) == []


@pytest.mark.parametrize(
    ("group", "resource", "verb"),
    [
        ("rbac.authorization.k8s.io", "roles", "escalate"),
        ("rbac.authorization.k8s.io", "rolebindings", "bind"),
        ("rbac.authorization.k8s.io", "clusterroles", "create"),
        ("", "secrets", "get"),
        ("", "pods/exec", "create"),
        ("", "*", "get"),
    ],
)
def test_control_a_right_that_is_too_much_is_seen(group, resource, verb):
    seeded = [*rules(), {"apiGroups": [group], "resources": [resource], "verbs": [verb]}]
    assert risky(seeded) == [f"{verb} {resource}"]


def role_of_jobs() -> list[dict[str, Any]]:
    return list(
        next(body for body in job_access.access(LEAD_MODEL, spec()) if body["kind"] == "Role")["rules"]
    )


def test_the_role_of_jobs_is_one_mailbox():
    mailbox = {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["conversion-mailbox"]}
    assert role_of_jobs() == [{**mailbox, "verbs": ["get", "patch"]}]


def test_the_operator_has_every_right_that_it_gives():
    """Without `escalate` and `bind` the API server refuses a Role that gives more than its maker has."""
    held = {
        (g, r, v)
        for rule in rules()
        for g in rule["apiGroups"]
        for r in rule["resources"]
        for v in rule["verbs"]
    }
    given = {
        (g, r, v)
        for rule in role_of_jobs()
        for g in rule["apiGroups"]
        for r in rule["resources"]
        for v in rule["verbs"]
    }
    assert given <= held
    assert ("", "configmaps", "deletecollection") not in held


def test_the_operator_opens_connections_to_the_api_server_names_and_pods_of_ours_alone():
    policy = values()["networkPolicy"]
    assert policy["ingress"] == [{"ports": [{"port": 8080, "protocol": "TCP"}]}]
    anywhere = [rule for rule in policy["egress"] if "to" not in rule]
    assert [[port["port"] for port in rule["ports"]] for rule in anywhere] == [[443, 6443, 53, 53]]
    (predictors,) = [rule for rule in policy["egress"] if "to" in rule]
    assert predictors["ports"] == [{"port": 8080, "protocol": "TCP"}]
    assert [to["podSelector"]["matchLabels"] for to in predictors["to"]] == [
        {ROLE: "predictor"},
        {ROLE: "followups"},
    ]
    text = (TEMPLATES / "network-policy.yaml").read_text()
    assert "policyTypes: [Ingress, Egress]" in text
    assert "{{- toYaml .Values.networkPolicy.egress | nindent 4 }}" in text


def test_jobs_take_no_connection():
    text = (TEMPLATES / "network-policy-jobs.yaml").read_text()
    policy = yaml.safe_load(without_actions(text[text.index("spec:") :]))["spec"]
    assert policy["policyTypes"] == ["Ingress"]
    assert "ingress" not in policy
    (chosen,) = policy["podSelector"]["matchExpressions"]
    assert (chosen["key"], chosen["operator"]) == (ROLE, "In")
    assert sorted(chosen["values"]) == sorted(JobKind)
