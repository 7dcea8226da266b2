"""Follow-ups on the fake API server: what is made, changed and taken away, by whom, and over what."""

import asyncio
import copy
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from leadmodel_followup.settings.reading import parse
from leadmodel_operator.kubernetes.write.made_follow_ups import MadeFollowUps
from leadmodel_operator.planning.followup_settings import settings_digest, settings_document
from leadmodel_operator.planning.observed import FollowUpsPod, FollowUpsSeen, Observed
from leadmodel_operator.planning.plan import plan
from leadmodel_operator.planning.scraping import read_report
from leadmodel_operator.resource.conversion import dump, load
from leadmodel_operator.resource.schema import schema
from leadmodel_operator.resource.spec_followups import FollowUps
from leadmodel_operator.resource.status import Status
from worlds import rights
from worlds.fake_api import Call, Refused
from worlds.fake_cluster import NAMESPACE, FakeCluster, Truth
from worlds.fake_followups import OBJECT, RESOURCES, SETTINGS, FakeFollowUps
from worlds.fake_leader import Leader, Stop, a_cluster, a_leader, shape, stays_quiet
from worlds.names import START, spec
from worlds.status_schema import violations

Story = Callable[[FakeCluster, Leader], Awaitable[None]]


def told(story: Story) -> None:
    """Tell a story in a cluster in which A serves, with one leader."""

    async def tell() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            cluster.upload("A")
            await story(cluster, leader)

    asyncio.run(tell())


async def sending(cluster: FakeCluster, leader: Leader, **settings: Any) -> FakeFollowUps:
    """Let A serve leads and two pods send follow-ups."""
    senders = FakeFollowUps(cluster)
    cluster.apply(followUps=SETTINGS | settings)
    await leader.settle()
    await leader.settle()
    assert cluster.condition("FollowUpsHealthy") == ("True", "Healthy")
    return senders


def of_leads(cluster: FakeCluster) -> dict[str, Any]:
    """Everything of the lead-scoring model, and nothing of follow-ups."""
    rest = {name: body for name, body in shape(cluster).items() if OBJECT not in name}
    model = copy.deepcopy(rest["leadmodels/conversion"])
    model["spec"].pop("followUps", None)
    model["status"].pop("followUps", None)
    model["status"]["conditions"] = [
        c for c in model["status"]["conditions"] if c["type"] != "FollowUpsHealthy"
    ]
    return {**rest, "leadmodels/conversion": model}


def test_with_the_section_all_of_it_is_made_and_pods_read_what_the_operator_wrote():
    async def story(cluster: FakeCluster, leader: Leader) -> None:
        senders = await sending(cluster, leader)
        assert senders.objects() == set(RESOURCES)
        raw = senders.body("configmaps")["data"]["followups.json"].encode()
        settings = parse(raw)
        assert (settings.tenant, settings.spec.plan, settings.concurrency) == (NAMESPACE, "conversion", 4)
        assert cluster.status["followUps"]["readyPods"] == cluster.status["followUps"]["currentPods"] == 2
        assert not await stays_quiet(leader)
        assert not cluster.broken

    told(story)


def test_without_the_section_nothing_is_made_and_nothing_is_read():
    async def story(cluster: FakeCluster, leader: Leader) -> None:
        senders = FakeFollowUps(cluster)
        cluster.apply()
        await leader.settle()
        assert senders.objects() == set()
        assert not [call for call in cluster.api.log if OBJECT in str(call)]
        assert cluster.condition("FollowUpsHealthy") == ("Unknown", "NotConfigured")

    told(story)


def test_the_lead_scoring_model_is_the_same_with_follow_ups_and_without():
    shapes = []
    for settings in ({}, {"followUps": SETTINGS}):

        async def story(cluster: FakeCluster, leader: Leader, settings: Any = settings) -> None:
            FakeFollowUps(cluster)
            cluster.apply(**settings)
            await leader.settle()
            shapes.append(of_leads(cluster))

        told(story)
    assert shapes[0] == shapes[1]


