"""A real one-node Kubernetes where there is none: `python tests/cluster/cluster.py up|down|status|argocd|helm`.

With KUBECONFIG set that cluster is taken and nothing is made; else kind makes one where Docker runs. Else, as root on Debian with
Go, the components run as plain processes in a network namespace of their own; `down` ends exactly those, by id, and removes what
they left.
LEADMODEL_CLUSTER=1 … 7 is another cluster beside the first.
"""

import base64
import json
import os
import shutil
import sys
import time
from pathlib import Path

if __name__ == "__main__":  # then this folder hides the one that is called `cluster`
    sys.path[0] = str(Path(__file__).parents[1])

from cluster import settings
from cluster.build import ARGOCD, HELM, bin_dir, build
from cluster.components import ENDING, start_all, stop
from cluster.pki import Pki
from cluster.place import Place, run, this
from cluster.target import has_kind, kind_down, kind_up

PACKAGES = (
    "containerd",
    "runc",
    "containernetworking-plugins",
    "buildah",
    "debootstrap",
    "iptables",
    "iproute2",
    "conntrack",
)
TOOLS = ("containerd", "runc", "buildah", "debootstrap", "iptables", "ip", "conntrack")
CGROUPS = Path("/sys/fs/cgroup")
POD_NETWORKS = Path("/var/lib/cni/results")  # what the plugins remember of each pod


def packages() -> None:
    """What Debian has and this machine lacks."""
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    if all(shutil.which(tool, path=path) for tool in TOOLS) and Path("/usr/lib/cni/ptp").exists():
        return
    print("installing " + " ".join(PACKAGES), flush=True)
    run("apt-get", "update")
    install = ("apt-get", "install", "-y", "--no-install-recommends")
    run("env", "DEBIAN_FRONTEND=noninteractive", *install, *PACKAGES)


def network(place: Place) -> None:
    """A namespace with a link to this machine, and routes to pods and services."""
    outer, inner = place.links
    run("ip", "netns", "add", place.name)
    run("ip", "link", "add", outer, "type", "veth", "peer", "name", inner, "netns", place.name)
    run("ip", "addr", "add", f"{place.host}/30", "dev", outer)
    run("ip", "link", "set", outer, "up")
    for command in (
        ("ip", "link", "set", "lo", "up"),
        ("ip", "addr", "add", f"{place.node}/30", "dev", inner),
        ("ip", "link", "set", inner, "up"),
        ("ip", "route", "add", "default", "via", place.host),
        ("sysctl", "-qw", "net.ipv4.ip_forward=1"),
    ):
        run(*place.inside(*command))
    for where in (place.pods, place.services):
        run("ip", "route", "replace", where, "via", place.node)


def hierarchies() -> list[Path]:
    """Roots of the cgroup hierarchies: one in version 2, one a controller in version 1."""
    if (CGROUPS / "cgroup.controllers").exists():
        return [CGROUPS]
    return [folder for folder in CGROUPS.iterdir() if folder.is_dir() and not folder.is_symlink()]


def cgroups(place: Place) -> None:
    """The kubelet wants its root to exist in every hierarchy."""
    for root in hierarchies():
        (root / place.name).mkdir(exist_ok=True)


def up(place: Place) -> None:
    """Bring the cluster up; nothing to do where it is up."""
    started = time.monotonic()
    if given := os.environ.get("KUBECONFIG"):
        print(f"using the cluster of KUBECONFIG={given}")
        return
    if has_kind():
        kind_up(place)
        print(f"up with kind; use it with\nexport KUBECONFIG={place.folder}/kind.kubeconfig")
        return
    if not is_up(place):
        if os.geteuid() != 0 or not shutil.which("go") or not shutil.which("apt-get"):
            sys.exit(
                "no cluster: set KUBECONFIG to one; or install kind, kubectl and helm beside Docker;"
                " or run as root on Debian with Go, where one is built and started"
            )
        packages()
        tools = build()
        started = time.monotonic()
        down(place)
        for folder in ("pid", "log", "pki", "volumeplugins", "podlogs"):
            (place.folder / folder).mkdir(parents=True, exist_ok=True)
        Pki(place.folder / "pki", f"https://{place.node}:6443", ("127.0.0.1", place.api, place.node)).make()
        settings.write(place)
        cgroups(place)
        network(place)
        start_all(place, tools)
    print(f"up after {time.monotonic() - started:.1f} s; use it with")
    print(f"export KUBECONFIG={place.kubeconfig}\nexport PATH={bin_dir()}:$PATH")


