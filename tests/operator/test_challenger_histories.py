"""Candidates that live leads are asked about, in random histories: the rules of the live gate hold, and each protection is needed.

Crashes and frozen leaders between any two writes, pods that have loaded different candidates, a place that someone else edits, an
operator that learns to render the place in the middle, pauses, pins, rollbacks and lost status all happen in between.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from leadmodel_operator.planning import canary_steps, challenger, desired, promotion
from leadmodel_operator.planning.canary import Progress
from leadmodel_operator.planning.live_response import Response
from leadmodel_operator.planning.planned import Asked
from leadmodel_operator.resource.fields import Duration
from leadmodel_operator.resource.spec_policies import LiveGate
from leadmodel_operator.resource.spec_rollout import RolloutPolicy, RolloutStep
from leadmodel_operator.resource.vocabulary import Command, Evidence, Reason
from worlds.histories import check, cuts, letters, play, steps
from worlds.invariants import Broken, check_settled
from worlds.leader import Leader
from worlds.names import digest
from worlds.programs import Truth
from worlds.world import World

pytestmark = pytest.mark.slow
EXAMPLES = 750 if os.environ.get("LEADMODEL_FULL") else 60
QUIET = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
POLICIES = (None, None, "Require", "Report", "Off")

own_steps = st.one_of(
    st.tuples(st.just("rendering"), st.sampled_from([3, 4])),
    st.tuples(st.just("reach"), st.sampled_from([0, 1, 2])),
    st.tuples(st.just("late"), letters),
    st.tuples(st.just("few leads"), st.tuples(letters, st.sampled_from([0, 10, 60]))),
    st.tuples(st.just("someone edits"), st.one_of(st.none(), letters)),
    st.tuples(st.just("live gate"), st.tuples(st.sampled_from(POLICIES), st.sampled_from(["Promote", "Hold"]))),
    st.tuples(st.just("candidate"), st.tuples(letters, st.booleans(), st.one_of(st.none(), cuts), st.booleans())),
    st.tuples(st.just("candidate"), st.tuples(letters, st.booleans(), st.one_of(st.none(), cuts), st.booleans())),
    st.tuples(st.just("wait"), st.sampled_from([0.02, 0.2, 1.1])),
    st.tuples(st.just("rollout"), st.sampled_from([(), ((5, "2m"), (50, "2m")), ((10, "5m"),), ((10, "1m"), (20, "1m"), (30, "1m"))])),
    st.tuples(st.just("someone shares"), st.sampled_from([0, 5, 100])),
    st.tuples(st.just("fails"), st.tuples(letters, st.sampled_from([0.0, 0.5]))),
    st.tuples(st.just("promote"), letters),
)  # fmt: skip
script = st.lists(st.one_of(steps, own_steps, own_steps), min_size=10, max_size=32)


def step(world: World, leader: Leader, what: str, arg: Any) -> None:
    world.trace.append(f"* {what} {arg}")
    match what:
        case "rendering":
            world.rendering = arg
        case "reach":
            world.place.reach = arg
        case "late":  # pods go on with a candidate of the past
            world.place.reach = 0
            for pod in world.pods:
                pod.challenger = digest(arg) if pod.takes_challenger else None
        case "few leads":
            world.leads[digest(arg[0])] = arg[1]
        case "someone edits":
            world.place.put(arg and digest(arg), world.place.decision)
        case "live gate":
            live = LiveGate(policy=arg[0], on_insufficient=arg[1])
            assert world.spec is not None
            world.edit(gate=replace(world.spec.gate, live=live))
        case "candidate":
            candidate(world, leader, *arg)
        case "wait":
            leader.step(arg)
            check_settled(world)
        case _:
            canary_step(world, leader, what, arg)


def canary_step(world: World, leader: Leader, what: str, arg: Any) -> None:
    match what:
        case "rollout":
            given = tuple(RolloutStep(weight=weight, for_=Duration(span)) for weight, span in arg)
            world.edit(rollout=RolloutPolicy(steps=given))
        case "someone shares":
            world.place.put(world.place.digest, world.place.decision, arg)
        case "fails":
            world.truths[arg[0]] = replace(world.truths.get(arg[0], Truth()), fails=arg[1])
        case "promote":
            world.commands[Command.PROMOTE] = digest(arg)
            leader.step(0.02)


def candidate(world: World, leader: Leader, letter: str, drifts: bool, cut: int | None, freeze: bool) -> None:
    """A retraining while leads come: the pods are asked, and the pass that would answer may be cut off."""
    world.truths.setdefault(letter, Truth(drifts=drifts))
    world.live = True
    world.retrain(letter, world.truths[letter])
    for _ in range(3):
        leader.run()
        play(world, leader, ("pass", None))
    if cut is not None:
        leader.run(stop_before=cut, freeze=freeze)
    leader.step(0.02)


def history(world: World, given_steps: list[tuple[str, Any]]) -> None:
    world.upload("A", Truth(auc=0.75))
    leader = Leader(world)
    leader.run()
    own = {
        "rendering",
        "reach",
        "late",
        "few leads",
        "someone edits",
        "live gate",
        "candidate",
        "overtaken",
        "wait",
        "rollout",
        "someone shares",
        "fails",
        "promote",
    }
    for what, arg in given_steps:
        if what in own:
            step(world, leader, what, arg)
        else:
            play(world, leader, (what, arg))
    assert world.spec is not None
    world.place.reach = 2
    world.edit(gate=replace(world.spec.gate, live=LiveGate()), rollout=RolloutPolicy())
    world.commands.pop(Command.PROMOTE, None)
    check(world, leader)


@pytest.mark.parametrize("part", range(2))
def test_rules_hold(part):
    @seed(part)
    @settings(max_examples=EXAMPLES, **QUIET)
    @given(script)
    def run(given_steps):
        history(World(rendering=3 + part), given_steps)

    run()


def passes_all(real: Callable[..., Any]) -> Callable[..., Any]:
    """Live leads always say that the candidate fits."""

    def ask_pods(*args: Any, **kwargs: Any) -> Any:
        verdict, shift = real(*args, **kwargs)
        return replace(verdict, evidence=Evidence.PASS, reason=Reason.LIKE_LIVE_LEADS), shift

    return ask_pods


def asks_nobody(_real: Callable[..., Any]) -> Callable[..., Any]:
    """A candidate that the holdout lets pass serves at once."""
    return lambda _state, _digest, released: Response.PROMOTE


def waits_for_nothing(real: Callable[..., Any]) -> Callable[..., Any]:
    """The time to wait for leads is always over."""
    return lambda *args, **kwargs: real(*args, **{**kwargs, "waited": True})


def waits_for_ever(real: Callable[..., Any]) -> Callable[..., Any]:
    """The time to wait for leads is never over."""
    return lambda *args, **kwargs: real(*args, **{**kwargs, "waited": False})


def refuses_nothing(real: Callable[..., Any]) -> Callable[..., Any]:
    """A faulty planner that promotes a candidate whatever the verdict of live leads is."""
    return lambda *args, **kwargs: real(*args, **{**kwargs, "binding": False})


def takes_any_for_it(real: Callable[..., Any]) -> Callable[..., Any]:
    """What pods say of another candidate counts for this one."""

    def ask_pods(pods: Any, **kwargs: Any) -> Any:
        loaded = [p.window.challenger.digest for p in pods if p.window is not None and p.window.challenger]
        wanted = loaded[0] if loaded else kwargs["challenger"]
        return real(pods, **{**kwargs, "challenger": wanted})

    return ask_pods


def asks_before_recording(_real: Callable[..., Any]) -> Callable[..., Any]:
    """The pods see whatever is under validation."""

    def asked(state: Any) -> Asked | None:
        under = state.status.candidate
        return Asked(under.digest, state.status.decision) if under is not None and under.digest else None

    return asked


def binds_pins(_real: Callable[..., Any]) -> Callable[..., Any]:
    """Live leads may hold and refuse what is pinned."""
    return lambda _state: True


def keeps_the_champions(real: Callable[..., Any]) -> Callable[..., Any]:
    """What the pods held of the old champion counts for the new one."""

    def first_evidence(pods: Any, **kwargs: Any) -> Any:
        swapped = []
        for pod in pods:
            window = pod.window
            if window is not None and window.challenger is not None:
                window = replace(window, challenger=replace(window.champion, digest=kwargs["champion"]))
            swapped.append(replace(pod, window=window))
        return real(swapped, **{**kwargs, "challenger": kwargs["champion"]})

    return first_evidence


def knows_no_fault(_real: Callable[..., Any]) -> Callable[..., Any]:
    """Nothing that becomes of a candidate's leads speaks against it."""
    return lambda _sums: None


