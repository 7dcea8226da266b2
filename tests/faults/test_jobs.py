"""Jobs that end badly, answers that are forged or wrong, objects of our names made by someone else: no model is blamed or served for it."""

import asyncio
import base64
import copy
import gzip
import json
from datetime import timedelta

import pytest

from leadmodel_artifact import snapshot
from leadmodel_operator.kubernetes.observe import live
from leadmodel_operator.planning.observed import JobSeen, JobState
from worlds.fake_cluster import NAME, NAMESPACE, FakeCluster, Truth, arguments, digest, raw
from worlds.fake_leader import Leader, a_cluster, a_leader, stays_quiet
from worlds.stories import DRIFT, HOUR, first, holds, peaceful

ROLE = "customerops.dev/role"


def is_validation(job) -> bool:
    return job["metadata"]["labels"][ROLE] == "validation"


def changed(**changes):
    """A report with other figures than were measured."""

    def end(cluster, job):
        given = arguments(job)
        report = cluster.report(given, "A")
        cluster.deliver(given.get("mailbox"), "A")
        return True, json.dumps({**report, **changes}), None

    return end


ENDS = {
    "never scheduled until its deadline": lambda c, j: (False, "", {"pod": False}),
    "image cannot be pulled": lambda c, j: (False, "", {"pod": False}),
    "out of memory": lambda c, j: (False, "", {"code": 137}),
    "evicted": lambda c, j: (False, "", {"code": 143}),
    "succeeded and its answer is no report": lambda c, j: (True, "Traceback: what?", None),
    "succeeded and its answer is cut": lambda c, j: (
        True,
        json.dumps(c.report(arguments(j), "A"))[:200],
        None,
    ),
    "its pod is gone before it was read": lambda c, j: (True, "", {"pod": False}),
    "a report of another digest": lambda c, j: (
        True,
        json.dumps(
            {
                **c.report(arguments(j), "A"),
                "artifact": {**c.report(arguments(j), "A")["artifact"], "digest": digest("Z")},
            }
        ),
        None,
    ),
    "AUC is not a number": lambda c, j: (
        True,
        json.dumps(c.report(arguments(j), "A")).replace('"auc": 0.75', '"auc": NaN'),
        None,
    ),
    "AUC is infinite": lambda c, j: (
        True,
        json.dumps(c.report(arguments(j), "A")).replace('"auc": 0.75', '"auc": Infinity'),
        None,
    ),
}


@pytest.mark.parametrize("how", ENDS)
def test_a_validation_ends_badly_twice(how):
    """It says nothing of the model: nothing is served meanwhile, it is tried again, and then all is as if nothing had been."""

    async def tell() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            bad = [2]

            def end(job):
                if not is_validation(job) or not bad[0]:
                    return None
                bad[0] -= 1
                return ENDS[how](cluster, job)

            cluster.job_end = end
            cluster.upload("A", Truth(auc=0.75))
            cluster.apply(**DRIFT)
            await leader.settle()
            assert cluster.serving() is None
            assert cluster.status.get("quarantine", []) == []
            await leader.pass_time(0.2 * HOUR)
            assert bad[0] == 0
            await holds(cluster, leader, first)

    peaceful(first)
    asyncio.run(tell())


async def all_end_by_a_signal() -> int:
    """Every Job writes its whole answer and is then ended by a signal; how many Jobs it takes until the model serves."""
    async with a_cluster() as cluster, a_leader(cluster) as leader:

        def end(job):
            given = arguments(job)
            if not is_validation(job):
                return False, cluster.programs().poll(given["artifact"]).message, {"code": 139}
            report = cluster.report(given, "A")
            cluster.deliver(given.get("mailbox"), "A")
            return False, json.dumps(report), {"code": 139}

        cluster.job_end = end
        cluster.upload("A", Truth(auc=0.75))
        cluster.apply(**DRIFT)
        await leader.settle()
        served = len(cluster.made)
        assert cluster.serving() == "A"
        return served


