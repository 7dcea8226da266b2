"""Text models on the fake API server: what is written when, by whom, and over what."""

import asyncio
import base64
from datetime import timedelta
from typing import Any

import pytest

from leadmodel_operator.kubernetes.write.kept_texts import KeptTexts
from worlds.fake_cluster import NAME, NAMESPACE, FakeCluster
from worlds.fake_leader import Leader, Stop, a_cluster, a_leader, differences, shape, stays_quiet
from worlds.fake_texts import SETTINGS, FakeTexts, packed

TRAINING = {"training": {"messages": {"uri": "s3://leads/more.jsonl"}}}
PAUSE = timedelta(minutes=5)


async def serving(cluster: FakeCluster, leader: Leader, **settings: Any) -> FakeTexts:
    """Let A serve leads and the text model `b` answer texts."""
    texts = FakeTexts(cluster)
    cluster.live = True
    cluster.upload("A")
    texts.upload("b")
    cluster.apply(enrichment=SETTINGS | settings)
    await leader.settle()
    await leader.pass_time(PAUSE)
    assert (texts.served(), cluster.condition("EnrichmentHealthy")) == ("b", ("True", "Serving"))
    return texts


async def ask(cluster: FakeCluster, leader: Leader, nonce: str = "1") -> None:
    """Ask for a look at the sources, and wait until it was taken."""
    cluster.annotate("poll", nonce)
    await leader.settle()
    await leader.pass_time(PAUSE)


def pod_spec(cluster: FakeCluster) -> dict[str, Any]:
    return dict(cluster.api.objects[("deployments", NAMESPACE, NAME)]["spec"]["template"]["spec"])


def objects_of_text(cluster: FakeCluster) -> set[str]:
    """The names of all objects of text models."""
    places = (place for place in cluster.api.objects if place[0] not in {"events", "pods"})
    return {f"{p[0]}/{p[2]}" for p in places if "-text" in p[2] or "-enrichment" in p[2]}


def mailboxes(cluster: FakeCluster) -> list[str]:
    return list(cluster.api.objects[("roles", NAMESPACE, f"{NAME}-jobs")]["rules"][0]["resourceNames"])


def test_a_text_model_lies_where_predictors_look():
    async def play() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            texts = await serving(cluster, leader, **TRAINING)
            pod = pod_spec(cluster)
            assert {"name": "text", "configMap": {"name": "conversion-text", "optional": True}} in pod[
                "volumes"
            ]
            assert "--text-model=/models/text/text.json.gz" in pod["containers"][0]["args"]
            assert mailboxes(cluster) == ["conversion-mailbox", "conversion-text-mailbox"]
            assert texts.kept() == {"b"}
            expected = {"configmaps/conversion-text", "cronjobs/conversion-enrichment"}
            assert {name for name in objects_of_text(cluster) if "-text-" not in name} == expected
            assert not await stays_quiet(leader)
            assert not cluster.broken

    asyncio.run(play())


def test_without_the_settings_nothing_of_it_is_rendered_and_all_of_it_goes():
    async def play() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            await serving(cluster, leader, **TRAINING)
            cluster.apply()
            await leader.settle()
            assert objects_of_text(cluster) == set()
            assert "text" not in {volume["name"] for volume in pod_spec(cluster)["volumes"]}
            assert not [a for a in pod_spec(cluster)["containers"][0]["args"] if "text" in a]
            assert mailboxes(cluster) == ["conversion-mailbox"]
            assert cluster.condition("EnrichmentHealthy") == ("Unknown", "NotConfigured")
            assert not await stays_quiet(leader)

    asyncio.run(play())