def takes_all_for_some(real: Callable[..., Any]) -> Callable[..., Any]:
    """One pod that gives a candidate its share counts for all of them."""

    def shown(*args: Any, **kwargs: Any) -> Any:
        pods = real(*args, **kwargs)
        return replace(pods, pods=pods.ready)

    return shown


def goes_on_at_once(_real: Callable[..., Any]) -> Callable[..., Any]:
    """Each step is over as soon as it begins."""
    return lambda *_args, **_kwargs: Progress.NEXT


def shares_before_recording(real: Callable[..., Any]) -> Callable[..., Any]:
    """The pods are told the share of the step to come."""

    def asked(state: Any) -> Asked | None:
        wanted, steps = real(state), state.spec.rollout.steps
        return replace(wanted, weight=steps[0].weight) if wanted is not None and steps else wanted

    return asked


FAULTS = (
    (challenger, "ask_pods", passes_all),
    (promotion, "consult", asks_nobody),
    (challenger, "respond", waits_for_nothing),
    (challenger, "respond", waits_for_ever),
    (challenger, "respond", refuses_nothing),
    (challenger, "ask_pods", takes_any_for_it),
    (desired, "asked", asks_before_recording),
    (challenger, "is_binding", binds_pins),
    (promotion, "first_evidence", keeps_the_champions),
    (canary_steps, "fault", knows_no_fault),
    (canary_steps, "shown", takes_all_for_some),
    (canary_steps, "progress", goes_on_at_once),
    (desired, "asked", shares_before_recording),
)


