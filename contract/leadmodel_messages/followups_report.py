"""The answer of a pod of follow-ups to `GET /ops/followups`: which settings it runs by, what is wrong, and how much waits."""

from __future__ import annotations

from dataclasses import dataclass

from leadmodel_artifact.jsonnode import LayoutError, Node
from leadmodel_messages import bounds
from leadmodel_messages.texts import one_line

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

SCHEMA = "leadmodel.followupsreport/v1"
LEDGER_OK = "ok"
MAX_PROBLEMS = 20
MAX_ARMS = 8
ARM_COUNTS = ("leads", "scheduled", "sent", "delivered", "clicked", "replied", "converted", "opted-out")
FIELD_LENGTH, REASON_LENGTH = 128, 200  # characters


@dataclass(frozen=True)
class FollowUpsProblem:
    """What is wrong with one field of settings, templates or secrets; holds no text of a template and no secret."""

    field: str
    reason: str


@dataclass(frozen=True)
class ArmCounts:
    """Leads in one arm of an experiment, each counted once per word of ARM_COUNTS, whose order the fields have.

    Attributes:
        arm: Name of the arm.
        leads: Leads that were handed in with the arm, whatever became of them: what shares are of.
        scheduled: Leads with a follow-up that was scheduled.
        sent: Leads with a message that a provider took.
        delivered: Leads with a message that was delivered.
        clicked: Leads with a link that a person followed.
        replied: Leads from before a reply of their person; so of converted and opted_out.
        converted: Leads whose person became a customer.
        opted_out: Leads whose person opted out.
    """

    arm: str
    leads: int = 0
    scheduled: int = 0
    sent: int = 0
    delivered: int = 0
    clicked: int = 0
    replied: int = 0
    converted: int = 0
    opted_out: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """The counts by the words of ARM_COUNTS."""
        _, *counts = vars(self).values()
        return dict(zip(ARM_COUNTS, counts, strict=True))


@dataclass(frozen=True)
class FollowUpsReport:
    """What one pod knows of its plan.

    Attributes:
        settings: Digest of the settings file that the pod read.
        templates: Digest of the templates; None where there is no folder of templates.
        problems: At most MAX_PROBLEMS.
        ledger: LEDGER_OK, or why the ledger cannot be used.
        waiting: Follow-ups of the plan that wait; as all counts 0 where the ledger cannot be used.
        open: Attempts without an outcome, unknown ones among them.
        unknown: Follow-ups of which nobody knows whether they were sent.
        oldest_due_ms: When the oldest that waits is due, in milliseconds UTC; None where none waits.
        sent_24h: Follow-ups that a provider took within the last 24 hours.
        failed_24h: Follow-ups that failed for good within the last 24 hours.
        arms: At most MAX_ARMS arms of experiments.
    """

    settings: str
    templates: str | None = None
    problems: tuple[FollowUpsProblem, ...] = ()
    ledger: str = LEDGER_OK
    waiting: int = 0
    open: int = 0
    unknown: int = 0
    oldest_due_ms: int | None = None
    sent_24h: int = 0
    failed_24h: int = 0
    arms: tuple[ArmCounts, ...] = ()


def dump(report: FollowUpsReport) -> dict[str, Any]:
    """The JSON object of a report."""
    return {
        "schema": SCHEMA,
        "settings": report.settings,
        "templates": report.templates,
        "problems": [
            {
                "field": one_line(problem.field, FIELD_LENGTH),
                "reason": one_line(problem.reason, REASON_LENGTH),
            }
            for problem in report.problems[:MAX_PROBLEMS]
        ],
        "ledger": one_line(report.ledger, REASON_LENGTH),
        "waiting": report.waiting,
        "open": report.open,
        "unknown": report.unknown,
        "oldestDue": report.oldest_due_ms,
        "sent24h": report.sent_24h,
        "failed24h": report.failed_24h,
        **(
            {"arms": [{"arm": one.arm, **one.counts} for one in report.arms[:MAX_ARMS]]}
            if report.arms
            else {}
        ),
    }


def parse(document: Any) -> FollowUpsReport:
    """Read a report strictly.

    Raises:
        LayoutError: The document has another schema, or a field is missing, has another type or is out of bounds.
    """
    node = Node(document, "")
    if node.text("schema") != SCHEMA:
        raise LayoutError(f"schema must be {SCHEMA}")
    return FollowUpsReport(
        settings=bounds.digest(node, "settings"),
        templates=bounds.digest(node, "templates") if node.has("templates") else None,
        problems=tuple(map(_problem, node.nodes("problems", MAX_PROBLEMS))),
        ledger=bounds.sentence(node, "ledger", REASON_LENGTH),
        waiting=node.integer("waiting"),
        open=node.integer("open"),
        unknown=node.integer("unknown"),
        oldest_due_ms=node.optional("oldestDue", node.integer),
        sent_24h=node.integer("sent24h"),
        failed_24h=node.integer("failed24h"),
        arms=tuple(map(_arm, node.nodes("arms", MAX_ARMS))) if node.has("arms") else (),
    )


def _arm(node: Node) -> ArmCounts:
    return ArmCounts(bounds.sentence(node, "arm", FIELD_LENGTH), *map(node.integer, ARM_COUNTS))


def _problem(node: Node) -> FollowUpsProblem:
    return FollowUpsProblem(
        bounds.sentence(node, "field", FIELD_LENGTH), bounds.sentence(node, "reason", REASON_LENGTH)
    )
