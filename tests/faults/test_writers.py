"""Who writes what: only our manager, only what is ours, never a spec."""

import asyncio

from worlds.fake_leader import a_cluster, a_leader
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
