"""CronJobs: runs that were missed, overlap, are suspended or edited; what a run said is read once and shown."""

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim

from leadmodel_messages import backfill, training
from leadmodel_messages.backfill import BackfillAnswer, Counts, Head, Mode
from leadmodel_messages.training import TrainingAnswer
from leadmodel_operator.kubernetes.observe import schedules
from leadmodel_operator.kubernetes.render.names import ROLE
from leadmodel_operator.resource.runs import next_run
from worlds.fake_cluster import LEADMODEL, NAME, NAMESPACE, FakeCluster, Truth, digest, stamp
from worlds.fake_leader import Leader, a_cluster, a_leader, stays_quiet
from worlds.stories import DRIFT, HOUR

BACKFILL = {"redis": {"secretName": "redis"}, "keyPatterns": ["chat:*"], "schedule": "0 2 * * 0"}
RETRAINING = {"leads": {"uri": "s3://leads/all.csv"}, "schedule": "0 1 * * *"}


def done(scanned: int = 100) -> str:
    """Say that a backfill redacted seven messages."""
    return backfill.dump(BackfillAnswer(Head(mode=Mode.APPLY), Counts(scanned=scanned, changed=7)))


TRAINED = training.dump(TrainingAnswer(digest("B"), auc=0.8))


async def begin(cluster: FakeCluster, leader: Leader, **spec) -> None:
    cluster.upload("A", Truth(auc=0.75))
    cluster.apply(**DRIFT, **spec)
    await leader.settle()


def scheduled(cluster: FakeCluster, role: str) -> None:
    """The CronJob controller notes that it started a run now."""

    def edit(body):
        body["status"] = {**(body.get("status") or {}), "lastScheduleTime": stamp(cluster.now)}

    cluster.edit("cronjobs", f"{NAME}-{role}", edit)


async def missed(hours: float) -> tuple[str, str]:
    """START is a Monday: the first run is due on Sunday at 2, 138 hours later."""
    async with a_cluster() as cluster, a_leader(cluster) as leader:
        await begin(cluster, leader, piiBackfill=BACKFILL)
        assert cluster.condition("BackfillHealthy") == ("Unknown", "Pending")
        cluster.now = cluster.now.replace(hour=2, minute=0, second=0) + timedelta(days=6, hours=hours)
        await leader.settle()
        assert await stays_quiet(leader) == []
        assert cluster.broken == []
        return cluster.condition("BackfillHealthy")


def test_a_run_that_did_not_begin_is_overdue_an_hour_later():
    assert asyncio.run(missed(0.8)) == ("Unknown", "Pending")
    assert asyncio.run(missed(1.1)) == ("False", "Overdue")


def test_control_never_looking_at_the_clock_is_found_out(monkeypatch):
    monkeypatch.setattr(schedules, "late_at", lambda *_: None)
    assert asyncio.run(missed(1.1)) == ("Unknown", "Pending")


@pytest.mark.parametrize("suspended_by", ["the spec", "hand"])
def test_a_suspended_schedule_is_never_overdue(suspended_by):
    async def tell() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            await begin(cluster, leader, piiBackfill=BACKFILL)
            if suspended_by == "the spec":
                cluster.apply(piiBackfill={**BACKFILL, "suspend": True}, **DRIFT)
            else:  # it is ours: the spec says when it is suspended, and a hand is undone
                cluster.edit("cronjobs", f"{NAME}-backfill", lambda b: b["spec"].update(suspend=True))
            await leader.settle()
            cron = cluster.api.objects[("cronjobs", NAMESPACE, f"{NAME}-backfill")]
            assert cron["spec"]["suspend"] == (suspended_by == "the spec")
            cluster.now += timedelta(days=9)
            await leader.settle()
            wanted = ("Unknown", "Suspended") if suspended_by == "the spec" else ("False", "Overdue")
            assert cluster.condition("BackfillHealthy") == wanted
            assert await stays_quiet(leader) == []

    asyncio.run(tell())


def test_a_run_clears_overdue_and_its_counts_are_shown():
    async def tell() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            await begin(cluster, leader, piiBackfill={**BACKFILL, "mode": "Apply"})
            cluster.now += timedelta(days=8)
            await leader.settle()
            assert cluster.condition("BackfillHealthy") == ("False", "Overdue")
            scheduled(cluster, "backfill")
            cluster.cron_job_runs("backfill", done())
            await leader.settle()
            assert cluster.condition("BackfillHealthy") == ("True", "Succeeded")
            shown = cluster.status["backfill"]
            assert (shown["scanned"], shown["redacted"], shown["residue"]) == (100, 7, 0)
            assert shown["lastSuccess"]
            assert await stays_quiet(leader) == []

    asyncio.run(tell())


def test_of_overlapping_runs_the_newest_counts():
    async def tell() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            await begin(cluster, leader, piiBackfill=BACKFILL)
            for scanned in (10, 20):
                cluster.now += timedelta(seconds=5)
                cluster.cron_job_runs("backfill", done(scanned))
            await leader.settle()
            assert cluster.status["backfill"]["scanned"] == 20
            assert await stays_quiet(leader) == []

    asyncio.run(tell())


def test_the_schedule_is_edited_while_a_run_goes_on():
    async def tell() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            await begin(cluster, leader, piiBackfill=BACKFILL)
            scheduled(cluster, "backfill")
            cluster.cron_job_runs("backfill")
            again = {**BACKFILL, "schedule": "30 3 * * *", "timeZone": "Europe/Berlin"}
            cluster.apply(piiBackfill=again, **DRIFT)
            await leader.settle()
            cron = cluster.api.objects[("cronjobs", NAMESPACE, f"{NAME}-backfill")]["spec"]
            assert (cron["schedule"], cron["timeZone"]) == ("30 3 * * *", "Europe/Berlin")
            assert cron["concurrencyPolicy"] == "Forbid"
            assert (cron["successfulJobsHistoryLimit"], cron["failedJobsHistoryLimit"]) == (5, 5)
            jobs = [
                j
                for j in cluster.all("jobs")
                if j["metadata"]["labels"]["customerops.dev/role"] == "backfill"
            ]
            assert len(jobs) == 1, "the run goes on"
            assert cluster.condition("BackfillHealthy")[1] != "Overdue"
            assert await stays_quiet(leader) == []

    asyncio.run(tell())


