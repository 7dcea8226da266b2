"""The test cluster itself: up in under a minute, up again at once, and down without a trace."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.cluster import hierarchies
from cluster.place import Place
from e2e.harness.cluster import BASE_IMAGE, PLACE, ROOT, run

pytestmark = [pytest.mark.infrastructure, pytest.mark.alone, pytest.mark.own]

OTHER = Place(7)
PLACES = (
    "/run/netns",
    "/run/containerd",
    "/var/lib/kubelet",
    "/var/lib/cni",
    "/var/lib/containerd",
    "/var/log/pods",
)
PLACES += ("/var/log/containers", "/etc/cni", "/etc/kubernetes", "/opt/cni", "/var/run/kubernetes")


def cluster_program(word: str) -> str:
    env = {**os.environ, "LEADMODEL_CLUSTER": str(OTHER.number)}
    env.pop("KUBECONFIG", None)
    command = [sys.executable, "tests/cluster/cluster.py", word]
    return subprocess.run(command, check=True, text=True, capture_output=True, env=env, cwd=ROOT).stdout


def census() -> dict[str, set[str]]:
    """Everything a cluster could leave on a machine."""
    theirs = pods_of_the_first()
    mounts = {line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()}
    return {
        "processes": set(processes()),
        "mounts": {m for m in mounts if not m.startswith(f"{PLACE.folder}/") and m not in theirs},
        "namespaces": {str(n) for n in Path("/run/netns").iterdir()} - theirs,
        "interfaces": {
            line.split(":")[1].split("@")[0].strip() for line in run("ip", "-o", "link").splitlines()
        },
        "routes": set(run("ip", "route").splitlines()),
        "firewall": {line for line in run("iptables-save").splitlines() if not line.startswith("#")},
        "cgroups": {str(p) for root in hierarchies() for p in root.glob("*") if p.is_dir()},
        "files": {str(p) for place in PLACES for p in Path(place).rglob("*") if not belongs_to_first(p)},
        "folders": {p.name for p in OTHER.folder.parent.iterdir()},
    }


def pods_of_the_first() -> set[str]:
    """Network namespaces of the pods that come and go meanwhile in the cluster of the other tests."""
    inodes = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"/{PLACE.name}/" in (folder / "cgroup").read_text():
                inodes.add((folder / "ns" / "net").stat().st_ino)
        except OSError:
            continue
    return {str(n) for n in Path("/run/netns").glob("cni-*") if n.stat().st_ino in inodes}


def belongs_to_first(path: Path) -> bool:
    """What the cluster of the other tests does meanwhile is not counted."""
    linked = path.is_symlink() and str(path.readlink()).startswith(f"{PLACE.folder}/")
    return linked or str(path) in pods_of_the_first()


def processes() -> Iterator[str]:
    """Command lines that name the other cluster's folder, or whose cgroup or network is its."""
    network = Path(f"/run/netns/{OTHER.name}")
    inode = network.stat().st_ino if network.exists() else -1
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            groups, its = (folder / "cgroup").read_text(), (folder / "ns" / "net").stat().st_ino
        except OSError:
            continue
        if str(OTHER.folder) in command or f"/{OTHER.name}/" in groups or its == inode:
            yield f"{folder.name} {command[:80]}"


def test_up_twice_and_down_without_a_trace():
    cluster_program("down")
    before = census()
    assert not before["processes"]
    started = time.monotonic()
    said = cluster_program("up")
    cold = time.monotonic() - started
    try:
        assert f"export KUBECONFIG={OTHER.kubeconfig}" in said
        started = time.monotonic()
        assert "export KUBECONFIG" in cluster_program("up")
        again = time.monotonic() - started
        path = said.rpartition("export PATH=")[2].partition(":")[0]
        kubectl = (f"{path}/kubectl", f"--kubeconfig={OTHER.kubeconfig}")
        runs_pods(kubectl)
        during = census()
        assert len(during["processes"]) > 10, "else the census would see nothing afterwards either"
        for what in ("mounts", "namespaces", "interfaces", "routes", "cgroups"):
            assert during[what] - before[what], f"the census does not see {what}"
    finally:
        started = time.monotonic()
        cluster_program("down")
        down = time.monotonic() - started
    print(f"\ncluster up {cold:.1f} s, up again {again:.1f} s, down {down:.1f} s")
    after = census()
    for what, found in before.items():
        assert after[what] - found == set(), what
    assert not after["processes"]


def runs_pods(kubectl: tuple[str, ...]) -> None:
    """A Deployment with a volume, so that there is something to leave behind."""
    run(*kubectl, "create", "configmap", "c", "--from-literal=a=b")
    run(*kubectl, "create", "deployment", "d", f"--image={BASE_IMAGE}", "--replicas=2")
    run(*kubectl, "wait", "--for=condition=Available", "deployment/d", "--timeout=60s")
    run(*kubectl, "get", "--raw=/api/v1/nodes/node1/proxy/healthz")