def is_up(place: Place) -> bool:
    """Whether the API server of ours answers."""
    kubectl = bin_dir() / "kubectl"
    if not kubectl.exists() or not (place.folder / "pid" / "apiserver").exists():
        return False
    ask = ("get", "--raw=/readyz", "--request-timeout=2s")
    return run(str(kubectl), f"--kubeconfig={place.kubeconfig}", *ask, check=False).returncode == 0


# --- down ---------------------------------------------------------------------------------------------------------------------


def down(place: Place) -> None:
    """End what `up` started, by id, and remove what it left."""
    if not place.folder.exists():
        if os.environ.get("KUBECONFIG"):
            print("KUBECONFIG names a cluster that is not ours; nothing to stop")
        return
    if (place.folder / "kind.kubeconfig").exists():
        kind_down(place)
        return
    if is_up(place):
        kubectl = (str(bin_dir() / "kubectl"), f"--kubeconfig={place.kubeconfig}")
        for kinds in ("leadmodels", "deploy,job,cronjob,pod"):
            wait = ("--all", "-A", "--grace-period=1", "--wait", "--timeout=40s")
            run(*kubectl, "delete", kinds, *wait, check=False)
    for name in ENDING:
        stop(place, name)
    end_containers(place)
    stop(place, "containerd")
    clean(place)


def end_containers(place: Place) -> None:
    """Tasks that outlived the kubelet."""
    for task in run(*place.ctr("tasks", "ls", "-q"), check=False).stdout.split():
        run(*place.ctr("tasks", "kill", "-s", "SIGKILL", task), check=False)
        run(*place.ctr("tasks", "rm", "-f", task), check=False)
    for container in run(*place.ctr("containers", "ls", "-q"), check=False).stdout.split():
        run(*place.ctr("containers", "rm", container), check=False)


def end_pod_networks(place: Place) -> None:
    """Network namespaces of pods that nobody took down in order."""
    for file in POD_NETWORKS.glob("pods-*"):
        known = json.loads(file.read_bytes())
        if str(place.folder) not in base64.b64decode(known["config"]).decode():
            continue
        for sandbox in {i["sandbox"] for i in known["result"]["interfaces"] if i.get("sandbox")}:
            run("ip", "netns", "del", Path(sandbox).name, check=False)
        for left in POD_NETWORKS.glob(f"*-{known['containerId']}-*"):
            left.unlink()


def clean(place: Place) -> None:
    """Mounts, cgroups, links to logs, the namespaces, the folder."""
    end_pod_networks(place)
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in sorted((m for m in mounts if m.startswith(f"{place.folder}/")), key=len, reverse=True):
        run("umount", "-l", mount, check=False)
    for root in hierarchies():
        if (root / place.name).exists():
            run("find", str(root / place.name), "-depth", "-type", "d", "-exec", "rmdir", "{}", ";")
    for link in Path("/var/log/containers").glob("*.log"):
        if link.is_symlink() and str(link.readlink()).startswith(f"{place.folder}/"):
            link.unlink()
    if Path(f"/run/netns/{place.name}").exists():
        run("ip", "netns", "del", place.name, check=False)
    shutil.rmtree(place.folder, ignore_errors=True)


def argocd(_: Place) -> None:
    """Build the Argo CD that runs beside a cluster of ours; minutes the first time."""
    if not os.environ.get("KUBECONFIG") and not has_kind():
        build(ARGOCD)


def helm(_: Place) -> None:
    """Build only Helm, which tests of the chart need without a cluster."""
    print(build(HELM, bin_dir()) / "helm")


def status(place: Place) -> None:
    """Say whether it is up."""
    print("up" if is_up(place) else "down")


if __name__ == "__main__":
    {"up": up, "argocd": argocd, "helm": helm, "down": down, "status": status}[sys.argv[1]](this())