def test_without_any_other_job_the_right_to_the_mailbox_of_texts_goes_too():
    async def play() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            await serving(cluster, leader, **TRAINING)
            pinned = {"artifact": {"digest": cluster.status["champion"]["digest"]}}  # nothing is polled
            cluster.apply(enrichment=SETTINGS | TRAINING, **pinned)
            await leader.settle()
            assert mailboxes(cluster) == ["conversion-mailbox", "conversion-text-mailbox"], "a control"
            cluster.apply(**pinned)
            await leader.settle()
            assert mailboxes(cluster) == ["conversion-mailbox"]
            assert not await stays_quiet(leader)
            assert not cluster.broken

    asyncio.run(play())


def test_a_better_one_replaces_the_file_and_restarts_no_pod():
    async def play() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            texts = await serving(cluster, leader)
            pods = {
                pod["metadata"]["uid"] for pod in cluster.all("pods") if "champion" in str(pod["metadata"])
            }
            texts.upload("c", 0.8)
            await ask(cluster, leader)
            assert (texts.served(), texts.kept()) == ("c", {"b", "c"})
            after = {
                pod["metadata"]["uid"] for pod in cluster.all("pods") if "champion" in str(pod["metadata"])
            }
            assert after == pods
            assert cluster.condition("EnrichmentHealthy") == ("True", "Serving")

    asyncio.run(play())


def test_a_worse_one_leaves_every_object_as_it_was():
    async def play() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            texts = await serving(cluster, leader)
            before = shape(cluster)
            texts.upload("c", 0.7)
            await ask(cluster, leader)
            assert cluster.condition("EnrichmentHealthy") == ("False", "EnrichmentRejected")
            after = shape(cluster)
            changed = {
                line.split(":")[0] for line in differences(after, before) if not line.startswith(".jobs/")
            }
            status = f".leadmodels/{NAME}.status."
            of_text = (f"{status}enrichment", f"{status}conditions")
            of_annotation = (f"{status}handled", f"{status}poll", f".leadmodels/{NAME}.metadata.annotations")
            assert any(line.startswith(of_text) for line in changed)
            assert not {line for line in changed if not line.startswith((*of_text, *of_annotation))}
            assert (texts.served(), texts.kept()) == ("b", {"b"})

    asyncio.run(play())


def test_pods_that_cannot_load_it_get_the_one_before():
    async def play() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            texts = await serving(cluster, leader)
            texts.upload("c", 0.8)
            texts.unloadable.add("c")
            await ask(cluster, leader)
            await leader.pass_time(PAUSE)
            assert (texts.served(), cluster.status["enrichment"]["refused"][0]["reason"]) == (
                "b",
                "SchemaMismatch",
            )

    asyncio.run(play())


def test_other_bytes_in_the_mailbox_are_not_kept():
    async def play() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            texts = await serving(cluster, leader)
            texts.upload("c", 0.8)
            texts.forged = packed("d")
            cluster.annotate("poll", "1")
            await leader.march(12)
            assert (texts.served(), texts.kept()) == ("b", {"b"})
            texts.forged = None
            await leader.pass_time(PAUSE)
            assert texts.served() == "c", "control: the right bytes are"

    asyncio.run(play())


def test_a_lost_snapshot_is_made_again_and_a_lost_file_as_well():
    async def play() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            texts = await serving(cluster, leader)
            (name,) = (n for n in objects_of_text(cluster) if n.startswith("configmaps/conversion-text-"))
            cluster.delete("configmaps", name.removeprefix("configmaps/"))
            await leader.settle()
            assert texts.kept() == {"b"}
            cluster.delete("configmaps", "conversion-text")
            await leader.settle()
            assert texts.served() == "b"

    asyncio.run(play())


@pytest.mark.parametrize("edited", [packed("c"), b"no gzip"])
def test_an_edit_of_the_file_by_hand_is_written_back_and_one_beside_it_stays(edited):
    def change(body: dict[str, Any]) -> None:
        body["binaryData"]["text.json.gz"] = base64.b64encode(edited).decode()

    async def play() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            texts = await serving(cluster, leader)
            cluster.edit(
                "configmaps", "conversion-text", lambda body: body["metadata"]["labels"].update(team="a")
            )
            await leader.settle()
            held = cluster.api.objects[("configmaps", NAMESPACE, "conversion-text")]
            assert held["metadata"]["labels"]["team"] == "a", "control: what is not ours is left alone"
            cluster.edit("configmaps", "conversion-text", change)
            await leader.settle()
            assert texts.served() == "b"
            assert not await stays_quiet(leader)
            assert not cluster.broken

    asyncio.run(play())


