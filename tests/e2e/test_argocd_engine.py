"""Our scripts and messages in Argo CD's own engines: `argocd admin settings` and `argocd admin notifications`, on files."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster.argocd import binary
from support.argocd_maps import customizations, notifications

pytestmark = [pytest.mark.gitops, pytest.mark.own]


def engine(folder: Path, lead_model: dict[str, Any], *command: str) -> str:
    """`argocd admin settings resource-overrides …`: the scripts as argocd-cm carries them, run by Argo CD."""
    maps, resource = folder / "cm.yaml", folder / "lm.yaml"
    maps.write_text(customizations())
    resource.write_text(yaml.safe_dump(lead_model))
    where = ("--argocd-cm-path", str(maps))
    given = [
        str(binary()),
        "admin",
        "settings",
        "resource-overrides",
        command[0],
        str(resource),
        *command[1:],
        *where,
    ]
    found = subprocess.run(
        given,
        check=False,
        text=True,
        capture_output=True,
        env={**os.environ, "ARGOCD_BINARY_NAME": "argocd"},
    )
    assert found.returncode == 0, found.stderr
    return found.stdout


def lead_model(phase: str, ready: str, **more: str) -> dict[str, Any]:
    said = {"Ready": ready, **more}
    conditions = [
        {"type": kind, "status": text.split("/")[0], "reason": text.split("/")[1], "message": f"{kind} it is"}
        for kind, text in said.items()
    ]
    digest = "sha256:" + "a" * 64
    return {
        "apiVersion": "customerops.dev/v1alpha1",
        "kind": "LeadModel",
        "metadata": {"name": "conversion", "namespace": "sales", "generation": 1},
        "spec": {},
        "status": {
            "observedGeneration": 1,
            "phase": phase,
            "conditions": conditions,
            "champion": {"digest": digest},
            "previous": {"digest": digest, "servedAt": "2026-01-05T00:00:00Z"},
            "candidate": {"digest": digest},
            "challenger": {"digest": digest, "step": 0},
            "quarantine": [{"digest": digest.replace("a", "b"), "kind": "Drift"}],
        },
    }


HEALTH = {
    "Healthy": lead_model("Serving", "True/Serving", Stalled="False/Settled"),
    "Progressing": lead_model("Fetching", "False/Fetching", Reconciling="True/Fetching"),
    "Degraded": lead_model("RolledBack", "False/RolledBack", Stalled="True/RolledBack"),
    "Suspended": lead_model("Paused", "True/Serving"),
}


@pytest.mark.parametrize("health", HEALTH)
def test_health_in_argo_cds_engine(tmp_path: Path, health: str):
    said = engine(tmp_path, HEALTH[health], "health")
    assert f"STATUS: {health}" in said
    assert "MESSAGE: " in said
    assert "it is" in said


def test_buttons_in_argo_cds_engine(tmp_path: Path):
    offered = engine(tmp_path, HEALTH["Healthy"], "list-actions")
    verbs = {
        "poll": "customerops.dev/poll",
        "refresh": "customerops.dev/refresh",
        "rollback": "customerops.dev/rollback-to",
        "release": "customerops.dev/release",
        "abort": "customerops.dev/abort",
        "promote": "customerops.dev/promote",
        "pause": "customerops.dev/paused",
    }
    for action, annotation in verbs.items():
        assert action in offered
        changed = engine(tmp_path, HEALTH["Healthy"], "run-action", action)
        assert annotation in changed, json.dumps(changed)


# --- notifications -----------------------------------------------------------------------------------------------------------

NOWHERE = """\
apiVersion: v1
kind: Config
current-context: nowhere
contexts: [{name: nowhere, context: {cluster: nowhere, user: nobody, namespace: argocd}}]
clusters: [{name: nowhere, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: nobody, user: {}}]
"""  # the command wants one, and asks no cluster


def notified(folder: Path, app: dict[str, Any], *command: str) -> str:
    """`argocd admin notifications …` on an Application in a file; its output."""
    maps, resource, nowhere = folder / "notifications.yaml", folder / "app.yaml", folder / "kubeconfig"
    maps.write_text(notifications())
    nowhere.write_text(NOWHERE)
    resource.write_text(yaml.safe_dump(app))
    given = [str(binary()), "admin", "notifications", *command, str(resource)]
    where = ("--config-map", str(maps), "--secret", ":empty")
    result = subprocess.run(
        [*given, *where],
        check=False,
        text=True,
        capture_output=True,
        env={**os.environ, "ARGOCD_BINARY_NAME": "argocd", "KUBECONFIG": str(nowhere)},
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def application(health: str, message: str = "", sync: str = "Synced") -> dict[str, Any]:
    resource = {
        "group": "customerops.dev",
        "kind": "LeadModel",
        "namespace": "leads-prod",
        "name": "conversion",
        "health": {"status": health, **({"message": message} if message else {})},
    }
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "leads-prod", "namespace": "argocd"},
        "spec": {"project": "default"},
        "status": {
            "health": {"status": health, "lastTransitionTime": "2026-11-30T00:00:00Z"},
            "sync": {"status": sync, "revision": "0123abc"},
            "operationState": {"syncResult": {"revision": "0123abc"}},
            "resources": [{"kind": "ConfigMap", "name": "other", "namespace": "leads-prod"}, resource],
        },
    }


def unkept(app: dict[str, Any]) -> dict[str, Any]:
    """An Application whose resources show no health: so Argo CD 3 keeps it, unless a setting says otherwise."""
    for resource in app["status"]["resources"]:
        resource.pop("health", None)
    return app


def test_the_message_of_a_degraded_model_says_why(tmp_path: Path):
    app = application("Degraded", "RolledBack: pods serve 22f8bd1b7789")
    text = notified(tmp_path, app, "template", "notify", "leadmodel-degraded")
    assert "leads-prod: a LeadModel needs a person" in text
    assert "- leads-prod/conversion is Degraded: RolledBack: pods serve 22f8bd1b7789" in text
    assert "other" not in text


def test_the_message_of_a_healthy_application_names_the_revision(tmp_path: Path):
    text = notified(tmp_path, application("Healthy"), "template", "notify", "leadmodel-healthy")
    assert "serves what Git asks for, revision 0123abc" in text


@pytest.mark.parametrize(
    ("trigger", "app", "fires"),
    [
        ("on-leadmodel-degraded", application("Degraded"), True),
        ("on-leadmodel-degraded", unkept(application("Degraded")), True),
        ("on-leadmodel-degraded", application("Healthy"), False),
        ("on-leadmodel-degraded", unkept(application("Healthy")), False),
        ("on-leadmodel-degraded", application("Progressing"), False),
        ("on-leadmodel-healthy", application("Healthy"), True),
        ("on-leadmodel-healthy", application("Healthy", sync="OutOfSync"), False),
        ("on-leadmodel-healthy", application("Degraded"), False),
    ],
)
def test_a_trigger_fires_when_it_should(tmp_path: Path, trigger: str, app: dict[str, Any], *, fires: bool):
    (line,) = [
        line
        for line in notified(tmp_path, app, "trigger", "run", trigger).splitlines()
        if line.startswith("app.status")
    ]
    assert ("true" in line.split()) is fires, line
