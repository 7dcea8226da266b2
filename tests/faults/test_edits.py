"""Someone edits, deletes, replaces or forges what is ours: repaired, respected or named, as documented; nothing forbidden happens."""

import asyncio
import copy
from datetime import timedelta

import pytest

from leadmodel_operator.kubernetes import applier
from leadmodel_operator.kubernetes.observe import cluster
from leadmodel_operator.kubernetes.render import comparison
from worlds import stories
from worlds.fake_cluster import LEADMODEL, NAME, NAMESPACE, FakeCluster, Truth, digest
from worlds.fake_leader import Leader, a_cluster, a_leader, differences, shape, stays_quiet
from worlds.stories import DRIFT, first, holds, peaceful, promoted, proven

REV = f"{NAME}-rev-{digest('A')[7:19]}"


def spec_of(*path):
    def change(value):
        def edit(body):
            for key in path[:-1]:
                body = body[key]
            body[path[-1]] = value

        return edit

    return change


EDITS = {
    "image of the Deployment": (
        "deployments",
        NAME,
        lambda b: b["spec"]["template"]["spec"]["containers"][0].update(image="other:2"),
    ),
    "number of pods": ("deployments", NAME, spec_of("spec", "replicas")(5)),
    "decision of the Deployment": (
        "deployments",
        NAME,
        lambda b: b["metadata"]["annotations"].update({"customerops.dev/decision": "999"}),
    ),
    "labels of the Deployment": ("deployments", NAME, lambda b: b["metadata"]["labels"].clear()),
    "selector of the Service": ("services", NAME, spec_of("spec", "selector")({"app": "mine"})),
    "the budget": ("poddisruptionbudgets", NAME, spec_of("spec", "maxUnavailable")(5)),
    "the network policy": ("networkpolicies", NAME, spec_of("spec", "policyTypes")(["Ingress"])),
    "rights of the Jobs": ("roles", f"{NAME}-jobs", lambda b: b["rules"][0].update(verbs=["*"])),
}


@pytest.mark.parametrize("what", EDITS)
def test_an_edit_is_repaired(what):
    resource, name, change = EDITS[what]

    async def tell() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            cluster.upload("A", Truth(auc=0.75))
            cluster.apply(artifact={"pollInterval": "1h"}, **DRIFT)
            await leader.settle()
            before = shape(cluster)
            cluster.edit(resource, name, change)
            if name.endswith("-jobs"):
                assert differences(shape(cluster), before)
            await leader.settle()
            assert differences(shape(cluster), before) == []
            assert cluster.broken == []
            assert await stays_quiet(leader) == []

    asyncio.run(tell())


def test_control_trusting_our_hash_alone_is_found_out(monkeypatch):
    monkeypatch.setattr(comparison, "covers", lambda *_: True)
    with pytest.raises(AssertionError):
        test_an_edit_is_repaired("selector of the Service")


@pytest.mark.parametrize(
    ("resource", "name"),
    [
        ("services", NAME),
        ("poddisruptionbudgets", NAME),
        ("networkpolicies", NAME),
        ("configmaps", f"{NAME}-ledger"),
        ("configmaps", REV),
        ("serviceaccounts", f"{NAME}-jobs"),
        ("deployments", NAME),
    ],
)
def test_a_deleted_child_comes_back(resource, name):
    async def tell() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            await proven(cluster, leader)
            cluster.downtime_allowed = resource == "deployments"
            cluster.delete(resource, name)
            await leader.settle()
            if resource == "serviceaccounts":  # nothing needs it now; the next work makes it
                cluster.annotate("poll", "again")
                await leader.settle()
                cluster.annotate("poll", None)
                await leader.settle()
                assert (resource, NAMESPACE, name) in cluster.api.objects
                return
            await leader.pass_time(0.1 * stories.HOUR)
            await holds(cluster, leader, proven)

    peaceful(proven)
    asyncio.run(tell())


def test_what_others_add_is_theirs():
    """`kubectl rollout restart`, a sidecar's annotation, an autoscaler's number: not fought."""

    async def tell() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            await proven(cluster, leader)
            note = {"kubectl.kubernetes.io/restartedAt": "2026-01-05T09:00:00Z"}
            cluster.edit(
                "deployments", NAME, lambda b: b["spec"]["template"]["metadata"]["annotations"].update(note)
            )
            await leader.settle()
            await leader.pass_time(0.1 * stories.HOUR)
            there = cluster.api.objects[("deployments", NAMESPACE, NAME)]
            assert note.items() <= there["spec"]["template"]["metadata"]["annotations"].items()
            assert cluster.condition("Ready") == ("True", "Serving")
            assert cluster.broken == []
            assert await stays_quiet(leader) == []

    asyncio.run(tell())


