"""Follow-ups in status: what pods report of settings, templates, ledger and messages."""

from dataclasses import dataclass
from datetime import datetime

from leadmodel_operator.resource.fields import doc
from leadmodel_operator.resource.formats import DIGEST


@dataclass(frozen=True, kw_only=True)
class FollowUpProblem:
    """What is wrong with one field of settings, templates or Secrets."""

    field: str = doc("Name of the field or the file.", max_length=128)
    reason: str = doc("Explanation, in one sentence.", max_length=256)


@dataclass(frozen=True, kw_only=True)
class FollowUpsStatus:
    """The follow-ups of a LeadModel, as pods report them. Figures are those of the last answer."""

    settings: str = doc("Digest of the settings that pods are to read.", pattern=DIGEST)
    since: datetime = doc("Time at which these settings were decided.")
    pods: int = doc("Number of pods.", minimum=0, default=0)
    ready_pods: int = doc("Number of ready pods.", minimum=0, default=0)
    current_pods: int = doc("Number of pods that answered and read these settings.", minimum=0, default=0)
    answered: int | None = doc(
        "Number of pods that answered when they were last asked. Absent if none was asked yet.",
        minimum=0,
        default=None,
    )
    waiting: int = doc("Follow-ups of the namespace that wait.", minimum=0, default=0)
    open: int = doc("Attempts without an outcome.", minimum=0, default=0)
    unknown: int = doc("Follow-ups of which nobody knows whether they were sent.", minimum=0, default=0)
    oldest_due: datetime | None = doc(
        "Time at which the oldest follow-up that waits is due. Absent where none waits.", default=None
    )
    sent_24h: int = doc("Follow-ups sent within the last 24 hours.", minimum=0, default=0)
    failed_24h: int = doc("Follow-ups that failed within the last 24 hours.", minimum=0, default=0)
    ledger: str | None = doc(
        "Explanation why the ledger cannot be used. Absent where it can.", max_length=256, default=None
    )
    problems: tuple[FollowUpProblem, ...] = doc(
        "What is wrong with settings, templates and Secrets.", default=(), max_items=20
    )
