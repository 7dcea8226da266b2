"""A real Argo CD beside a cluster: repo server and application controller as plain processes, syncing from a plain Git folder.

Every role of Argo CD is one binary; its name decides. Its cache is a Redis of its own on a free port.
"""

import json
import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import yaml

from cluster.build import ARGOCD, build
from cluster.place import run

MODULE = "github.com/argoproj/argo-cd/v3"
NAMESPACE = "argocd"
PART = {"app.kubernetes.io/part-of": "argocd"}
CRDS = ("application", "applicationset", "appproject")


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def binary() -> Path:
    """Built once, next to the tools of the cluster."""
    return build(ARGOCD) / "cmd"


def crds() -> list[Path]:
    """As the module ships them."""
    where = Path(__file__).parent / "argocd"
    command = ["go", "mod", "download", "-json", MODULE]
    found = subprocess.run(command, cwd=where, check=True, text=True, capture_output=True)
    folder = Path(json.loads(found.stdout)["Dir"]) / "manifests" / "crds"
    return [folder / f"{name}-crd.yaml" for name in CRDS]


def settings(kubeconfig: Path) -> list[dict[str, Any]]:
    """What Argo CD wants to find in its namespace, and the cluster it may deploy to."""
    config = yaml.safe_load(kubeconfig.read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    tls = {
        "caData": cluster["certificate-authority-data"],
        "certData": user["client-certificate-data"],
        "keyData": user["client-key-data"],
    }
    maps = (
        "argocd-cm",
        "argocd-rbac-cm",
        "argocd-tls-certs-cm",
        "argocd-ssh-known-hosts-cm",
        "argocd-gpg-keys-cm",
    )
    found = [_object("v1", "ConfigMap", name, labels=PART) for name in maps]
    found.append(
        _object("v1", "Secret", "argocd-secret", labels=PART, stringData={"server.secretkey": "of a test"})
    )
    target = {"name": "here", "server": cluster["server"], "config": json.dumps({"tlsClientConfig": tls})}
    label = {"argocd.argoproj.io/secret-type": "cluster"}
    found.append(_object("v1", "Secret", "here", labels=label, stringData=target))
    anything = [{"namespace": "*", "server": "*"}]
    project = {
        "sourceRepos": ["*"],
        "destinations": anything,
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
    }
    found.append(_object("argoproj.io/v1alpha1", "AppProject", "default", spec=project))
    return found


def _object(
    version: str, kind: str, name: str, *, labels: dict[str, str] | None = None, **more: Any
) -> dict[str, Any]:
    about = {"name": name, "namespace": NAMESPACE, "labels": labels or {}}
    return {"apiVersion": version, "kind": kind, "metadata": about, **more}


@dataclass
class ArgoCd:
    """The processes, while they run."""

    kubeconfig: Path
    folder: Path
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __enter__(self) -> Self:
        redis, repo = free_port(), free_port()
        self._start("redis", "redis-server", "--bind", "127.0.0.1", "--port", str(redis), "--save", "")
        cache = ("--redis", f"127.0.0.1:{redis}")
        self._start("argocd-repo-server", *cache, "--address", "127.0.0.1", "--port", str(repo),
                    "--metrics-port", str(free_port()), "--disable-tls")  # fmt: skip
        self._start("argocd-application-controller", *cache, "--kubeconfig", str(self.kubeconfig), "--namespace", NAMESPACE,
                    "--repo-server", f"127.0.0.1:{repo}", "--repo-server-plaintext", "--metrics-port", str(free_port()),
                    "--app-resync", "5")  # fmt: skip
        return self

    def _start(self, name: str, *arguments: str) -> None:
        for part in ("tls", "ssh"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        (self.folder / "ssh" / "ssh_known_hosts").touch()
        env = {
            **os.environ,
            "ARGOCD_BINARY_NAME": name,
            "ARGOCD_GPG_ENABLED": "false",
            "ARGOCD_APPLICATION_CONTROLLER_PERSIST_RESOURCE_HEALTH": "true",  # so that tests read our message
            "ARGOCD_RECONCILIATION_JITTER": "0s",
            "ARGOCD_TLS_DATA_PATH": str(self.folder / "tls"),
            "ARGOCD_SSH_DATA_PATH": str(self.folder / "ssh"),
        }
        command = list(arguments) if name == "redis" else [str(binary()), *arguments]
        with (self.folder / f"{name}.log").open("wb") as log:
            self._running.append(subprocess.Popen(command, env=env, stdout=log, stderr=log, cwd=self.folder))

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._running):
            process.terminate()
        for process in self._running:
            process.wait(20)

    def dead(self) -> list[str]:
        """Which of them ended, with the end of what they said."""
        return [f"{p.args}: {p.returncode}" for p in self._running if p.poll() is not None]


@dataclass(frozen=True)
class Repository:
    """A Git repository in a plain folder."""

    folder: Path

    def make(self) -> None:
        """Empty."""
        self.folder.mkdir(parents=True)
        self._git("init", "--quiet", "--initial-branch=main")

    def commit(self, message: str, **files: str) -> None:
        """Write files (`name` → `name.yaml`) and commit them."""
        for name, text in files.items():
            (self.folder / f"{name}.yaml").write_text(text)
        self._git("add", "--all")
        self._git(
            "-c",
            "user.name=test",
            "-c",
            "user.email=test@localhost",
            "commit",
            "--quiet",
            "--allow-empty",
            "-m",
            message,
        )

    def revert(self) -> None:
        """Take back the newest commit with a commit."""
        self._git("-c", "user.name=test", "-c", "user.email=test@localhost", "revert", "--no-edit", "HEAD")

    def head(self) -> str:
        """The newest commit; empty before the first."""
        return run("git", "-C", str(self.folder), "rev-parse", "HEAD", check=False).stdout.strip()

    def _git(self, *arguments: str) -> None:
        run("git", "-C", str(self.folder), *arguments)


def missing() -> list[str]:
    """Programs that Debian has and this machine lacks."""
    return [tool for tool in ("redis-server", "git") if shutil.which(tool) is None]


def wait_until_up(argo: ArgoCd, seconds: float = 60) -> None:
    """Give it time to fail: a process that ended is no Argo CD."""
    end = time.monotonic() + min(seconds, 3)
    while time.monotonic() < end:
        if dead := argo.dead():
            raise RuntimeError(f"Argo CD did not come up: {dead}")
        time.sleep(0.5)
