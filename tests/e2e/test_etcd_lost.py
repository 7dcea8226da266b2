"""etcd is lost, Git and bucket are left: what docs/operations.md promises under "Disaster recovery", by the commands of its section.

A second cluster of ours is stopped, its etcd deleted, and started again. One loss, four LeadModels: one is restored as the page
says; two are controls, each with one step left out; one never had a backup and needs none.
"""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from e2e.harness.cluster import FULL, ROOT, Cluster, wait_for
from e2e.harness.load import opens, post
from e2e.harness.models import Model
from e2e.harness.second import second_cluster, start_with_empty_etcd, stop_components
from e2e.harness.subject import Subject
from e2e.test_disaster import promotions, rolled_back
from support.docs_commands import marked, serving
from support.object_stores import s3

pytestmark = [pytest.mark.lifecycle, pytest.mark.alone, pytest.mark.own, FULL]
PAGE = ROOT / "docs" / "operations.md"
BACKUP, _, RESTORE = (
    block.script for block in serving(PAGE) if block.section == 12
)  # the second: a rehearsal
(INSTALL,) = marked(PAGE, "sh drill")
RESTORED, WITHOUT_LEDGER, WITHOUT_ADOPTION, NEVER_BACKED_UP = NAMESPACES = (
    "sales",
    "without-ledger",
    "without-adoption",
    "never-backed-up",
)

SOURCES = {name: {"secretName": "store"} for name in ("artifact", "holdout")}


@dataclass
class Bucket:
    """The bucket of a real S3 server as a store of LeadModels; `files` takes uploads by path, into the server's folder."""

    folder: Path
    login: dict[str, str]

    @property
    def files(self) -> "Bucket":
        """Where uploads go, by path."""
        return self

    def uri(self, path: str) -> str:
        """The URI of an object of the bucket."""
        return f"s3://leads{path}"

    def __setitem__(self, path: str, data: bytes) -> None:
        file = self.folder / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        whole = file.with_suffix(".upload")
        whole.write_bytes(data)
        whole.rename(file)


@dataclass
class Drill:
    """What was before the loss, and how to act on the cluster as a person at a shell does."""

    cluster: Cluster
    bucket: Bucket
    folder: Path
    subjects: dict[str, Subject]
    before: dict[str, dict[str, Any]] = field(default_factory=dict)

    def shell(self, script: str, namespace: str = "default") -> str:
        """Run a block of the page in the folder of a namespace, which looks like a clone; what it prints."""
        folder = self.folder / namespace
        if not folder.exists():
            folder.mkdir()
            for name in ("crds", "deploy"):
                (folder / name).symlink_to(ROOT / name)
            kubeconfig = folder / "kubeconfig"
            kubeconfig.write_bytes(Path(self.cluster.kubeconfig).read_bytes())
            there = Cluster(str(kubeconfig))
            there.kubectl("config", "set-context", "--current", f"--namespace={namespace}")
        env = {**os.environ, "KUBECONFIG": str(folder / "kubeconfig")}
        command = ["bash", "-euxo", "pipefail", "-c", script]
        ended = subprocess.run(
            command, check=False, text=True, capture_output=True, cwd=folder, env=env, timeout=500
        )
        shown = self.subjects[namespace].shown() if namespace in self.subjects else ""
        assert ended.returncode == 0, f"{ended.stdout[-2000:]}\n{ended.stderr[-3000:]}\n{shown}"
        return ended.stdout

    def make_namespace(self, namespace: str) -> None:
        """A namespace with the Secret of the bucket, as people have both in Git or a vault."""
        self.cluster.kubectl("create", "namespace", namespace)
        self.cluster.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
        metadata = {"name": "store", "namespace": namespace}
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": self.bucket.login}
        self.cluster.apply(secret)

    def manifest(self, namespace: str) -> dict[str, Any]:
        """The LeadModel as Git has it."""
        subject = self.subjects[namespace]
        return subject.body(**SOURCES)