def test_other_settings_reach_pods_by_the_file_alone():
    async def story(cluster: FakeCluster, leader: Leader) -> None:
        senders = await sending(cluster, leader)
        template, pods = senders.body("deployments")["spec"]["template"], senders.pods()
        cluster.apply(followUps=SETTINGS | {"suspend": True, "footer": "Example GmbH"})
        await leader.settle()
        await leader.settle()
        assert senders.settings()["suspend"] is True
        assert senders.body("deployments")["spec"]["template"] == template
        assert [p["metadata"]["uid"] for p in senders.pods()] == [p["metadata"]["uid"] for p in pods]
        assert cluster.condition("FollowUpsHealthy") == ("Unknown", "Suspended")

    told(story)


def test_pods_that_go_on_with_earlier_settings_are_replaced_one_at_a_time():
    async def story(cluster: FakeCluster, leader: Leader) -> None:
        senders = await sending(cluster, leader)
        old = senders.settings_digest()
        uids = {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in senders.pods()}
        gone: list[int] = []

        def count(before: Any, after: Any) -> None:
            if after is None and before["metadata"]["name"] in uids and before["kind"] == "Pod":
                senders.stale.pop(before["metadata"]["name"], None)
                gone.append(len(senders.pods()))

        senders.stale = dict.fromkeys(uids, old)
        cluster.apply(followUps=SETTINGS | {"generation": 2})
        await leader.pass_time(timedelta(minutes=2), timedelta(minutes=1))
        assert [pod["metadata"]["uid"] for pod in senders.pods()] == list(uids.values()), (
            "a file takes its time"
        )
        cluster.api.changed.append(count)
        await leader.pass_time(timedelta(minutes=6), timedelta(minutes=1))
        assert gone == [1, 1], "the other one sends meanwhile"
        assert cluster.condition("FollowUpsHealthy") == ("True", "Healthy")
        assert not cluster.broken

    told(story)


def test_a_removed_section_takes_all_of_it_away():
    async def story(cluster: FakeCluster, leader: Leader) -> None:
        senders = await sending(cluster, leader)
        cluster.apply()
        await leader.settle()
        assert senders.objects() == set()
        assert "followUps" not in cluster.status
        assert cluster.condition("FollowUpsHealthy") == ("Unknown", "NotConfigured")
        assert not await stays_quiet(leader)

    told(story)


@pytest.mark.parametrize("resource", ["services", "poddisruptionbudgets", "networkpolicies"])
def test_control_without_the_right_to_delete_it_something_stays(resource, monkeypatch):
    granted = rights.granted() - {(resource, "delete")}
    monkeypatch.setattr(rights, "granted", lambda: granted)

    async def story(cluster: FakeCluster, leader: Leader) -> None:
        senders = await sending(cluster, leader)
        cluster.apply()
        await leader.march(20)
        assert senders.objects() == {resource}

    told(story)


def test_a_lost_status_does_not_leave_any_of_it_behind():
    async def story(cluster: FakeCluster, leader: Leader) -> None:
        senders = await sending(cluster, leader)
        body = copy.deepcopy(cluster.lead_model)
        body.pop("status")
        cluster.api.put(("leadmodels", NAMESPACE, "conversion"), body)
        cluster.apply()
        await leader.settle()
        assert senders.objects() == set()

    told(story)


@pytest.mark.parametrize("resource", RESOURCES)
def test_what_a_person_deletes_or_edits_comes_back(resource):
    async def story(cluster: FakeCluster, leader: Leader) -> None:
        senders = await sending(cluster, leader)
        wanted = shape(cluster)[f"{resource}/{OBJECT}"]
        cluster.delete(resource, OBJECT)
        await leader.settle()
        assert shape(cluster)[f"{resource}/{OBJECT}"] == wanted
        cluster.edit(resource, OBJECT, lambda body: body["metadata"]["labels"].clear())
        await leader.settle()
        assert senders.body(resource)["metadata"]["labels"]["customerops.dev/role"] == "followups"

    told(story)


