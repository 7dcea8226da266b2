"""A candidate that answers a share of leads, step by step: who goes on, what ends it, and what a person can do meanwhile."""

from dataclasses import replace
from datetime import timedelta

import pytest

from leadmodel_messages.window import ShareWindow
from leadmodel_operator.planning.canary import fault
from leadmodel_operator.planning.plan import plan
from leadmodel_operator.resource.fields import Duration
from leadmodel_operator.resource.spec_policies import LiveGate
from leadmodel_operator.resource.spec_rollout import RolloutPolicy, RolloutStep
from leadmodel_operator.resource.vocabulary import (
    Command,
    ConditionStatus,
    ConditionType,
    EventReason,
    QuarantineKind,
    Reason,
)
from worlds.leader import Leader
from worlds.names import digest
from worlds.programs import Truth
from worlds.world import World

A, B, C = digest("A"), digest("B"), digest("C")
STEPS = ((5, "10m"), (25, "20m"), (50, "30m"))


@pytest.fixture
def world() -> World:
    """A serves in pods that have a place for a candidate, leads come, and candidates go through three steps."""
    made = World(rendering=4, live=True)
    set_steps(made, *STEPS)
    made.upload("A", Truth())
    Leader(made).step(0.1)
    made.poll_by_schedule()
    Leader(made).step(0.1)
    assert made.status.champion.digest == A
    return made


def set_steps(world: World, *steps: tuple[int, str]) -> None:
    given = tuple(RolloutStep(weight=weight, for_=Duration(span)) for weight, span in steps)
    world.edit(rollout=RolloutPolicy(steps=given))


def offer(world: World, letter: str = "B", **truth) -> None:
    world.retrain(letter, Truth(**truth))
    Leader(world).step(0.01)


def minutes(world: World, number: float) -> None:
    Leader(world).step(number / 60)


def validated(world: World):
    return next(c for c in world.status.conditions if c.type is ConditionType.VALIDATED)


def command(world: World, verb: Command, letter: str) -> None:
    world.commands[verb] = digest(letter)
    Leader(world).step(0.01)


def weights(world: World) -> list[str]:
    """The shares that were written, in their order."""
    return [line.rsplit(") ", 1)[1] for line in world.trace if "ask B" in line and "%" in line]


def test_it_goes_through_all_steps_and_then_the_pods_roll(world):
    offer(world)
    seen = []
    for _ in range(12):
        seen.append((world.place.weight, world.status.champion.digest == B))
        minutes(world, 6)
    assert weights(world) == ["5 %", "25 %", "50 %"]
    assert seen[0] == (5, False)
    assert seen[-1] == (0, True)
    assert [share for share, serves in seen if serves and share] == []
    answered = world.status.challenger
    assert (answered.step, answered.weight, answered.answered) == (None, None, 500)
    assert "step 3 of 3, 50 % of leads" in world.status.history[0].message
    assert [e.reason for e in world.events].count(EventReason.CANARY_STEP) == 3


def test_each_step_is_recorded_before_the_pods_are_told(world):
    world.trace.clear()
    offer(world)
    minutes(world, 11)
    lines = [line.split(" ", 2)[-1] for line in world.trace]
    for share in ("5 %", "25 %"):
        write = next(n for n, line in enumerate(lines) if line.endswith(share))
        assert any(line.startswith("status") for line in lines[max(0, write - 3) : write])
    assert not any("serve B" in line for line in world.trace)  # no pod changes


def test_status_says_what_the_pods_report(world):
    world.place.reach = 1
    offer(world)
    assert world.status.challenger.shown_since is None
    assert "step 1 of 3, 5 % of leads in 1 of 2 ready pods" in validated(world).message
    assert world.status.challenger.reason is Reason.LIKE_LIVE_LEADS
    minutes(world, 30)
    assert world.status.challenger.step == 0  # nothing counts until all pods do
    assert world.status.challenger.reason is Reason.NOT_LOADED  # what the alert goes by
    world.place.reach = 2
    minutes(world, 1)
    shown = validated(world)
    assert (shown.status, shown.reason) == (ConditionStatus.UNKNOWN, Reason.CANARY)
    assert "until 2026-01-05" in shown.message
    assert "50 answered, 0 without a score, 0 refused" in shown.message
    assert (
        next(c for c in world.status.conditions if c.type is ConditionType.READY).status
        is ConditionStatus.TRUE
    )


FAULTS = [
    ({"fails": 0.2}, Reason.FAILS_TO_SCORE, "has no score for 10 of the 50 leads"),
    ({"refuses": 0.2}, Reason.CANNOT_READ_LIVE_LEADS, "refuses 10 of the 50 leads"),
    ({"takes_s": 0.05}, Reason.SLOW_TO_SCORE, "takes 50.0 ms per answer, the champion 0.1 ms"),
]


