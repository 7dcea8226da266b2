"""A real Argo CD deploys LeadModels from Git: what it shows is what we say, and it never fights the operator."""

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from cluster.argocd import NAMESPACE, ArgoCd, Repository, crds, missing, settings, wait_until_up
from cluster.place import run as quietly
from e2e.harness.argocd import Application
from e2e.harness.cluster import PLACE, ROOT, Cluster, run, wait_for
from e2e.harness.leads import send, some
from e2e.harness.models import Model
from e2e.harness.store import Store
from e2e.harness.subject import Subject
from support.argocd_maps import customizations

pytestmark = [pytest.mark.gitops, pytest.mark.own]


@pytest.fixture(scope="module")
def argo(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArgoCd]:
    """Argo CD, beside the cluster, with our health checks and buttons."""
    if missing():
        quietly("apt-get", "update")
        quietly("apt-get", "install", "-y", "--no-install-recommends", *missing())
    for file in crds():
        cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(file))
    cluster.kubectl("create", "namespace", NAMESPACE, check=False)
    known = ("get", "--raw=/apis/argoproj.io/v1alpha1")
    wait_for("its kinds are served", lambda: "appprojects" in cluster.kubectl(*known, check=False))
    cluster.apply(*settings(PLACE.kubeconfig))
    patch = tmp_path_factory.mktemp("patch") / "argocd-cm.yaml"
    patch.write_text(customizations())
    where = ("configmap", "argocd-cm", "-n", NAMESPACE, "--type=merge")
    cluster.kubectl("patch", *where, f"--patch-file={patch}")
    with ArgoCd(PLACE.kubeconfig, tmp_path_factory.mktemp("argocd")) as found:
        wait_until_up(found)
        yield found
    cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


@pytest.fixture
def application(subject: Subject, argo: ArgoCd, tmp_path: Path) -> Iterator[Application]:
    """Removed while Argo CD still runs: nobody else would take its finalizer away."""
    assert not argo.dead()
    repository = Repository(tmp_path / "repository")
    repository.make()
    app = Application(subject, repository)
    yield app
    app.remove()


def test_a_commit_with_a_bad_digest_is_degraded_and_the_next_gets_out(application: Application, good: Model):
    application.subject.put(good)
    application.commit(
        "a digest nobody made", artifact={"digest": "sha256:" + "0" * 64}, progressDeadline="30s"
    )
    application.create()
    application.until("Degraded")
    wait_for("what is wrong", lambda: "the source holds" in application.said(), 120)
    assert "000000000000" in application.said()
    application.commit("the digest that was trained", artifact={"digest": good.digest})
    application.until("Healthy")
    assert f"{good.digest[7:19]} serves in every pod" in application.said()


def test_from_commit_to_prune_with_a_rollback_in_between(
    application: Application, good: Model, better: Model, broken: Model
):
    subject = application.subject
    policy = {"rollback": {"maxPreviousPsi": 0.2}, "drift": {"interval": "1s", "sustainedFor": "4s"}}
    subject.put(good)
    application.commit("a lead model", **policy)
    started = time.monotonic()
    application.create()
    application.until("Healthy")
    print(f"\ncommit to Healthy in Argo CD: {time.monotonic() - started:.1f} s; it showed {application.seen}")
    assert "Progressing" in application.seen
    assert "Degraded" not in application.seen

    send(subject, some(good, 400))
    subject.wait("proven", lambda: subject.status()["champion"].get("provenAt"))
    subject.put(broken)
    subject.poll()
    subject.until_champion(broken)
    for number in range(80):
        send(subject, some(good, 100, number))
        if subject.status().get("rollbacks"):
            break
    application.until("Degraded")
    message = f"pods serve {good.digest[7:19]}, {broken.digest[7:19]} is quarantined: DriftSustained"
    wait_for("our message", lambda: message in application.said(), 60)
    before, syncs = subject.object(), application.syncs()
    time.sleep(15)  # three resyncs: self-heal has seen it and left it
    assert application.synced(), "the rollback shows as a difference to Git"
    assert application.syncs() == syncs
    assert subject.object()["metadata"]["generation"] == before["metadata"]["generation"]
    assert subject.champion() == good.digest

    subject.put(better)
    application.commit("the model of the next night, pinned", artifact={"digest": better.digest}, **policy)
    application.until("Healthy")
    assert subject.champion() == better.digest

    application.remove()
    kinds = "lm,deploy,pods,svc,jobs,cronjobs,pdb,networkpolicies,roles"
    subject.wait_gone(lambda: not subject.cluster.items(kinds, subject.namespace))


