"""What the tests on a real cluster share: kubectl, helm, waiting, requests under load, one LeadModel in a namespace of its own."""

import fcntl
import json
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import yaml

from cluster.place import this
from cluster.target import target
from e2e.harness.models import Model
from e2e.harness.store import Store

ROOT = Path(__file__).parents[3]

PLACE = this()
TARGET = target(PLACE)
HELM_RELEASE, HELM_NAMESPACE = "leadmodel", "leadmodel-system"
IMAGES = ("operator", "predictor", "training", "privacy")
BASE_IMAGE = "localhost/pause:1"  # in every cluster of ours
SHARED = ROOT / "build" / "e2e"


def run(*command: str, stdin: str | None = None, check: bool = True) -> str:
    """A command, to its end; its output."""
    found = subprocess.run(command, check=False, text=True, capture_output=True, input=stdin, cwd=ROOT)
    if check and found.returncode:
        raise RuntimeError(f"{' '.join(command[:6])} failed: {found.stdout[-500:]}{found.stderr[-1500:]}")
    return found.stdout + ("" if check else found.stderr)


def named(image: str, tag: str) -> str:
    """What an image is called in the cluster."""
    return TARGET.images.format(image=image, tag=tag)


@contextmanager
def locked(name: str) -> Iterator[Path]:
    """One process at a time; a folder that all of them share."""
    SHARED.mkdir(parents=True, exist_ok=True)
    with (SHARED / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield SHARED


def wait_for(what: str, ready: Callable[[], Any], seconds: float = 120, every: float = 0.3) -> Any:
    """Until `ready` answers something true."""
    end = time.monotonic() + seconds
    while True:
        found = ready()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not happen within {seconds:.0f} s")
        time.sleep(every)


# --- cluster -----------------------------------------------------------------------------------------------------------------


@dataclass
class Cluster:
    """kubectl and helm on the cluster of these tests."""

    kubeconfig: str

    def kubectl(self, *arguments: str, stdin: str | None = None, check: bool = True) -> str:
        """kubectl."""
        return run("kubectl", f"--kubeconfig={self.kubeconfig}", *arguments, stdin=stdin, check=check)

    def apply(self, *bodies: dict[str, Any], check: bool = True) -> str:
        """kubectl apply of objects; as JSON, for in YAML `y` is a truth value to some and a text to others."""
        found = {"apiVersion": "v1", "kind": "List", "items": bodies}
        return self.kubectl("apply", "-f", "-", stdin=json.dumps(found), check=check)

    def helm(self, *arguments: str) -> str:
        """helm."""
        return run("helm", f"--kubeconfig={self.kubeconfig}", *arguments)

    def get(self, kind: str, name: str, namespace: str) -> dict[str, Any] | None:
        """An object, None when it is not there."""
        found = self.kubectl("get", kind, name, "-n", namespace, "-o", "json", "--ignore-not-found")
        return json.loads(found) if found.strip() else None

    def items(self, kinds: str, namespace: str, selector: str = "") -> list[dict[str, Any]]:
        """All of some kinds."""
        found = self.kubectl("get", kinds, "-n", namespace, "-l", selector, "-o", "json")
        return list(json.loads(found)["items"])

    def install(self, tag: str, *more: str) -> None:
        """Install or upgrade the operator by its chart, with images of this tag."""
        values = [f"--set=images.{image}={named(image, tag)}" for image in IMAGES]
        chart = str(ROOT / "charts" / "leadmodel")
        where = ("-n", HELM_NAMESPACE, "--create-namespace", "--wait", "--timeout=240s")
        self.helm("upgrade", "--install", HELM_RELEASE, chart, *where, *values, *more)

    def kill_operator(self, grace: int = 0) -> None:
        """Every operator pod at once; without grace it is a SIGKILL."""
        force = ("--force",) if grace == 0 else ()
        where = ("-n", HELM_NAMESPACE, "-l", "app.kubernetes.io/name=leadmodel-operator")
        self.kubectl("delete", "pods", *where, f"--grace-period={grace}", "--wait=false", *force)


# --- requests ----------------------------------------------------------------------------------------------------------------


def post(url: str, body: Any, timeout: float = 5.0) -> Any:
    """POST JSON."""
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return json.loads(answer.read())


def opens(address: str, port: int) -> bool:
    """Whether a new connection opens at once.

    One that was begun before kube-proxy knew the Service never does: the kernel keeps where its first packet went.
    """
    try:
        socket.create_connection((address, port), 1).close()
    except OSError:
        return False
    return True


@dataclass
class Load:
    """Requests without pause, each on a connection of its own; every failure is kept, and who answered when."""

    url: str
    leads: list[dict[str, Any]]  # many and mixed: one lead again and again would be drift
    threads: int = 4
    sent: int = 0
    failures: list[str] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)  # that answered, in order of their first answer
    last: dict[int, float] = field(
        default_factory=dict
    )  # version → when it answered last, by the monotonic clock
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(self.threads)]
        for thread in self._threads:
            thread.start()
        return self

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                version = post(self.url, self.leads[self.sent % len(self.leads)])["version"]
                if version not in self.versions:
                    self.versions.append(version)
                self.last[version] = time.monotonic()
            except OSError as error:
                self.failures.append(repr(error))
            self.sent += 1
            time.sleep(0.01)

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


