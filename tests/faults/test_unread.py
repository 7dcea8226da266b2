"""What the operator cannot read is said, not guessed: a refused read, and a cache that does not know every LeadModel yet."""

import asyncio
import copy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from leadmodel_operator.kubernetes.apiserver.cache import Cache
from leadmodel_operator.kubernetes.apiserver.dry_run import DryRun
from leadmodel_operator.kubernetes.observe import live, reading
from leadmodel_operator.planning.plan import plan
from leadmodel_operator.resource.vocabulary import ConditionStatus, ConditionType, Reason
from worlds.fake_api import Call, Refused
from worlds.fake_cluster import NAME, NAMESPACE, Truth, lead_model
from worlds.fake_leader import a_cluster, a_leader, stays_quiet
from worlds.situations import serving
from worlds.stories import DRIFT

WORDS = 'is forbidden: User "operator" cannot {} resource "{}" in API group'
BACKFILL = {"redis": {"secretName": "redis"}, "keyPatterns": ["chat:*"]}


class RefusesReads:
    """A hook: a resource may not be read."""

    def __init__(self, resource: str) -> None:
        self.resource = resource

    async def __call__(self, call: Call, when: str) -> None:
        if when == "before" and call.method == "GET" and call.resource == self.resource:
            verb = "get" if call.name else "list"
            raise Refused(403, "Forbidden", f"{self.resource} {WORDS.format(verb, self.resource)}")


async def with_a_refused_read(resource: str, *, before: bool = False) -> dict[str, Any]:
    """A serves; then (or before) reads of a resource are refused, and allowed again. What a person sees meanwhile."""
    async with a_cluster() as cluster, a_leader(cluster) as leader:
        cluster.upload("A", Truth(auc=0.75))
        cluster.apply(**DRIFT)
        if not before:
            await leader.settle()
        hook = RefusesReads(resource)
        cluster.api.hooks.append(hook)
        templates = len(cluster.templates)
        await leader.march(3)
        shown = next((c for c in cluster.status.get("conditions", []) if c["type"] == "Stalled"), None)
        seen = {
            "ready": cluster.condition("Ready") if shown else None,
            "stalled": shown and (shown["status"], shown["reason"]),
            "message": shown and shown["message"],
            "events": {e["reason"] for e in cluster.all("events")},
            "failed": len(leader.failures),
        }
        if not before:
            assert await stays_quiet(leader) == []
            assert cluster.serving() == "A"
            assert len(cluster.templates) == templates
        cluster.api.hooks.remove(hook)
        cluster.now += timedelta(minutes=1)
        await leader.settle()
        assert cluster.condition("Ready") == ("True", "Serving")
        assert cluster.condition("Stalled")[0] == "False"
        assert cluster.broken == []
        return seen


@pytest.mark.parametrize("resource", ["jobs", "deployments", "configmaps", "pods"])
def test_a_refused_read_is_a_condition_with_the_servers_words(resource):
    seen = asyncio.run(with_a_refused_read(resource))
    assert seen["stalled"] == ("True", "Forbidden")
    assert seen["ready"] == ("Unknown", "Forbidden")
    assert resource in seen["message"]
    assert 'User "operator" cannot' in seen["message"]
    assert "Forbidden" in seen["events"]
    assert seen["failed"] == 0


def test_control_a_pass_that_only_fails_shows_nothing(monkeypatch):
    monkeypatch.setattr(reading, "refusal_of", lambda *_: None)
    with pytest.raises(AssertionError):
        test_a_refused_read_is_a_condition_with_the_servers_words("jobs")


class RefusesAllReads:
    """A hook: nothing but LeadModels may be read, and the answers come in turns in another order."""

    def __init__(self) -> None:
        self.turn = 0

    async def __call__(self, call: Call, when: str) -> None:
        if when == "before" and call.method == "GET" and call.resource != "leadmodels":
            slow = ("services", "deployments")[self.turn % 2]
            await asyncio.sleep(0.2 if call.resource == slow else 0.0)
            raise Refused(403, "Forbidden", f"{call.resource} {WORDS.format('get', call.resource)}")


async def writes_without_rights() -> int:
    """Changes of the LeadModel while nothing can be read, after the first that says so."""
    async with a_cluster() as cluster, a_leader(cluster) as leader:
        cluster.upload("A", Truth(auc=0.75))
        cluster.apply(**DRIFT)
        await leader.settle()
        hook = RefusesAllReads()
        cluster.api.hooks.append(hook)
        await leader.march(1)
        assert cluster.condition("Stalled") == ("True", "Forbidden")
        versions = set()
        for hook.turn in range(4):
            versions.add(cluster.lead_model["metadata"]["resourceVersion"])
            await leader.march(1)
        cluster.api.hooks.remove(hook)
        return len(versions) - 1


def test_without_any_right_one_sentence_stands():
    """Each other sentence would be a write, whose echo is the next pass."""
    assert asyncio.run(writes_without_rights()) == 0


def test_control_the_sentence_of_whichever_answer_comes_first_changes(monkeypatch):
    monkeypatch.setattr(live, "together", asyncio.gather)
    assert asyncio.run(writes_without_rights()) > 0


@pytest.mark.parametrize("kind", [ConditionType.STALLED, ConditionType.READY])
def test_a_refused_read_has_its_event_once_also_after_a_refused_write(kind):
    world, _ = serving()
    seen = replace(world.observed(), spec=None, unread="the API server refuses to read pods")
    refused = {"status": ConditionStatus.TRUE, "reason": Reason.FORBIDDEN}
    conditions = tuple(replace(c, **refused) if c.type is kind else c for c in world.status.conditions)
    first = plan(replace(seen, status=replace(world.status, conditions=conditions)))
    assert [event.reason for event in first.events] == ["Forbidden"]
    assert plan(replace(seen, status=first.status)).events == ()


def test_before_the_first_status_an_event_tells():
    """A status written now would hide the ledger of a LeadModel that was restored."""
    seen = asyncio.run(with_a_refused_read("configmaps", before=True))
    assert seen["stalled"] is None
    assert "Forbidden" in seen["events"]
    assert seen["failed"] == 3


async def covered(*, knows_all: bool | None) -> tuple[str, str]:
    """An older LeadModel redacts the same keys, and the cache is still empty."""
    async with a_cluster() as cluster, a_leader(cluster) as leader:
        older = lead_model(piiBackfill=BACKFILL)
        older["metadata"] |= {"name": "older", "uid": "older", "generation": 1}
        older["metadata"]["creationTimestamp"] = "2020-01-01T00:00:00Z"
        cluster.api.put(("leadmodels", NAMESPACE, "older"), copy.deepcopy(older))
        leader.port.cached = DryRun(Cache(), leader.client)
        if knows_all:
            leader.port.cached.cache.synced.add(("leadmodels", ""))
        cluster.upload("A", Truth(auc=0.75))
        cluster.apply(**DRIFT, piiBackfill=BACKFILL)
        await leader.settle()
        assert cluster.lead_model["metadata"]["name"] == NAME
        return cluster.condition("BackfillHealthy")


def test_while_the_cache_is_not_complete_other_backfills_are_read_live():
    assert asyncio.run(covered(knows_all=False)) == ("Unknown", "CoveredBy")


def test_control_an_empty_cache_that_counts_as_complete_hides_them():
    assert asyncio.run(covered(knows_all=True)) == ("Unknown", "Pending")