# --- examples/gitops ---------------------------------------------------------------------------------------------------------


class Leads:
    """A clone of examples/gitops for this cluster: its own store, namespaces and limits."""

    def __init__(self, cluster: Cluster, store: Store, prefix: str, folder: Path) -> None:
        self.repository = Repository(folder / "repository")
        self.repository.make()
        shutil.copytree(ROOT / "examples" / "gitops", self.repository.folder, dirs_exist_ok=True)
        prod = Subject(cluster, store, f"{prefix}-prod")
        self.subjects = {name: Subject(cluster, store, f"{prefix}-{name}") for name in ("dev", "staging")}
        self.subjects["prod"] = prod
        policy = {
            "gate": {"live": {"policy": "Off"}},
            "rollback": {"maxPreviousPsi": 0.2},
            "drift": {"interval": "1s", "sustainedFor": "4s"},
        }
        for name in self.subjects:
            file = self.repository.folder / name / "conversion.yaml"
            text = file.read_text().replace("s3://leads/conversion/", store.uri(prod.path("")))
            text = re.sub(r"minAuc: 0\.\d+", "minAuc: 0.6", text).replace(
                "Prune=confirm,Delete=confirm", "Prune=true"
            )
            file.write_text(text + "".join(f"  {key}: {value}\n" for key, value in policy.items()))
        self.apps = {name: self.application(name) for name in self.subjects}

    def application(self, name: str) -> Application:
        """The Application of one environment, as the example has it but for addresses."""
        documents = yaml.safe_load_all((self.repository.folder / "argocd" / "applications.yaml").read_text())
        (body,) = (body for body in documents if body["spec"]["source"]["path"] == name)
        return Application(self.subjects[name], self.repository, body)

    def commit(self, message: str) -> None:
        """What lies in the folder now, and tell Argo CD."""
        self.repository.commit(message)
        for app in self.apps.values():
            app.refresh()

    def promote(self, *arguments: str) -> None:
        """As a person does it."""
        run(str(self.repository.folder / "promote.sh"), *arguments)
        self.commit(f"promote {' '.join(arguments)}")


@pytest.fixture
def leads(
    cluster: Cluster, operator: None, argo: ArgoCd, store: Store, namespace: str, tmp_path: Path
) -> Iterator[Leads]:
    """The example's repository with nothing deployed yet."""
    made = Leads(cluster, store, namespace, tmp_path)
    yield made
    for app in made.apps.values():
        app.remove()
        cluster.kubectl("delete", "namespace", app.subject.namespace, "--wait=false", "--ignore-not-found")


def test_a_model_goes_from_dev_to_prod_and_back_by_commits(leads: Leads, good: Model, broken: Model):
    dev, staging, prod = (leads.apps[name] for name in ("dev", "staging", "prod"))
    prod.subject.put(good)
    leads.commit("the example")
    dev.create()
    dev.until("Healthy")
    leads.promote("staging", str(dev.subject.champion()))
    staging.create()
    staging.until("Healthy")
    leads.promote("prod")
    prod.create()
    prod.until("Healthy")
    assert {app.subject.champion() for app in leads.apps.values()} == {good.digest}

    send(prod.subject, some(good, 400))
    prod.subject.wait("proven", lambda: prod.subject.status()["champion"].get("provenAt"))
    prod.subject.put(broken)
    leads.promote("staging", broken.digest)
    staging.until("Healthy")
    leads.promote("prod")
    prod.subject.until_champion(broken)
    for number in range(80):
        send(prod.subject, some(good, 100, number))
        if prod.subject.status().get("rollbacks"):
            break
    prod.until("Degraded")
    assert prod.subject.champion() == good.digest
    leads.repository.revert()  # the way out: what serves is what Git asks for again
    leads.commit("nothing more")
    prod.until("Healthy")
    assert prod.subject.champion() == good.digest
    assert staging.subject.champion() == broken.digest, "staging was not reverted"
