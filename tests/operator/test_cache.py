"""The cache: nothing is remembered of what is gone, and a pass over it cannot write."""

import asyncio
import copy

import pytest

from leadmodel_operator.kubernetes.apiserver import cache as caches
from leadmodel_operator.kubernetes.apiserver.cache import Cache
from leadmodel_operator.kubernetes.apiserver.cached_fields import fields_read
from leadmodel_operator.kubernetes.apiserver.dry_run import DryRun, WriteNeeded

LABEL = "customerops.dev/leadmodel"


def pod(name: str, version: int, model: str = "conversion") -> dict:
    about = {"name": name, "namespace": "sales", "resourceVersion": str(version), "labels": {LABEL: model}}
    about["managedFields"] = [{"manager": "kubelet"}]
    container = {"image": "predictor:1", "env": [{"name": "PASSWORD", "value": "hunter2"}]}
    return {"metadata": about, "spec": {"containers": [container]}, "status": {"podIP": "10.0.0.1"}}


def test_what_is_gone_leaves_nothing_behind():
    cache = Cache()
    for number in range(100):
        cache.put("pods", pod(f"p{number}", number + 1, f"m{number % 7}"))
    assert len(cache.of_model("pods", "sales", "m0")) == 15
    for number in range(100):
        assert cache.drop("pods", "sales", f"p{number}")
    assert len(cache) == 0
    assert cache.names_by_model == {}
    assert not cache.drop("pods", "sales", "p1")


def test_a_pod_that_changes_its_label_changes_its_model():
    cache = Cache()
    cache.put("pods", pod("p", 1, "a"))
    cache.put("pods", pod("p", 2, "b"))
    assert cache.of_model("pods", "sales", "a") == []
    assert len(cache.of_model("pods", "sales", "b")) == 1


def test_older_news_is_no_news():
    cache = Cache()
    assert cache.put("pods", pod("p", 5))
    assert not cache.put("pods", pod("p", 5))
    assert not cache.put("pods", pod("p", 4))


def lead_model(version: int, **about) -> dict:
    named = {"name": "conversion", "namespace": "sales", "resourceVersion": str(version), "generation": 1}
    return {"kind": "LeadModel", "metadata": named | about, "spec": {"minAuc": 0.7}, "status": {"phase": "x"}}


def config_map(version: int) -> dict:
    about = {"name": "conversion-ledger", "namespace": "sales", "resourceVersion": str(version)}
    return {"metadata": about | {"labels": {LABEL: "conversion"}}}


UNREAD = {"annotations": {"note": "7", "team": "a"}, "labels": {"x": "y"}, "managedFields": [{}]}


def test_what_no_pass_reads_is_no_news_and_yet_the_newest_version_is_held():
    cache = Cache()
    assert cache.put("leadmodels", lead_model(1))
    assert not cache.put("leadmodels", lead_model(2, **UNREAD))
    assert cache.get("leadmodels", "sales", "conversion")["metadata"]["resourceVersion"] == "2"
    assert cache.holds("leadmodels", lead_model(2))
    assert cache.put("pods", pod("p", 3))
    assert not cache.put("pods", pod("p", 4))


@pytest.mark.parametrize(
    "change",
    [
        {"annotations": {"customerops.dev/poll": "now"}},
        {"annotations": {"customerops.dev/paused": "true"}},
        {"deletionTimestamp": "2026-01-05T08:00:00Z"},
        {"generation": 2},
        {"uid": "another"},
    ],
)
def test_what_passes_read_is_news(change):
    cache = Cache()
    cache.put("leadmodels", lead_model(1))
    assert cache.put("leadmodels", lead_model(2, **change))


@pytest.mark.parametrize("part", ["spec", "status"])
def test_spec_and_status_are_news(part):
    cache, changed = Cache(), copy.deepcopy(lead_model(2))
    cache.put("leadmodels", lead_model(1))
    assert cache.put("leadmodels", changed | {part: {}})


def test_control_a_cache_that_keeps_everything_takes_everything_for_news(monkeypatch):
    monkeypatch.setattr(caches, "fields_read", lambda _, found: found)
    cache = Cache()
    cache.put("leadmodels", lead_model(1))
    assert cache.put("leadmodels", lead_model(2, **UNREAD))


def test_of_a_config_map_any_change_is_news_for_its_data_is_not_here():
    cache = Cache()
    assert cache.put("configmaps", config_map(1))
    assert cache.put("configmaps", config_map(2))


def test_of_a_pod_only_what_passes_read_is_kept():
    kept = fields_read("pods", pod("p", 1))
    assert kept["spec"] == {"containers": [{"image": "predictor:1"}]}
    assert "hunter2" not in str(kept)
    assert "managedFields" not in kept["metadata"]


@pytest.mark.parametrize("what", ["create", "apply", "merge", "replace", "delete"])
def test_nothing_is_written_through_it(what):
    dry_run = DryRun(Cache(), None)
    body = {"kind": "Pod", "metadata": {"name": "p"}}
    where = "/api/v1/namespaces/sales/pods/p"
    work = dry_run.apply(where, body, force=True) if what == "apply" else getattr(dry_run, what)(where, body)
    with pytest.raises(WriteNeeded):
        asyncio.run(work)
