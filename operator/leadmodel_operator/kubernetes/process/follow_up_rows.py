"""What each pass says of the follow-ups of a LeadModel in metrics. Pure."""

from collections.abc import Iterator

from leadmodel_operator.resource.status import Status
from leadmodel_operator.resource.status_followups import FollowUpsStatus
from leadmodel_operator.resource.vocabulary import ConditionStatus, ConditionType


def follow_up_rows(status: Status, known: FollowUpsStatus) -> Iterator[tuple[str, dict[str, str], float]]:
    """Yield the rows that are known of the follow-ups of a LeadModel; figures of messages only once a pod has answered."""
    healthy = next((c for c in status.conditions if c.type is ConditionType.FOLLOW_UPS_HEALTHY), None)
    if healthy is not None and healthy.status is ConditionStatus.FALSE:
        yield "leadmodel_followups_unhealthy", {"reason": healthy.reason}, 1
    yield "leadmodel_followups_pods_ready", {}, known.ready_pods
    if known.answered is None:
        return
    yield "leadmodel_followups_waiting", {}, known.waiting
    yield "leadmodel_followups_unknown", {}, known.unknown
    yield "leadmodel_followups_sent_24h", {}, known.sent_24h
    yield "leadmodel_followups_failed_24h", {}, known.failed_24h
    if known.oldest_due is not None:
        yield "leadmodel_followups_oldest_due_timestamp_seconds", {}, known.oldest_due.timestamp()
