"""Operator upgrades with a rollout in flight restart no pod of their own accord, there and back; older objects still load."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from e2e.harness.cluster import HELM_NAMESPACE, HELM_RELEASE, IMAGES, PLACE, ROOT, Cluster, named, run
from e2e.harness.leads import some
from e2e.harness.load import Load
from e2e.harness.models import Model
from e2e.harness.subject import Subject

pytestmark = [pytest.mark.lifecycle, pytest.mark.alone, pytest.mark.own]


@pytest.fixture
def tomorrow(cluster: Cluster, images: str, operator: None) -> Iterator[str]:
    """The images of the next version: other names for all four, so every default changes."""
    for image in IMAGES:
        run(*PLACE.ctr("images", "tag", "--force", named(image, images), named(image, "tomorrow")))
    yield "tomorrow"
    cluster.install(images)


def pods_by_champion(subject: Subject) -> dict[str, set[str]]:
    """UIDs of pods by the digest they serve, with how often their containers started again."""
    found: dict[str, set[str]] = {}
    for pod in subject.pods():
        digest = pod["metadata"]["annotations"]["customerops.dev/champion"]
        found.setdefault(digest, set()).add(pod["metadata"]["uid"])
        assert all(c["restartCount"] == 0 for c in pod["status"].get("containerStatuses", []))
    return found


def image_of(subject: Subject) -> str:
    """The image its pods run."""
    (found,) = {pod["spec"]["containers"][0]["image"] for pod in subject.pods()}
    return str(found)


def made(subject: Subject) -> list[str]:
    """Digest of each ReplicaSet there is, oldest first: one for each template the Deployment ever had."""
    mine = f"customerops.dev/leadmodel={subject.name}"
    sets = subject.cluster.items("replicasets", subject.namespace, mine)
    ordered = sorted(sets, key=lambda item: item["metadata"]["creationTimestamp"])
    return [s["spec"]["template"]["metadata"]["annotations"]["customerops.dev/champion"] for s in ordered]


def test_there_and_back_with_a_rollout_in_flight(
    subject: Subject, cluster: Cluster, good: Model, better: Model, images: str, tomorrow: str
):
    subject.serve(good)
    still = Subject(cluster, subject.store, subject.namespace, "still")
    still.serve(good)
    before = pods_by_champion(still)
    with Load(subject.url(), some(better, 400), threads=2) as load:
        subject.put(better)
        subject.poll()
        subject.until_champion(better)
        cluster.install(tomorrow)  # while the pods change
        subject.until("Ready", "True", "Serving")
        subject.wait("two pods", lambda: len(subject.pods()) == 2)
        assert made(subject) == [good.digest, better.digest], "a template of the upgrade's own making"
        assert image_of(subject).endswith(f":{images}"), "validated by that image, served by it"
        subject.apply(artifact={"digest": good.digest})
        subject.until_champion(good)
        cluster.helm("rollback", HELM_RELEASE, "-n", HELM_NAMESPACE, "--wait", "--timeout=240s")
        subject.until("Ready", "True", "Serving")
        subject.wait("two pods", lambda: len(subject.pods()) == 2)
    print(f"\n{load.sent} requests through an upgrade and back, {len(load.failures)} failed")
    assert not load.failures, load.failures[:3]
    assert pods_by_champion(still) == before
    assert still.condition("Ready") == ("True", "Serving")


def test_the_new_image_comes_with_the_next_promotion_or_refresh(
    subject: Subject, cluster: Cluster, good: Model, better: Model, images: str, tomorrow: str
):
    subject.serve(good)
    cluster.install(tomorrow)
    subject.put(better)
    subject.poll()
    subject.until_champion(better)
    subject.until("Ready", "True", "Serving")
    subject.wait("two pods", lambda: len(subject.pods()) == 2)
    assert image_of(subject).endswith(":tomorrow")
    cluster.install(images)
    assert image_of(subject).endswith(":tomorrow")
    subject.annotate("refresh", "now")
    subject.wait("the present image", lambda: {image_ends(p) for p in subject.pods()} == {images})
    subject.until("Ready", "True", "Serving")


def image_ends(pod: dict[str, Any]) -> str:
    return str(pod["spec"]["containers"][0]["image"]).rpartition(":")[2]


def test_an_object_of_an_older_schema_still_loads(subject: Subject, cluster: Cluster, good: Model):
    """Stored before a rule existed: its champion serves on, the object says what is wrong, and a corrected one goes on."""
    subject.serve(good, predictor={"replicas": 1})
    new = yaml.safe_load((ROOT / "crds" / "leadmodels.yaml").read_text())
    cluster.apply(loosened(new))
    try:
        patch = '{"spec": {"minAuc": 0.2}}'
        subject.wait(
            "the API server takes the old form",
            lambda: (
                "patched"
                in cluster.kubectl(
                    "patch",
                    "lm",
                    subject.name,
                    "-n",
                    subject.namespace,
                    "--type=merge",
                    f"--patch={patch}",
                    check=False,
                )
            ),
        )
    finally:
        cluster.kubectl(
            "apply", "--server-side", "--force-conflicts", "-f", str(ROOT / "crds" / "leadmodels.yaml")
        )
    subject.until("Stalled", "True", "InvalidSpec")
    assert "minAuc" in subject.message("Stalled")
    assert subject.champion() == good.digest
    assert len(subject.pods()) == 1
    subject.apply(predictor={"replicas": 1})
    subject.until("Ready", "True", "Serving")


def loosened(crd: dict[str, Any]) -> dict[str, Any]:
    """The CRD before it had bounds for minAuc."""
    spec = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    for word in ("minimum", "maximum"):
        spec["properties"]["minAuc"].pop(word, None)
    spec["properties"]["minAuc"].pop("x-kubernetes-validations", None)
    return crd