async def stopped_at_the_file(
    cluster: FakeCluster, leader: Leader, texts: FakeTexts, *, after: bool
) -> tuple[Stop, "asyncio.Task[None]"]:
    """Let a leader decide for `c`, and stop it at the write of the file."""
    stop = Stop(0, after=after, where="PATCH configmaps/conversion-text")
    cluster.api.hooks.append(stop)
    texts.upload("c", 0.8)
    cluster.annotate("poll", "1")
    work = asyncio.create_task(leader.settle())
    await asyncio.wait_for(stop.reached.wait(), 10)
    return stop, work


async def killed(work: "asyncio.Task[None]") -> None:
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)


@pytest.mark.parametrize("after", [False, True])
def test_a_crash_at_the_write_of_the_file_is_repaired_by_the_next_leader(after):
    async def play() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as first:
            texts = await serving(cluster, first)
            _, work = await stopped_at_the_file(cluster, first, texts, after=after)
            assert cluster.status["enrichment"]["digest"] != cluster.status["enrichment"].get("previous")
            await killed(work)
            async with a_leader(cluster) as second:
                await second.settle()
                assert (texts.served(), texts.kept()) == ("c", {"b", "c"})

    asyncio.run(play())


async def overtaken(cluster: FakeCluster, first: Leader) -> set[str | None]:
    """Let a frozen leader's write of `c` come after a newer leader served `d`: everything that lies there from then on."""
    texts = await serving(cluster, first)
    texts.upload("a", 0.8)
    await ask(cluster, first, "0")  # from the second write on the file is applied over what was applied
    stop, work = await stopped_at_the_file(cluster, first, texts, after=False)
    async with a_leader(cluster) as second:
        texts.upload("d", 0.85)
        await ask(cluster, second, "2")
        served = {texts.served()}
        cluster.api.changed.append(lambda _before, _after: served.add(texts.served()))
        stop.let_go.set()
        await asyncio.wait([work], timeout=2)
        await killed(work)
    return served


def test_a_frozen_leader_does_not_write_over_a_newer_file():
    async def play() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as first:
            assert await overtaken(cluster, first) == {"d"}

    asyncio.run(play())


def test_control_without_the_version_it_would(monkeypatch):
    async def play() -> None:
        real = KeptTexts.apply

        async def unfenced(self, item, body, *, fenced=False):
            return await real(self, item, body)

        monkeypatch.setattr(KeptTexts, "apply", unfenced)
        async with a_cluster() as cluster, a_leader(cluster) as first:
            assert "c" in await overtaken(cluster, first)

    asyncio.run(play())


def test_what_a_person_wrote_reaches_the_check_as_it_is():
    """Kubelet replaces $(NAME) by the variables of the container, which are Secrets."""

    async def play() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            texts = FakeTexts(cluster)
            texts.upload("b")
            cluster.jobs_run = False
            cluster.apply(
                enrichment=SETTINGS
                | {"holdout": {"uri": "s3://leads/m.jsonl", "label": "$(AWS_SECRET_ACCESS_KEY)"}}
            )
            await leader.look()
            await leader.look()
            (job,) = (
                j
                for j in cluster.all("jobs")
                if j["metadata"]["labels"]["customerops.dev/role"] == "text-check"
            )
            arguments = job["spec"]["template"]["spec"]["containers"][0]["args"]
            assert "--label=$$(AWS_SECRET_ACCESS_KEY)" in arguments

    asyncio.run(play())
