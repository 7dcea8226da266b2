"""Whoever decides may die at any moment: SIGKILL of operators and of the API server, and the same end state each time."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from e2e.harness.cluster import FULL, HELM_NAMESPACE, PLACE, Cluster, wait_for
from e2e.harness.leads import drift_slots, only, proven, replace, send, some
from e2e.harness.load import Load
from e2e.harness.models import Model
from e2e.harness.subject import Subject

pytestmark = [pytest.mark.self_healing, pytest.mark.alone, pytest.mark.own]


def operators() -> dict[str, int]:
    """Processes of operators in our cluster, by the name of their pod."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
            ours = f"/{PLACE.name}/kubepods" in (folder / "cgroup").read_text()
            if ours and b"leadmodel_operator" in command:
                environ = (folder / "environ").read_bytes().split(b"\0")
                host = next(e for e in environ if e.startswith(b"HOSTNAME="))
                found[host.removeprefix(b"HOSTNAME=").decode()] = int(folder.name)
        except OSError:
            continue
    return found


def leader(cluster: Cluster) -> str:
    """The pod that holds the Lease."""
    found = cluster.get("lease", "leadmodel", HELM_NAMESPACE)
    holder = str((found or {"spec": {}})["spec"].get("holderIdentity", ""))
    return next((pod for pod in operators() if holder.startswith(pod)), "")


def kill(cluster: Cluster, *, all_of_them: bool = False) -> None:
    """SIGKILL of the leader, or of every operator."""
    there = operators()
    assert there, "no operator runs"
    who = leader(cluster)
    for pod, pid in there.items():
        if all_of_them or pod == who:
            os.kill(pid, signal.SIGKILL)


@pytest.fixture(autouse=True)
def well(cluster: Cluster, operator: None) -> None:
    """Both replicas run: pods that crashed earlier would wait longer and longer."""
    cluster.kubectl("rollout", "restart", "deployment/leadmodel", "-n", HELM_NAMESPACE)
    cluster.kubectl("rollout", "status", "deployment/leadmodel", "-n", HELM_NAMESPACE, "--timeout=180s")
    wait_for("a leader", lambda: leader(cluster))


def masked(subject: Subject) -> dict[str, object]:
    """The end state, without instants and counters of attempts."""
    status = subject.status()
    said = {c["type"]: (c["status"], c["reason"]) for c in status["conditions"]}
    return {
        "champion": status["champion"]["digest"],
        "previous": (status.get("previous") or {}).get("digest"),
        "quarantine": [(q["digest"], q["kind"]) for q in status.get("quarantine", [])],
        "rollbacks": [(r["from"], r["to"]) for r in status.get("rollbacks", [])],
        "conditions": {k: v for k, v in said.items() if k != "DriftDetected"},
    }


def moments(*others: str) -> list[Any]:
    """When to kill: once decided, with LEADMODEL_FULL=1 also before; `tests/faults` ends leaders between any two writes."""
    return [*(pytest.param(other, marks=FULL) for other in others), "decided"]


@pytest.mark.parametrize("when", moments("asked", "validating"))
def test_killed_while_a_better_model_comes(subject: Subject, good: Model, better: Model, when: str):
    """SIGKILL of every operator at three moments of a promotion; no request fails, and it ends as if nothing had been."""
    subject.serve(good)
    with Load(subject.url(), some(better, 400), threads=2) as load:
        subject.put(better)
        subject.poll()
        if when == "validating":
            subject.wait(
                "it", lambda: (subject.status().get("candidate") or {}).get("digest") == better.digest
            )
        if when == "decided":
            subject.until_champion(better)
        kill(subject.cluster, all_of_them=True)
        subject.until_champion(better)
        subject.until("Ready", "True", "Serving")
        subject.wait("old pods are gone", lambda: len(subject.pods()) == 2)
    print(f"\n{load.sent} requests, {len(load.failures)} failed")
    assert not load.failures, load.failures[:3]
    assert masked(subject)["champion"] == better.digest
    assert masked(subject)["previous"] == good.digest
    assert masked(subject)["quarantine"] == []
    assert len(subject.status()["history"]) == 2