@pytest.mark.parametrize(("truth", "reason", "words"), FAULTS, ids=[str(row[1]) for row in FAULTS])
@pytest.mark.parametrize("pins", [False, True], ids=["requested", "pinned"])
def test_one_that_does_its_leads_harm_answers_no_more(world, truth, reason, words, pins):
    if pins:
        world.truths["B"] = Truth(**truth)
        world.store[world.spec.artifact.uri] = "B"
        world.pin("B")
        Leader(world).step(0.01)
    else:
        offer(world, **truth)
    entry = world.status.quarantine[0]
    assert (entry.digest, entry.kind, entry.reason) == (B, QuarantineKind.GATE, reason)
    assert words in entry.evidence
    assert (world.place.digest, world.place.weight, world.status.champion.digest) == (None, 0, A)
    assert not any("serve B" in line for line in world.trace)
    writes = world.writes
    minutes(world, 300)
    assert world.writes == writes
    assert world.status.champion.digest == A


@pytest.mark.parametrize("policy", ["Require", "Report"])
def test_live_leads_that_change_their_mind_in_a_step(world, policy):
    world.edit(gate=replace(world.spec.gate, live=LiveGate(policy=policy)))
    offer(world)
    assert world.place.weight == 5
    world.truths["B"] = Truth(drifts=True)
    for _ in range(14):
        minutes(world, 6)
    assert any("serve B" in line for line in world.trace) == (policy == "Report")
    if policy == "Require":
        assert world.status.quarantine[0].reason is Reason.UNLIKE_LIVE_LEADS
        assert weights(world) == ["5 %"]


def test_without_the_live_gate_the_steps_are_gone_through_all_the_same(world):
    world.edit(gate=replace(world.spec.gate, live=LiveGate(policy="Off")))
    offer(world, drifts=True)
    assert (world.place.weight, world.status.champion.digest) == (5, A)
    for _ in range(12):
        minutes(world, 6)
    assert world.status.champion.digest == B


def test_paused_it_keeps_its_share_and_goes_no_further(world):
    offer(world)
    world.paused = True
    minutes(world, 120)
    assert (world.place.weight, world.status.challenger.step) == (5, 0)
    assert "the LeadModel is paused" in validated(world).message
    world.paused = False
    minutes(world, 1)
    assert world.status.challenger.step == 1


def test_abort_takes_the_share_away_in_one_write_and_changes_no_pod(world):
    offer(world)
    pods = [pod.name for pod in world.pods]
    before = world.place.version
    command(world, Command.ABORT, "B")
    assert world.place.version == before + 1
    assert (world.place.digest, world.place.weight) == (None, 0)
    assert world.status.quarantine[0].kind is QuarantineKind.MANUAL
    assert [pod.name for pod in world.pods] == pods
    minutes(world, 120)
    assert world.status.champion.digest == A


def test_abort_ends_the_steps_of_what_is_pinned_again(world):
    """It passed before, so no validation made a candidate of it."""
    offer(world)
    for _ in range(12):
        minutes(world, 6)
    assert world.status.champion.digest == B
    world.edit(gate=replace(world.spec.gate, live=LiveGate(policy="Require")))
    world.pin("A")
    Leader(world).step(0.01)
    assert (world.place.digest, world.place.weight) == (A, 5)
    command(world, Command.ABORT, "A")
    assert world.place.digest is None
    assert world.status.champion.digest == B


@pytest.mark.parametrize("verb", [Command.PROMOTE, Command.RELEASE])
def test_a_person_ends_the_steps(world, verb):
    offer(world)
    command(world, verb, "B")
    assert world.status.champion.digest == B
    assert world.place.digest is None


def test_promote_lets_none_serve_that_harms_its_leads(world):
    offer(world)
    world.truths["B"] = Truth(fails=0.5)
    command(world, Command.PROMOTE, "B")
    assert world.status.champion.digest == A
    assert world.status.quarantine[0].reason is Reason.FAILS_TO_SCORE


@pytest.mark.parametrize("when", ["no candidate", "live gate"])
def test_promote_is_refused_outside_of_steps(world, when):
    world.place.reach = 0
    if when == "live gate":
        offer(world)
    else:
        world.truths["C"] = Truth()
    command(world, Command.PROMOTE, "B" if when == "live gate" else "A")
    refused = [event.message for event in world.events if event.reason is EventReason.VERB_REFUSED]
    assert len(refused) == 1
    assert "release" in refused[0]
    assert world.status.champion.digest == A


