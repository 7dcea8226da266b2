"""The table of jobs by schedule in docs/conditions.md: what BackfillHealthy and RetrainingHealthy say of each state of their runs."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leadmodel_messages import backfill, training
from leadmodel_messages.backfill import BackfillAnswer, Counts, Head, Mode
from leadmodel_messages.training import TrainingAnswer
from leadmodel_operator.planning.observed import (
    Fault,
    FaultKind,
    JobKind,
    JobSeen,
    JobState,
    Observed,
    ScheduleSeen,
)
from leadmodel_operator.planning.plan import plan
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.spec_schedules import PiiBackfill, RedisSource, Retraining
from leadmodel_operator.resource.spec_sources import ArtifactSource, HoldoutSource, LeadsSource
from leadmodel_operator.resource.vocabulary import ConditionType, Reason
from worlds.names import digest

DOC = Path(__file__).parents[2] / "docs" / "conditions.md"
NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
NO_SECRET = Fault(FaultKind.WAITING, "CreateContainerConfigError", message='secret "store" not found')
CONDITIONS = {
    JobKind.BACKFILL: ConditionType.BACKFILL_HEALTHY,
    JobKind.RETRAINING: ConditionType.RETRAINING_HEALTHY,
}
BARE = Spec(
    artifact=ArtifactSource(uri="s3://leads/model.json"),
    holdout=HoldoutSource(uri="s3://leads/holdout.csv.gz"),
)
REDACTION = PiiBackfill(redis=RedisSource(secret_name="redis"), key_patterns=("chat:*",))
TRAINING = Retraining(leads=LeadsSource(uri="s3://leads/leads.csv.gz"), label="won")
SPEC = replace(BARE, pii_backfill=REDACTION, retraining=TRAINING)
SUSPENDED = replace(
    BARE, pii_backfill=replace(REDACTION, suspend=True), retraining=replace(TRAINING, suspend=True)
)


@dataclass(frozen=True)
class Case:
    """A state of a kind's runs: the spec, its Jobs from old to new, and its schedule."""

    spec: Spec = SPEC
    jobs: tuple[JobSeen, ...] = ()
    overdue: bool = False
    covered_by: str | None = None


def run(
    kind: JobKind, number: int, state: JobState, message: str = "", exit_code: int | None = None
) -> JobSeen:
    """Give a Job of a kind that has ended."""
    created = NOW - timedelta(hours=10 - number)
    ended = created + timedelta(minutes=5)
    return JobSeen(f"conversion-{kind.value}-{number}", kind, state, created, ended, message, exit_code)


def good(kind: JobKind, number: int = 1, mode: Mode = Mode.APPLY) -> JobSeen:
    """Give a run that did its work: it redacted 7 messages or counted them, or made a model."""
    counts = Counts(scanned=100, found=7, changed=7 if mode is Mode.APPLY else 0)
    answers = {
        JobKind.BACKFILL: backfill.dump(BackfillAnswer(Head(mode=mode), counts)),
        JobKind.RETRAINING: training.dump(TrainingAnswer(digest("B"))),
    }
    return run(kind, number, JobState.SUCCEEDED, answers[kind], 0)


def bad(kind: JobKind, number: int = 1) -> JobSeen:
    """Give a run that failed."""
    return run(kind, number, JobState.FAILED, "", 75)


def running(kind: JobKind, number: int = 1, fault: Fault | None = None) -> JobSeen:
    """Give a run that is under way, or that waits because of a fault."""
    job = run(kind, number, JobState.RUNNING)
    return replace(job, finished=None, fault=fault, waits=fault is not None)


BOTH: dict[str, Callable[[JobKind], Case]] = {
    "the spec does not ask for it": lambda kind: Case(BARE),
    "no run yet": lambda kind: Case(),
    "suspended before the first run": lambda kind: Case(SUSPENDED),
    "the first run is under way": lambda kind: Case(jobs=(running(kind),)),
    "the newest run cannot start (Secret, image, account, quota, no node)": lambda kind: Case(
        jobs=(good(kind), running(kind, 2, NO_SECRET))
    ),
    "the last run did its work": lambda kind: Case(jobs=(bad(kind), good(kind, 2))),
    "the last run failed": lambda kind: Case(jobs=(good(kind), bad(kind, 2))),
    "a new run is under way after one that failed": lambda kind: Case(jobs=(bad(kind), running(kind, 2))),
    "a run that should have started by its schedule did not": lambda kind: Case(
        jobs=(good(kind),), overdue=True
    ),
}
BACKFILL_ONLY: dict[str, Callable[[JobKind], Case]] = {
    "a dry run counted messages to redact": lambda kind: Case(jobs=(good(kind, mode=Mode.DRY_RUN),)),
    "an older LeadModel of the namespace covers the same keys": lambda kind: Case(covered_by="older"),
}
CASES = [
    *((name, kind) for name in BOTH for kind in CONDITIONS),
    *((name, JobKind.BACKFILL) for name in BACKFILL_ONLY),
]


def rows() -> dict[str, dict[JobKind, str]]:
    """Read the second table of the page: per state, what the conditions of both kinds say."""
    table = DOC.read_text().split("| state of the runs |", 1)[1].split("\n## ", 1)[0]
    lines = [line.strip("| ").split(" | ") for line in table.splitlines()[2:] if line.startswith("| ")]
    return {name: dict(zip(CONDITIONS, cells, strict=True)) for name, *cells in lines}


def concluded(kind: JobKind, case: Case) -> tuple[str, str]:
    """Plan two passes, as a change of status makes a second one: the status and reason of the kind's condition, and its message."""
    is_running = any(job.state is JobState.RUNNING for job in case.jobs)
    schedule = ScheduleSeen(
        kind, "0 2 * * *", suspended=False, created=NOW, overdue=case.overdue, running=is_running
    )
    seen = Observed(
        now=NOW, rv="1", generation=1, spec=case.spec, uid="0", name="conversion", namespace="sales", status=None,
        jobs=case.jobs[::-1], schedules=(schedule,), covered_by=case.covered_by,
    )  # fmt: skip
    status = plan(replace(seen, status=plan(seen).status)).status
    condition = next(c for c in status.conditions if c.type is CONDITIONS[kind])
    return f"{condition.status} {condition.reason}", condition.message


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_a_row_of_the_page_is_what_the_operator_says(name, kind):
    case = (BOTH | BACKFILL_ONLY)[name](kind)
    assert concluded(kind, case)[0] == rows()[name][kind]


@pytest.mark.parametrize("kind", CONDITIONS)
def test_the_words_of_the_platform_are_repeated(kind):
    _, message = concluded(kind, Case(jobs=(running(kind, 1, NO_SECRET),)))
    assert 'secret "store" not found' in message


def test_the_page_has_each_state_and_no_other():
    assert list(rows()) == [*BOTH, *BACKFILL_ONLY]
    assert {row[JobKind.RETRAINING] for name, row in rows().items() if name in BACKFILL_ONLY} == {"–"}


def test_each_reason_of_the_rules_has_a_row():
    reasons = {cell.split(" ")[1] for row in rows().values() for cell in row.values() if cell != "–"}
    documented = {
        Reason.NOT_CONFIGURED, Reason.PENDING, Reason.SUSPENDED, Reason.RUNNING, Reason.CANNOT_START,
        Reason.SUCCEEDED, Reason.FAILED, Reason.OVERDUE, Reason.PII_FOUND, Reason.COVERED_BY,
    }  # fmt: skip
    assert reasons == {reason.value for reason in documented}
