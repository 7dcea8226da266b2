"""Who writes what: only our manager, only what is ours, never a spec."""

import asyncio
import copy
from contextlib import suppress

from leadmodel_operator.kubernetes.apiserver.client import ApiError, Client
from worlds.fake_api import Call, Object
from worlds.fake_leader import Stop, a_cluster, a_leader
from worlds.programs import Truth
from worlds.stories import drifted

OURS = {
    "leadmodels/status",
    "configmaps",
    "services",
    "serviceaccounts",
    "deployments",
    "jobs",
    "cronjobs",
    "poddisruptionbudgets",
    "networkpolicies",
    "horizontalpodautoscalers",
    "roles",
    "rolebindings",
    "events",
}


async def writes() -> list:
    async with a_cluster() as cluster, a_leader(cluster) as leader:
        await drifted(cluster, leader)
        return [call for call in cluster.api.log if call.writes]


def test_every_write_is_ours_and_says_so():
    made = asyncio.run(writes())
    assert len(made) > 30
    for call in made:
        what = f"{call.resource}/{call.sub}" if call.sub else call.resource
        assert what in OURS, str(call)
        if call.method != "DELETE":
            assert call.query["fieldManager"] == "leadmodel-operator"
        if call.method == "DELETE":
            assert call.body["preconditions"]["uid"]
        if call.method == "PUT":
            assert call.body["metadata"]["resourceVersion"]
        if call.resource == "leadmodels":
            assert call.method == "PUT"
            assert call.sub == "status"


async def a_late_delete() -> tuple[bool, bool, str]:
    """Stop a leader before it deletes a Deployment whose model does not load, change the Deployment, and let the leader go on.

    Returns whether the changed Deployment is left at once, whether one is left in the end, and the first call after the delete.
    """
    async with a_cluster() as cluster, a_leader(cluster) as leader:
        cluster.upload("A", Truth(auc=0.75, loads=False))
        cluster.apply()
        stop = Stop(0, where="DELETE deployments")
        cluster.api.hooks.append(stop)
        work = asyncio.create_task(leader.settle())
        await asyncio.wait_for(stop.reached.wait(), 30)
        (place,) = (place for place in cluster.api.objects if place[0] == "deployments")
        changed = copy.deepcopy(cluster.api.objects[place])
        changed["metadata"]["labels"]["by"] = "another-leader"
        cluster.api.put(place, changed)
        seen: list[tuple[bool, str]] = []

        async def look(call: Call, when: str) -> None:
            if when == "before" and str(call) != stop.what:
                seen.append((place in cluster.api.objects, str(call)))

        cluster.api.hooks.append(look)
        stop.let_go.set()
        await work
        left, after = seen[0]
        return left, place in cluster.api.objects, after


def test_a_late_delete_leaves_a_deployment_that_somebody_changed_meanwhile():
    assert asyncio.run(a_late_delete())[:2] == (True, False)


def test_a_late_delete_ends_the_pass_and_the_next_one_plans_anew():
    assert asyncio.run(a_late_delete())[2] == "GET leadmodels/conversion"


def test_control_a_client_that_keeps_the_conflict_to_itself_lets_the_pass_go_on(monkeypatch):
    delete = Client.delete

    async def quiet(self: Client, path: str, item: Object, *, with_version: bool = False) -> None:
        with suppress(ApiError):
            await delete(self, path, item, with_version=with_version)

    monkeypatch.setattr(Client, "delete", quiet)
    assert asyncio.run(a_late_delete())[2] != "GET leadmodels/conversion"


def test_control_without_the_version_a_late_delete_takes_it(monkeypatch):
    delete = Client.delete

    async def blind(self: Client, path: str, item: Object, *, with_version: bool = False) -> None:
        await delete(self, path, item)

    monkeypatch.setattr(Client, "delete", blind)
    assert asyncio.run(a_late_delete())[0] is False
