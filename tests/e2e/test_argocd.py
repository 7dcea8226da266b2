"""A real Argo CD deploys LeadModels from Git: what it shows is what we say, and it never fights the operator."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster.argocd import NAMESPACE, ArgoCd, Repository, binary, crds, missing, settings, wait_until_up
from cluster.place import run as quietly
from e2e.harness.cluster import PLACE, ROOT, Cluster, wait_for
from e2e.harness.leads import send, some
from e2e.harness.models import Model
from e2e.harness.subject import Subject

pytestmark = [pytest.mark.gitops, pytest.mark.own]
TEMPLATE = (
    "template",
    "leadmodel",
    str(ROOT / "charts" / "leadmodel"),
    "--show-only",
    "templates/argocd-cm.yaml",
)


@pytest.fixture(scope="module")
def customizations(cluster: Cluster) -> str:
    """What docs/argocd.md has people apply."""
    return cluster.helm(*TEMPLATE, "--set=argocd.customizations=true")


@pytest.fixture(scope="module")
def argo(cluster: Cluster, customizations: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArgoCd]:
    """Argo CD, beside the cluster, with our health checks and buttons."""
    if missing():
        quietly("apt-get", "update")
        quietly("apt-get", "install", "-y", "--no-install-recommends", *missing())
    for file in crds():
        cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(file))
    cluster.kubectl("create", "namespace", NAMESPACE, check=False)
    known = ("get", "--raw=/apis/argoproj.io/v1alpha1")
    wait_for("its kinds are served", lambda: "appprojects" in cluster.kubectl(*known, check=False))
    cluster.apply(*settings(PLACE.kubeconfig))
    patch = tmp_path_factory.mktemp("patch") / "argocd-cm.yaml"
    patch.write_text(customizations)
    where = ("configmap", "argocd-cm", "-n", NAMESPACE, "--type=merge")
    cluster.kubectl("patch", *where, f"--patch-file={patch}")
    with ArgoCd(PLACE.kubeconfig, tmp_path_factory.mktemp("argocd")) as found:
        wait_until_up(found)
        yield found
    cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


class Application:
    """One Application that follows a repository."""

    def __init__(self, subject: Subject, folder: Path) -> None:
        self.subject, self.repository = subject, Repository(folder / "repository")
        self.name = subject.namespace
        self.seen: list[str] = []
        self.repository.make()

    def commit(self, message: str, **spec: Any) -> None:
        """The LeadModel as Git has it from now on; Argo CD is told, as a Git server's hook would."""
        self.repository.commit(message, leadmodel=json.dumps(self.subject.body(**spec), indent=1))
        told = ("applications.argoproj.io", self.name, "argocd.argoproj.io/refresh=hard", "--overwrite")
        self.subject.cluster.kubectl("annotate", "-n", NAMESPACE, *told, check=False)

    def create(self) -> None:
        """Automated, pruning, self-healing, server-side apply."""
        server = yaml.safe_load(PLACE.kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
        spec = {
            "project": "default",
            "source": {"repoURL": f"file://{self.repository.folder}", "path": ".", "targetRevision": "main"},
            "destination": {"server": server, "namespace": self.subject.namespace},
            "syncPolicy": {
                "automated": {"prune": True, "selfHeal": True},
                "syncOptions": ["ServerSideApply=true"],
            },
        }
        about = {
            "name": self.name,
            "namespace": NAMESPACE,
            "finalizers": ["resources-finalizer.argocd.argoproj.io"],
        }
        body = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": about, "spec": spec}
        self.subject.cluster.apply(body)

    def status(self) -> dict[str, Any]:
        found = self.subject.cluster.get("applications.argoproj.io", self.name, NAMESPACE)
        return (found or {}).get("status") or {}

    def health(self) -> str:
        found = str(self.status().get("health", {}).get("status", ""))
        if not self.seen or self.seen[-1] != found:
            self.seen.append(found)
        return found

    def said(self) -> str:
        """Our message, as Argo CD shows it at the LeadModel."""
        found = [r for r in self.status().get("resources", []) if r.get("kind") == "LeadModel"]
        return str(found[0].get("health", {}).get("message", "")) if found else ""

    def until(self, health: str, seconds: float = 180) -> None:
        try:
            wait_for(f"Argo CD shows {health}", lambda: self.health() == health and self.synced(), seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.seen}\n{yaml.safe_dump(self.status())[:3000]}") from None

    def synced(self) -> bool:
        return bool(self.status().get("sync", {}).get("status") == "Synced")

    def syncs(self) -> int:
        return len(self.status().get("history", []))


@pytest.fixture
def application(subject: Subject, argo: ArgoCd, tmp_path: Path) -> Iterator[Application]:
    """Removed while Argo CD still runs: nobody else would take its finalizer away."""
    assert not argo.dead()
    found = Application(subject, tmp_path)
    yield found
    where = ("-n", NAMESPACE, "--ignore-not-found", "--timeout=120s")
    subject.cluster.kubectl("delete", "applications.argoproj.io", found.name, *where)


def test_a_commit_with_a_bad_digest_is_degraded_and_the_next_gets_out(application: Application, good: Model):
    application.subject.put(good)
    application.commit(
        "a digest nobody made", artifact={"digest": "sha256:" + "0" * 64}, progressDeadline="30s"
    )
    application.create()
    application.until("Degraded")
    wait_for("what is wrong", lambda: "the source holds" in application.said(), 120)
    assert "000000000000" in application.said()
    application.commit("the digest that was trained", artifact={"digest": good.digest})
    application.until("Healthy")
    assert f"{good.digest[7:19]} serves in every pod" in application.said()


def test_from_commit_to_prune_with_a_rollback_in_between(
    application: Application, good: Model, better: Model, broken: Model
):
    subject = application.subject
    policy = {"rollback": {"maxPreviousPsi": 0.2}, "drift": {"interval": "1s", "sustainedFor": "4s"}}
    subject.put(good)
    application.commit("a lead model", **policy)
    started = time.monotonic()
    application.create()
    application.until("Healthy")
    print(f"\ncommit to Healthy in Argo CD: {time.monotonic() - started:.1f} s; it showed {application.seen}")
    assert "Progressing" in application.seen
    assert "Degraded" not in application.seen

    send(subject, some(good, 400))
    subject.wait("proven", lambda: subject.status()["champion"].get("provenAt"))
    subject.put(broken)
    subject.poll()
    subject.until_champion(broken)
    for number in range(80):
        send(subject, some(good, 100, number))
        if subject.status().get("rollbacks"):
            break
    application.until("Degraded")
    message = f"pods serve {good.digest[7:19]}, {broken.digest[7:19]} is quarantined: DriftSustained"
    wait_for("our message", lambda: message in application.said(), 60)
    before, syncs = subject.object(), application.syncs()
    time.sleep(15)  # three resyncs: self-heal has seen it and left it
    assert application.synced(), "the rollback shows as a difference to Git"
    assert application.syncs() == syncs
    assert subject.object()["metadata"]["generation"] == before["metadata"]["generation"]
    assert subject.champion() == good.digest

    subject.put(better)
    application.commit("the model of the next night, pinned", artifact={"digest": better.digest}, **policy)
    application.until("Healthy")
    assert subject.champion() == better.digest

    where = ("-n", NAMESPACE, "--wait=true", "--timeout=120s")
    subject.cluster.kubectl("delete", "applications.argoproj.io", application.name, *where)
    kinds = "lm,deploy,pods,svc,jobs,cronjobs,pdb,networkpolicies,roles"
    subject.wait_gone(lambda: not subject.cluster.items(kinds, subject.namespace))


# --- Argo CD's own engine ----------------------------------------------------------------------------------------------------


def engine(folder: Path, customizations: str, lead_model: dict[str, Any], *command: str) -> str:
    """`argocd admin settings resource-overrides …`: the scripts as argocd-cm carries them, run by Argo CD."""
    maps, resource = folder / "cm.yaml", folder / "lm.yaml"
    maps.write_text(customizations)
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
def test_health_in_argo_cds_engine(tmp_path: Path, customizations: str, health: str):
    said = engine(tmp_path, customizations, HEALTH[health], "health")
    assert f"STATUS: {health}" in said
    assert "MESSAGE: " in said
    assert "it is" in said


def test_buttons_in_argo_cds_engine(tmp_path: Path, customizations: str):
    offered = engine(tmp_path, customizations, HEALTH["Healthy"], "list-actions")
    verbs = {
        "poll": "customerops.dev/poll",
        "refresh": "customerops.dev/refresh",
        "rollback": "customerops.dev/rollback-to",
        "release": "customerops.dev/release",
        "abort": "customerops.dev/abort",
        "pause": "customerops.dev/paused",
    }
    for action, annotation in verbs.items():
        assert action in offered
        changed = engine(tmp_path, customizations, HEALTH["Healthy"], "run-action", action)
        assert annotation in changed, json.dumps(changed)