def test_an_answer_counts_though_a_signal_ended_the_process_after_it():
    """As a crash of a library at exit does: one poll and one validation, and the model serves."""
    assert asyncio.run(all_end_by_a_signal()) == 2


def test_control_only_a_clean_exit_counted_serves_nothing(monkeypatch):
    monkeypatch.setattr(JobSeen, "may_answer", property(lambda job: job.state is JobState.SUCCEEDED))
    with pytest.raises(AssertionError):
        asyncio.run(all_end_by_a_signal())


@pytest.mark.parametrize(("auc", "passes"), [(0.65, True), (0.6499999999, False)])
def test_the_threshold_is_exact(auc, passes):
    async def tell() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            cluster.upload("A", Truth(auc=auc))
            cluster.apply(minAuc=0.65, **DRIFT)
            await leader.settle()
            assert (cluster.serving() == "A") == passes
            assert cluster.broken == []
            assert await stays_quiet(leader) == []

    asyncio.run(tell())


def test_control_a_report_of_another_digest_taken_is_found_out(monkeypatch):
    from leadmodel_messages import report
    from leadmodel_operator.planning import validation

    def judged(draft, candidate, report):
        return real(draft, candidate, report)

    real = validation.judge_candidate
    monkeypatch.setattr(
        validation, "record_no_report", lambda d, c, job: real(d, c, report.parse(job.message))
    )
    with pytest.raises((AssertionError, AttributeError)):
        test_a_validation_ends_badly_twice("a report of another digest")


def test_the_artifact_changes_behind_the_same_uri():
    """Found as A, fetched as B: B is what is judged, A is never served."""

    async def tell() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            cluster.upload("A", Truth(auc=0.75))
            cluster.apply(**DRIFT)
            while not any(map(is_validation, cluster.all("jobs"))):
                await leader.look()
                if not any(map(is_validation, cluster.all("jobs"))):
                    cluster.step()
                cluster.now += timedelta(seconds=2)
            cluster.upload("B", Truth(auc=0.78))
            await leader.settle()
            assert cluster.champion() == cluster.serving() == "B"
            assert cluster.templates == ["B"]
            assert cluster.broken == []
            assert await stays_quiet(leader) == []

    asyncio.run(tell())


# --- forged ----------------------------------------------------------------------------------------------------------------------


def foreign(resource: str, kind: str, name: str, **body):
    labels = {"customerops.dev/leadmodel": NAME, "app.kubernetes.io/managed-by": "leadmodel-operator"}
    about = {"name": name, "namespace": NAMESPACE, "labels": labels, "uid": f"foreign-{kind}"}
    about |= {"creationTimestamp": "2026-01-05T07:00:00Z", "generation": 1}
    return (resource, NAMESPACE, name), {"kind": kind, "metadata": about, **body}


FORGED = {
    "Deployment": foreign(
        "deployments",
        "Deployment",
        NAME,
        spec={
            "replicas": 0,
            "template": {
                "metadata": {"labels": {}, "annotations": {"customerops.dev/champion": digest("A")}},
                "spec": {"containers": [{"image": "evil:1"}], "volumes": []},
            },
        },
    ),
    "Service": foreign("services", "Service", NAME, spec={"selector": {"app": "evil"}}),
    "ConfigMap": foreign("configmaps", "ConfigMap", f"{NAME}-ledger", data={"x": "{}"}),
    "PodDisruptionBudget": foreign("poddisruptionbudgets", "PodDisruptionBudget", NAME, spec={}),
    "Role": foreign("roles", "Role", f"{NAME}-jobs", rules=[{"verbs": ["*"]}]),
    "CronJob": foreign(
        "cronjobs", "CronJob", f"{NAME}-poll", spec={"schedule": "* * * * *", "jobTemplate": {"spec": {}}}
    ),
}