@pytest.mark.parametrize("resource", RESOURCES)
def test_a_refused_child_keeps_none_of_the_others_back_and_no_lead_waits_for_it(resource):
    async def story(cluster: FakeCluster, leader: Leader) -> None:
        async def refuses(call: Call, when: str) -> None:
            if when == "before" and call.writes and call.resource == resource and OBJECT in str(call):
                raise Refused(403, "Forbidden", "denied by a policy")

        cluster.api.hooks.append(refuses)
        senders = FakeFollowUps(cluster)
        cluster.apply(followUps=SETTINGS)
        await leader.march(20)
        assert senders.objects() == set(RESOURCES) - {resource}
        assert cluster.condition("FollowUpsHealthy") == ("False", "Refused")
        assert cluster.condition("Ready") == ("True", "Serving")
        assert cluster.condition("Stalled") == ("False", "Settled")
        cluster.api.hooks.clear()
        for _ in range(3):
            await leader.settle()
        assert senders.objects() == set(RESOURCES)
        assert cluster.condition("FollowUpsHealthy")[1] in {"Healthy", "RollingOut"}
        events = [e["note"] for e in cluster.all("events") if e["reason"] == "FollowUpsUnhealthy"]
        assert len([note for note in events if "denied by a policy" in note]) == 1

    told(story)


@pytest.mark.parametrize("resource", RESOURCES)
def test_an_object_of_someone_else_is_left_alone(resource):
    async def story(cluster: FakeCluster, leader: Leader) -> None:
        senders = FakeFollowUps(cluster)
        kind = {"networkpolicies": "NetworkPolicy", "poddisruptionbudgets": "PodDisruptionBudget"}.get(
            resource, {"configmaps": "ConfigMap", "deployments": "Deployment"}.get(resource, "Service")
        )
        metadata = {"name": OBJECT, "namespace": NAMESPACE, "uid": "theirs"}
        template = {"metadata": {"labels": {}}, "spec": {"containers": [{"name": "x", "image": "x"}]}}
        theirs = {"kind": kind, "metadata": metadata, "spec": {"replicas": 0, "template": template}}
        cluster.api.put((resource, NAMESPACE, OBJECT), theirs)
        before = copy.deepcopy(senders.body(resource))
        cluster.apply(followUps=SETTINGS)
        await leader.settle()
        assert senders.body(resource) == before
        assert senders.objects() == set(RESOURCES)
        assert cluster.condition("FollowUpsHealthy") == ("False", "NameConflict")
        assert cluster.condition("Ready") == ("True", "Serving")
        cluster.delete(resource, OBJECT)
        for _ in range(3):
            await leader.settle()
        assert senders.body(resource)["metadata"]["uid"] != "theirs"

    told(story)


@pytest.mark.parametrize("resource", RESOURCES)
def test_an_object_that_cannot_leave_holds_nothing_up(resource):
    """As one with a finalizer that nobody removes."""

    async def story(cluster: FakeCluster, leader: Leader) -> None:
        senders = await sending(cluster, leader)
        cluster.edit(
            resource, OBJECT, lambda body: body["metadata"].update(deletionTimestamp="2026-01-05T08:00:00Z")
        )
        cluster.apply(followUps=SETTINGS | {"redis": {"secretName": "other", "port": 6380}})
        await leader.settle()
        ports = senders.body("networkpolicies")["spec"]["egress"][0]["ports"]
        assert ({"port": 6380, "protocol": "TCP"} in ports) is (resource != "networkpolicies")
        cluster.upload("B", Truth(auc=0.8))
        cluster.annotate("poll", "1")
        await leader.settle()
        assert cluster.champion() == cluster.serving() == "B"
        assert not leader.failures

    told(story)


def test_a_pod_that_may_not_be_replaced_stalls_no_lead():
    async def story(cluster: FakeCluster, leader: Leader) -> None:
        async def refuses(call: Call, when: str) -> None:
            if when == "before" and call.method == "DELETE" and call.resource == "pods":
                raise Refused(403, "Forbidden", "denied by a policy")

        senders = await sending(cluster, leader)
        senders.stale = {pod["metadata"]["name"]: senders.settings_digest() for pod in senders.pods()}
        cluster.api.hooks.append(refuses)
        cluster.apply(followUps=SETTINGS | {"generation": 2})
        for _ in range(6):
            cluster.now += timedelta(minutes=1)
            await leader.march(2)
        assert cluster.condition("FollowUpsHealthy") == ("False", "Refused")
        assert cluster.condition("Stalled") == ("False", "Settled")

    told(story)


