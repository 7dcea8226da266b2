"""Which cluster the tests take, and how they meet it: that of KUBECONFIG, else kind where Docker is, else one of our own.

A cluster that is not ours is met through three things: kubectl and helm on the PATH; this machine reaches addresses of pods and
Services (on kind a route through its node, which `up` sets as root); pods reach this machine.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

from cluster.build import bin_dir
from cluster.place import Place, run

OURS = "localhost/leadmodel-{image}:{tag}"
ADDRESS = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
GATEWAYS = "{{range .IPAM.Config}}{{.Gateway}} {{end}}"
KIND_PODS, KIND_SERVICES = "10.244.0.0/16", "10.96.0.0/16"


@dataclass(frozen=True)
class Target:
    """A cluster, as the tests need to know it."""

    name: str  # given, kind, or own
    kubeconfig: str
    host: str  # this machine, as pods see it
    images: str = OURS  # names of images there, with {image} and {tag}

    @property
    def own(self) -> bool:
        """Made of processes and files on this machine, which a test may look at and kill."""
        return self.name == "own"


def target(place: Place) -> Target:
    """The one that the environment chooses."""
    if kubeconfig := os.environ.get("KUBECONFIG"):
        return given(kubeconfig)
    if has_kind():
        return Target("kind", str(place.folder / "kind.kubeconfig"), kind_host())
    os.environ["PATH"] = f"{bin_dir()}:{os.environ['PATH']}"
    return Target("own", str(place.kubeconfig), place.host)


def given(kubeconfig: str) -> Target:
    """Somebody's cluster; what it cannot tell is asked for."""
    wanted = {
        "LEADMODEL_E2E_HOST": "an address of this machine that pods reach",
        "LEADMODEL_E2E_IMAGES": "where the cluster finds the images, like registry.example.com/leadmodel-{image}:dev"
        " (`make images`, then push them)",
    }
    missing = [f"{name}: {what}" for name, what in wanted.items() if not os.environ.get(name)]
    missing += [f"{tool} on the PATH" for tool in ("kubectl", "helm") if not shutil.which(tool)]
    if missing:
        sys.exit(f"the tests on the cluster of KUBECONFIG={kubeconfig} need\n  " + "\n  ".join(missing))
    return Target("given", kubeconfig, os.environ["LEADMODEL_E2E_HOST"], os.environ["LEADMODEL_E2E_IMAGES"])


# --- kind --------------------------------------------------------------------------------------------------------------------


def has_kind() -> bool:
    """Whether Docker runs here and kind can use it."""
    if not all(shutil.which(tool) for tool in ("docker", "kind", "kubectl", "helm")):
        return False
    return subprocess.run(["docker", "info"], check=False, capture_output=True).returncode == 0


def kind_host() -> str:
    """This machine in Docker's network of kind clusters; empty before the first is made."""
    found = run("docker", "network", "inspect", "kind", "--format", GATEWAYS, check=False).stdout.split()
    return next((address for address in found if ":" not in address), "")


def kind_up(place: Place) -> None:
    """A cluster of its own name, and routes to its pods and Services."""
    if place.name not in run("kind", "get", "clusters").stdout.split():
        place.folder.mkdir(parents=True, exist_ok=True)
        kubeconfig = str(place.folder / "kind.kubeconfig")
        run("kind", "create", "cluster", "--name", place.name, "--kubeconfig", kubeconfig, "--wait", "120s")
    node = run("docker", "inspect", f"{place.name}-control-plane", "--format", ADDRESS).stdout.strip()
    for where in (KIND_PODS, KIND_SERVICES):
        route = ("ip", "route", "replace", where, "via", node)
        if os.geteuid() != 0:
            print(f"as root, so that the tests reach pods: {' '.join(route)}")
        else:
            run(*route)


def kind_down(place: Place) -> None:
    """Remove it; its routes go with Docker's network of its node."""
    run("kind", "delete", "cluster", "--name", place.name)
    for where in (KIND_PODS, KIND_SERVICES):
        if os.geteuid() == 0:
            run("ip", "route", "del", where, check=False)
    shutil.rmtree(place.folder, ignore_errors=True)


def kind_load(place: Place, image: str) -> None:
    """Have an image of this machine's Docker in the cluster."""
    run("kind", "load", "docker-image", image, "--name", place.name)