def everywhere(act: Callable[[str], Any], *namespaces: str) -> None:
    """Act in several namespaces at once."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(act, namespaces))


@pytest.fixture(scope="module")
def drill(
    images: str, good: Model, better: Model, broken: Model, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Drill]:
    """Four LeadModels before the loss, the loss, and what is restored of each after it."""
    folder = tmp_path_factory.mktemp("drill")
    with second_cluster(images) as place, s3(folder / "s3", "leads", host=place.host) as login:
        cluster, bucket = Cluster(str(place.kubeconfig)), Bucket(folder / "s3" / "leads", login)
        subjects = {name: Subject(cluster, bucket, name) for name in NAMESPACES}
        made = Drill(cluster, bucket, folder, subjects)
        live(made, good, better, broken)
        addresses = [pod["status"]["podIP"] for name in NAMESPACES for pod in subjects[name].pods()]
        url, lead = subjects[RESTORED].url(), next(good.leads())
        stop_components(place)
        assert post(url, lead)["score"] == pytest.approx(good.predicted[0], abs=1e-9)
        start_with_empty_etcd(place)
        assert "sales" not in cluster.kubectl("get", "namespaces")
        assert cluster.get("crd", "leadmodels.customerops.dev", "default") is None
        old = "pods of the lost cluster are gone"
        wait_for(old, lambda: not any(opens(address, 8080) for address in addresses), 180)
        restore(made)
        yield made


def live(drill: Drill, good: Model, better: Model, broken: Model) -> None:
    """What happened before the loss: three rollbacks by hand, one promotion, two backups."""
    drill.shell(INSTALL)

    def one(namespace: str) -> None:
        subject = drill.subjects[namespace]
        drill.make_namespace(namespace)
        if namespace == NEVER_BACKED_UP:
            subject.serve(good, 300, **SOURCES)
            subject.put(better)
            subject.poll()
            subject.until_champion(better)
            subject.until("Ready", "True", "Serving")
        else:
            rolled_back(subject, good, broken, seconds=300, **SOURCES)
        drill.before[namespace] = subject.status()

    everywhere(one, *NAMESPACES)
    for namespace in (RESTORED, WITHOUT_ADOPTION):
        assert int(drill.shell(BACKUP, namespace)) >= 2, "the ledger, and the snapshot of the champion"


def restore(drill: Drill) -> None:
    """As the page says; in two namespaces without one step of the page, in one without any backup."""
    started = time.monotonic()
    drill.shell(INSTALL)
    everywhere(drill.make_namespace, *NAMESPACES)
    for namespace in NAMESPACES:
        if namespace in {RESTORED, WITHOUT_ADOPTION}:
            manifest = json.dumps(drill.manifest(namespace))
            (drill.folder / namespace / "conversion.json").write_text(manifest)
    without = [line for line in RESTORE.splitlines() if line.startswith("kubectl create ")]
    assert len(without) == 2
    drill.shell("\n".join(without), WITHOUT_ADOPTION)
    drill.cluster.apply(*map(drill.manifest, (WITHOUT_LEDGER, NEVER_BACKED_UP)))
    print(drill.shell(RESTORE, RESTORED))
    print(f"restored {time.monotonic() - started:.1f} s after the first command of the page")


def rollouts(subject: Subject) -> set[str]:
    """The digests that the Deployment was ever made to serve, by its ReplicaSets."""
    key = "customerops.dev/champion"
    sets = subject.cluster.items("replicasets", subject.namespace)
    return {item["spec"]["template"]["metadata"]["annotations"][key] for item in sets}


def test_restored_by_the_page_the_same_champion_serves_and_nothing_is_promoted(drill: Drill, good: Model):
    subject, before = drill.subjects[RESTORED], drill.before[RESTORED]
    assert subject.champion() == before["champion"]["digest"] == good.digest
    subject.wait("its pods", lambda: len(subject.pods()) == 2)
    assert post(subject.url(), next(good.leads()))["score"] == pytest.approx(good.predicted[0], abs=1e-9)
    assert promotions(subject) == []
    assert rollouts(subject) == {good.digest}
    assert "customerops.dev/adopt" not in (subject.object()["metadata"].get("annotations") or {})


def test_the_quarantined_artifact_in_the_bucket_stays_refused(drill: Drill, good: Model, broken: Model):
    subject, before = drill.subjects[RESTORED], drill.before[RESTORED]
    subject.annotate("poll", "after-the-loss")
    subject.wait("the poll", lambda: (subject.status().get("handled") or {}).get("poll") == "after-the-loss")
    subject.until("SourceReachable", "True", "Polled")
    status = subject.status()
    kinds = [(entry["digest"], entry["kind"]) for entry in status["quarantine"]]
    assert kinds == [(entry["digest"], entry["kind"]) for entry in before["quarantine"]]
    assert (broken.digest, "Manual") in kinds
    assert status["champion"]["digest"] == good.digest
    assert rollouts(subject) == {good.digest}


def test_without_the_ledger_the_rolled_back_model_serves(drill: Drill, good: Model, broken: Model):
    """The control: the step that restores ledger and snapshots is left out, and the checks above would fail."""
    subject = drill.subjects[WITHOUT_LEDGER]
    assert drill.before[WITHOUT_LEDGER]["champion"]["digest"] == good.digest
    subject.until_champion(broken, 180)
    subject.until("Ready", "True", "Serving", 180)
    assert promotions(subject) == [broken.digest]
    assert not subject.status().get("quarantine")


def test_without_the_annotation_the_restored_ledger_is_refused(drill: Drill):
    """The control: the step that annotates is left out, and nothing serves until a person decides."""
    subject = drill.subjects[WITHOUT_ADOPTION]
    subject.until("Stalled", "True", "NameConflict", 180)
    assert "conversion-ledger" in subject.message("Stalled")
    assert drill.cluster.items("deployments", WITHOUT_ADOPTION) == []


def test_bucket_and_manifest_alone_bring_the_same_champion_back_once(drill: Drill, better: Model):
    subject = drill.subjects[NEVER_BACKED_UP]
    assert drill.before[NEVER_BACKED_UP]["champion"]["digest"] == better.digest
    subject.until_champion(better, 180)
    subject.until("Ready", "True", "Serving", 180)
    assert promotions(subject) == [better.digest]
    assert subject.status()["decision"] == 1
    assert rollouts(subject) == {better.digest}
