"""Random histories of the small world (`worlds.world`): their steps, how one is played, what must hold after it.

Each step is a user's edit, something the cluster does, or a pass of a leader that may be cut off (crash) or frozen before any write
and thawed later. After a history everything is mended: every reachable state gets back to Ready.
"""

from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st

from leadmodel_operator.planning.observed import Fault, FaultKind
from leadmodel_operator.resource.vocabulary import Command, ConditionStatus, ConditionType, QuarantineKind
from worlds.controllers import fail_jobs, finish_jobs, move_pods
from worlds.invariants import check_settled
from worlds.leader import Leader
from worlds.names import OTHER_URI, URI, digest, letter_of
from worlds.programs import Truth
from worlds.world import World

LETTERS = "ABCDE"
letters = st.sampled_from(LETTERS)
cuts = st.integers(0, 8)

steps = st.one_of(
    st.tuples(st.just("pass"), st.just(None)),
    st.tuples(st.just("pass"), st.just(None)),
    st.tuples(st.just("settle"), st.just(None)),
    st.tuples(st.just("crash"), cuts),
    st.tuples(st.just("freeze"), cuts),
    st.tuples(st.just("thaw"), st.just(None)),
    st.tuples(
        st.just("upload"),
        st.tuples(letters, st.sampled_from([0.55, 0.6, 0.7, 0.75, 0.8]), st.booleans(), st.booleans()),
    ),
    st.tuples(st.just("poll"), st.just(None)),
    st.tuples(st.just("retrain"), letters),
    st.tuples(st.just("pin"), st.one_of(st.none(), letters)),
    st.tuples(st.just("min_auc"), st.sampled_from([0.5, 0.65, 0.78])),
    st.tuples(
        st.just("command"),
        st.tuples(
            st.sampled_from([Command.ROLLBACK_TO, Command.RELEASE, Command.ABORT]),
            letters,
            st.integers(0, 99),
        ),
    ),
    st.tuples(st.just("pause"), st.booleans()),
    st.tuples(st.just("status lost"), st.just(None)),
    st.tuples(st.just("snapshot lost"), letters),
    st.tuples(st.just("store"), st.booleans()),
    st.tuples(st.just("positives"), st.sampled_from([20, 500])),
    st.tuples(st.just("image"), st.booleans()),
    st.tuples(st.just("job fails"), st.sampled_from(["Evicted", "OOMKilled", "DeadlineExceeded"])),
    st.tuples(st.just("live"), st.booleans()),
    st.tuples(st.just("drift"), st.tuples(letters, st.booleans())),
    st.tuples(st.just("holdout"), st.sampled_from("hij")),
    st.tuples(st.just("uri"), st.booleans()),
    st.tuples(st.just("pods die"), st.sampled_from(["", "store has nothing", "store is silent"])),
    st.tuples(st.just("rollback policy"), st.booleans()),
    st.tuples(st.just("ledger lost"), st.just(None)),
    st.tuples(st.just("serve"), st.tuples(letters, st.booleans(), st.booleans())),
    st.tuples(st.just("serve"), st.tuples(letters, st.booleans(), st.booleans())),
    st.tuples(st.just("lasting drift"), st.booleans()),
    st.tuples(st.just("lasting drift"), st.booleans()),
    st.tuples(st.just("relapse"), st.tuples(letters, letters, st.booleans())),
    st.tuples(st.just("relapse"), st.tuples(letters, letters, st.booleans())),
    st.tuples(st.just("hours"), st.sampled_from([0.1, 1.1, 25.0])),
)


