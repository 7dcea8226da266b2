"""How long a candidate waits for live leads, what the pods' image has to do with it, and what status says meanwhile."""

from dataclasses import replace
from datetime import timedelta

import pytest

from leadmodel_operator.planning import challenger as consulted
from leadmodel_operator.planning import champion
from leadmodel_operator.planning.live_response import LiveVerdict
from leadmodel_operator.planning.plan import plan
from leadmodel_operator.planning.scraping import window_interval
from leadmodel_operator.resource.fields import Duration
from leadmodel_operator.resource.spec_policies import DriftPolicy, LiveGate
from leadmodel_operator.resource.vocabulary import Command, ConditionType, Evidence, Reason
from worlds.leader import Leader
from worlds.names import IMAGE, digest
from worlds.programs import Truth
from worlds.world import World

A, B = digest("A"), digest("B")
OTHER_IMAGE = "predictor:of-an-earlier-release"


@pytest.fixture
def world() -> World:
    """A serves in pods that have a place for a candidate, and leads come."""
    made = World(rendering=4, live=True)
    serve_first(made)
    return made


def serve_first(made: World) -> None:
    made.upload("A", Truth())
    Leader(made).step(0.1)
    made.poll_by_schedule()
    Leader(made).step(0.1)
    assert made.status.champion.digest == A


def live_gate(world: World, **changes) -> None:
    world.edit(gate=replace(world.spec.gate, live=LiveGate(**changes)))
    Leader(world).step()


def validated(world: World) -> str:
    return next(c.message for c in world.status.conditions if c.type is ConditionType.VALIDATED)


def ask_without_answer(world: World, **truth) -> None:
    world.place.reach = 0
    world.retrain("B", Truth(**truth))
    Leader(world).step(0.01)
    assert world.place.digest == B


def champion_after(world: World, *, ready: bool, scraped: bool = True, hours: float = 0.0) -> str:
    """Plan one pass at a later instant, with pods that are ready or are not."""
    seen = world.observed(scraped=scraped)
    pods = tuple(replace(pod, ready=ready, window=pod.window if ready else None) for pod in seen.pods)
    planned = plan(replace(seen, now=seen.now + timedelta(hours=hours), pods=pods))
    return planned.status.champion.digest


# --- no pod is ready ------------------------------------------------------------------------------------------------------------


def test_without_a_ready_pod_leads_are_waited_for_as_long_as_the_spec_says(world):
    """A restart of all pods lets no candidate serve unchecked."""
    ask_without_answer(world)
    begun = world.status.challenger.since
    early = (begun + timedelta(minutes=59) - world.now) / timedelta(hours=1)
    assert champion_after(world, ready=False, hours=early) == A
    assert champion_after(world, ready=False, hours=early + 0.02) == B


def test_without_a_ready_pod_a_report_waits_two_minutes(world):
    live_gate(world, policy="Report")
    ask_without_answer(world)
    begun = world.status.challenger.since
    early = (begun + timedelta(seconds=110) - world.now) / timedelta(hours=1)
    assert champion_after(world, ready=False, hours=early) == A
    assert champion_after(world, ready=False, hours=early + 0.01) == B


def test_without_a_ready_pod_a_hold_holds(world):
    live_gate(world, on_insufficient="Hold")
    ask_without_answer(world)
    assert champion_after(world, ready=False, hours=1.5) == A
    live_gate(world, on_insufficient="Promote")
    assert champion_after(world, ready=False, hours=1.5) == B  # control


def test_a_final_refusal_stands_without_a_ready_pod(world):
    """A pin that Require binds has no quarantine entry that would stop it: the record does."""
    live_gate(world, policy="Require")
    world.truths["B"] = Truth(drifts=True)
    world.retrain("B", Truth(drifts=True))
    Leader(world).step()
    world.pin("B")
    for _ in range(3):
        Leader(world).step(0.05)
    assert world.status.challenger.verdict is Evidence.FAIL
    assert world.status.challenger.until is not None
    assert champion_after(world, ready=False, hours=0.5) == A