SCALER = {"minReplicas": 2, "maxReplicas": 6}


def scaled(cluster: FakeCluster, number: int) -> None:
    """The autoscaler sets the number through the scale subresource."""

    def edit(body):
        body["spec"]["replicas"] = number
        entry = {"manager": "kube-controller-manager", "operation": "Update", "subresource": "scale"}
        body["metadata"]["managedFields"] = [{**entry, "fieldsV1": {"f:spec": {"f:replicas": {}}}}]

    cluster.edit("deployments", NAME, edit)
    for owner in cluster.api.owned:
        cluster.api.owned[owner].discard(("spec", "replicas"))


async def autoscaled() -> None:
    async with a_cluster() as cluster, a_leader(cluster) as leader:
        await first(cluster, leader)
        cluster.apply(predictor={"autoscaling": SCALER}, **DRIFT)
        await leader.settle()
        assert ("horizontalpodautoscalers", NAMESPACE, NAME) in cluster.api.objects
        scaled(cluster, 4)
        await leader.settle()
        cluster.upload("B", Truth(auc=0.8))
        cluster.annotate("poll", "B")
        await leader.settle()
        there = cluster.api.objects[("deployments", NAMESPACE, NAME)]
        assert (cluster.serving(), there["spec"]["replicas"]) == ("B", 4)
        manager = cluster.api.owned[("deployments", NAMESPACE, NAME), "leadmodel-operator"]
        assert ("spec", "replicas") not in manager, "the number is not ours while the autoscaler sets it"
        assert await stays_quiet(leader) == []
        cluster.apply(predictor={"replicas": 3}, **DRIFT)
        await leader.settle()
        assert ("horizontalpodautoscalers", NAMESPACE, NAME) not in cluster.api.objects
        assert cluster.api.objects[("deployments", NAMESPACE, NAME)]["spec"]["replicas"] == 3
        assert cluster.broken == []
        assert await stays_quiet(leader) == []


def test_the_autoscaler_is_not_fought_and_goes_when_it_is_not_asked_for():
    asyncio.run(autoscaled())


def test_control_sending_the_number_for_ever_is_found_out(monkeypatch):
    monkeypatch.setattr(applier, "scales", lambda _: False)
    with pytest.raises(AssertionError):
        asyncio.run(autoscaled())


# --- status and identity lost ---------------------------------------------------------------------------------------------------


def wipe_status(cluster: FakeCluster) -> None:
    body = copy.deepcopy(cluster.lead_model)
    body.pop("status", None)
    cluster.api.put(LEADMODEL, body)


def replace_whole(cluster: FakeCluster) -> None:
    """`kubectl replace` with the manifest of Git: no annotations, no status."""
    wipe_status(cluster)
    body = copy.deepcopy(cluster.lead_model)
    body["metadata"].pop("annotations", None)
    cluster.api.put(LEADMODEL, body)


@pytest.mark.parametrize("loss", [wipe_status, replace_whole])
def test_a_lost_status_is_rebuilt(loss):
    async def tell() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            await promoted(cluster, leader)
            deployments = cluster.templates.copy()
            loss(cluster)
            await leader.settle()
            await leader.pass_time(0.1 * stories.HOUR)
            assert cluster.champion() == cluster.serving() == "B"
            assert cluster.templates == deployments, "nothing else was served meanwhile"
            assert cluster.condition("Ready") == ("True", "Serving")
            assert cluster.broken == []
            assert await stays_quiet(leader) == []

    asyncio.run(tell())


def test_control_starting_anew_is_found_out(monkeypatch):
    from leadmodel_operator.planning import plan
    from leadmodel_operator.resource.status import Status

    monkeypatch.setattr(plan, "rebuild", lambda _: Status())

    async def tell() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            await stories.drifted(cluster, leader)  # B was rolled back; a forgetful one serves it again
            wipe_status(cluster)
            await leader.settle()
            await leader.pass_time(0.1 * stories.HOUR)
            assert cluster.serving() == "A"

    with pytest.raises(AssertionError):
        asyncio.run(tell())


