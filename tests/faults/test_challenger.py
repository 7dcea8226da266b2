"""A candidate before the pods on the fake API server: what is written when, by whom, and over what."""

import asyncio
import base64
import gzip
from datetime import timedelta
from typing import Any

import pytest

from leadmodel_messages import share
from leadmodel_operator.kubernetes.write.asked_pods import AskedPods, is_named
from leadmodel_operator.kubernetes.write.recording import Recording
from leadmodel_operator.planning.planned import Asked
from worlds.fake_api import Call
from worlds.fake_cluster import LETTERS, NAME, NAMESPACE, FakeCluster, Truth, raw, unpacked
from worlds.fake_cluster import digest as fake_digest
from worlds.fake_leader import Leader, a_cluster, a_leader, stays_quiet

PLACE = f"{NAME}-challenger"
REQUIRE = {"live": {"policy": "Require"}}
PAUSE = timedelta(minutes=1)


async def serving(cluster: FakeCluster, leader: Leader) -> None:
    """Let A serve leads, and candidates be asked about."""
    cluster.live = True
    cluster.upload("A")
    cluster.apply(gate=REQUIRE)
    await leader.settle()
    await leader.pass_time(PAUSE)
    assert cluster.champion() == "A"


async def offer(cluster: FakeCluster, leader: Leader, letter: str, truth: Truth) -> None:
    """Put a candidate into the store and ask for a look at it."""
    cluster.upload(letter, truth)
    cluster.annotate("poll", letter)
    await leader.settle()


def before_the_pods(cluster: FakeCluster) -> str | None:
    """The letter of the candidate that pods look at; None where they look at none."""
    held = cluster.api.objects.get(("configmaps", NAMESPACE, PLACE))
    found = unpacked(held, "challenger.json.gz") if held else None
    return LETTERS[found] if found else None


def tampered(body: dict[str, Any]) -> None:
    body["binaryData"] = {"challenger.json.gz": base64.b64encode(gzip.compress(raw("E"))).decode()}


def test_pods_are_asked_and_a_candidate_that_fits_serves():
    async def play() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            await serving(cluster, leader)
            await offer(cluster, leader, "B", Truth())
            await leader.pass_time(PAUSE)
            assert cluster.champion() == "B"
            assert cluster.status["challenger"]["verdict"] == "Pass"
            assert ("configmaps", NAMESPACE, PLACE) in cluster.api.objects
            assert before_the_pods(cluster) is None
            assert not await stays_quiet(leader)
            assert not cluster.broken

    asyncio.run(play())


def test_a_candidate_that_leads_do_not_fit_serves_none():
    async def play() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            await serving(cluster, leader)
            await offer(cluster, leader, "B", Truth(drifts=True))
            await leader.pass_time(PAUSE)
            assert (cluster.champion(), before_the_pods(cluster)) == ("A", None)
            assert cluster.condition("Validated") == ("False", "UnlikeLiveLeads")
            assert "B" not in cluster.templates
            assert not await stays_quiet(leader)

    asyncio.run(play())


def test_control_without_the_live_gate_it_serves():
    async def play() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            await serving(cluster, leader)
            cluster.apply(gate={"live": {"policy": "Off"}})
            await offer(cluster, leader, "B", Truth(drifts=True))
            assert cluster.champion() == "B"
            assert ("configmaps", NAMESPACE, PLACE) not in cluster.api.objects

    asyncio.run(play())


async def by_annotation(_: AskedPods, place: dict[str, Any], asked: Asked | None) -> Any:
    """Take the place for what its annotation says."""
    return None if is_named(place, asked) else place


@pytest.mark.parametrize("verifies", [True, False], ids=["verified", "control"])
def test_bytes_that_someone_else_put_there_are_replaced(verifies, monkeypatch):
    """Control: whoever goes by the annotation alone leaves them there."""

    async def play() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            if not verifies:
                monkeypatch.setattr(AskedPods, "differing", by_annotation)
            await serving(cluster, leader)
            cluster.truths["E"] = Truth()
            cluster.live = False  # pods say nothing yet
            await offer(cluster, leader, "B", Truth(drifts=True))
            assert before_the_pods(cluster) == "B"
            cluster.edit("configmaps", PLACE, tampered)
            assert before_the_pods(cluster) == "E"
            await leader.settle()
            assert before_the_pods(cluster) == ("B" if verifies else "E")
            cluster.live = True
            await leader.pass_time(PAUSE)
            assert cluster.champion() == "A"

    asyncio.run(play())


def tampered_as_text(body: dict[str, Any]) -> None:
    """Predictors take a model that is not packed, too."""
    body["data"] = {"challenger.json.gz": raw("E").decode()}


def reads(cluster: FakeCluster) -> int:
    """How often the place was read with its data."""
    return sum(call.method == "GET" and call.name == PLACE for call in cluster.api.log)


