"""The table of follow-ups in docs/conditions.md: what FollowUpsHealthy says of each state, each reached in the planner."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from leadmodel_messages.exits import FollowUpExit
from leadmodel_messages.followups_report import FollowUpsProblem, FollowUpsReport
from leadmodel_operator.planning.followup_settings import settings_digest, settings_document
from leadmodel_operator.planning.observed import (
    Fault,
    FaultKind,
    FollowUpsPod,
    FollowUpsSeen,
    Observed,
    Refusal,
    RefusalKind,
)
from leadmodel_operator.planning.plan import plan
from leadmodel_operator.planning.planned import Plan
from leadmodel_operator.resource.conversion import load
from leadmodel_operator.resource.spec_followups import FollowUps
from leadmodel_operator.resource.vocabulary import ConditionStatus, ConditionType, EventReason
from worlds.fuzzed_specs import FOLLOW_UPS
from worlds.names import KEY, START, spec

DOC = Path(__file__).parents[2] / "docs" / "conditions.md"
SPEC = load(FollowUps, FOLLOW_UPS)
DIGEST = settings_digest(settings_document(KEY.namespace, KEY.name, SPEC))
REPORT = FollowUpsReport(DIGEST, waiting=3)
OLD = FollowUpsReport("sha256:" + "1" * 64)


def observed(seen: FollowUpsSeen | None, **changes: Any) -> Observed:
    """What a pass sees of a new LeadModel with follow-ups."""
    base = Observed(
        now=START, rv="1", generation=1, spec=spec(follow_ups=SPEC), name=KEY.name, namespace=KEY.namespace
    )
    return replace(base, follow_ups=seen, **changes)


def pods(
    *reports: FollowUpsReport | None, ready: bool = True, fault: Fault | None = None, **more: Any
) -> FollowUpsSeen:
    """Pods that were asked, each with its report."""
    made = tuple(FollowUpsPod(f"pod-{n}", ready, report, fault) for n, report in enumerate(reports))
    return FollowUpsSeen(**{"pods": made, "present": True, "asked": True} | more)


def later(seen: FollowUpsSeen, minutes: int, **changes: Any) -> Observed:
    """The same again after some minutes: the settings were decided at the beginning."""
    first = observed(seen, **changes)
    return replace(first, status=plan(first).status, now=START + timedelta(minutes=minutes))


def with_problem(field: str) -> FollowUpsSeen:
    problem = FollowUpsProblem(field, "cannot be used")
    return pods(replace(REPORT, problems=(problem,)), REPORT)


def ended(code: int) -> FollowUpsSeen:
    return pods(None, ready=False, fault=Fault(FaultKind.TERMINATED, "Error", code))


def refused(kind: RefusalKind) -> Observed:
    refusal = Refusal(kind, "create deployments", f"Deployment/{KEY.name}-followups", "no")
    return observed(pods(REPORT, refused=(refusal,)))


NO_SECRET = Fault(FaultKind.WAITING, "CreateContainerConfigError", message='secret "redis" not found')
SUSPENDED = replace(SPEC, suspend=True)
LATE = replace(REPORT, oldest_due_ms=int(START.timestamp() * 1000) - 3_600_000)
UNDER_WAY = FollowUpsSeen(pods=pods(REPORT).pods, present=True)


def suspended() -> Observed:
    digest = settings_digest(settings_document(KEY.namespace, KEY.name, SUSPENDED))
    return observed(pods(replace(LATE, settings=digest)), spec=spec(follow_ups=SUSPENDED))


STATES: dict[str, Callable[[], Observed]] = {
    "the spec asks for none": lambda: observed(FollowUpsSeen(), spec=spec()),
    "a replay of past leads, which sends nothing": lambda: observed(None),
    "an object with a name of theirs is someone else's": lambda: observed(
        pods(REPORT, conflicts=(f"Service/{KEY.name}-followups",))
    ),
    "a right of the operator is missing for one of their objects": lambda: refused(RefusalKind.RIGHTS),
    "a quota refuses one of their objects": lambda: refused(RefusalKind.QUOTA),
    "the API server refuses one of their objects": lambda: refused(RefusalKind.CONTENT),
    "the Secret with the URL of the Redis is not there": lambda: observed(
        pods(None, ready=False, fault=NO_SECRET)
    ),
    "the Redis may forget what it acknowledged: pods end": lambda: observed(ended(FollowUpExit.UNSAFE)),
    "the Redis does not answer the pods": lambda: observed(
        pods(replace(REPORT, ledger="TimeoutError"), ready=False)
    ),
    "pods end because the Redis does not answer": lambda: observed(ended(FollowUpExit.TRY_AGAIN)),
    "pods start": lambda: observed(pods(None, ready=False)),
    "no pod is ready, after `progressDeadline`": lambda: later(ended(FollowUpExit.USAGE), 11),
    "pods are not asked what they send": lambda: observed(pods(REPORT), scrapes=False),
    "pods were not asked yet": lambda: observed(UNDER_WAY),
    "no pod answers": lambda: observed(pods(None, None)),
    "a key of a channel's Secret is not there": lambda: observed(with_problem("channels.sms")),
    "settings or templates cannot be used": lambda: observed(with_problem("templates/hello.en.txt")),
    "some pods read earlier settings": lambda: observed(pods(REPORT, OLD)),
    "some pods read earlier settings, after `progressDeadline`": lambda: later(pods(REPORT, OLD), 11),
    "suspended": suspended,
    "a follow-up is due for a quarter of an hour, and nobody sends it": lambda: observed(pods(LATE)),
    "pods send": lambda: observed(pods(REPORT, REPORT)),
}


def healthy(planned: Plan) -> tuple[str, str]:
    """Status and reason of FollowUpsHealthy in one, and its message."""
    found = next(c for c in planned.status.conditions if c.type is ConditionType.FOLLOW_UPS_HEALTHY)
    return f"{found.status} {found.reason}", found.message


def table() -> dict[str, str]:
    """The rows of the page."""
    lines = DOC.read_text().partition("| state of the follow-ups |")[2].splitlines()[2:]
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("|")]
    return {row[0]: row[1] for row in rows}


def test_the_page_has_every_state_and_no_other():
    assert list(table()) == list(STATES)


@pytest.mark.parametrize("state", STATES)
def test_a_state_shows_as_the_page_says(state):
    shown, message = healthy(plan(STATES[state]()))
    assert shown == table()[state]
    assert message or shown == "Unknown NotConfigured"


def test_every_reason_of_the_chain_is_reached():
    reasons = {healthy(plan(make()))[0].split()[1] for make in STATES.values()}
    assert reasons >= {
        "UnsafeLedger",
        "LedgerUnavailable",
        "SecretMissing",
        "TemplatesInvalid",
        "PodsNotReady",
    }


@pytest.mark.parametrize("state", STATES)
def test_no_state_of_follow_ups_changes_anything_else(state):
    seen = STATES[state]()
    without = replace(seen, follow_ups=FollowUpsSeen(), spec=spec(), status=None)
    planned, plain = plan(replace(seen, status=None)), plan(without)
    others = [
        [c for c in p.status.conditions if c.type is not ConditionType.FOLLOW_UPS_HEALTHY]
        for p in (planned, plain)
    ]
    assert others[0] == others[1]
    assert (planned.status.phase, planned.desired.serve) == (plain.status.phase, plain.desired.serve)


def test_a_quota_that_keeps_pods_from_being_made_is_named():
    quota = Fault(FaultKind.REPLICA_FAILURE, "FailedCreate", message="exceeded quota: few")
    shown, message = healthy(plan(later(FollowUpsSeen(present=True, fault=quota), 11)))
    assert shown == "False PodsNotReady"
    assert "exceeded quota: few" in message


def events(first: Observed, second: Observed) -> list[EventReason]:
    """The events of follow-ups in the second of two passes."""
    status = plan(first).status
    return [e.reason for e in plan(replace(second, status=status)).events if e.reason.startswith("FollowUps")]


def test_an_event_tells_of_each_new_cause_once_and_of_the_end():
    good, bad = STATES["pods send"](), STATES["settings or templates cannot be used"]()
    other = observed(with_problem("channels.sms"))
    assert events(good, good) == []
    assert events(good, bad) == [EventReason.FOLLOW_UPS_UNHEALTHY]
    assert events(bad, bad) == []
    assert events(bad, other) == [EventReason.FOLLOW_UPS_UNHEALTHY]
    assert events(bad, good) == [EventReason.FOLLOW_UPS_HEALTHY]


def test_figures_are_of_the_pod_whose_ledger_answers_and_stay_while_none_does():
    first = observed(pods(replace(REPORT, ledger="TimeoutError", waiting=0), replace(REPORT, sent_24h=5)))
    known = plan(first).status.follow_ups
    assert known is not None
    assert (known.waiting, known.sent_24h, known.ledger) == (3, 5, "TimeoutError")
    silent = plan(replace(observed(pods(None)), status=plan(first).status)).status.follow_ups
    assert silent is not None
    assert (silent.waiting, silent.answered) == (3, 0)


def test_what_two_pods_report_alike_stands_once():
    problem = FollowUpsProblem("templates", "no file for step first")
    both = replace(REPORT, problems=(problem,))
    known = plan(observed(pods(both, both))).status.follow_ups
    assert known is not None
    assert [(p.field, p.reason) for p in known.problems] == [("templates", "no file for step first")]


@pytest.mark.parametrize("milliseconds", [-1, 10**18, 10**400])
def test_a_time_that_no_clock_shows_is_none(milliseconds):
    report = replace(REPORT, oldest_due_ms=milliseconds)
    planned = plan(observed(pods(report)))
    assert planned.status.follow_ups is not None
    assert planned.status.follow_ups.oldest_due is None
    condition = next(c for c in planned.status.conditions if c.type is ConditionType.FOLLOW_UPS_HEALTHY)
    assert condition.status is ConditionStatus.TRUE


def test_other_settings_are_read_anew_and_the_same_are_not():
    first = observed(pods(REPORT))
    again = replace(first, status=plan(first).status, now=START + timedelta(hours=1))
    known = plan(again).status.follow_ups
    assert known is not None
    assert (known.settings, known.since) == (DIGEST, START)
    changed = replace(again, spec=spec(follow_ups=replace(SPEC, generation=2)))
    known = plan(changed).status.follow_ups
    assert known is not None
    assert known.settings != DIGEST
    assert known.since == again.now


def test_pods_that_were_not_asked_since_the_settings_changed_are_not_said_to_follow_them():
    """A pass between two questions: what pods reported was of earlier settings, and they still send."""
    status = plan(observed(pods(REPORT))).status
    suspends = spec(follow_ups=SUSPENDED)
    shown, message = healthy(plan(observed(UNDER_WAY, spec=suspends, status=status)))
    assert (shown, message) == ("Unknown RollingOut", "0 of 1 pods read the settings of this spec")
    same = healthy(plan(observed(UNDER_WAY, status=status)))
    assert same[0] == "True Healthy", "the control: by the same settings they are known"