async def restored(*, collected: bool) -> tuple[FakeCluster, list[str]]:
    """A backup is restored: everything comes back with new UIDs, owners point to what is gone."""
    async with a_cluster() as cluster, a_leader(cluster) as leader:
        await proven(cluster, leader)
        cluster.downtime_allowed = True
        saved = copy.deepcopy(cluster.api.objects)
        for place in list(cluster.api.objects):
            cluster.api.remove(place)
        cluster.upload("A", Truth(auc=0.75))
        cluster.store_up = False  # the source is away: only the snapshot can serve
        for place, body in saved.items():
            if place[0] in {"leadmodels", "configmaps"} and not place[2].endswith("-mailbox"):
                cluster.api.uids += 1
                body["metadata"] |= {"uid": f"uid-{cluster.api.uids}"}
                body["metadata"].pop("resourceVersion")
                if place[0] == "leadmodels":
                    body.pop("status", None)
                cluster.api.put(place, body)
        made = len(cluster.api.log)
        for _ in range(3):
            await leader.look()
            cluster.now += timedelta(seconds=2)
        snapshot = cluster.api.objects[("configmaps", NAMESPACE, REV)]
        owner = snapshot["metadata"]["ownerReferences"][0]["uid"]
        assert owner == cluster.lead_model["metadata"]["uid"]
        cluster.store_up = True
        cluster.collect()  # the ledger of the dead owner goes
        cluster.now += timedelta(minutes=2)
        await leader.settle()
        assert cluster.champion() == cluster.serving() == "A"
        assert cluster.condition("Ready") == ("True", "Serving")
        assert cluster.broken == []
        assert await stays_quiet(leader) == []
        return cluster, [str(c) for c in cluster.api.log[made:]]


def test_a_restore_gives_snapshots_their_owner_back():
    asyncio.run(restored(collected=True))


def test_control_an_orphan_that_stays_one_is_found_out(monkeypatch):
    monkeypatch.setattr(cluster, "is_orphan", lambda *_: False)
    with pytest.raises((AssertionError, KeyError)):
        asyncio.run(restored(collected=True))


def test_a_restored_snapshot_with_other_bytes_is_not_taken():
    async def tell() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            await proven(cluster, leader)
            other = copy.deepcopy(cluster.api.objects[("configmaps", NAMESPACE, REV)])
            name = f"{NAME}-rev-{digest('X')[7:19]}"
            other["metadata"] |= {"name": name, "uid": "uid-x"}
            other["metadata"]["annotations"]["customerops.dev/digest"] = digest("X")  # the bytes are A's
            other["metadata"]["ownerReferences"][0]["uid"] = "uid-of-before"
            other["metadata"].pop("resourceVersion")
            cluster.api.put(("configmaps", NAMESPACE, name), other)
            await leader.settle()
            found = cluster.api.objects.get(("configmaps", NAMESPACE, name))
            assert found is None or found["metadata"]["ownerReferences"][0]["uid"] == "uid-of-before"
            assert cluster.broken == []

    asyncio.run(tell())


def test_deleted_and_made_again_within_a_second():
    async def tell() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            await proven(cluster, leader)
            cluster.downtime_allowed = True
            cluster.api.remove(LEADMODEL)
            cluster.apply(**DRIFT)
            await leader.look()  # what the first one made is still there, and is not ours
            await leader.look()
            assert cluster.condition("Stalled") == ("True", "NameConflict")
            cluster.collect()
            cluster.now += timedelta(seconds=30)
            await leader.settle()
            await leader.pass_time(0.1 * stories.HOUR)
            await holds(cluster, leader, proven)

    peaceful(proven)
    asyncio.run(tell())


async def there_and_back(cluster: FakeCluster, leader: Leader) -> None:
    """The pin goes A → B → A while B is validated; B's verdict comes after A is back."""
    cluster.upload("A", Truth(auc=0.75))
    cluster.apply(artifact={"digest": digest("A")}, **DRIFT)
    await leader.settle()
    cluster.upload("B", Truth(auc=0.8))
    cluster.jobs_run = False
    cluster.apply(artifact={"digest": digest("B")}, **DRIFT)
    await leader.look()
    assert cluster.condition("Ready") == ("False", "Fetching")
    cluster.apply(artifact={"digest": digest("A")}, **DRIFT)
    cluster.jobs_run = True
    cluster.step()
    await leader.settle()


def test_a_spec_that_goes_and_comes_back_during_validation():
    async def tell() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            await there_and_back(cluster, leader)
            assert cluster.champion() == cluster.serving() == "A"
            assert cluster.templates == ["A"], "B never served"
            assert cluster.condition("Ready") == ("True", "Serving")
            assert cluster.broken == []
            assert await stays_quiet(leader) == []

    asyncio.run(tell())
