"""What people on call find: a LeadModel with its nights, in the states that runbooks are for."""

from __future__ import annotations

from leadmodel_messages import backfill, training
from leadmodel_messages.backfill import BackfillAnswer, Counts, Head, Mode
from leadmodel_messages.training import TrainingAnswer
from worlds import stories
from worlds.fake_api import Object
from worlds.fake_cluster import FakeCluster, Truth, digest
from worlds.fake_leader import Leader
from worlds.stories import DRIFT, HOUR, Story

NIGHTS = {
    "retraining": {"leads": {"uri": "s3://leads/leads.csv.gz"}, "schedule": "0 1 * * *"},
    "piiBackfill": {"redis": {"secretName": "redis"}, "keyPatterns": ["chat:*"], "schedule": "0 2 * * 0"},
}
ENDS = {
    "retraining": training.dump(TrainingAnswer(digest("B"), auc=0.8)),
    "backfill": backfill.dump(BackfillAnswer(Head(mode=Mode.DRY_RUN), Counts(scanned=100, changed=7))),
}


def _end(job: Object) -> tuple[bool, str, None] | None:
    """Let a Job of a night end well; None leaves polls and validations to the cluster."""
    message = ENDS.get(job["metadata"]["labels"]["customerops.dev/role"])
    return None if message is None else (True, message, None)


async def _nights(cluster: FakeCluster, leader: Leader) -> None:
    cluster.apply(**DRIFT, **NIGHTS)
    cluster.job_end = _end
    await leader.settle()
    for role in ENDS:
        cluster.cron_job_runs(role)
        await leader.settle()


async def serves(cluster: FakeCluster, leader: Leader) -> None:
    """B serves, A is the previous model, live leads arrive, and the night went well."""
    await stories.promoted(cluster, leader)
    await _nights(cluster, leader)
    await leader.pass_time(0.5 * HOUR)


async def refused(cluster: FakeCluster, leader: Leader) -> None:
    """C is newer and worse than allowed: B serves on."""
    await serves(cluster, leader)
    cluster.upload("C", Truth(auc=0.5))
    cluster.annotate("poll", "C")
    await leader.settle()


async def held(cluster: FakeCluster, leader: Leader) -> None:
    """B drifted and A serves again; C passed the gate and is held after the rollback."""
    await stories.drifted(cluster, leader)
    await _nights(cluster, leader)
    cluster.upload("C", Truth(auc=0.82))
    cluster.annotate("poll", "C")
    await leader.settle()


async def refused_since(cluster: FakeCluster, leader: Leader) -> None:
    """B drifted and A serves again; since then C was held, and D was measured and refused: D heads the quarantine."""
    await held(cluster, leader)
    cluster.upload("D", Truth(auc=0.5))
    cluster.annotate("poll", "D")
    await leader.settle()


async def withheld(cluster: FakeCluster, leader: Leader) -> None:
    """C was released by a person after a rollback; C drifts too, and the cooldown stands against a second rollback."""
    await stories.drifted(cluster, leader)
    cluster.upload("C", Truth(auc=0.82, drifts=True))
    cluster.annotate("poll", "C")
    await leader.settle()
    cluster.annotate("release", digest("C"))
    await leader.settle()
    await leader.pass_time(0.5 * HOUR)


STORIES: dict[str, Story] = {
    "LeadModelGateFailed": refused,
    "LeadModelStale": held,
    "LeadModelPromotionHeld": held,
    "LeadModelChallengerNotLoaded": held,
    "LeadModelQuarantineGrowing": refused_since,
    "LeadModelRolledBack": refused_since,
    "LeadModelRollbackWithheld": withheld,
    "LeadModelValidationStuck": held,
}  # of alerts whose runbook looks at what a LeadModel that serves does not have