async def forged(kind: str) -> None:
    """It is named, never read, adopted or written over; once it goes, all is as if it had not been."""
    place, body = copy.deepcopy(FORGED[kind])
    async with a_cluster() as cluster, a_leader(cluster) as leader:
        interval = {"artifact": {"pollInterval": "1h"}} if kind == "CronJob" else {}
        cluster.upload("A", Truth(auc=0.75))
        cluster.templates.clear()
        stored = cluster.api.put(place, body)
        if kind == "Deployment":
            cluster.broken.clear()
        cluster.apply(**DRIFT, **interval)
        await leader.march(12)
        assert cluster.condition("Stalled") == ("True", "NameConflict")
        said = next(c["message"] for c in cluster.status["conditions"] if c["type"] == "Stalled")
        assert f"{kind}/{place[2]}" in said
        now = cluster.api.objects[place]
        assert {k: v for k, v in now.items() if k != "status"} | {"metadata": 0} == {**stored, "metadata": 0}
        assert "ownerReferences" not in now["metadata"]
        cluster.api.remove(place)
        cluster.broken.clear()
        cluster.now += timedelta(minutes=1)
        await leader.settle()
        assert cluster.champion() == cluster.serving() == "A"
        assert cluster.condition("Stalled")[0] == "False"
        assert cluster.broken == []
        assert await stays_quiet(leader) == []


@pytest.mark.parametrize("kind", FORGED)
def test_an_object_of_our_name_made_by_someone_else(kind):
    asyncio.run(forged(kind))


@pytest.mark.parametrize("kind", ["Service", "Role"])
def test_control_taking_what_has_our_name_is_found_out(kind, monkeypatch):
    monkeypatch.setattr(live.Live, "owns", lambda _self, found: found is not None)
    monkeypatch.setattr(live.Live, "foreign", lambda _self, _found: False)
    with pytest.raises((AssertionError, KeyError)):
        asyncio.run(forged(kind))


def test_a_job_and_a_pod_with_our_labels_made_by_someone_else():
    """A forged validation says that a bad model is excellent, and a forged pod says that it serves."""

    async def tell() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            cluster.jobs_run = False
            cluster.upload("A", Truth(auc=0.55))
            cluster.apply(artifact={"digest": digest("A")}, **DRIFT)
            await leader.march(3)
            ours = next(j for j in cluster.all("jobs") if is_validation(j))
            cluster.delete("jobs", ours["metadata"]["name"])
            job = copy.deepcopy(ours)
            job["metadata"] = {**ours["metadata"], "uid": "foreign", "ownerReferences": []}
            job["metadata"].pop("resourceVersion")
            job["status"] = {"conditions": [{"type": "Complete", "status": "True"}]}
            cluster.api.put(("jobs", NAMESPACE, ours["metadata"]["name"]), job)
            report = {**cluster.report(arguments(ours), "A"), "auc": 0.99, "lower": 0.98}
            ended = {"exitCode": 0, "finishedAt": "2026-01-05T09:00:00Z", "message": json.dumps(report)}
            place, pod = foreign("pods", "Pod", "liar", spec={"containers": [{"image": "predictor:1"}]})
            pod["metadata"]["labels"] = dict(job["metadata"]["labels"])
            pod["metadata"]["annotations"] = {}
            pod["status"] = {"containerStatuses": [{"state": {"terminated": ended}}]}
            cluster.api.put(place, pod)
            await leader.march(8)
            assert cluster.serving() is None
            assert cluster.condition("Stalled") == ("True", "NameConflict")
            assert cluster.broken == []
            cluster.api.remove(("jobs", NAMESPACE, ours["metadata"]["name"]))
            cluster.jobs_run = True
            cluster.now += timedelta(minutes=1)
            await leader.settle()
            assert cluster.condition("Ready") == ("False", "GateFailed")
            assert cluster.serving() is None
            assert cluster.broken == []

    asyncio.run(tell())


