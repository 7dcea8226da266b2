"""Texts that pods, stores, the kubelet and the API server write reach status, events, metrics and traces printable and bounded, or not at all."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from leadmodel_messages import texts
from leadmodel_operator.kubernetes.observe import cluster as observed
from leadmodel_operator.kubernetes.process.model_metrics import ModelMetrics
from leadmodel_operator.planning.trace import Outcome
from leadmodel_operator.reconcile import TraceReporter, reconcile
from worlds.fake_api import Call, Refused
from worlds.fake_cluster import NAME, FakeCluster, Truth, arguments, digest
from worlds.fake_leader import KEY, a_cluster, a_leader
from worlds.stories import DRIFT, HOUR

ROLE = "customerops.dev/role"
HOSTILE = {
    "signs": '$(SECRET) \x1b[2J\x1b]0;owned\x07 "\'`\\ a\nb\r\nleadmodel_up{x=" \u202e\u2066 \ud800',
    "long": "x" * 10_000,
}
LONGEST = 1024  # characters of a text in status, an event or a trace
SPEC = {
    "retraining": {"leads": {"uri": "s3://leads/leads.csv"}},
    "piiBackfill": {"redis": {"secretName": "redis"}, "keyPatterns": ["chat:*"]},
}


def texts_of(value: Any) -> Iterator[str]:
    """Every string in a document, keys included."""
    if isinstance(value, str):
        yield value
    items = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    for item in items:
        yield from texts_of(item)


def failing(kind: str, answer: Callable[[FakeCluster, Any], str]) -> Callable[[FakeCluster, Any], Any]:
    """How Jobs of a kind end: they fail with this message."""

    def end(cluster: FakeCluster, job: Any) -> Any:
        ours = job["metadata"]["labels"][ROLE] == kind
        return (False, answer(cluster, job), {"code": 1}) if ours else None

    return end


def pod_status(state: dict[str, Any]) -> Callable[[FakeCluster, str], None]:
    """Every pod of the predictor gets this state."""

    def change(cluster: FakeCluster, text: str) -> None:
        def write(pod: Any) -> None:
            filled = json.loads(json.dumps(state).replace('"TEXT"', json.dumps(text)))
            pod["status"] = {**filled, "podIP": "10.0.0.1"}

        for pod in cluster.all("pods"):
            if pod["metadata"]["labels"].get(ROLE) == "predictor":
                cluster.edit("pods", pod["metadata"]["name"], write)

    return change


def replica_failure(cluster: FakeCluster, text: str) -> None:
    condition = {"type": "ReplicaFailure", "status": "True", "reason": text, "message": text}
    cluster.edit("deployments", NAME, lambda d: d["status"].update(conditions=[condition]))


def retrained(cluster: FakeCluster, text: str) -> None:
    message = {
        "digest": digest("A"),
        "recipe": text,
        "why": text,
        "uri": text,
        "model": text,
        "holdout": text,
    }
    cluster.cron_job_runs("retraining", json.dumps(message))


def redacted(cluster: FakeCluster, text: str) -> None:
    head = {"schema": "leadmodel.backfill/v1", "mode": text, "outcome": text, "message": text, "run": text}
    cluster.cron_job_runs("backfill", json.dumps({**head, "report": text, "detector": text, "config": text}))


def job_ends(kind: str, shape: str) -> Callable[[FakeCluster, str], None]:
    """A poll or validation that fails with a text, as it is or in a field of its message."""

    def change(cluster: FakeCluster, text: str) -> None:
        def answer(cluster: FakeCluster, job: Any) -> str:
            if shape == "raw":
                return text
            if shape == "failure":
                return json.dumps({"error": "ArtifactFetchFailed", "message": text, "etag": text})
            report = cluster.report(arguments(job), "A")
            return json.dumps({**report, "warnings": [text], "model": text, "name": text, "version": text})

        cluster.job_end = lambda job: failing(kind, answer)(cluster, job)
        if kind == "validation":
            cluster.upload("B", Truth(auc=0.8))
        cluster.annotate("poll", "now")

    return change


def refused(cluster: FakeCluster, text: str) -> None:
    async def hook(call: Call, when: str) -> None:
        if when == "before" and call.writes and call.resource == "deployments":
            raise Refused(422, text, text, fields=(text,))

    cluster.api.hooks.append(hook)
    cluster.apply(**DRIFT, **SPEC, predictor={"replicas": 3})


def commanded(cluster: FakeCluster, text: str) -> None:
    for verb in ("poll", "refresh", "rollback-to", "release", "abort", "paused", "adopt", "unknown"):
        cluster.annotate(verb, text)


WAITING = {"containerStatuses": [{"state": {"waiting": {"reason": "TEXT", "message": "TEXT"}}}]}
ENDED = {
    "containerStatuses": [{"lastState": {"terminated": {"exitCode": 1, "reason": "TEXT", "message": "TEXT"}}}]
}
UNSCHEDULED = {
    "conditions": [{"type": "PodScheduled", "status": "False", "reason": "TEXT", "message": "TEXT"}]
}
PLACES: dict[str, Callable[[FakeCluster, str], None]] = {
    "a poll's message": job_ends("poll", "raw"),
    "a poll's failure": job_ends("poll", "failure"),
    "a validation's message": job_ends("validation", "raw"),
    "a validation's failure": job_ends("validation", "failure"),
    "a validation's report": job_ends("validation", "report"),
    "a retraining's answer": retrained,
    "a backfill's answer": redacted,
    "the kubelet on a waiting container": pod_status(WAITING),
    "the kubelet on an ended container": pod_status(ENDED),
    "the scheduler": pod_status(UNSCHEDULED),
    "the Deployment": replica_failure,
    "the API server": refused,
    "annotations": commanded,
}


UNSHOWN = {  # texts that no document of ours holds, or that nobody needs
    "a poll's message",
    "a validation's message",
    "a validation's report",
    "a retraining's answer",
}
STARTS = {
    "the kubelet on a waiting container",
    "the kubelet on an ended container",
    "the scheduler",
    "the Deployment",
}


async def shown(place: str, text: str) -> list[str]:
    """Everything that people and machines read of a LeadModel after a text came in at one place."""
    async with a_cluster() as cluster, a_leader(cluster) as leader:
        cluster.upload("A", Truth(auc=0.75))
        cluster.apply(**DRIFT, **SPEC)
        await leader.settle()
        metrics, traces = ModelMetrics(), list[Outcome]()
        leader.port.on_conclusion = metrics.note
        reporter = TraceReporter(lambda _, trace: traces.extend(trace))
        cluster.now += HOUR
        if place in STARTS:  # what pods of a rollout say is shown while they do not start
            cluster.pullable.clear()
            cluster.apply(**DRIFT, **SPEC, predictor={"podAnnotations": {"team": "sales"}})
            await leader.march(2)
        for turn in range(6):
            if place in STARTS or turn == 0:
                PLACES[place](cluster, text)
            await reconcile(leader.port, KEY, reporter.planner(KEY))
            leader.port.settle(KEY)
            await leader.march(1)
        status = {name: part for name, part in cluster.status.items() if name != "handled"}
        read = [
            *texts_of(status),
            *(t for e in cluster.all("events") for t in texts_of([e["reason"], e["note"]])),
        ]
        read += [part for outcome in traces for part in (str(outcome.reason), str(outcome.effect))]
        return read + metrics.text().decode().splitlines()


def unfit(read: list[str]) -> list[str]:
    """Texts that move a cursor, break a line or have no bound."""
    return [text for text in read if not text.isprintable() or len(text) > LONGEST]


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("place", PLACES)
def test_a_text_from_outside_is_shown_printable_and_bounded(place, text):
    read = asyncio.run(shown(place, HOSTILE[text]))
    assert unfit(read) == []
    assert text == "long" or (place in UNSHOWN) != any("$(SECRET)" in part for part in read)


@pytest.mark.parametrize("place", ["the kubelet on a waiting container", "the scheduler"])
def test_control_a_text_that_is_passed_on_as_it_is(place, monkeypatch):
    monkeypatch.setattr(observed, "one_line", lambda text, _limit: text)
    assert unfit(asyncio.run(shown(place, HOSTILE["signs"])))


def test_a_text_is_cut_before_it_is_cleaned():
    assert texts.one_line("\x1b" * 10_000, 16) == "\N{REPLACEMENT CHARACTER}" * 16