# --- LeadModels --------------------------------------------------------------------------------------------------------------


@dataclass
class Subject:
    """One LeadModel."""

    cluster: Cluster
    store: Store
    namespace: str
    name: str = "conversion"

    def body(self, **spec: Any) -> dict[str, Any]:
        """The object; `spec` is laid over a quick default."""
        base: dict[str, Any] = {
            "artifact": {"uri": self.store.uri(self.path("model.json")), "pollInterval": "0s"},
            "holdout": {"uri": self.store.uri(self.path("holdout.csv.gz"))},
            "minAuc": 0.6,
            "drift": {"interval": "1s", "sustainedFor": "4s"},
        }
        for key, value in spec.items():
            base[key] = {**base[key], **value} if isinstance(value, dict) and key in base else value
        return {
            "apiVersion": "customerops.dev/v1alpha1",
            "kind": "LeadModel",
            "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": base,
        }

    def apply(self, **spec: Any) -> None:
        """Apply it."""
        self.cluster.apply(self.body(**spec))

    def serve(self, model: Model, seconds: int = 120, **spec: Any) -> float:
        """Apply and wait until this model serves; the seconds it took."""
        self.put(model)
        started = time.monotonic()
        self.apply(**spec)
        wait = ("wait", "--for=condition=Ready", f"lm/{self.name}", "-n", self.namespace)
        try:
            self.cluster.kubectl(*wait, f"--timeout={seconds}s")
        except RuntimeError as error:
            raise AssertionError(f"{error}\n{self.shown()}") from None
        assert self.champion() == model.digest
        return time.monotonic() - started

    # --- store ---

    def path(self, name: str) -> str:
        """Where a file of this LeadModel lies in the store."""
        return f"/{self.namespace}/{self.name}/{name}"

    def put(self, model: Model, *, holdout: bytes | None = None) -> None:
        """Upload a model and its holdout."""
        self.store.files[self.path("holdout.csv.gz")] = holdout or model.holdout
        self.store.files[self.path("model.json")] = model.raw

    def put_raw(self, raw: bytes | None) -> None:
        """Upload whatever bytes as model.json (None: remove it)."""
        if raw is None:
            self.store.files.pop(self.path("model.json"), None)
        else:
            self.store.files[self.path("model.json")] = raw

    # --- what a person does ---

    def annotate(self, verb: str, value: str) -> None:
        """Ask for something once."""
        what = f"customerops.dev/{verb}={value}"
        self.cluster.kubectl("annotate", "lm", self.name, "-n", self.namespace, what, "--overwrite")

    def poll(self) -> None:
        """Have the source asked now."""
        self.annotate("poll", str(time.time_ns()))

    # --- what is seen ---

    def object(self) -> dict[str, Any]:
        """The whole object."""
        found = self.cluster.get("lm", self.name, self.namespace)
        assert found is not None
        return found

    def status(self) -> dict[str, Any]:
        """Its status."""
        return dict(self.object().get("status") or {})

    def shown(self) -> str:
        """Its status for people who look at a failed test."""
        return str(yaml.safe_dump(self.status(), width=200))

    def condition(self, kind: str) -> tuple[str, str]:
        """Status and reason of a condition."""
        for found in self.status().get("conditions") or []:
            if found["type"] == kind:
                return found["status"], found["reason"]
        return "Unknown", ""

    def message(self, kind: str) -> str:
        """The sentence of a condition."""
        return next((c["message"] for c in self.status()["conditions"] if c["type"] == kind), "")

    def champion(self) -> str | None:
        """The digest of the champion."""
        return (self.status().get("champion") or {}).get("digest")

    def until(self, kind: str, status: str, reason: str | None = None, seconds: float = 120) -> None:
        """Until a condition says so."""

        def says() -> bool:
            found = self.condition(kind)
            return found[0] == status and reason in {None, found[1]}

        self.wait(f"{kind}={status}/{reason}", says, seconds)

    def until_champion(self, model: Model, seconds: float = 120) -> None:
        """Until this model is decided to serve."""
        self.wait(f"champion {model.digest[7:19]}", lambda: self.champion() == model.digest, seconds)

    def wait(self, what: str, ready: Callable[[], Any], seconds: float = 120) -> Any:
        """Until it is so; a failure shows the status."""
        try:
            return wait_for(what, ready, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.shown()}") from None

    def wait_gone(self, ready: Callable[[], Any], seconds: float = 120) -> None:
        """Until what was deleted is gone."""
        wait_for("everything is gone", ready, seconds)

    def pods(self, role: str = "predictor") -> list[dict[str, Any]]:
        """Its pods that are not on their way out."""
        selector = f"customerops.dev/leadmodel={self.name},customerops.dev/role={role}"
        found = self.cluster.items("pods", self.namespace, selector)
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def url(self) -> str:
        """POST here, through the Service; only once the node routes to it."""
        service = self.cluster.get("service", self.name, self.namespace)
        assert service is not None
        address = service["spec"]["clusterIP"]
        wait_for(f"the node routes to {address}", lambda: opens(address, 80), 60)
        return f"http://{address}/predict"

    def events(self) -> list[str]:
        """Reasons of its events."""
        found = self.cluster.items("events.events.k8s.io", self.namespace)
        return [event["reason"] for event in found if event.get("regarding", {}).get("name") == self.name]
