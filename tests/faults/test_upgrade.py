"""Another version of the operator takes over, or finds what another version stored: nothing restarts, nothing is lost."""

import asyncio
import copy
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from leadmodel_operator.kubernetes import applier
from leadmodel_operator.kubernetes.render import objects
from worlds.fake_api import Call
from worlds.fake_cluster import LEADMODEL, FakeCluster, Truth
from worlds.fake_leader import Leader, a_cluster, a_leader, stays_quiet
from worlds.stories import HOUR, holds, peaceful, proven

NEXT = "predictor:2"  # the default image of the next version


def pods(cluster: FakeCluster) -> set[str]:
    return {
        p["metadata"]["uid"]
        for p in cluster.all("pods")
        if "customerops.dev/champion" in p["metadata"].get("annotations", {})
    }


async def there_and_back(*, rolling: bool) -> None:
    """N-1 → N and back, at rest and in the middle of a rollout."""
    async with a_cluster() as cluster:
        cluster.pullable.add(NEXT)
        async with a_leader(cluster) as old:
            await proven(cluster, old)
            before = pods(cluster)
            if rolling:
                cluster.upload("B", Truth(auc=0.8))
                cluster.annotate("poll", "B")
                while cluster.serving() != "B":
                    await old.march(1)
                before = pods(cluster)
        async with a_leader(cluster, image=NEXT) as new:
            await new.settle()
            images = {
                p["spec"]["containers"][0]["image"]
                for p in cluster.all("pods")
                if p["metadata"]["uid"] in pods(cluster)
            }
            assert images == {"predictor:1"}, "served by the image that validated it"
            assert rolling or pods(cluster) == before, "an upgrade alone restarts no pod"
            after = pods(cluster)
            assert await stays_quiet(new) == []
        async with a_leader(cluster) as old:
            await old.settle()
            assert pods(cluster) == after
            assert cluster.champion() == cluster.serving() == ("B" if rolling else "A")
            assert cluster.broken == []
            assert await stays_quiet(old) == []


@pytest.mark.parametrize("rolling", [False, True], ids=["at rest", "rolling"])
def test_an_upgrade_and_back_restarts_nothing(rolling):
    asyncio.run(there_and_back(rolling=rolling))


def test_control_serving_with_the_present_default_is_found_out(monkeypatch):
    real = objects.pod_template

    def newest(lead_model, serve):
        body = real(lead_model, serve)
        body["spec"]["containers"][0]["image"] = NEXT
        return body

    monkeypatch.setattr(objects, "pod_template", newest)
    assert applier.objects is objects
    with pytest.raises(AssertionError):
        asyncio.run(there_and_back(rolling=False))


def test_a_new_default_image_is_taken_when_asked_for():
    async def tell() -> None:
        async with a_cluster() as cluster:
            cluster.pullable.add(NEXT)
            async with a_leader(cluster) as old:
                await proven(cluster, old)
            async with a_leader(cluster, image=NEXT) as new:
                cluster.annotate("refresh", "now")
                await new.settle()
                assert cluster.status["champion"]["image"] == NEXT
                assert cluster.condition("Ready") == ("True", "Serving")
                assert cluster.broken == []
                assert await stays_quiet(new) == []

    asyncio.run(tell())


def test_a_spec_from_before_a_stricter_schema():
    """It stalls with a sentence, its champion serves on, nothing is touched; mended, all is as before."""

    async def tell() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            await proven(cluster, leader)
            good = copy.deepcopy(cluster.lead_model["spec"])
            body = copy.deepcopy(cluster.lead_model)
            body["spec"]["minAuc"] = 7
            cluster.api.put(LEADMODEL, body)
            await leader.settle()
            assert cluster.condition("Stalled") == ("True", "InvalidSpec")
            assert cluster.condition("Ready") == ("False", "InvalidSpec")
            said = next(c["message"] for c in cluster.status["conditions"] if c["type"] == "Stalled")
            assert "minAuc" in said
            assert cluster.serving() == "A"
            assert await stays_quiet(leader) == []
            cluster.api.put(LEADMODEL, {**copy.deepcopy(cluster.lead_model), "spec": good})
            await leader.settle()
            await leader.pass_time(0.1 * HOUR)
            await holds(cluster, leader, proven)

    peaceful(proven)
    asyncio.run(tell())


def older(status: dict) -> None:
    """Stored by a version that did not know these."""
    for name in ("selector", "url", "decision", "handled", "poll"):
        status.pop(name, None)


def newer(status: dict) -> None:
    """Stored by a version that knows more."""
    status["forecast"] = {"psi": 0.1}
    status["champion"]["colour"] = "green"


def unreadable(status: dict) -> None:
    """Stored by a version with other words."""
    status["champion"]["since"] = "yesterday"


@pytest.mark.parametrize("change", [older, newer, unreadable])
def test_a_status_of_another_version_loads(change):
    async def tell() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            await proven(cluster, leader)
            before, served = pods(cluster), cluster.templates.copy()
            body = copy.deepcopy(cluster.lead_model)
            change(body["status"])
            cluster.api.put(LEADMODEL, body)
            await leader.settle()
            await leader.pass_time(0.1 * HOUR)
            assert cluster.champion() == cluster.serving() == "A"
            assert cluster.templates == served
            assert change is unreadable or pods(cluster) == before
            assert cluster.condition("Ready") == ("True", "Serving")
            assert cluster.broken == []
            assert await stays_quiet(leader) == []

    asyncio.run(tell())


async def drops_the_job(call: Call, when: str) -> None:
    """A definition that does not know the field: the API server drops it and accepts the rest."""
    if when == "before" and call.resource == "leadmodels" and call.writes:
        (call.body["status"].get("candidate") or {}).pop("job", None)


async def older_definition(cluster: FakeCluster, leader: Leader) -> None:
    """The operator came before the definition of its release: it says so, in peace, and goes on once the definition is there."""
    cluster.api.hooks.append(drops_the_job)
    cluster.upload("A", Truth(auc=0.75))
    cluster.apply()
    await leader.march(8)
    assert cluster.condition("Stalled") == ("True", "Refused")
    said = next(c["message"] for c in cluster.status["conditions"] if c["type"] == "Stalled")
    assert "CustomResourceDefinition is older" in said
    version = cluster.lead_model["metadata"]["resourceVersion"]
    await leader.march(4, seconds=30)
    assert cluster.lead_model["metadata"]["resourceVersion"] == version
    cluster.api.hooks.clear()
    cluster.now += timedelta(minutes=1)
    await leader.settle()
    assert cluster.serving() == "A"


def test_an_older_definition_is_named():
    run_with_leader(older_definition)


def test_control_a_field_that_is_dropped_in_silence(monkeypatch):
    real = applier.Applier.record_job

    async def in_silence(self: applier.Applier, uid: str) -> None:
        before = list(self.refused)
        await real(self, uid)
        self.refused[:] = before

    monkeypatch.setattr(applier.Applier, "record_job", in_silence)
    with pytest.raises(AssertionError):
        run_with_leader(older_definition)


def run_with_leader(work: Callable[[FakeCluster, Leader], Awaitable[None]]) -> None:
    async def tell() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            await work(cluster, leader)

    asyncio.run(tell())