@pytest.mark.parametrize("verifies", [True, False], ids=["verified", "control"])
@pytest.mark.parametrize("tamper", [tampered, tampered_as_text], ids=["packed", "as text"])
def test_what_someone_else_puts_there_while_nobody_is_asked_about_is_taken_away(
    tamper, verifies, monkeypatch
):
    """No apply does that, for it is another manager's. Control: whoever goes by the annotation alone leaves it there."""

    async def play() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            await serving(cluster, leader)
            await offer(cluster, leader, "B", Truth())
            await leader.pass_time(PAUSE)
            assert (cluster.champion(), before_the_pods(cluster)) == ("B", None)
            if not verifies:
                monkeypatch.setattr(AskedPods, "differing", by_annotation)
            cluster.truths["E"] = Truth()
            cluster.edit("configmaps", PLACE, tamper)
            await leader.settle()
            held = cluster.api.objects[("configmaps", NAMESPACE, PLACE)]
            assert bool(held.get("data") or held.get("binaryData")) is not verifies
            if verifies:
                known = reads(cluster)
                assert not await stays_quiet(leader)
                assert reads(cluster) == known, "the data are read once per version"

    asyncio.run(play())


def test_a_candidate_goes_through_steps_with_one_write_each():
    async def play() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            cluster.live = True
            cluster.upload("A")
            steps = [{"weight": 5, "for": "1m"}, {"weight": 50, "for": "1m"}]
            cluster.apply(gate=REQUIRE, rollout={"steps": steps})
            await leader.settle()
            await leader.pass_time(PAUSE)
            before = len(cluster.api.log)
            await offer(cluster, leader, "B", Truth())
            assert cluster.condition("Validated") == ("Unknown", "Canary")
            assert (cluster.champion(), before_the_pods(cluster)) == ("A", "B")
            for _ in steps:
                await leader.pass_time(timedelta(minutes=10))
            assert (cluster.champion(), before_the_pods(cluster)) == ("B", None)
            writes = [call for call in cluster.api.log[before:] if call.writes and call.name == PLACE]
            shares = [
                (call.body.get("data") or {}).get("share.json") for call in writes if call.method == "PATCH"
            ]
            assert shares == [share_of("B", 5), share_of("B", 50), None]
            assert not await stays_quiet(leader)
            assert not cluster.broken

    asyncio.run(play())


def share_of(letter: str, weight: int) -> str:
    """The file that gives a candidate its share."""
    return share.dump(share.Share(fake_digest(letter), weight))


def made_somebodys(body: dict[str, Any]) -> None:
    """Another owner's object, without the labels by which the operator lists its own."""
    body["metadata"] = {"name": PLACE, "namespace": NAMESPACE, "uid": "theirs"}


def made_immutable(body: dict[str, Any]) -> None:
    body["immutable"] = True


@pytest.mark.parametrize(
    ("edit", "stalled"),
    [(made_somebodys, "NameConflict"), (made_immutable, "Refused")],
    ids=["somebody's", "immutable"],
)
def test_a_place_that_cannot_be_written_is_named_and_nothing_in_it_serves(edit, stalled):
    async def play() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            await serving(cluster, leader)
            cluster.apply(gate={"live": {"policy": "Require", "onInsufficient": "Hold"}})
            await offer(cluster, leader, "B", Truth())
            await leader.pass_time(PAUSE)
            cluster.truths["E"] = Truth()
            cluster.edit("configmaps", PLACE, tampered)
            cluster.edit("configmaps", PLACE, edit)
            cluster.upload("C", Truth())
            cluster.annotate("poll", "C")
            await leader.march(20)
            cluster.now += timedelta(hours=1)
            await leader.march(20)
            assert cluster.status["hold"]["reason"] == "NotLoaded"
            assert (cluster.champion(), before_the_pods(cluster)) == ("B", "E")
            assert cluster.condition("Stalled") == ("True", stalled)
            message = next(c["message"] for c in cluster.status["conditions"] if c["type"] == "Stalled")
            assert PLACE in message
            cluster.delete("configmaps", PLACE)  # what the message asks for
            await leader.pass_time(timedelta(minutes=2))
            assert cluster.champion() == "C"

    asyncio.run(play())


async def older_crd(call: Call, moment: str) -> None:
    """Drop what an earlier CRD does not know, as the API server does without a word."""
    if moment == "before" and call.method == "PUT" and call.sub == "status":
        call.body["status"].pop("challenger", None)


@pytest.mark.parametrize("looks", [True, False], ids=["looks", "control"])
def test_under_an_older_crd_a_candidate_is_promoted_without_the_live_gate(looks, monkeypatch):
    """Control: who does not look at what was stored records the candidate anew in every pass, and never promotes it."""

    async def believe(*_: object) -> None:
        """Take what was written for what is stored."""

    async def play() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            if not looks:
                monkeypatch.setattr(Recording, "look_for_challenger", believe)
            cluster.api.hooks.append(older_crd)
            await serving(cluster, leader)
            cluster.upload("B", Truth())
            cluster.annotate("poll", "B")
            await leader.march(60)
            assert cluster.champion() == ("B" if looks else "A")
            if looks:
                await leader.settle()
                notes = [
                    event["note"] for event in cluster.all("events") if event["reason"] == "StatusRefused"
                ]
                assert len(notes) == 1
                assert "crds/leadmodels.yaml" in notes[0]
                assert not await stays_quiet(leader)

    asyncio.run(play())