def test_steps_that_are_edited_meanwhile(world):
    offer(world)
    minutes(world, 11)
    assert (world.status.challenger.step, world.place.weight) == (1, 25)
    set_steps(world, (10, "10m"), (40, "1h"))
    minutes(world, 1)
    assert (world.status.challenger.step, world.place.weight) == (1, 40)
    minutes(world, 50)
    assert world.status.champion.digest == A
    set_steps(world, (10, "10m"))
    minutes(world, 1)
    assert (world.status.challenger.step, world.place.weight) == (0, 10)
    minutes(world, 11)
    assert world.status.champion.digest == B


@pytest.mark.parametrize("drifts", [False, True])
def test_without_steps_any_more_live_leads_decide(world, drifts):
    offer(world)
    world.truths["B"] = Truth(drifts=drifts)
    set_steps(world)
    Leader(world).step(0.01)
    assert world.status.champion.digest == (A if drifts else B)
    assert (world.place.digest, world.place.weight) == (None, 0)


@pytest.mark.parametrize("action", ["Promote", "Hold"])
def test_pods_that_never_give_it_its_share(world, action):
    live = LiveGate(on_insufficient=action, max_wait=Duration("30m"))
    world.edit(gate=replace(world.spec.gate, live=live))
    offer(world)
    world.place.reach = 0
    for pod in world.pods:
        pod.weight = 0
    minutes(world, 20)
    assert world.status.champion.digest == A
    minutes(world, 31)
    assert world.status.champion.digest == (B if action == "Promote" else A)
    if action == "Hold":
        assert world.status.hold.reason is Reason.NOT_LOADED
        assert plan(world.observed(scraped=False)).status.hold is not None  # no window was read
        world.place.reach = 2
        minutes(world, 1)
        assert world.status.hold is None
        assert world.status.challenger.step == 1


def test_without_a_ready_pod_no_step_goes_on(world):
    offer(world)
    seen = world.observed()
    unready = tuple(replace(pod, ready=False, window=None) for pod in seen.pods)
    later = plan(replace(seen, now=seen.now + timedelta(minutes=30), pods=unready)).status
    assert later.challenger.step == 0
    control = plan(replace(seen, now=seen.now + timedelta(minutes=30))).status
    assert control.challenger.step == 1


@pytest.mark.parametrize("what", ["another candidate", "rollback", "unready champion"])
def test_what_ends_a_canary_empties_the_place(world, what):
    offer(world)
    for _ in range(12):
        minutes(world, 6)
    assert world.status.champion.digest == B
    offer(world, "C")
    assert (world.place.digest, world.place.weight) == (C, 5)
    if what == "another candidate":
        world.place.reach = 0
        offer(world, "D")
        assert (world.place.digest, world.place.weight) == (digest("D"), 0)
    elif what == "rollback":
        world.trace.clear()
        command(world, Command.ROLLBACK_TO, "A")
        assert world.status.champion.digest == A
        assert next(line for line in world.trace if " ask " in line).endswith("ask None (0)")
    else:
        world.lose_status()
        Leader(world).step(0.01)
        assert world.place.weight == 0 or world.status.challenger.weight == world.place.weight


@pytest.mark.parametrize(
    "edit", [(C, 5), (B, 100), (B, 0), (None, 0)], ids=["other", "all", "no share", "none"]
)
def test_what_someone_else_writes_there_is_put_back(world, edit):
    world.truths["C"] = Truth()
    offer(world)
    world.place.put(edit[0], world.place.decision, edit[1])
    Leader(world).step(0.01)
    assert (world.place.digest, world.place.weight) == (B, 5)


SUMS = ShareWindow(B, 5, answered=100, seconds=0.1, champion_answered=100, champion_seconds=0.1)


@pytest.mark.parametrize(
    ("sums", "reason"),
    [
        (SUMS, None),
        (None, None),
        (replace(SUMS, failed=2), None),
        (replace(SUMS, failed=3), Reason.FAILS_TO_SCORE),
        (replace(SUMS, answered=100_000, failed=900), None),
        (replace(SUMS, answered=1, failed=0, refused=28), None),
        (replace(SUMS, answered=1, refused=29), Reason.CANNOT_READ_LIVE_LEADS),
        (replace(SUMS, answered=97, refused=5), None),
        (replace(SUMS, seconds=0.61), Reason.SLOW_TO_SCORE),
        (replace(SUMS, seconds=0.59), None),  # 4.9 ms more
        (replace(SUMS, seconds=1.7, champion_seconds=1.0), None),  # not twice as long
        (replace(SUMS, answered=29, seconds=29.0), None),
        (replace(SUMS, champion_answered=29, seconds=29.0), None),
    ],
)
def test_what_speaks_against_a_candidate(sums, reason):
    answer = fault(sums)
    assert (answer[0] if answer is not None else None) is reason