def play(world: World, leader: Leader, step: tuple[str, object]) -> None:  # noqa: C901  # one case a step
    """One step of a history."""
    what, arg = step
    world.trace.append(f"* {what} {arg}")
    match what:
        case "pass":
            leader.run()
            finish_jobs(world)
            move_pods(world)
        case "settle":
            leader.settle()
            check_settled(world)
        case "crash" | "freeze":
            leader.run(stop_before=arg, freeze=what == "freeze")
        case "thaw":
            leader.thaw()
        case "upload":
            letter, auc, loads, drifts = arg
            if letter not in world.truths:  # bytes never change under a digest
                world.truths[letter] = Truth(auc=auc, loads=loads, drifts=drifts)
            world.store[world.spec.artifact.uri] = letter
        case "poll":
            world.poll_by_schedule()
        case "retrain":
            world.truths.setdefault(arg, Truth())
            world.retrain(arg, world.truths[arg])
        case "pin":
            world.pin(arg, world.spec.artifact.uri)
        case "min_auc":
            world.edit(min_auc=arg)
        case "command":
            command, letter, nonce = arg
            world.commands[command] = f"{digest(letter)}@{nonce}"
        case "pause":
            world.paused = arg
        case "status lost":
            world.lose_status()
        case "snapshot lost":
            world.snapshots.pop(digest(arg), None)
        case "store":
            world.store_up = arg
        case "positives":
            world.positives = arg
        case "image":
            world.bad_image = arg
        case "job fails":
            fail_jobs(world, Fault(FaultKind.TERMINATED, arg, 137))
        case "live":
            world.live = arg
        case "drift":
            letter, drifts = arg
            if letter in world.truths:
                world.truths[letter] = replace(world.truths[letter], drifts=drifts)
        case "holdout":
            world.holdout = arg
        case "uri":
            world.edit(artifact=replace(world.spec.artifact, uri=OTHER_URI if arg else URI))
        case "pods die":
            world.pods = []
            if arg:
                lose_bytes(world, leader, store_up=arg == "store has nothing")
        case "rollback policy":
            world.edit(rollback=replace(world.spec.rollback, policy="Automatic" if arg else "Alert"))
        case "ledger lost":
            world.lose_everything()
        case "serve":
            serve(world, leader, *arg)
        case "lasting drift":
            drift(world, leader, previous_fits=arg)
        case "relapse":
            serve(world, leader, arg[0], True, True)
            serve(world, leader, arg[1], False, True)
            drift(world, leader, previous_fits=arg[2])
        case "hours":
            world.now += timedelta(hours=arg)


def serve(world: World, leader: Leader, letter: str, proven: bool, pinned: bool) -> None:
    """The usual way: an artifact is uploaded, found or pinned, serves, and gets leads that it fits."""
    world.truths.setdefault(letter, Truth())
    world.store[world.spec.artifact.uri] = letter
    world.pin(letter if pinned else None, world.spec.artifact.uri)
    world.poll_by_schedule()
    leader.step(0.05)
    world.live = proven
    leader.step(0.1)


def drift(world: World, leader: Leader, *, previous_fits: bool) -> None:
    """Live leads are far from the reference of whatever serves, for longer than a breach must last."""
    leader.settle()
    status = world.status
    for revision, drifts in ((status.previous, not previous_fits), (status.champion, True)):
        if revision is not None:
            letter = letter_of(revision.digest)
            world.truths[letter] = replace(world.truth(revision.digest), drifts=drifts)
    world.live = True
    for _ in range(4):
        leader.step(0.1)


def lose_bytes(world: World, leader: Leader, *, store_up: bool) -> None:
    """With the pods the snapshots are gone, and the store has nothing or does not answer."""
    world.snapshots.clear()
    world.store.pop(world.spec.artifact.uri, None)
    world.store_up = store_up
    leader.step(0.05)
    check_settled(world)


def mend(world: World, leader: Leader) -> None:
    """Everything that stands in the way goes, and a very good model arrives."""
    leader.thaw()
    world.trace.append("* mend")
    world.paused, world.store_up, world.positives, world.bad_image, world.live = (
        False,
        True,
        500,
        False,
        False,
    )
    world.commands.clear()
    world.edit(min_auc=0.65)
    world.pin(None, world.spec.artifact.uri)
    for letter in LETTERS:
        world.truths[letter] = replace(world.truths.get(letter, Truth()), drifts=False)
    for _ in range(4):
        leader.step(2)
    leader.settle()
    status = world.status
    for entry in status.quarantine:
        if entry.kind is not QuarantineKind.GATE:
            world.commands[Command.RELEASE] = entry.digest
            leader.step(0.1)
    world.upload("Z", Truth(auc=0.95), world.spec.artifact.uri)
    world.poll_by_schedule()
    for _ in range(3):
        leader.step(2)
    if world.status.hold is not None:
        world.commands[Command.RELEASE] = digest("Z")
    for _ in range(5):
        leader.step(30)


def check(world: World, leader: Leader) -> None:
    mend(world, leader)
    ready = next(c for c in world.status.conditions if c.type is ConditionType.READY)
    world.require(ready.status is ConditionStatus.TRUE, f"back to Ready, not {ready.reason}: {ready.message}")
    check_settled(world)
    leader.settle()
    before = world.writes
    for _ in range(3):
        world.now += timedelta(seconds=3)
        leader.run()
    world.require(world.writes == before, "nothing changes, nothing is written")


def history(world: World, script: list[tuple[str, object]]) -> None:
    world.upload("A", Truth(auc=0.75))
    leader = Leader(world)
    leader.run()
    for step in script:
        play(world, leader, step)
    check(world, leader)