def forge(cluster: FakeCluster, ours, name: str) -> None:
    """Someone who may create Jobs makes one with our owner, whose pod praises a bad model."""
    job = copy.deepcopy(ours)
    job["metadata"] = {**ours["metadata"], "uid": f"forged-{name}", "name": name}
    job["metadata"].pop("resourceVersion", None)
    job["status"] = {"conditions": [{"type": "Complete", "status": "True"}]}
    cluster.api.put(("jobs", NAMESPACE, name), job)
    report = {**cluster.report(arguments(ours), "A"), "auc": 0.99, "lower": 0.98}
    ended = {"exitCode": 0, "finishedAt": "2026-01-05T09:00:00Z", "message": json.dumps(report)}
    pod = {
        "kind": "Pod",
        "metadata": {"labels": dict(ours["metadata"]["labels"])},
        "spec": {"containers": [{"image": "predictor:1"}]},
        "status": {"containerStatuses": [{"state": {"terminated": ended}}]},
    }
    cluster.make("pods", f"{name}-pod", job, pod)
    cluster.deliver(arguments(ours).get("mailbox"), "A")


class ForgesFirst:
    """A hook: between the operator's record and its POST, someone else takes the Job's name."""

    def __init__(self, cluster: FakeCluster) -> None:
        self.cluster, self.left = cluster, 1

    async def __call__(self, call, when: str) -> None:
        if when != "before" or (call.method, call.resource) != ("POST", "jobs") or not self.left:
            return
        if is_validation(call.body):
            self.left -= 1
            metadata = {**call.body["metadata"], "creationTimestamp": "2026-01-05T08:00:00Z"}
            forge(self.cluster, {**call.body, "kind": "Job", "metadata": metadata}, metadata["name"])


async def forged_by_an_owner(when: str) -> None:
    """A model of AUC .55 under a minAuc of .65 is refused, whatever a forged Job or a second pod says."""
    async with a_cluster() as cluster, a_leader(cluster) as leader:
        cluster.jobs_run = when == "before the operator's own"
        if cluster.jobs_run:
            cluster.api.hooks.append(ForgesFirst(cluster))
        cluster.upload("A", Truth(auc=0.55))
        cluster.apply(artifact={"digest": digest("A")}, **DRIFT)
        await leader.march(3)
        ours = next((j for j in cluster.all("jobs") if is_validation(j)), None)
        if when == "in its place" and ours is not None:
            cluster.delete("jobs", ours["metadata"]["name"])
            forge(cluster, ours, ours["metadata"]["name"])
        await leader.march(4)
        cluster.jobs_run = True
        await leader.settle()
        await leader.pass_time(0.2 * HOUR)
        assert cluster.templates == []
        assert cluster.condition("Ready") == ("False", "GateFailed")
        assert await stays_quiet(leader) == []


@pytest.mark.parametrize("when", ["before the operator's own", "in its place"])
def test_a_forged_job_with_our_owner_is_not_heard(when):
    asyncio.run(forged_by_an_owner(when))


@pytest.mark.parametrize("when", ["before the operator's own", "in its place"])
def test_control_a_job_known_by_its_name_alone_passes_the_gate(when, monkeypatch):
    from leadmodel_operator.planning import validation

    monkeypatch.setattr(validation, "is_own", lambda *_: True)
    with pytest.raises(AssertionError):
        asyncio.run(forged_by_an_owner(when))


def test_of_two_pods_of_a_validation_none_is_heard():
    """Someone who may create pods makes one under the operator's own Job: the validation is made again."""

    async def tell() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:

            def end(job):
                if is_validation(job) and not cluster.api.objects.get(("pods", NAMESPACE, "liar")):
                    report = {**cluster.report(arguments(job), "A"), "auc": 0.99, "lower": 0.98}
                    ended = {
                        "exitCode": 0,
                        "finishedAt": "2026-01-05T09:00:00Z",
                        "message": json.dumps(report),
                    }
                    pod = {
                        "metadata": {"labels": dict(job["metadata"]["labels"])},
                        "spec": {"containers": [{"image": "predictor:1"}]},
                        "status": {"containerStatuses": [{"state": {"terminated": ended}}]},
                    }
                    cluster.make("pods", "liar", job, pod)

            cluster.job_end = end
            cluster.upload("A", Truth(auc=0.55))
            cluster.apply(artifact={"digest": digest("A")}, **DRIFT)
            await leader.settle()
            await leader.pass_time(0.2 * HOUR)
            assert cluster.templates == []

    asyncio.run(tell())


