"""Every object that a spec can lead to, as the operator renders them."""

from datetime import UTC, datetime
from typing import Any

from leadmodel_operator.kubernetes.render import (
    backfill,
    follow_ups,
    job_access,
    jobs,
    objects,
    snapshots,
    text_jobs,
)
from leadmodel_operator.planning.followup_settings import settings_document
from leadmodel_operator.planning.observed import Record
from leadmodel_operator.planning.planned import FollowUpsWork, Poll, Serve, TextCheck, Validation
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.spec_enrichment import Enrichment
from worlds.fake_cluster import digest

LEAD_MODEL = {"metadata": {"name": "conversion", "namespace": "sales", "uid": "0"}}


def rendered(spec: Spec, etag: str = '"1"') -> list[dict[str, Any]]:
    """Every object that a spec can lead to, with a second slot and without."""
    a, b = digest("A"), digest("B")
    found = [objects.service(LEAD_MODEL), objects.budget(LEAD_MODEL), objects.network_policy(LEAD_MODEL)]
    for previous in (None, b):
        serve = Serve(
            champion=a,
            previous=previous,
            image="predictor:1",
            template=1,
            decision=7,
            measured_auc=0.75 if previous else None,
            pod=spec.predictor,
            replicas=spec.predictor.replicas,
            autoscaling=spec.predictor.autoscaling,
            progress_deadline=spec.progress_deadline.seconds,
            text=spec.enrichment is not None,
        )
        found.append(objects.deployment(LEAD_MODEL, serve, serve.replicas if previous else None))
        found += filter(None, [objects.autoscaler(LEAD_MODEL, serve)])
    return found + _snapshots(a) + _jobs(spec, a, b, etag) + _follow_ups(spec)


def _follow_ups(spec: Spec) -> list[dict[str, Any]]:
    """What follow-ups lead to; nothing without `spec.followUps`."""
    if spec.follow_ups is None:
        return []
    work = FollowUpsWork(spec.follow_ups, settings_document("sales", "conversion", spec.follow_ups))
    return follow_ups.objects(LEAD_MODEL, work, spec.predictor, "followup:1")


def _snapshots(champion: str) -> list[dict[str, Any]]:
    record = Record(digest=champion, at=datetime(2026, 1, 5, tzinfo=UTC))
    ledger = snapshots.ledger(LEAD_MODEL, (record,))
    return [ledger, snapshots.revision(LEAD_MODEL, champion, b"packed"), job_access.mailbox(LEAD_MODEL)]


def _jobs(spec: Spec, champion: str, best: str, etag: str) -> list[dict[str, Any]]:
    found = [*job_access.access(LEAD_MODEL, spec)]
    for held in (True, False):
        validation = Validation(
            name="conversion-validate-1",
            uri=spec.artifact.uri,
            digest=champion if held else None,
            held=held,
            holdout_uri=spec.holdout.uri,
            holdout_digest=spec.holdout.digest,
            champion=champion,
            best=best,
            min_auc=spec.min_auc,
            image="predictor:1",
            attempt=1,
            deadline=600.0,
        )
        found.append(jobs.validation(LEAD_MODEL, spec, validation))
    for interval in ("0s", "5m", "1h", "24h"):
        poll = Poll(
            uri=spec.artifact.uri,
            holdout_uri=spec.holdout.uri,
            interval=interval,
            etag=etag,
            holdout_etag=None,
            image="predictor:1",
            once="conversion-poll-1",
        )
        found.append(jobs.poll_job(LEAD_MODEL, spec, poll))
        found += filter(None, [jobs.poll_cron(LEAD_MODEL, spec, poll)])
    if spec.retraining is not None:
        found.append(jobs.retraining(LEAD_MODEL, spec, spec.retraining, "training:1"))
    if spec.pii_backfill is not None:
        found.append(backfill.backfill(LEAD_MODEL, spec, spec.pii_backfill, "privacy:1"))
    return found + _texts(spec, spec.enrichment, champion, best)


def _texts(spec: Spec, wanted: Enrichment | None, digest: str, serving: str) -> list[dict[str, Any]]:
    """What a text model leads to; nothing without one."""
    if wanted is None:
        return []
    found = [
        snapshots.text_revision(LEAD_MODEL, digest, b"packed"),
        snapshots.served_text(LEAD_MODEL, digest, b"packed"),
        job_access.mailbox(LEAD_MODEL, "text-mailbox"),
    ]
    for held in (True, False):
        check = TextCheck(
            name="conversion-text-1",
            uri=wanted.artifact.uri,
            digest=digest if held else None,
            held=held,
            holdout_uri=wanted.holdout.uri,
            label=wanted.holdout.label,
            text=wanted.holdout.text,
            serving=serving,
            image="predictor:1",
            deadline=600.0,
        )
        found.append(text_jobs.check(LEAD_MODEL, spec, wanted, check))
    if wanted.training is not None:
        found.append(text_jobs.training(LEAD_MODEL, spec, wanted, wanted.training, "training:1"))
    return found
