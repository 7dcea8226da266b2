"""The cluster of the tests: kubectl, helm, images, locks between test processes, and waiting."""

import fcntl
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cluster.place import Place, this
from cluster.target import target
from e2e.harness.reading import read, while_waiting

ROOT = Path(__file__).parents[3]

PLACE = this()
TARGET = target(PLACE)
HELM_RELEASE, HELM_NAMESPACE = "leadmodel", "leadmodel-system"
IMAGES = ("operator", "predictor", "training", "privacy", "followup")
BASE_IMAGE = "localhost/pause:1"  # in every cluster of ours
SHARED = ROOT / "build" / "e2e"
FULL = pytest.mark.skipif(os.environ.get("LEADMODEL_FULL") != "1", reason="LEADMODEL_FULL=1: minutes")


def run(*command: str, stdin: str | None = None, check: bool = True) -> str:
    """A command, to its end; its output."""
    result = subprocess.run(command, check=False, text=True, capture_output=True, input=stdin, cwd=ROOT)
    if check and result.returncode:
        raise RuntimeError(f"{' '.join(command[:6])} failed: {result.stdout[-500:]}{result.stderr[-1500:]}")
    return result.stdout + ("" if check else result.stderr)


def named(image: str, tag: str) -> str:
    """What an image is called in the cluster."""
    return TARGET.images.format(image=image, tag=tag)


def image_values(image: str, tag: str) -> list[str]:
    """Values that have the chart take an image of this tag."""
    repository, _, its_tag = named(image, tag).rpartition(":")
    prefix = "image" if image == "operator" else f"{image}.image"
    return [f"--set-string={prefix}.repository={repository},{prefix}.tag={its_tag}"]


def released(place: Place, image: str, tag: str) -> None:
    """Give an image of this tag the name that the chart's values have, in a cluster of ours."""
    run(
        *place.ctr(
            "images", "tag", "--force", named(image, tag), f"docker.io/library/leadmodel-{image}:0.1.0"
        )
    )


@contextmanager
def locked(name: str, folder: Path = SHARED) -> Iterator[Path]:
    """One process at a time; a folder that all of them share: those of this checkout, or with CACHE those of this machine."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield folder


def wait_for(what: str, ready: Callable[[], Any], seconds: float = 120, every: float = 0.3) -> Any:
    """Until `ready` answers something true."""
    end = time.monotonic() + seconds
    while True:
        with while_waiting():
            answer = ready()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not happen within {seconds:.0f} s")
        time.sleep(every)


@dataclass
class Cluster:
    """kubectl and helm on the cluster of these tests."""

    kubeconfig: str

    def kubectl(self, *arguments: str, stdin: str | None = None, check: bool = True) -> str:
        """Run kubectl on this cluster and return what the command prints."""
        return run("kubectl", f"--kubeconfig={self.kubeconfig}", *arguments, stdin=stdin, check=check)

    def apply(self, *bodies: dict[str, Any], check: bool = True) -> str:
        """kubectl apply of objects; as JSON, for in YAML `y` is a truth value to some and a text to others."""
        listing = {"apiVersion": "v1", "kind": "List", "items": bodies}
        return self.kubectl("apply", "-f", "-", stdin=json.dumps(listing), check=check)

    def helm(self, *arguments: str) -> str:
        """Run helm on this cluster and return what the command prints."""
        return run("helm", f"--kubeconfig={self.kubeconfig}", *arguments)

    def get(self, kind: str, name: str, namespace: str) -> dict[str, Any] | None:
        """An object, None when it is not there."""
        if (body := read(self.kubeconfig, kind, namespace, name=name)) is not None:
            return body
        text = self.kubectl("get", kind, name, "-n", namespace, "-o", "json", "--ignore-not-found")
        return json.loads(text) if text.strip() else None

    def items(self, kinds: str, namespace: str, selector: str = "") -> list[dict[str, Any]]:
        """Return the objects of these kinds in a namespace, by label."""
        if (body := read(self.kubeconfig, kinds, namespace, selector=selector)) is not None:
            return list(body["items"])
        text = self.kubectl("get", kinds, "-n", namespace, "-l", selector, "-o", "json")
        return list(json.loads(text)["items"])

    def install(self, tag: str, *more: str) -> None:
        """Install or upgrade the operator by its chart, with images of this tag."""
        values = [value for image in IMAGES for value in image_values(image, tag)]
        chart = str(ROOT / "charts" / "leadmodel")
        where = ("-n", HELM_NAMESPACE, "--create-namespace", "--wait", "--timeout=240s")
        self.helm("upgrade", "--install", HELM_RELEASE, chart, *where, *values, *more)

    def kill_operator(self, grace: int = 0) -> None:
        """Every operator pod at once; without grace it is a SIGKILL."""
        force = ("--force",) if grace == 0 else ()
        where = ("-n", HELM_NAMESPACE, "-l", "app.kubernetes.io/name=leadmodel-operator")
        self.kubectl("delete", "pods", *where, f"--grace-period={grace}", "--wait=false", *force)