def find(world: Callable[[], World]) -> None:
    @seed(1)
    @settings(max_examples=2000, phases=[Phase.generate], report_multiple_bugs=False, **QUIET)
    @given(script)
    def run(given_steps):
        history(world(), given_steps)

    run()


@pytest.mark.parametrize(("where", "name", "fault"), FAULTS, ids=[row[2].__name__ for row in FAULTS])
def test_caught(where, name, fault, monkeypatch):
    monkeypatch.setattr(where, name, fault(getattr(where, name)))
    with pytest.raises((Broken, AssertionError)):
        find(lambda: World(rendering=4))


def overtaken(passes: int, cut: int, *, fenced: bool) -> None:
    """A leader freezes before a write while the pods are asked about B, and goes on when they are asked about C."""
    world = World(rendering=4, live=True)
    world.upload("A", Truth())
    leader = Leader(world)
    leader.settle()
    world.place.reach, world.place.fenced = 0, fenced
    world.retrain("B", Truth())
    for _ in range(passes):
        play(world, leader, ("pass", None))
    leader.run(stop_before=cut, freeze=True)
    world.now += timedelta(minutes=1)
    world.retrain("C", Truth())
    leader.step(0.02)
    assert world.status is not None
    assert world.status.challenger is not None
    assert world.status.challenger.digest == digest("C")
    leader.thaw()
    leader.step(0.02)
    check_settled(world)


FREEZES = [(passes, cut) for passes in range(4) for cut in range(6)]


def test_a_leader_of_the_past_puts_its_candidate_over_no_newer_one():
    for passes, cut in FREEZES:
        overtaken(passes, cut, fenced=True)


def test_an_unfenced_write_is_caught():
    """Control of the version in each write: a leader of the past would put its candidate over a newer one."""

    def every() -> None:
        for passes, cut in FREEZES:
            overtaken(passes, cut, fenced=False)

    with pytest.raises(Broken, match="an older decision"):
        every()
