"""Whatever becomes of text models, in whatever order: the lead-scoring model is decided, recorded and served bit for bit as without them."""

import os
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from leadmodel_operator.planning import plan as planner
from leadmodel_operator.resource.vocabulary import Command, ConditionType, Evidence
from worlds.controllers import finish_jobs, move_pods
from worlds.leader import Leader
from worlds.names import KEY, digest, spec
from worlds.programs import Truth
from worlds.texts import TextTruth, enrichment
from worlds.world import World

pytestmark = pytest.mark.slow
EXAMPLES = 400 if os.environ.get("LEADMODEL_FULL") else 60
CALM = settings(deadline=None, max_examples=EXAMPLES, database=None, suppress_health_check=list(HealthCheck))
FIRST = settings(CALM, phases=[Phase.generate], max_examples=500, report_multiple_bugs=False)
LETTERS = st.sampled_from("BCD")
OF_LEADS = st.one_of(
    st.tuples(st.just("upload"), st.tuples(LETTERS, st.sampled_from([0.5, 0.7, 0.8]), st.booleans())),
    st.tuples(st.just("poll"), st.none()),
    st.tuples(st.just("pin"), st.sampled_from([None, "A", "B"])),
    st.tuples(st.just("live"), st.booleans()),
    st.tuples(st.just("drift"), st.tuples(LETTERS, st.booleans())),
    st.tuples(st.just("pause"), st.booleans()),
    st.tuples(st.just("store"), st.booleans()),
    st.tuples(st.just("min_auc"), st.sampled_from([0.6, 0.75])),
    st.tuples(st.just("command"), st.tuples(st.sampled_from(list(Command)), LETTERS)),
    st.tuples(st.just("hours"), st.sampled_from([0.2, 1.2, 25.0])),
)
TRUTHS = st.sampled_from(
    [
        TextTruth(),
        TextTruth(macro_f1=0.8),
        TextTruth(macro_f1=0.5),
        TextTruth(readable=False),
        TextTruth(loads=False),
        TextTruth(drifts=True),
        TextTruth(heads=("urgency",)),
    ]
)
OF_TEXTS = st.one_of(
    st.tuples(st.just("text"), st.tuples(st.sampled_from("abcdefgh"), TRUTHS)),
    st.tuples(st.just("text snapshots lost"), st.none()),
    st.tuples(st.just("text rows"), st.sampled_from([12, 400])),
)
SCRIPT = st.lists(st.one_of(OF_LEADS, OF_LEADS, OF_TEXTS), min_size=8, max_size=24)


def of_leads(world: World, what: str, arg: Any, number: int) -> None:  # noqa: C901  # one case a step
    """One step of a history that concerns the lead-scoring model."""
    match what:
        case "upload":
            letter, auc, loads = arg
            world.upload(letter, world.truths.get(letter) or Truth(auc=auc, loads=loads))
        case "poll":
            world.poll_by_schedule(f"by-schedule-{number}")
        case "pin":
            world.pin(arg)
        case "live":
            world.live = arg
        case "drift":
            world.truths[arg[0]] = replace(world.truths.get(arg[0], Truth()), drifts=arg[1])
        case "pause":
            world.paused = arg
        case "store":
            world.store_up = arg
        case "min_auc":
            world.edit(min_auc=arg)
        case "command":
            world.commands[arg[0]] = f"{digest(arg[1])}@{number}"
        case "hours":
            world.now += timedelta(hours=arg)


def of_texts(world: World, what: str, arg: Any) -> None:
    """One step of a history that concerns text models; bytes never change under a digest."""
    match what:
        case "text":
            world.texts.upload(arg[0], world.texts.truths.get(arg[0], arg[1]))
        case "text snapshots lost":
            world.texts.snapshots.clear()
        case "text rows":
            world.texts.rows = arg


def facts(world: World) -> dict[str, Any]:
    """Everything of the lead-scoring model: status, ledger, events, what is deployed and kept, and the pods."""
    status, deployed = world.status, world.deployment
    conditions = status.conditions if status else ()
    others = tuple(c for c in conditions if c.type is not ConditionType.ENRICHMENT_HEALTHY)
    return {
        "status": status and replace(status, enrichment=None, conditions=others),
        "ledger": world.ledger,
        "events": [event for event in world.events if not event.reason.startswith("Enrichment")],
        "serve": deployed and replace(deployed.serve, text=False),
        "snapshots": set(world.snapshots),
        "pods": [(pod.name, pod.champion, pod.previous, pod.ready, pod.reported) for pod in world.pods],
    }


def compare(script: list[tuple[str, Any]]) -> tuple[World, World]:
    """Play a history without and with text models; after each step the lead-scoring model is the same."""
    plain, texts = World(spec=spec()), World(spec=spec(enrichment=enrichment()))
    for world in (plain, texts):
        world.upload("A", Truth(auc=0.75))
    for number, (what, arg) in enumerate([("live", False), *script]):
        of_texts(texts, what, arg)
        for world in (plain, texts):
            of_leads(world, what, arg, number)
            leader = Leader(world)
            for _ in range(6):
                leader.run()
                finish_jobs(world)
                move_pods(world)
                world.now += timedelta(seconds=2)
        assert facts(texts) == facts(plain), f"{KEY.name} differs after {what} {arg}"
    return plain, texts


def test_the_lead_scoring_model_is_the_same_with_text_models_and_without():
    reached: set[str] = set()

    @seed(0)
    @CALM
    @given(SCRIPT)
    def run(script):
        _, world = compare(script)
        known = world.status.enrichment if world.status else None
        if known is not None and known.candidate is not None:
            reached.add(known.candidate.verdict)
        if known is not None and known.digest is not None:
            reached.add("serves")

    run()
    assert reached >= {Evidence.PASS, Evidence.FAIL, "serves"}, (
        "histories in which nothing happens show nothing"
    )


def test_control_a_refusal_that_counts_as_a_decision_is_noticed(monkeypatch):
    real = planner.serve_text

    def serve_text(state):
        known = state.status.enrichment
        if known is not None and known.candidate is not None and known.candidate.verdict is Evidence.FAIL:
            state.change(decision=state.status.decision + 1)
        return real(state)

    monkeypatch.setattr(planner, "serve_text", serve_text)

    @seed(0)
    @FIRST
    @given(SCRIPT)
    def run(script):
        compare(script)

    with pytest.raises(AssertionError):
        run()
