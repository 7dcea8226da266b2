"""One Application that follows a folder of a repository."""

import json
from dataclasses import dataclass, field
from typing import Any

import yaml

from cluster.argocd import NAMESPACE, Repository
from e2e.harness.cluster import PLACE, wait_for
from e2e.harness.subject import Subject


def plain() -> dict[str, Any]:
    """An Application of the whole repository: automated, pruning, self-healing, server-side apply."""
    sync = {"automated": {"prune": True, "selfHeal": True}, "syncOptions": ["ServerSideApply=true"]}
    metadata = {"finalizers": ["resources-finalizer.argocd.argoproj.io"]}
    spec = {"project": "default", "source": {"path": "."}, "destination": {}, "syncPolicy": sync}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": metadata, "spec": spec}


@dataclass
class Application:
    """An Application for the namespace of a subject; `body` without its addresses."""

    subject: Subject
    repository: Repository
    body: dict[str, Any] = field(default_factory=plain)
    seen: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Its name: that of the namespace."""
        return self.subject.namespace

    def commit(self, message: str, **spec: Any) -> None:
        """The LeadModel as Git has it from now on; Argo CD is told, as a Git server's hook would."""
        self.repository.commit(message, leadmodel=json.dumps(self.subject.body(**spec), indent=1))
        self.refresh()

    def refresh(self) -> None:
        """Have Argo CD look at Git now."""
        hook = ("applications.argoproj.io", self.name, "argocd.argoproj.io/refresh=hard", "--overwrite")
        self.subject.cluster.kubectl("annotate", "-n", NAMESPACE, *hook, check=False)

    def create(self) -> None:
        """Create it, with the addresses of this cluster and repository."""
        server = yaml.safe_load(PLACE.kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
        spec = dict(self.body["spec"])
        source = {"repoURL": f"file://{self.repository.folder}", "targetRevision": "main"}
        spec["source"] = {**spec["source"], **source}
        spec["destination"] = {"server": server, "namespace": self.subject.namespace}
        metadata = {**self.body["metadata"], "name": self.name, "namespace": NAMESPACE}
        self.subject.cluster.apply({**self.body, "metadata": metadata, "spec": spec})

    def remove(self) -> None:
        """Delete it with what it deployed, while Argo CD still runs: nobody else would take its finalizer away."""
        where = ("-n", NAMESPACE, "--ignore-not-found", "--wait=true", "--timeout=120s")
        self.subject.cluster.kubectl("delete", "applications.argoproj.io", self.name, *where)

    def status(self) -> dict[str, Any]:
        """Its status; empty before it has one."""
        body = self.subject.cluster.get("applications.argoproj.io", self.name, NAMESPACE)
        return (body or {}).get("status") or {}

    def health(self) -> str:
        """Its health, noted where it changed."""
        health = str(self.status().get("health", {}).get("status", ""))
        if not self.seen or self.seen[-1] != health:
            self.seen.append(health)
        return health

    def said(self) -> str:
        """Our message, as Argo CD shows it at the LeadModel."""
        models = [r for r in self.status().get("resources", []) if r.get("kind") == "LeadModel"]
        return str(models[0].get("health", {}).get("message", "")) if models else ""

    def until(self, health: str, seconds: float = 180) -> None:
        """Until it is synced to the newest commit and shows this health."""
        try:
            wait_for(f"Argo CD shows {health}", lambda: self.health() == health and self.synced(), seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.seen}\n{yaml.safe_dump(self.status())[:3000]}") from None

    def synced(self) -> bool:
        """Whether it is synced to the newest commit."""
        sync = self.status().get("sync", {})
        return bool(sync.get("status") == "Synced" and sync.get("revision") == self.repository.head())

    def syncs(self) -> int:
        """How many syncs it made."""
        return len(self.status().get("history", []))
