"""The planner: a row for each rule, and random histories in which no rule is ever broken, with a control for each."""

import os
from dataclasses import replace

import pytest

from leadmodel_followup.planning.plan import (
    LEAD_RULES,
    MOVES,
    ContactHistory,
    Facts,
    Lead,
    Rules,
    Scheduled,
    Skipped,
    SkipReason,
    plan,
)
from leadmodel_followup.planning.spec import DAY_MS, HOUR_MS, Band, Cap, FollowUpSpec, Step
from support.followup_plans import START, breaches, histories

FULL = os.environ.get("LEADMODEL_FULL") == "1"
NOON = START + 12 * HOUR_MS
SPEC = FollowUpSpec(
    "welcome",
    (
        Band("warm", 0.4, (Step("warm-1", HOUR_MS, "sms"),)),
        Band("hot", 0.8, (Step("hot-1", 0, "sms"), Step("hot-2", 2 * HOUR_MS, "email"))),
        Band("demo", 0.5, (Step("demo-1", 0, "email"),), intents=frozenset({"demo"})),
    ),
    silent_intents=frozenset({"complaint"}),
)
LEAD = Lead("acme", "lead-1", "contact", NOON)
FACTS = Facts(LEAD, 0.9, None, frozenset({"sms", "email"}), ContactHistory(), SPEC, NOON)


def reasons(facts):
    return [item.reason for item in plan(facts) if isinstance(item, Skipped)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"history": ContactHistory(stopped=True)}, SkipReason.STOPPED),
        ({"history": ContactHistory(converted=True)}, SkipReason.CONVERTED),
        ({"history": ContactHistory(replied=True)}, SkipReason.REPLIED),
        ({"now_ms": NOON + 8 * DAY_MS}, SkipReason.TOO_OLD),
        ({"score": None}, SkipReason.NO_SCORE),
        ({"score": float("nan")}, SkipReason.NO_SCORE),
        ({"intent": "complaint"}, SkipReason.SILENT_INTENT),
        ({"score": 0.39}, SkipReason.NO_BAND),
    ],
)
def test_a_lead_is_skipped_with_its_reason(change, reason):
    assert plan(replace(FACTS, **change)) == (Skipped(reason),)
    assert reasons(FACTS) == [] != plan(FACTS)


@pytest.mark.parametrize(
    ("score", "intent", "steps"),
    [
        (0.4, None, ["warm-1"]),
        (0.79, None, ["warm-1"]),
        (0.8, None, ["hot-1", "hot-2"]),
        (0.6, "demo", ["demo-1"]),
        (0.8, "demo", ["hot-1", "hot-2"]),
    ],
)
def test_score_and_intent_choose_the_band(score, intent, steps):
    assert [item.step.name for item in plan(replace(FACTS, score=score, intent=intent))] == steps


def test_a_step_without_consent_is_skipped_and_the_others_are_sent():
    first, second = plan(replace(FACTS, consent=frozenset({"email"})))
    assert first == Skipped(SkipReason.NO_CONSENT, SPEC.bands[1].steps[0])
    assert isinstance(second, Scheduled)


def test_the_second_step_waits_for_the_cap():
    first, second = plan(FACTS)
    assert (first.due_ms, second.due_ms) == (NOON, NOON + DAY_MS)
    free = replace(FACTS, spec=replace(SPEC, caps=()))
    assert [item.due_ms for item in plan(free)] == [NOON, NOON + 2 * HOUR_MS]


def test_a_step_that_would_come_too_late_is_skipped():
    monthly = replace(FACTS, spec=replace(SPEC, caps=(Cap(1, 30 * DAY_MS),)))
    assert reasons(monthly) == [SkipReason.TOO_LATE]


def test_what_quiet_hours_hold_back_leaves_over_ten_minutes():
    night = replace(FACTS, now_ms=START + 3 * HOUR_MS, lead=replace(LEAD, at_ms=START + 3 * HOUR_MS))
    times = {plan(replace(night, lead=replace(night.lead, id=f"lead-{i}")))[0].due_ms for i in range(50)}
    assert len(times) > 40
    assert all(START + 9 * HOUR_MS <= at < START + 9 * HOUR_MS + 600_000 for at in times)


def test_the_same_lead_makes_the_same_ids():
    ids = [item.id for item in plan(FACTS)]
    assert ids == [item.id for item in plan(replace(FACTS, now_ms=NOON + HOUR_MS, score=0.95))]
    assert len({*ids, *(item.id for item in plan(replace(FACTS, spec=replace(SPEC, generation=2))))}) == 4


def broken(rules, count, seed=0):
    """All breaches in so many histories."""
    return set().union(*(breaches(facts, plan(facts, rules)) for facts in histories(count, seed)))


def test_no_history_breaks_a_rule():
    assert broken(Rules(), 3000) == set()


@pytest.mark.skipif(not FULL, reason="LEADMODEL_FULL=1: some minutes")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(1, 5))
def test_no_history_of_a_quarter_of_a_million_breaks_a_rule(seed):
    assert broken(Rules(), 250_000, seed) == set()


CHECKED = [reason for reason, _ in LEAD_RULES if reason not in {SkipReason.NO_SCORE, SkipReason.NO_BAND}]


@pytest.mark.parametrize("reason", CHECKED)
def test_control_without_a_rule_for_leads_the_histories_break_it(reason):
    rules = Rules(lead=tuple(rule for rule in LEAD_RULES if rule[0] != reason))
    assert reason in broken(rules, 3000)


def test_control_without_the_rule_of_consent_the_histories_break_it():
    assert "no-consent" in broken(Rules(step=()), 3000)


@pytest.mark.parametrize(("left_out", "breach"), [(0, "hours"), (1, "cap")])
def test_control_without_a_move_the_histories_break_it(left_out, breach):
    moves = tuple(move for i, move in enumerate(MOVES) if i != left_out)
    assert breach in broken(Rules(moves=moves), 3000)


def test_control_a_planner_that_plans_nothing_is_noticed():
    assert broken(Rules(lead=((SkipReason.STOPPED, lambda _: True),)), 3000) == {"silent"}
