"""Random valid specs in random sequences with things going wrong between: no exception, and the end is that of a fresh apply."""

import asyncio
import copy
import os
import random
from typing import Any

import pytest

from leadmodel_operator.kubernetes import applier
from worlds import fuzzed_specs
from worlds.fake_cluster import LEADMODEL, LETTERS, NAME, NAMESPACE, FakeCluster, Truth
from worlds.fake_leader import Leader, a_cluster, a_leader, differences, masked, stays_quiet
from worlds.stories import Fails

SEQUENCES = 100 if os.environ.get("LEADMODEL_FULL") else 12
SPECS = 3
# which model, and, by its promotion, whether its image is known to take candidates (`planning/challenger_place.py`)
_OF_THE_CHAMPION = ("--artifact=", "--expect-digest=", "--previous", "--measured-auc=", "--challenger=")
_KINDS = (
    "deployments",
    "services",
    "cronjobs",
    "horizontalpodautoscalers",
    "poddisruptionbudgets",
    "networkpolicies",
    "roles",
    "rolebindings",
    "serviceaccounts",
)


def put(cluster: FakeCluster, spec: dict[str, Any]) -> None:
    """Apply a whole spec."""
    if LEADMODEL not in cluster.api.objects:
        cluster.apply()
    body = copy.deepcopy(cluster.lead_model)
    body["spec"] = spec
    cluster.lowest = min(cluster.lowest, spec["minAuc"])
    cluster.api.put(LEADMODEL, body)


def fill(cluster: FakeCluster) -> None:
    """Every source holds a good model, and leads are quiet."""
    for letter, auc in zip(fuzzed_specs.LETTERS, (0.72, 0.75, 0.78, 0.74), strict=True):
        cluster.truths[letter] = Truth(auc=auc)
    for uri in fuzzed_specs.URIS:
        cluster.store[uri] = "C"


def disturb(cluster: FakeCluster, chance: random.Random) -> None:
    """Something goes wrong, or someone does something."""
    match chance.randrange(7):
        case 0:
            cluster.api.hooks.append(Fails(503, chance.randint(1, 8), lambda _: True))
        case 1:
            cluster.api.hooks.append(Fails(409, chance.randint(1, 4)))
        case 2:
            cluster.annotate("poll", str(chance.random()))
        case 3:
            there = [p for p in cluster.api.objects if p[0] in _KINDS[1:] and p[1] == NAMESPACE]
            if there:
                cluster.api.remove(chance.choice(there))
        case 4:
            body = copy.deepcopy(cluster.lead_model)
            body.pop("status", None)
            cluster.api.put(LEADMODEL, body)
        case 5:
            cluster.annotate("paused", "true")
        case 6:
            cluster.store_up = False


def mend(cluster: FakeCluster) -> None:
    cluster.api.hooks.clear()
    cluster.store_up = True
    cluster.annotate("paused", None)
    cluster.annotate("poll", None)


def pruned(value: Any) -> Any:
    """Without what is empty: an apply takes fields away and leaves the empty struct around them."""
    if isinstance(value, dict):
        found = {k: pruned(v) for k, v in value.items()}
        return {k: v for k, v in found.items() if v not in ({}, [], None)}
    return [pruned(item) for item in value] if isinstance(value, list) else value


def rendered(cluster: FakeCluster) -> dict[str, Any]:
    """What the spec alone decides, of everything that is there."""
    found = {}
    for place, body in cluster.api.objects.items():
        if place[0] in _KINDS:
            found["/".join(place)] = masked({k: v for k, v in body.items() if k != "status"})
    there = found.get(f"deployments/{NAMESPACE}/{NAME}")
    if there is not None:
        there["metadata"].pop("annotations")
        template = there["spec"]["template"]
        for name in ("champion", "previous"):
            template["metadata"]["annotations"].pop(f"customerops.dev/{name}")
        container = template["spec"]["containers"][0]
        container["args"] = [a for a in container["args"] if not a.startswith(_OF_THE_CHAMPION)]
        container["volumeMounts"] = [m for m in container["volumeMounts"] if m["name"] == "tmp"]
        template["spec"]["volumes"] = [v for v in template["spec"]["volumes"] if v["name"] == "tmp"]
        if "autoscaling" in cluster.lead_model["spec"].get("predictor", {}):
            there["spec"].pop("replicas")
    for cron in (v for k, v in found.items() if k.startswith("cronjobs/")):
        pod = cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
        pod["args"] = [a for a in pod["args"] if "etag=" not in a]
    return dict(pruned(found))


