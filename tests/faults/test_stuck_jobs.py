"""Jobs whose pods do not start, and a source that breaks: a condition says why within 15 seconds, in the platform's own words."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from leadmodel_operator.kubernetes.observe import cluster as observed
from leadmodel_operator.planning import job_faults, stalled
from leadmodel_operator.resource import document
from leadmodel_operator.resource.vocabulary import Command
from worlds import stories
from worlds.fake_cluster import NAME, NAMESPACE, FakeCluster, Truth, image_of
from worlds.fake_leader import Leader, a_cluster, a_leader
from worlds.stories import DRIFT

LEADS = {"leads": {"uri": "s3://leads/l"}}
REDACTION = {"redis": {"secretName": "redis"}, "keyPatterns": ["chat:*"]}
WAITING = {"reason": "CreateContainerConfigError", "message": 'secret "store" not found'}
UNBOUND = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "Unschedulable",
    "message": "pod has unbound immediate PersistentVolumeClaims",
}
STATES = {
    "a missing Secret": (
        {"containerStatuses": [{"state": {"waiting": WAITING}}]},
        'secret "store" not found',
    ),
    "a missing image": (
        {
            "containerStatuses": [
                {"state": {"waiting": {"reason": "ImagePullBackOff", "message": "back-off"}}}
            ]
        },
        "ImagePullBackOff",
    ),
    "an unbound claim": ({"conditions": [UNBOUND]}, "unbound immediate"),
}
DENIED = 'pods "x" is forbidden: exceeded quota: few'


def told(work: Callable[[FakeCluster, Leader], Awaitable[None]]) -> None:
    async def tell() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            await work(cluster, leader)

    asyncio.run(tell())


def message(cluster: FakeCluster, kind: str) -> str:
    return next(c["message"] for c in cluster.status["conditions"] if c["type"] == kind)


def notes(cluster: FakeCluster, reason: str) -> list[str]:
    return [
        event["note"] for event in cluster.all("events") if event.get("reason") == reason and "note" in event
    ]


def newest_job(cluster: FakeCluster, role: str) -> dict:
    jobs = [j for j in cluster.all("jobs") if j["metadata"]["labels"]["customerops.dev/role"] == role]
    return max(jobs, key=lambda job: job["metadata"]["creationTimestamp"])


def give_pod(cluster: FakeCluster, job: dict, status: dict) -> None:
    """The kubelet tells why the pod of a Job does not start."""
    labels = {"metadata": {"labels": dict(job["metadata"]["labels"])}}
    body = {"kind": "Pod", **labels, "spec": {"containers": [{"image": image_of(job)}]}, "status": status}
    cluster.make("pods", f"{job['metadata']['name']}-pod", job, body)


def warn(cluster: FakeCluster, item: dict, reason: str, text: str) -> None:
    """A controller of Kubernetes records a warning about an object."""
    body = {"kind": "Event", "type": "Warning", "reason": reason, "message": text}
    body |= {
        "involvedObject": {"uid": item["metadata"]["uid"]},
        "lastTimestamp": f"{cluster.now:%Y-%m-%dT%H:%M:%SZ}",
    }
    cluster.make("events", f"{item['metadata']['name']}-{reason}".lower(), item, body)


async def a_poll_cannot_start(status: dict | None, words: str, cluster: FakeCluster, leader: Leader) -> None:
    cluster.jobs_run = False
    cluster.upload("A", Truth(auc=0.75))
    cluster.apply(progressDeadline="2m", **DRIFT)
    await leader.march(2)
    job, began = newest_job(cluster, "poll"), cluster.now
    if status is None:
        warn(cluster, job, "FailedCreate", DENIED)
    else:
        give_pod(cluster, job, status)
    await leader.march(5)
    assert cluster.now - began <= timedelta(seconds=15)
    assert cluster.condition("SourceReachable") == ("False", "CannotStart")
    for kind in ("SourceReachable", "Ready", "Validated"):
        assert words in message(cluster, kind), kind
    assert len(notes(cluster, "SourceUnavailable")) == 1
    await leader.march(5, seconds=30)
    assert cluster.condition("Stalled") == ("True", "ProgressDeadlineExceeded"), "the deadline is heard"
    assert words in message(cluster, "Stalled")
    for pod in [p for p in cluster.api.objects if p[0] == "pods"]:
        cluster.api.remove(pod)
    cluster.jobs_run = True
    cluster.now += timedelta(minutes=2)
    await leader.settle()
    assert cluster.serving() == "A"
    assert cluster.condition("SourceReachable") == ("True", "Polled")


@pytest.mark.parametrize("case", STATES)
def test_a_poll_whose_pod_does_not_start(case):
    status, words = STATES[case]
    told(lambda cluster, leader: a_poll_cannot_start(status, words, cluster, leader))


def test_a_poll_whose_pod_is_not_made():
    told(lambda cluster, leader: a_poll_cannot_start(None, "exceeded quota: few", cluster, leader))


def test_control_a_waiting_pod_that_nobody_looks_at(monkeypatch):
    monkeypatch.setattr(job_faults, "fault_words", lambda _fault: "")
    with pytest.raises(AssertionError):
        test_a_poll_whose_pod_does_not_start("a missing Secret")


def test_control_a_job_that_is_taken_for_begun(monkeypatch):
    monkeypatch.setattr(observed, "has_begun", lambda _pod: True)
    with pytest.raises(AssertionError):
        test_a_poll_whose_pod_is_not_made()


async def a_validation_fails_again_and_again(cluster: FakeCluster, leader: Leader) -> None:
    """The store is away for hours: one cause is one event and one sentence, also while the next try runs."""
    failure = '{"error":"ArtifactUnreachable","message":"the store did not answer"}'

    def end(job: dict) -> tuple[bool, str, None] | None:
        is_validation = job["metadata"]["labels"]["customerops.dev/role"] == "validation"
        return (False, failure, None) if is_validation else None

    cluster.job_end = end
    cluster.upload("A", Truth(auc=0.75))
    cluster.apply(progressDeadline="2m", **DRIFT)
    seen = set()
    for _ in range(240):
        await leader.look()
        if cluster.condition("Stalled")[0] == "True":
            seen.add(message(cluster, "Stalled"))
        cluster.now += timedelta(seconds=15)
        cluster.step()
        cluster.now += timedelta(seconds=15)
    assert seen == {"the store did not answer"}
    assert len(notes(cluster, "ProgressDeadlineExceeded")) == 1


def test_a_validation_that_fails_for_hours_has_one_cause():
    told(a_validation_fails_again_and_again)


def test_control_a_cause_that_each_try_forgets(monkeypatch):
    monkeypatch.setattr(stalled, "why_last_try_failed", lambda _state, _candidate: "")
    with pytest.raises(AssertionError):
        told(a_validation_fails_again_and_again)


@pytest.mark.parametrize(
    ("role", "spec", "condition"),
    [
        ("retraining", {"retraining": LEADS}, "RetrainingHealthy"),
        ("backfill", {"piiBackfill": REDACTION}, "BackfillHealthy"),
    ],
)
def test_a_scheduled_job_whose_pod_does_not_start(role, spec, condition):
    async def tell(cluster: FakeCluster, leader: Leader) -> None:
        await stories.first(cluster, leader)
        cluster.apply(**spec, **DRIFT)
        await leader.settle()
        cluster.cron_job_runs(role)
        give_pod(cluster, newest_job(cluster, role), STATES["a missing Secret"][0])
        await leader.march(3)
        assert cluster.condition(condition) == ("False", "CannotStart")
        assert 'secret "store" not found' in message(cluster, condition)
        assert cluster.condition("Ready") == ("True", "Serving")
        version = cluster.lead_model["metadata"]["resourceVersion"]
        await leader.march(3, seconds=30)
        assert cluster.lead_model["metadata"]["resourceVersion"] == version

    told(tell)


def test_a_failed_run_is_not_on_show_once_a_new_one_is_under_way():
    async def tell(cluster: FakeCluster, leader: Leader) -> None:
        await stories.first(cluster, leader)
        cluster.apply(retraining=LEADS, **DRIFT)
        await leader.settle()
        cluster.cron_job_runs("retraining")
        cluster.job_end = lambda _job: (False, "", None)
        await leader.settle()
        cluster.job_end = None
        assert cluster.condition("RetrainingHealthy") == ("False", "Failed")
        cluster.now += timedelta(hours=1)
        cluster.cron_job_runs("retraining")
        give_pod(
            cluster, newest_job(cluster, "retraining"), {"containerStatuses": [{"state": {"running": {}}}]}
        )
        await leader.march(2)
        assert cluster.condition("RetrainingHealthy") == ("Unknown", "Running")

    told(tell)


def test_a_source_that_breaks_while_a_model_serves():
    """The condition says since when, how often, and why; an event comes with each new cause and not with each poll."""

    async def tell(cluster: FakeCluster, leader: Leader) -> None:
        await stories.proven(cluster, leader)
        assert cluster.condition("SourceReachable") == ("True", "Polled")
        cluster.store_up = False
        cluster.annotate("poll", "again")
        await leader.pass_time(timedelta(minutes=12))
        assert cluster.condition("SourceReachable") == ("False", "FetchRetrying")
        assert "polls in a row failed: " in message(cluster, "SourceReachable")
        assert cluster.condition("Ready") == ("True", "Serving")
        assert len(notes(cluster, "SourceUnavailable")) == 1
        cluster.store_up = True
        await leader.pass_time(timedelta(minutes=20))
        assert cluster.condition("SourceReachable") == ("True", "Polled")
        assert len(notes(cluster, "SourceAvailable")) == 1

    told(tell)


# --- names that are taken --------------------------------------------------------------------------------------------------------


def orphaned(cluster: FakeCluster) -> None:
    """`kubectl delete --cascade=orphan`, as the garbage collector carries it out, then the same manifest again."""
    cluster.api.remove(("leadmodels", NAMESPACE, NAME))
    for place, body in list(cluster.api.objects.items()):
        if (
            place[0] in {"replicasets", "pods", "events", "leases"}
            or "ownerReferences" not in body["metadata"]
        ):
            continue
        metadata = {k: v for k, v in body["metadata"].items() if k != "ownerReferences"}
        cluster.api.put(place, {**body, "metadata": metadata})


def test_what_an_orphaning_delete_left_is_named_at_once_and_taken_over_when_a_person_lets_it():
    async def tell(cluster: FakeCluster, leader: Leader) -> None:
        await stories.promoted(cluster, leader)
        orphaned(cluster)
        cluster.apply(**DRIFT)
        await leader.march(5)
        assert cluster.condition("Stalled") == ("True", "NameConflict")
        named = message(cluster, "Stalled")
        for name in (
            "Deployment/conversion",
            "Service/conversion",
            "ConfigMap/conversion-ledger",
            "NetworkPolicy/conversion",
        ):
            assert name in named
        assert "customerops.dev/adopt=true" in named
        assert cluster.serving() == "B", "nothing is touched"
        cluster.annotate("adopt", "true")
        cluster.now += timedelta(minutes=1)
        await leader.settle()
        assert cluster.condition("Stalled")[0] == "False"
        assert (cluster.champion(), cluster.serving()) == ("B", "B")
        assert cluster.condition("Ready") == ("True", "Serving")
        assert cluster.broken == []

    told(tell)


def test_what_someone_else_made_is_not_taken_over():
    async def tell(cluster: FakeCluster, leader: Leader) -> None:
        metadata = {"name": NAME, "namespace": NAMESPACE, "labels": {"app": "other"}, "uid": "foreign"}
        cluster.api.put(("services", NAMESPACE, NAME), {"kind": "Service", "metadata": metadata, "spec": {}})
        cluster.upload("A", Truth(auc=0.75))
        cluster.apply(**DRIFT)
        cluster.annotate("adopt", "true")
        await leader.march(6)
        assert cluster.condition("Stalled") == ("True", "NameConflict")
        assert "customerops.dev/adopt" not in message(cluster, "Stalled")
        assert "ownerReferences" not in cluster.api.objects[("services", NAMESPACE, NAME)]["metadata"]

    told(tell)


# --- annotations -----------------------------------------------------------------------------------------------------------------


def test_each_wrong_command_and_each_unknown_annotation_is_answered():
    async def tell(cluster: FakeCluster, leader: Leader) -> None:
        await stories.first(cluster, leader)
        for value in ("one", "two"):
            cluster.annotate("rollback-to", value)
            await leader.settle()
        assert len(notes(cluster, "VerbRefused")) == 2
        cluster.annotate("rollback_to", "x")
        cluster.annotate("pause", "true")
        await leader.settle()
        (note,) = notes(cluster, "UnknownAnnotation")
        assert "customerops.dev/pause, customerops.dev/rollback_to" in note
        assert "customerops.dev/paused" in note.partition("known are")[2]
        await leader.pass_time(timedelta(hours=1))
        assert len(notes(cluster, "UnknownAnnotation")) == 1

    told(tell)


async def empty_values(cluster: FakeCluster, leader: Leader) -> list[str]:
    """Each command comes with an empty value, as from a field that status does not have; the refusals, an hour later."""
    await stories.first(cluster, leader)
    known, jobs = cluster.status.get("poll"), len(cluster.all("jobs"))
    for command in Command:
        cluster.annotate(command, "")
        await leader.settle()
    await leader.pass_time(timedelta(hours=1))
    assert (cluster.status.get("poll"), len(cluster.all("jobs"))) == (known, jobs), "nothing was polled"
    return notes(cluster, "VerbRefused")


def test_an_empty_digest_is_refused_once():
    async def tell(cluster: FakeCluster, leader: Leader) -> None:
        refusals = await empty_values(cluster, leader)
        verbs = [command for command in Command if command.takes_digest]
        assert sorted(refusals) == sorted(
            f"{verb}=: name a digest as sha256:… or its first 12 hex" for verb in verbs
        )
        assert cluster.status["handled"] == dict.fromkeys(verbs, "")
        cluster.annotate("release", None)
        await leader.settle()
        assert "release" not in cluster.status["handled"]
        assert len(notes(cluster, "VerbRefused")) == len(verbs), "an annotation that is removed is no command"
        cluster.annotate("release", "")
        await leader.settle()
        assert len(notes(cluster, "VerbRefused")) == len(verbs) + 1, "set again, it is a command again"

    told(tell)


def test_control_empty_values_that_are_dropped_are_not_answered(monkeypatch):
    read = document.read_commands
    monkeypatch.setattr(
        document, "read_commands", lambda notes: {c: value for c, value in read(notes).items() if value}
    )

    async def tell(cluster: FakeCluster, leader: Leader) -> None:
        assert await empty_values(cluster, leader) == []

    told(tell)


def test_an_empty_annotation_from_before_an_upgrade_is_answered_once():
    async def tell(cluster: FakeCluster, leader: Leader) -> None:
        await stories.first(cluster, leader)
        with pytest.MonkeyPatch.context() as older:
            older.setattr(document, "read_commands", lambda notes: {})
            cluster.annotate("rollback-to", "")
            await leader.settle()
            assert notes(cluster, "VerbRefused") == []
        for _ in range(3):
            await leader.pass_time(timedelta(hours=1))
        assert len(notes(cluster, "VerbRefused")) == 1

    told(tell)