def test_a_finished_retraining_is_a_candidate_at_once():
    async def tell() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            await begin(cluster, leader, retraining=RETRAINING)
            cluster.upload("B", Truth(auc=0.8))
            scheduled(cluster, "retraining")
            cluster.cron_job_runs("retraining", TRAINED)
            polls = cluster.made.count("poll")
            await leader.settle()
            assert cluster.champion() == cluster.serving() == "B"
            assert cluster.status["retraining"]["lastSuccess"]
            assert cluster.status["requested"]["source"] == "Retraining"
            assert cluster.made.count("poll") - polls <= 1
            assert cluster.broken == []
            assert await stays_quiet(leader) == []

    asyncio.run(tell())


def test_a_retrained_model_is_only_offered_while_another_is_pinned():
    async def tell() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            cluster.upload("A", Truth(auc=0.75))
            pin = {"artifact": {"digest": digest("A")}}
            cluster.apply(**pin, retraining=RETRAINING, **DRIFT)
            await leader.settle()
            cluster.upload("B", Truth(auc=0.8))
            cluster.cron_job_runs("retraining", TRAINED)
            await leader.settle()
            assert cluster.champion() == "A"
            assert "RetrainedOffered" in {e["reason"] for e in cluster.all("events")}
            assert cluster.condition("Ready") == ("True", "Serving")

    asyncio.run(tell())


def test_two_lead_models_that_ask_for_the_same_backfill():
    """The older one does it; the younger one says so."""

    async def tell() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            await begin(cluster, leader, piiBackfill=BACKFILL)
            body = {k: v for k, v in cluster.lead_model.items() if k != "status"}
            about = {**body["metadata"], "name": "older", "uid": "uid-older"}
            about["creationTimestamp"] = stamp(cluster.now - HOUR * 24)
            cluster.api.put((*LEADMODEL[:2], "older"), {**body, "metadata": about})
            cluster.annotate("poll", "look again")
            await leader.settle()
            assert cluster.condition("BackfillHealthy") == ("Unknown", "CoveredBy")
            cluster.api.remove((*LEADMODEL[:2], "older"))
            cluster.annotate("poll", "and again")
            await leader.settle()
            assert cluster.condition("BackfillHealthy") == ("Unknown", "Pending")

    asyncio.run(tell())


# --- daylight saving -----------------------------------------------------------------------------------------------------------


def in_berlin(schedule: str, since: str) -> str:
    """When the next run starts, as a clock in Berlin shows it."""
    zone = ZoneInfo("Europe/Berlin")
    begun = datetime.fromisoformat(since).replace(tzinfo=zone)
    return f"{next_run(schedule, begun.astimezone(UTC), zone).astimezone(zone):%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("schedule", "since", "run"),
    [
        ("0 2 * * 0", "2026-03-22 02:00", "04-05 02:00"),  # on 29 March no clock shows two
        ("0 2 * * *", "2026-03-28 02:00", "03-30 02:00"),
        ("30 * * * *", "2026-03-29 01:30", "03-29 03:30"),
        ("0 3 * * *", "2026-03-28 03:00", "03-29 03:00"),
        ("0 2 * * 0", "2026-10-18 02:00", "10-25 02:00"),  # on 25 October clocks show two twice
        ("0 2 * * 0", "2026-01-04 02:00", "01-11 02:00"),
    ],
)
def test_a_run_that_no_clock_shows_is_not_expected(schedule, since, run):
    assert in_berlin(schedule, since) == run


def test_control_a_schedule_counted_in_its_zone_expects_a_run_that_never_comes():
    zone = ZoneInfo("Europe/Berlin")
    expected = next(CronSim("0 2 * * 0", datetime(2026, 3, 22, 2, tzinfo=zone)))
    assert f"{expected:%m-%d}" == "03-29"


def images_of(cluster: FakeCluster) -> dict[str, set[str]]:
    """Images of all pods, Jobs and CronJobs, by the role of who runs in them."""
    images: dict[str, set[str]] = {}
    for resource in ("deployments", "jobs", "cronjobs"):
        for body in cluster.all(resource):
            template = body["spec"].get("jobTemplate", body)["spec"]["template"]
            role = body["metadata"]["labels"].get(ROLE, "predictor")
            images.setdefault(role, set()).update(c["image"] for c in template["spec"]["containers"])
    return images


def test_images_by_digest_reach_predictors_and_jobs():
    serving, fitting, scrubbing = (
        f"registry.example.com/{name}@sha256:{str(number) * 64}"
        for number, name in enumerate(("predictor", "training", "privacy"), start=1)
    )

    async def tell() -> None:
        async with a_cluster() as cluster:
            cluster.pullable |= {serving, fitting, scrubbing}
            async with a_leader(cluster, image=serving, training=fitting, privacy=scrubbing) as leader:
                await begin(cluster, leader, piiBackfill=BACKFILL, retraining=RETRAINING)
                images = images_of(cluster)
                assert images.pop("retraining") == {fitting}
                assert images.pop("backfill") == {scrubbing}
                assert len(images) >= 2
                assert set().union(*images.values()) == {serving}
                assert cluster.status["champion"]["image"] == serving

    asyncio.run(tell())
