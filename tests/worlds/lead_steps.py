"""Steps of histories that concern the lead-scoring model alone, and everything of it that must be the same whatever else happens."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from leadmodel_operator.resource.vocabulary import Command, ConditionType
from worlds.controllers import finish_jobs, move_pods
from worlds.leader import Leader
from worlds.names import digest
from worlds.programs import Truth
from worlds.world import World

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
BESIDE = {ConditionType.ENRICHMENT_HEALTHY, ConditionType.FOLLOW_UPS_HEALTHY}


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


def facts(world: World) -> dict[str, Any]:
    """Everything of the lead-scoring model: status, ledger, events, what is deployed and kept, and the pods."""
    status, deployed = world.status, world.deployment
    conditions = status.conditions if status else ()
    others = tuple(c for c in conditions if c.type not in BESIDE)
    return {
        "status": status and replace(status, enrichment=None, follow_ups=None, conditions=others),
        "ledger": world.ledger,
        "events": [e for e in world.events if not e.reason.startswith(("Enrichment", "FollowUps"))],
        "serve": deployed and replace(deployed.serve, text=False),
        "snapshots": set(world.snapshots),
        "pods": [(pod.name, pod.champion, pod.previous, pod.ready, pod.reported) for pod in world.pods],
    }


def run_passes(world: World) -> None:
    """Make some passes, with Jobs ending and pods moving."""
    leader = Leader(world)
    for _ in range(6):
        leader.run()
        finish_jobs(world)
        move_pods(world)
        world.now += timedelta(seconds=2)