def test_where_the_champion_never_served_nobody_waits(world):
    ask_without_answer(world)
    world.status = replace(world.status, champion=replace(world.status.champion, served_at=None))
    assert champion_after(world, ready=False) == B


# --- a deadline and the windows -------------------------------------------------------------------------------------------------


def test_a_pass_that_read_no_window_ends_no_wait(world):
    ask_without_answer(world, drifts=True)
    assert champion_after(world, ready=True, scraped=False, hours=2) == A
    assert champion_after(world, ready=True, scraped=True, hours=2) == B  # control: read, and nothing there


def test_a_pass_that_read_no_window_ends_no_hold(world):
    """Windows are read less often than passes come: a hold that came and went with them would be written twice each time."""
    live_gate(world, on_insufficient="Hold", max_wait=Duration("1m"))
    ask_without_answer(world)
    for _ in range(2):
        Leader(world).step(0.1)
    assert world.status.hold is not None
    assert plan(world.observed(scraped=False)).status.hold == world.status.hold
    live_gate(world, on_insufficient="Promote", max_wait=Duration("1m"))
    for _ in range(2):
        Leader(world).step(0.1)
    assert world.status.champion.digest == B  # control: read, and nothing there


def test_pods_are_read_often_while_they_are_asked(world):
    world.edit(drift=replace(world.spec.drift, interval=Duration("10m")))
    assert window_interval(world.spec, world.status) == 600
    ask_without_answer(world)
    assert window_interval(world.spec, world.status) == 30
    often = replace(world.spec, drift=replace(world.spec.drift, interval=Duration("5s")))
    assert window_interval(often, world.status) == 5
    assert min(plan(world.observed(scraped=False)).requeue_after, 31) <= 30


# --- a pin ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("releases", [True, False], ids=["released", "control"])
def test_a_release_lets_a_pin_serve_that_require_holds(world, releases):
    live_gate(world, policy="Require", on_insufficient="Hold", max_wait=Duration("1m"))
    world.place.reach = 0
    world.truths["B"] = Truth()
    world.store[world.spec.artifact.uri] = "B"
    world.pin("B")
    for _ in range(3):
        Leader(world).step(0.05)
    assert world.status.champion.digest == A
    if releases:
        world.commands[Command.RELEASE] = B
    for _ in range(3):
        Leader(world).step(0.05)
    assert world.status.champion.digest == (B if releases else A)


@pytest.mark.parametrize("releases", [True, False], ids=["released", "control"])
def test_a_release_lets_a_revision_serve_that_is_pinned_again(world, releases):
    """It served before and passed: no validation runs, so there is no candidate that a release could mark."""
    world.retrain("B", Truth())
    Leader(world).step(0.1)
    assert world.status.champion.digest == B
    live_gate(world, policy="Require")
    world.place.reach = 0
    world.trace.clear()
    world.pin("A")
    Leader(world).step(0.05)
    assert not any("validate A" in line for line in world.trace)  # it passed this gate
    assert world.status.champion.digest == B
    assert world.status.challenger.digest == A
    if releases:
        world.commands[Command.RELEASE] = A
    Leader(world).step(0.05)
    assert world.status.champion.digest == (A if releases else B)


# --- the image of the pods ------------------------------------------------------------------------------------------------------


def name_image(world: World, image: str | None) -> None:
    world.edit(predictor=replace(world.spec.predictor, image=image))
    Leader(world).step(0.1)


def place(world: World) -> tuple[str, bool]:
    """Give the image of the pods, and whether they are started with a place for a candidate."""
    return world.deployment.serve.image, world.deployment.serve.challenger


def test_an_image_of_the_specs_own_gets_a_place_only_with_a_policy_written(world):
    name_image(world, OTHER_IMAGE)
    assert place(world) == (OTHER_IMAGE, False)
    live_gate(world, policy="Require")
    assert place(world) == (OTHER_IMAGE, True)


