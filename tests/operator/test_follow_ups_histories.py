"""Whatever becomes of follow-ups, in whatever order: the lead-scoring model is decided, recorded and served bit for bit as without them."""

import os
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from leadmodel_messages.exits import FollowUpExit
from leadmodel_messages.followups_report import FollowUpsProblem, FollowUpsReport
from leadmodel_operator.planning import plan as planner
from leadmodel_operator.planning.followup_settings import settings_digest, settings_document
from leadmodel_operator.planning.observed import (
    Fault,
    FaultKind,
    FollowUpsPod,
    FollowUpsSeen,
    Refusal,
    RefusalKind,
)
from leadmodel_operator.resource.conversion import load
from leadmodel_operator.resource.spec_followups import FollowUps
from leadmodel_operator.resource.vocabulary import ConditionType
from worlds.fuzzed_specs import FOLLOW_UPS
from worlds.lead_steps import OF_LEADS, facts, of_leads, run_passes
from worlds.names import KEY, spec
from worlds.programs import Truth
from worlds.world import World

pytestmark = pytest.mark.slow
EXAMPLES = 400 if os.environ.get("LEADMODEL_FULL") else 60
CALM = settings(deadline=None, max_examples=EXAMPLES, database=None, suppress_health_check=list(HealthCheck))
FIRST = settings(CALM, phases=[Phase.generate], max_examples=500, report_multiple_bugs=False)
SPEC = load(FollowUps, FOLLOW_UPS)
REPORT = FollowUpsReport(settings_digest(settings_document(KEY.namespace, KEY.name, SPEC)), waiting=3)
CHILD = f"Deployment/{KEY.name}-followups"


def pods(*reports: FollowUpsReport | None, ready: bool = True, **more: Any) -> FollowUpsSeen:
    made = tuple(FollowUpsPod(f"sender-{n}", ready, report) for n, report in enumerate(reports))
    return FollowUpsSeen(**{"pods": made, "present": True, "asked": True} | more)


BAD = replace(REPORT, problems=(FollowUpsProblem("templates", "no file"),), ledger="TimeoutError")
ENDED = FollowUpsPod("sender-0", ready=False, fault=Fault(FaultKind.TERMINATED, "Error", FollowUpExit.UNSAFE))
STATES = st.sampled_from(
    [
        pods(REPORT, REPORT),
        pods(BAD),
        pods(None, None),
        pods(None, ready=False),
        FollowUpsSeen((ENDED,), present=True),
        pods(REPORT, conflicts=(CHILD,)),
        pods(REPORT, refused=(Refusal(RefusalKind.CONTENT, "create deployments", CHILD, "no"),)),
        pods(REPORT, refused=None),
    ]
)
OF_FOLLOW_UPS = st.one_of(
    st.tuples(st.just("seen"), STATES),
    st.tuples(st.just("suspend"), st.booleans()),
    st.tuples(st.just("section"), st.booleans()),
)
SCRIPT = st.lists(st.one_of(OF_LEADS, OF_LEADS, OF_FOLLOW_UPS), min_size=8, max_size=24)


def of_follow_ups(world: World, what: str, arg: Any) -> None:
    """One step of a history that concerns follow-ups; the generation of the spec counts edits of both kinds, so none is made here."""
    assert world.spec is not None
    match what:
        case "seen":
            world.follow_ups = arg
        case "suspend" if world.spec.follow_ups is not None:
            world.spec = replace(world.spec, follow_ups=replace(world.spec.follow_ups, suspend=arg))
        case "section":
            world.spec = replace(world.spec, follow_ups=SPEC if arg else None)


def compare(script: list[tuple[str, Any]]) -> World:
    """Play a history without and with follow-ups; after each step the lead-scoring model is the same."""
    plain, sending = World(spec=spec()), World(spec=spec(follow_ups=SPEC))
    sending.follow_ups = pods(REPORT, REPORT)
    for world in (plain, sending):
        world.upload("A", Truth(auc=0.75))
    for number, (what, arg) in enumerate([("live", False), *script]):
        of_follow_ups(sending, what, arg)
        for world in (plain, sending):
            of_leads(world, what, arg, number)
            run_passes(world)
        assert facts(sending) == facts(plain), f"{KEY.name} differs after {what} {arg}"
    return sending


def test_the_lead_scoring_model_is_the_same_with_follow_ups_and_without():
    reached: set[str] = set()

    @seed(0)
    @CALM
    @given(SCRIPT)
    def run(script):
        world = compare(script)
        conditions = world.status.conditions if world.status else ()
        reached.update(c.reason for c in conditions if c.type is ConditionType.FOLLOW_UPS_HEALTHY)

    run()
    assert reached >= {"Healthy", "LedgerUnavailable", "Refused"}, (
        "histories in which all is well show nothing"
    )


def test_control_a_problem_that_counts_as_a_decision_is_noticed(monkeypatch):
    real = planner.watch_follow_ups

    def watch_follow_ups(state):
        outcome = real(state)
        if state.status.follow_ups is not None and state.status.follow_ups.problems:
            state.change(decision=state.status.decision + 1)
        return outcome

    monkeypatch.setattr(planner, "watch_follow_ups", watch_follow_ups)

    @seed(0)
    @FIRST
    @given(SCRIPT)
    def run(script):
        compare(script)

    with pytest.raises(AssertionError):
        run()
