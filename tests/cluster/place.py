"""Where a cluster of ours lives: its folder, network namespace, addresses and cgroup. Another number is another cluster beside it."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from cluster.build import CACHE

MOST = 8


@dataclass(frozen=True)
class Place:
    """Everything two clusters on one machine must not share."""

    number: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.number < MOST:
            sys.exit(f"a cluster has a number from 0 to {MOST - 1}")

    @property
    def name(self) -> str:
        """Of the network namespace and of the cgroup."""
        return f"leadmodel-{self.number}"

    @property
    def folder(self) -> Path:
        """Everything it writes."""
        return CACHE / f"cluster-{self.number}"

    @property
    def kubeconfig(self) -> Path:
        """For its administrator."""
        return self.folder / "pki" / "admin.kubeconfig"

    @property
    def socket(self) -> str:
        """Of its containerd."""
        return f"{self.folder}/containerd.sock"

    @property
    def links(self) -> tuple[str, str]:
        """The two ends of the wire between this machine and the node."""
        return f"lm{self.number}h", f"lm{self.number}n"

    @property
    def host(self) -> str:
        """This machine, as pods see it."""
        return f"172.31.255.{4 * self.number + 1}"

    @property
    def node(self) -> str:
        """The node, as this machine sees it."""
        return f"172.31.255.{4 * self.number + 2}"

    @property
    def pods(self) -> str:
        """Addresses of pods."""
        return f"10.244.{self.number}.0/24"

    @property
    def services(self) -> str:
        """Addresses of services."""
        return f"10.{96 + self.number}.0.0/16"

    @property
    def api(self) -> str:
        """Of the Service named kubernetes."""
        return f"10.{96 + self.number}.0.1"

    def inside(self, *command: str) -> list[str]:
        """The command, in the node's network; the cgroups stay visible."""
        return ["nsenter", f"--net=/run/netns/{self.name}", *command]

    def ctr(self, *arguments: str) -> tuple[str, ...]:
        """A command to its containerd."""
        return "ctr", "-a", self.socket, "-n", "k8s.io", *arguments


def this() -> Place:
    """The one that LEADMODEL_CLUSTER numbers; the first unless it says otherwise."""
    return Place(int(os.environ.get("LEADMODEL_CLUSTER", "0")))


def spare() -> Place:
    """The first place where no cluster of ours lives."""
    for number in range(MOST):
        if not Place(number).folder.exists():
            return Place(number)
    sys.exit(f"all {MOST} clusters of ours are up")


def run(*command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """A command, to its end."""
    found = subprocess.run(command, check=False, text=True, capture_output=True)
    if check and found.returncode:
        sys.exit(f"{' '.join(command)} failed: {(found.stderr or '').strip()[-600:]}")
    return found