async def change(cluster: FakeCluster, what: str) -> None:
    """Ask for follow-ups, for other ones, or for none."""
    wanted: dict[str, Any] = {
        "made": {"followUps": SETTINGS},
        "changed": {"followUps": SETTINGS | {"generation": 2, "worker": {"replicas": 3, "concurrency": 2}}},
        "removed": {},
    }[what]
    cluster.apply(**wanted)


async def changed_without_a_fault(what: str) -> tuple[dict[str, Any], list[str]]:
    """What there is in the end, and the writes that led there."""
    async with a_cluster() as cluster, a_leader(cluster) as leader:
        await before_the_change(cluster, leader, what)
        start = len(cluster.api.log)
        await change(cluster, what)
        await leader.settle()
        await leader.settle()
        written = [str(c) for c in cluster.api.log[start:] if c.writes and c.resource != "events"]
        return of_follow_ups(cluster), [line for line in written if OBJECT in line]


async def before_the_change(cluster: FakeCluster, leader: Leader, what: str) -> None:
    cluster.upload("A")
    if what == "made":
        FakeFollowUps(cluster)
        cluster.apply()
        await leader.settle()
    else:
        await sending(cluster, leader)


def of_follow_ups(cluster: FakeCluster) -> dict[str, Any]:
    return {name: body for name, body in shape(cluster).items() if name.endswith(f"/{OBJECT}")}


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("what", ["made", "changed", "removed"])
def test_a_crash_at_any_write_is_repaired_by_the_next_leader(what, after):
    async def play() -> int:
        wanted, written = await changed_without_a_fault(what)
        for number in range(len(written)):
            async with a_cluster() as cluster, a_leader(cluster) as first:
                await before_the_change(cluster, first, what)
                stop = Stop(number, after=after, where=OBJECT)
                cluster.api.hooks.append(stop)
                await change(cluster, what)
                work = asyncio.create_task(first.settle())
                await asyncio.wait_for(stop.reached.wait(), 10)
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)
                cluster.api.hooks.clear()
                async with a_leader(cluster) as second:
                    await second.settle()
                    await second.settle()
                    assert of_follow_ups(cluster) == wanted, stop.what
        return len(written)

    assert asyncio.run(play()) >= {"made": 5, "changed": 2, "removed": 5}[what]


async def overtaken(cluster: FakeCluster, first: Leader) -> set[int]:
    """Let a frozen leader's settings come after a newer leader's: every generation that lies there from then on."""
    cluster.upload("A")
    senders = await sending(cluster, first)
    cluster.apply(followUps=SETTINGS | {"generation": 2})
    await first.settle()  # from the second write on the settings are applied over what was applied
    stop = Stop(0, where=f"PATCH configmaps/{OBJECT}")
    cluster.api.hooks.append(stop)
    cluster.apply(followUps=SETTINGS | {"generation": 3})
    work = asyncio.create_task(first.settle())
    await asyncio.wait_for(stop.reached.wait(), 10)
    async with a_leader(cluster) as second:
        cluster.apply(followUps=SETTINGS | {"generation": 4})
        await second.settle()
        read = {senders.settings()["generation"]}
        cluster.api.changed.append(lambda _before, _after: read.add(senders.settings()["generation"]))
        stop.let_go.set()
        await asyncio.wait([work], timeout=2)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
    return read


def test_a_frozen_leader_does_not_write_over_newer_settings():
    async def play() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as first:
            assert await overtaken(cluster, first) == {4}

    asyncio.run(play())


def test_control_without_the_version_it_would(monkeypatch):
    async def play() -> None:
        real = MadeFollowUps.apply

        async def unfenced(self, item, body, *, fenced=False):
            return await real(self, item, body)

        monkeypatch.setattr(MadeFollowUps, "apply", unfenced)
        async with a_cluster() as cluster, a_leader(cluster) as first:
            assert 3 in await overtaken(cluster, first)

    asyncio.run(play())