def under_a_named_image() -> World:
    """Both models were promoted under an image that the spec names, without a policy."""
    made = World(rendering=4, live=True)
    made.edit(predictor=replace(made.spec.predictor, image=IMAGE))
    serve_first(made)
    made.retrain("B", Truth())
    Leader(made).step(0.1)
    assert made.status.champion.digest == B
    return made


def in_a_rollback(made: World) -> None:
    made.commands[Command.ROLLBACK_TO] = A
    Leader(made).step(0.1)
    assert made.status.champion.digest == A


def without_the_image(made: World) -> None:
    name_image(made, None)


@pytest.mark.parametrize("change", [in_a_rollback, without_the_image])
def test_an_image_that_was_given_no_place_gets_none_later(change):
    made = under_a_named_image()
    assert place(made) == (IMAGE, False)
    change(made)
    assert place(made) == (IMAGE, False)


@pytest.mark.parametrize("change", [in_a_rollback, without_the_image])
def test_control_promoted_as_if_the_image_knew_candidates(change, monkeypatch):
    """Control: with the newest rendering recorded, an image of an earlier release is started with an argument it does not know."""
    monkeypatch.setattr(champion, "rendering_for", lambda state: state.seen.rendering)
    made = under_a_named_image()
    change(made)
    assert place(made) == (IMAGE, True)


def test_the_sentence_names_what_gives_the_pods_a_place():
    made = under_a_named_image()
    made.edit(gate=replace(made.spec.gate, live=LiveGate(on_insufficient="Hold")))
    made.retrain("C", Truth())
    Leader(made).step(0.1)
    assert made.status.hold.reason is Reason.NOT_MOUNTED
    assert "write gate.live.policy if spec.predictor.image is of this release" in validated(made)
    live_gate(made, on_insufficient="Hold", policy="Require")
    assert "a promotion or customerops.dev/refresh gives them one" in validated(made)
    made.commands[Command.REFRESH] = "now"
    for _ in range(3):
        Leader(made).step(0.1)
    assert made.status.champion.digest == digest("C")
    assert made.status.challenger.reason is Reason.LIKE_LIVE_LEADS


# --- what status says -----------------------------------------------------------------------------------------------------------


def test_figures_are_written_again_every_five_minutes(world, monkeypatch):
    ask_without_answer(world)
    leads = iter(range(3, 150))

    def counts(*_args, **_changes):
        n = next(leads)
        message = f"{n} of 150 live leads could be compared with the candidate's reference"
        return LiveVerdict(Evidence.INSUFFICIENT, Reason.INSUFFICIENT_SAMPLES, message, samples=n), None

    monkeypatch.setattr(consulted, "ask_pods", counts)
    world.place.reach = 2
    Leader(world).step(0.01)
    first = world.status.challenger
    assert first.samples >= 3
    Leader(world).step(0.05)
    assert world.status.challenger == first
    Leader(world).step(0.1)
    assert world.status.challenger.samples > first.samples
    assert f"{world.status.challenger.samples} of 150 live leads" in validated(world)


def test_a_paused_model_promises_no_time(world):
    ask_without_answer(world)
    assert "UTC" in validated(world)
    world.paused = True
    Leader(world).step(2)
    assert "UTC" not in validated(world)
    assert "nothing is decided: the LeadModel is paused" in validated(world)


@pytest.mark.parametrize("raises", [True, False], ids=["raised", "control"])
def test_a_higher_limit_asks_again(world, raises):
    world.retrain("B", Truth(drifts=True))
    Leader(world).step(0.1)
    assert world.status.quarantine[0].reason is Reason.UNLIKE_LIVE_LEADS
    assert world.spec.drift.max_psi == DriftPolicy.max_psi
    world.truths["B"] = Truth()  # whose leads are as it knows them by now
    if raises:
        world.edit(drift=replace(world.spec.drift, max_psi=0.3))
    for _ in range(3):
        Leader(world).step(0.1)
    assert world.status.champion.digest == (B if raises else A)
    assert bool(world.status.quarantine) is not raises