@pytest.mark.parametrize("when", moments("breaching"))
def test_killed_while_it_rolls_back(subject: Subject, good: Model, broken: Model, when: str):
    """SIGKILL before and after the decision: one rollback, the same end state as without it."""
    proven(subject, good, rollback={"maxPreviousPsi": 0.2})
    replace(subject, broken)
    killed = False
    for number in range(80):
        send(subject, some(good, 100, number))
        status = subject.status()
        evidence, rollbacks = (status.get("drift") or {}).get("evidence"), status.get("rollbacks")
        if not killed and ((when == "breaching" and evidence == "Fail") or rollbacks):
            kill(subject.cluster, all_of_them=True)
            killed = True
        if rollbacks:
            break
    subject.until("RolledBack", "True", "DriftSustained")
    subject.wait("in every pod", lambda: only(subject, good.digest))
    subject.until("Stalled", "True", "RolledBack")
    assert killed
    assert masked(subject) == {
        "champion": good.digest,
        "previous": None,
        "quarantine": [(broken.digest, "Drift")],
        "rollbacks": [(broken.digest, good.digest)],
        "conditions": masked(subject)["conditions"],
    }


def test_a_standby_takes_over(subject: Subject, good: Model, better: Model):
    """SIGKILL of the leader alone, then a polite end: how long until another acts."""
    subject.serve(good, predictor={"replicas": 1})
    for how, limit in (("SIGKILL", 20.0), ("SIGTERM", 8.0)):
        who = leader(subject.cluster)
        if how == "SIGKILL":
            kill(subject.cluster)
        else:
            os.kill(operators()[who], signal.SIGTERM)
        started = time.monotonic()
        subject.annotate("paused", "true" if how == "SIGKILL" else "false")
        wanted = "Paused" if how == "SIGKILL" else "Serving"
        subject.wait("somebody acts", lambda wanted=wanted: subject.status()["phase"] == wanted, 60)
        took = time.monotonic() - started
        print(f"\n{how} of the leader → another acts: {took:.1f} s")
        assert took < limit * 3, "far from its goal even on a busy machine"
        wait_for("a leader", lambda: leader(subject.cluster), 60)


def test_the_api_server_dies_in_the_middle(subject: Subject, good: Model, better: Model):
    """Killed while a model rolls; it is away for ten seconds. Leads are answered all the time, and the rollout ends.

    A pod whose removal had begun gets leads until kube-proxy hears of it again; it stays for them up to 30 s, so a longer absence than
    that may cost the leads of that pod.
    """
    from cluster.build import bin_dir
    from cluster.components import apiserver, start, stop

    subject.serve(good)
    with Load(subject.url(), some(better, 400), threads=2) as load:
        subject.put(better)
        subject.poll()
        subject.until_champion(better)
        os.kill(int((PLACE.folder / "pid" / "apiserver").read_text()), signal.SIGKILL)
        stop(PLACE, "apiserver")
        time.sleep(10)
        start(PLACE, "apiserver", *apiserver(PLACE, bin_dir()))
        ask = ("get", "--raw=/readyz")
        wait_for("the API server", lambda: subject.cluster.kubectl(*ask, check=False) == "ok")
        subject.until("Ready", "True", "Serving", seconds=180)
    print(f"\n{load.sent} requests, {len(load.failures)} failed")
    assert not load.failures, load.failures[:3]
    assert subject.champion() == better.digest


def leaving(subject: Subject) -> bool:
    """Whether a pod of it is on its way out."""
    selector = f"customerops.dev/leadmodel={subject.name},customerops.dev/role=predictor"
    pods = subject.cluster.items("pods", subject.namespace, selector)
    return any("deletionTimestamp" in pod["metadata"] for pod in pods)


def test_a_node_that_learns_late_of_a_rollout(subject: Subject, good: Model, better: Model):
    """Its proxy sends leads to pods that were told to go 15 s ago: they stay for these leads, as long as `--max-drain-seconds`.

    It is what an API server that dies in the middle comes to, each time and not only when a pod is being removed at that moment.
    """
    subject.serve(good)
    proxy = int((PLACE.folder / "pid" / "proxy").read_text())
    with Load(subject.url(), some(better, 400), threads=2) as load:
        # stopped before it knew both pods, it would send leads to one that is long gone, once it goes on
        subject.wait(
            "leads in both pods", lambda: all(drift_slots(pod)["champion"]["n"] for pod in subject.pods())
        )
        os.kill(proxy, signal.SIGSTOP)
        try:
            subject.put(better)
            subject.poll()
            subject.wait("a pod that goes", lambda: leaving(subject))
            time.sleep(15)
        finally:
            os.kill(proxy, signal.SIGCONT)
        subject.until("Ready", "True", "Serving", seconds=180)
        subject.wait("old pods are gone", lambda: not leaving(subject))
    print(f"\n{load.sent} requests, {len(load.failures)} failed")
    assert not load.failures, load.failures[:3]
    assert subject.champion() == better.digest