@pytest.mark.parametrize("crash", ["before the UID is recorded", "never"])
def test_an_operator_that_ends_between_post_and_record_measures_again(crash):
    async def tell() -> int:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            cluster.jobs_run = False
            cluster.upload("A", Truth(auc=0.75))
            cluster.apply(artifact={"digest": digest("A")}, **DRIFT)
            await leader.march(3)
            if crash != "never":
                body = copy.deepcopy(cluster.lead_model)
                body["status"]["candidate"].pop("job")
                cluster.api.put(("leadmodels", NAMESPACE, NAME), body)
            made = len(cluster.all("jobs"))
            assert made == 1
            first_uid = cluster.all("jobs")[0]["metadata"]["uid"]
            # another process looks: what this one remembered is gone
            async with a_leader(cluster) as other:
                cluster.jobs_run = True
                await other.march(1)
                same = cluster.all("jobs")[:1] and cluster.all("jobs")[0]["metadata"]["uid"] == first_uid
                assert bool(same) == (crash == "never")
                await other.settle()
            assert cluster.serving() == "A"
            assert cluster.broken == []
            return made

    assert asyncio.run(tell()) == 1


# --- the mailbox -------------------------------------------------------------------------------------------------------------------


def in_mailbox(cluster: FakeCluster, data: bytes) -> None:
    """Another pod with the account of the Jobs writes into the mailbox."""
    place = ("configmaps", NAMESPACE, f"{NAME}-mailbox")
    found = copy.deepcopy(cluster.api.objects[place])
    found["binaryData"] = {"model.json.gz": base64.b64encode(data).decode()}
    cluster.api.put(place, found)


def bomb() -> bytes:
    """32 MiB of nothing in 32 KB, and the model's bytes never come."""
    return gzip.compress(bytes(32 << 20), mtime=0)


PACKED = {
    "another model": lambda: gzip.compress(raw("Z"), mtime=0),
    "a zip bomb": bomb,
    "no gzip": lambda: b"\x00" * 100,
    "a gzip that is cut": lambda: gzip.compress(raw("A"), mtime=0)[:-6],
    "nothing": lambda: b"",
}


async def foul(what: str) -> None:
    async with a_cluster() as cluster, a_leader(cluster) as leader:
        times = [1]
        deliver = cluster.deliver

        def write(mailbox, letter):
            deliver(mailbox, letter)
            if times[0] and mailbox:
                times[0] -= 1
                in_mailbox(cluster, PACKED[what]())

        cluster.deliver = write
        cluster.upload("A", Truth(auc=0.75))
        cluster.apply(**DRIFT)
        await leader.settle()
        for held in cluster.all("configmaps"):
            named = (held["metadata"].get("annotations") or {}).get("customerops.dev/digest")
            if named:
                packed = base64.b64decode(held["binaryData"]["model.json.gz"])
                assert gzip.decompress(packed) == raw("A"), "only what was measured is kept"
        await leader.pass_time(0.1 * HOUR)
        await holds(cluster, leader, first)


@pytest.mark.parametrize("what", PACKED)
def test_a_mailbox_written_by_another_pod(what):
    peaceful(first)
    asyncio.run(foul(what))


def test_control_bytes_taken_unhashed_are_found_out(monkeypatch):
    peaceful(first)
    monkeypatch.setattr(snapshot, "unpacked_digest", lambda _: digest("A"))
    with pytest.raises(AssertionError):
        asyncio.run(foul("another model"))


def test_a_bomb_is_unpacked_only_up_to_its_limit(monkeypatch):
    monkeypatch.setattr(snapshot, "MAX_RAW_BYTES", 1 << 20)
    read = []
    real = gzip.GzipFile.read

    def counted(self, size=-1):
        part = real(self, size)
        read.append(len(part))
        return part

    monkeypatch.setattr(gzip.GzipFile, "read", counted)
    assert snapshot.unpacked_digest(bomb()) is None
    assert sum(read) <= (1 << 20) + (1 << 16)


__all__ = ["Leader"]
