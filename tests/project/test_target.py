"""Which cluster `make e2e` takes, and what it asks for where it cannot know."""

import os
from pathlib import Path

import pytest

from cluster.place import Place
from cluster.target import OURS, given, kind_down, kind_host, kind_load, kind_up, target

TOOL = """#!/bin/sh
echo "${0##*/} $*" >> "$0.log"
case "$*" in
  "network inspect"*) echo "fc00::1 172.18.0.1";;
  "inspect "*) echo 172.18.0.2;;
esac
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any cluster, and the folder of its tools."""
    for name in ("KUBECONFIG", "LEADMODEL_E2E_HOST", "LEADMODEL_E2E_IMAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("cluster.place.CACHE", tmp_path / "cache")
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def tools(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_text(TOOL)
        (folder / name).chmod(0o755)


def said(folder: Path, *names: str) -> list[str]:
    return [line for name in names for line in (folder / f"{name}.log").read_text().splitlines()]


def test_our_own_where_nothing_else_is(machine):
    found = target(Place(3))
    assert (found.own, found.host, found.images) == (True, Place(3).host, OURS)
    assert found.kubeconfig == str(Place(3).kubeconfig)
    assert "/leadmodel/bin-" in os.environ["PATH"].partition(":")[0]


def test_the_given_one_says_all_it_lacks(machine, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", "/some/config")
    with pytest.raises(SystemExit) as refused:
        target(Place())
    for wanted in (
        "/some/config",
        "LEADMODEL_E2E_HOST",
        "LEADMODEL_E2E_IMAGES",
        "kubectl on the PATH",
        "helm on",
    ):
        assert wanted in str(refused.value)


def test_the_given_one(machine, monkeypatch):
    tools(machine, "kubectl", "helm", "docker", "kind")
    monkeypatch.setenv("LEADMODEL_E2E_HOST", "192.0.2.7")
    monkeypatch.setenv("LEADMODEL_E2E_IMAGES", "registry.example.com/leadmodel-{image}:dev")
    found = given("/some/config")
    assert (found.own, found.kubeconfig, found.host) == (False, "/some/config", "192.0.2.7")
    assert (
        found.images.format(image="operator", tag="unused") == "registry.example.com/leadmodel-operator:dev"
    )


def test_kind_where_docker_runs(machine):
    """Stand-ins: what is asked of docker and kind, not whether they do it."""
    tools(machine, "kubectl", "helm", "docker", "kind", "ip")
    place = Place(3)
    found = target(place)
    assert (found.name, found.own, found.host) == ("kind", False, "172.18.0.1")
    kind_up(place)
    kind_load(place, OURS.format(image="operator", tag="t"))
    kind_down(place)
    config = f"--kubeconfig {found.kubeconfig}"
    assert said(machine, "kind") == [
        "kind get clusters",
        f"kind create cluster --name {place.name} {config} --wait 120s",
        f"kind load docker-image localhost/leadmodel-operator:t --name {place.name}",
        f"kind delete cluster --name {place.name}",
    ]
    if os.geteuid() == 0:
        assert said(machine, "ip")[0] == "ip route replace 10.244.0.0/16 via 172.18.0.2"
    assert not place.folder.exists()


def test_no_docker_no_kind(machine):
    tools(machine, "kubectl", "helm", "kind")
    assert target(Place()).own
    (machine / "docker").write_text("#!/bin/false\n")
    (machine / "docker").chmod(0o755)
    assert target(Place()).own
    assert kind_host() == ""