async def settle(leader: Leader) -> None:
    await leader.settle(limit=160)
    await leader.pass_time(_hours(2.2))  # what had failed is tried again by then


def _hours(number: float):
    from datetime import timedelta

    return timedelta(hours=number)


async def sequence(seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """What there is after a sequence, and after a fresh apply of its last spec."""
    chance = random.Random(seed)
    specs = [fuzzed_specs.spec(chance) for _ in range(SPECS)]
    async with a_cluster() as cluster, a_leader(cluster) as leader:
        fill(cluster)
        for spec in specs:
            put(cluster, copy.deepcopy(spec))
            cluster.downtime_allowed = True  # a spec may ask for no pods
            for _ in range(chance.randint(0, 2)):
                disturb(cluster, chance)
                await leader.march(chance.randint(1, 12))
        mend(cluster)
        await settle(leader)
        assert cluster.broken == []
        assert await stays_quiet(leader) == []
        ended, champion = rendered(cluster), cluster.champion()
    async with a_cluster() as cluster, a_leader(cluster) as leader:
        fill(cluster)
        put(cluster, copy.deepcopy(specs[-1]))
        await settle(leader)
        fresh = rendered(cluster)
        if (champion is None) != (cluster.champion() is None):
            pinned = specs[-1]["artifact"].get("digest")
            assert pinned is not None, "one of them serves and the other does not"
            assert LETTERS[pinned]
            # a pin that cannot be had: an earlier champion serves on, a fresh resource has none
            ended, fresh = without_serving(ended), without_serving(fresh)
        return ended, fresh


def without_serving(found: dict[str, Any]) -> dict[str, Any]:
    serving = ("deployments/", "poddisruptionbudgets/", "networkpolicies/", "horizontalpodautoscalers/")
    return {k: v for k, v in found.items() if not k.startswith(serving)}


def only_serving(found: dict[str, Any]) -> dict[str, Any]:
    return {
        k: v for k, v in found.items() if not k.startswith(("roles/", "rolebindings/", "serviceaccounts/"))
    }


@pytest.mark.parametrize("seed", range(SEQUENCES))
def test_a_sequence_of_specs_ends_as_a_fresh_apply(seed):
    ended, fresh = asyncio.run(sequence(seed))
    kept = ended.keys() & fresh.keys()  # an account of earlier work may stay
    assert only_serving(ended).keys() == only_serving(fresh).keys()
    assert differences({k: ended[k] for k in kept}, {k: fresh[k] for k in kept}) == []


def test_control_an_autoscaler_that_stays_is_found_out(monkeypatch):
    """The oracle sees what a transition leaves behind."""
    real = applier.Applier.delete

    async def forgetful(self, resource, found, *, with_version=False):
        if resource not in {"horizontalpodautoscalers", "cronjobs"}:
            await real(self, resource, found, with_version=with_version)

    monkeypatch.setattr(applier.Applier, "delete", forgetful)
    with pytest.raises(AssertionError):
        _all(range(40))


def _all(seeds) -> None:
    for seed in seeds:
        test_a_sequence_of_specs_ends_as_a_fresh_apply(seed)


def test_control_a_spec_that_is_not_valid_is_not_made():
    for seed in range(300):
        assert fuzzed_specs.spec(random.Random(seed))["holdout"]
