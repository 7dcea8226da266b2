"""CronJobs → the planner's words: whether a run was missed, and which of two LeadModels runs a backfill that both request. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from leadmodel_operator.kubernetes.observe.cluster import instant, kind_of
from leadmodel_operator.kubernetes.render.names import MANAGED_BY, Object, is_leaving
from leadmodel_operator.planning.observed import ScheduleSeen
from leadmodel_operator.resource.runs import next_run
from leadmodel_operator.resource.schedules import zone
from leadmodel_operator.resource.spec import Spec

LATE = timedelta(hours=1)


def schedule_seen(cron: Object, now: datetime) -> ScheduleSeen | None:
    """Describe a CronJob; None for one without a known purpose."""
    kind, status = kind_of(cron), cron.get("status") or {}
    created = instant(cron["metadata"]["creationTimestamp"])
    if kind is None or created is None:
        return None
    suspended, late = bool(cron["spec"].get("suspend")), late_at(cron, created)
    return ScheduleSeen(
        kind=kind,
        schedule=cron["spec"]["schedule"],
        suspended=suspended,
        created=created,
        last_success=instant(status.get("lastSuccessfulTime")),
        overdue=late is not None and now >= late,
        late_at=late,
        running=bool(status.get("active")),
    )


def late_at(cron: Object, created: datetime) -> datetime | None:
    """Return when the next run counts as missed: an hour after its time. None while no run is due, or the schedule is unreadable.

    The next run is the first after the last one, after the creation, and after the operator last wrote the CronJob.
    """
    if cron["spec"].get("suspend"):
        return None
    fields = cron["metadata"].get("managedFields") or []
    written = [entry.get("time") for entry in fields if entry.get("manager") == MANAGED_BY]
    known = [created, instant((cron.get("status") or {}).get("lastScheduleTime")), *map(instant, written)]
    try:
        since = max(when for when in known if when is not None)
        return next_run(cron["spec"]["schedule"], since, zone(cron["spec"].get("timeZone") or "UTC")) + LATE
    except ValueError:
        return None


def covered_by(lead_model: Object, spec: Spec | None, others: Sequence[Object]) -> str | None:
    """Name the oldest LeadModel of the namespace, older than this one, whose backfill reads the same keys of the same Redis."""

    def reads(item: Object) -> tuple[str, str, frozenset[str]] | None:
        backfill = (item.get("spec") or {}).get("piiBackfill")
        if not backfill or backfill.get("suspend"):
            return None
        redis = backfill.get("redis") or {}
        keys = frozenset(map(str, backfill.get("keyPatterns") or []))
        return str(redis.get("secretName")), str(redis.get("key", "REDIS_URL")), keys

    def age(item: Object) -> tuple[str, str]:
        return item["metadata"]["creationTimestamp"], item["metadata"]["name"]

    mine = reads(lead_model)
    if spec is None or mine is None:
        return None
    same = [o for o in others if age(o) < age(lead_model) and reads(o) == mine and not is_leaving(o)]
    return str(min(same, key=age)["metadata"]["name"]) if same else None
