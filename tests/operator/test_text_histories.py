"""Whatever becomes of text models, in whatever order: the lead-scoring model is decided, recorded and served bit for bit as without them."""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from leadmodel_operator.planning import plan as planner
from leadmodel_operator.resource.vocabulary import Evidence
from worlds.lead_steps import OF_LEADS, facts, of_leads, run_passes
from worlds.names import KEY, spec
from worlds.programs import Truth
from worlds.texts import TextTruth, enrichment
from worlds.world import World

pytestmark = pytest.mark.slow
EXAMPLES = 400 if os.environ.get("LEADMODEL_FULL") else 60
CALM = settings(deadline=None, max_examples=EXAMPLES, database=None, suppress_health_check=list(HealthCheck))
FIRST = settings(CALM, phases=[Phase.generate], max_examples=500, report_multiple_bugs=False)
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


def of_texts(world: World, what: str, arg: Any) -> None:
    """One step of a history that concerns text models; bytes never change under a digest."""
    match what:
        case "text":
            world.texts.upload(arg[0], world.texts.truths.get(arg[0], arg[1]))
        case "text snapshots lost":
            world.texts.snapshots.clear()
        case "text rows":
            world.texts.rows = arg


def compare(script: list[tuple[str, Any]]) -> tuple[World, World]:
    """Play a history without and with text models; after each step the lead-scoring model is the same."""
    plain, texts = World(spec=spec()), World(spec=spec(enrichment=enrichment()))
    for world in (plain, texts):
        world.upload("A", Truth(auc=0.75))
    for number, (what, arg) in enumerate([("live", False), *script]):
        of_texts(texts, what, arg)
        for world in (plain, texts):
            of_leads(world, what, arg, number)
            run_passes(world)
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