REPORT = {
    "schema": "leadmodel.followupsreport/v1",
    "settings": "sha256:" + "0" * 64,
    "templates": None,
    "problems": [],
    "ledger": "ok",
    "waiting": 1,
    "open": 0,
    "unknown": 0,
    "oldestDue": None,
    "sent24h": 0,
    "failed24h": 0,
}
HOSTILE = {
    "no JSON": b"<html>",
    "deep": b"[" * 100_000,
    "large": json.dumps(REPORT | {"problems": [{"field": "x", "reason": "y"}] * 5000}).encode(),
    "another schema": json.dumps(REPORT | {"schema": "leadmodel.window/v1"}).encode(),
    "many problems": json.dumps(REPORT | {"problems": [{"field": "x", "reason": "y"}] * 21}).encode(),
    "a long reason": json.dumps(REPORT | {"problems": [{"field": "x", "reason": "y" * 5000}]}).encode(),
    "a negative count": json.dumps(REPORT | {"waiting": -1}).encode(),
    "no number": json.dumps(REPORT | {"waiting": "1"}).encode(),
    "no whole number": b'{"schema": "leadmodel.followupsreport/v1", "waiting": NaN}',
    "a number without end": json.dumps(REPORT).replace('"waiting": 1', '"waiting": ' + "9" * 5000).encode(),
}


BAD: list[Any] = [None, True, -1, 0, 2**53, 2**63, 10**400, 1e300, "", "x" * 3000, "\ud800", [], ["a"], {}]


def variants(value: Any) -> Iterator[Any]:
    """Copies of a document in each of which one value is a bad one."""
    for key in value if isinstance(value, dict) else range(len(value)):
        inner = variants(value[key]) if isinstance(value[key], dict | list) else ()
        for bad in (*inner, *BAD):
            copied = copy.copy(value)
            copied[key] = bad
            yield copied


def test_no_report_makes_a_status_that_the_api_server_refuses():
    """Each is read within bounds or not at all."""
    wanted = load(FollowUps, SETTINGS)
    digest, read = settings_digest(settings_document("sales", "conversion", wanted)), 0
    good = REPORT | {"settings": digest, "problems": [{"field": "x", "reason": "y"}], "oldestDue": 1}
    for document in variants(good):
        report = read_report(json.dumps(document).encode())
        pod = FollowUpsPod("sender", ready=True, report=report)
        seen = FollowUpsSeen((pod,), present=True, asked=True)
        base = Observed(now=START, rv="1", generation=1, spec=spec(follow_ups=wanted), follow_ups=seen)
        planned = plan(replace(base, name="conversion", namespace="sales"))
        assert list(violations(dump(planned.status), schema(Status), "status")) == [], document
        read += report is not None
    assert read > 20


@pytest.mark.parametrize("name", HOSTILE)
def test_an_answer_that_is_no_report_counts_as_none(name):
    async def story(cluster: FakeCluster, leader: Leader) -> None:
        senders = await sending(cluster, leader)
        senders.answer = HOSTILE[name]
        for _ in range(3):
            await leader.settle()
        assert cluster.condition("FollowUpsHealthy") == ("Unknown", "MetricsUnavailable")
        assert cluster.status["followUps"]["waiting"] == 0
        assert cluster.condition("Ready") == ("True", "Serving")
        assert not leader.failures

    told(story)


@pytest.mark.parametrize(
    "text", ["a\nb", "\x1b[2Jhello", "\u202eevil", "$(LEADMODEL_REDIS_URL)", "<script>", "y" * 200]
)
def test_hostile_words_of_a_report_stay_one_printable_line(text):
    async def story(cluster: FakeCluster, leader: Leader) -> None:
        senders = await sending(cluster, leader)
        named = [{"field": text[:128], "reason": text}]
        senders.answer = json.dumps(
            REPORT | {"problems": named, "settings": cluster.status["followUps"]["settings"]}
        ).encode()
        for _ in range(3):
            await leader.settle()
        assert cluster.condition("FollowUpsHealthy") == ("False", "TemplatesInvalid")
        said = [c["message"] for c in cluster.status["conditions"] if c["type"] == "FollowUpsHealthy"]
        said += [e["note"] for e in cluster.all("events") if e["reason"] == "FollowUpsUnhealthy"]
        assert len(said) == 2
        assert all(line.isprintable() and len(line) <= 1024 for line in said)
        assert not leader.failures

    told(story)
