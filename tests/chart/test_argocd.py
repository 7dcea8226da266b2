"""Argo CD's view of a LeadModel: health for every phase and condition, buttons that only write annotations of the API."""

import copy
import itertools
from typing import Any

import pytest
import yaml

from leadmodel_operator.resource.conversion import dump
from leadmodel_operator.resource.vocabulary import GROUP, Command, ConditionType, Phase, Reason
from support.argocd_lua import SCRIPTS, run
from worlds.leader import Leader
from worlds.names import digest
from worlds.programs import Truth
from worlds.situations import in_a_canary
from worlds.world import World

ACTIONS = sorted(path.stem for path in (SCRIPTS / "actions").glob("*.lua"))


def lead_model(status: dict[str, Any] | None, **spec: Any) -> dict[str, Any]:
    about = {"name": "conversion", "namespace": "sales", "generation": 2}
    return {"metadata": about, "spec": spec, **({"status": status} if status is not None else {})}


def status(phase: str = "Serving", seen: int = 2, **conditions: str) -> dict[str, Any]:
    """`Ready="True/Serving"`, and so on."""
    found = []
    for kind, said in conditions.items():
        answer, _, reason = said.partition("/")
        found.append({"type": kind, "status": answer, "reason": reason, "message": f"{kind} is {answer}"})
    return {"observedGeneration": seen, "phase": phase, "conditions": found}


def of_world(world: World) -> dict[str, Any]:
    """The object as the operator would have written it for this world."""
    about = {"name": "conversion", "namespace": "sales", "generation": world.generation}
    assert world.status is not None
    return {"metadata": about, "spec": {}, "status": dump(world.status)}


HEALTH = {
    "the operator has not come yet": (lead_model(None), "Progressing"),
    "a change it has not read": (lead_model(status(seen=1, Ready="True/Serving")), "Progressing"),
    "serving": (lead_model(status(Ready="True/Serving", Stalled="False/Settled")), "Healthy"),
    "a refused candidate of a poll": (
        lead_model(status(Ready="True/Serving", Validated="False/AucBelowMinimum")),
        "Healthy",
    ),
    "drift that going back would not mend": (
        lead_model(status("Breaching", Ready="True/Serving", DriftDetected="True/SustainedBreach")),
        "Healthy",
    ),
    "fetching": (
        lead_model(status("Fetching", Ready="False/Fetching", Reconciling="True/Fetching")),
        "Progressing",
    ),
    "a pinned artifact that fails": (
        lead_model(status("Blocked", Ready="False/GateFailed", Stalled="True/GateFailed")),
        "Degraded",
    ),
    "rolled back": (
        lead_model(status("RolledBack", Ready="False/RolledBack", Stalled="True/RolledBack")),
        "Degraded",
    ),
    "pods are gone": (lead_model(status("Pending", Ready="False/Unavailable")), "Degraded"),
    "scaled to nothing": (
        lead_model(status("Pending", Ready="False/Unavailable"), predictor={"replicas": 0}),
        "Suspended",
    ),
    "paused": (lead_model(status("Paused", Ready="True/Serving")), "Suspended"),
    "paused and stalled": (
        lead_model(status("Paused", Ready="False/GateFailed", Stalled="True/GateFailed")),
        "Degraded",
    ),
    "a backfill that failed": (
        lead_model(status(Ready="True/Serving", BackfillHealthy="False/Failed")),
        "Degraded",
    ),
    "a backfill that is overdue": (
        lead_model(status(Ready="True/Serving", BackfillHealthy="False/Overdue")),
        "Degraded",
    ),
    "a dry run that found something": (
        lead_model(status(Ready="True/Serving", BackfillHealthy="False/PiiFound")),
        "Healthy",
    ),
    "follow-ups that nobody sends": (
        lead_model(status(Ready="True/Serving", FollowUpsHealthy="False/LedgerUnavailable")),
        "Degraded",
    ),
    "follow-ups whose pods start": (
        lead_model(status(Ready="True/Serving", FollowUpsHealthy="Unknown/RollingOut")),
        "Healthy",
    ),
    "a refused text model": (
        lead_model(status(Ready="True/Serving", EnrichmentHealthy="False/EnrichmentRejected")),
        "Healthy",
    ),
}


@pytest.mark.parametrize("case", HEALTH)
def test_health(case: str):
    given, wanted = HEALTH[case]
    answer = run("health.lua", given)
    assert answer["status"] == wanted
    assert answer["message"]


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("DriftDetected", "live leads drift"),
        ("SourceReachable", "the source"),
        ("RetrainingHealthy", "retraining"),
        ("EnrichmentHealthy", "the text model"),
    ],
)
def test_a_healthy_message_names_what_a_person_may_look_at(kind: str, says: str):
    bad, good = ("True", "False") if kind == "DriftDetected" else ("False", "True")
    named, silent = (
        run("health.lua", lead_model(status(Ready="True/Serving", **{kind: f"{answer}/x"})))
        for answer in (bad, good)
    )
    assert f"; {says}, x: {kind} is {bad}" in named["message"]
    assert says not in silent["message"]
    assert named["status"] == silent["status"] == "Healthy"


def test_health_of_every_phase_and_condition():
    """Argo CD never hangs on Progressing for what needs a person, and is Healthy only where Ready is True."""
    answers = ("True", "False", "Unknown")
    for phase, ready, stalled, reconciling in itertools.product(Phase, answers, answers, answers):
        for reason in (Reason.SERVING, Reason.UNAVAILABLE, Reason.GATE_FAILED, Reason.FETCHING):
            said = {
                "Ready": f"{ready}/{reason}",
                "Stalled": f"{stalled}/x",
                "Reconciling": f"{reconciling}/x",
            }
            found = run("health.lua", lead_model(status(phase, **said)))["status"]
            assert found == _oracle(phase, ready, stalled, reconciling)


def _oracle(phase: Phase, ready: str, stalled: str, reconciling: str) -> str:
    if stalled == "True":
        return "Degraded"
    if phase is Phase.PAUSED:
        return "Suspended"
    if reconciling == "True":
        return "Progressing"
    return {"True": "Healthy", "False": "Degraded", "Unknown": "Progressing"}[ready]


def test_words_are_those_of_the_operator():
    """A condition or reason the script asks for exists; a renamed one is noticed here."""
    text = (SCRIPTS / "health.lua").read_text()
    for kind in set(ConditionType) - {"Available", "Validated", "RolledBack"}:  # said by Ready and Stalled
        assert f'"{kind}"' in text
    for word in ("Failed", "Overdue", "Unavailable"):
        assert f'"{word}"' in text
        assert word in list(Reason)


# --- what the planner writes, as Argo CD reads it ------------------------------------------------------------------------


def served(*letters: str) -> tuple[World, Leader]:
    world = World()
    leader = Leader(world)
    for number, letter in enumerate(letters):
        world.upload(letter, Truth(auc=0.75 + number / 100))
        if number:
            world.poll_by_schedule()
        leader.settle()
    return world, leader


def test_a_refused_pin_is_degraded_with_the_figures():
    world, leader = served("A")
    world.upload("B", Truth(auc=0.6))
    world.pin("B")
    leader.settle()
    answer = run("health.lua", of_world(world))
    assert answer["status"] == "Degraded"
    assert "AUC 0.6000 on the holdout is below minAuc" in answer["message"]


def test_a_rollback_by_hand_is_degraded_and_names_both():
    world, leader = served("A", "B")
    world.commands[Command.ROLLBACK_TO] = digest("A")
    leader.settle()
    answer = run("health.lua", of_world(world))
    assert answer["status"] == "Degraded"
    assert f"pods serve {digest('A')[7:19]}, {digest('B')[7:19]} is quarantined" in answer["message"]
    assert "release the digest" in answer["message"]


def test_an_ordinary_night_stays_healthy():
    world, leader = served("A")
    world.upload("B", Truth(auc=0.6))
    world.poll_by_schedule()
    leader.settle()
    assert run("health.lua", of_world(world))["status"] == "Healthy"


# --- buttons ---------------------------------------------------------------------------------------------------------------


def clicked(action: str, given: dict[str, Any]) -> tuple[str, str]:
    """The one annotation a click writes; nothing else may change."""
    before = copy.deepcopy(given)
    after = run(f"actions/{action}.lua", given)
    notes = after["metadata"].pop("annotations")
    before["metadata"].pop("annotations", None)
    assert after["metadata"] == before["metadata"]
    (found,) = notes.items()
    return found


def disabled(given: dict[str, Any]) -> set[str]:
    offered = run("discovery.lua", given)
    assert sorted(offered) == ACTIONS
    return {name for name, about in offered.items() if about["disabled"]}


def test_every_button_writes_a_verb_of_the_api():
    world, leader = served("A", "B")
    world.commands[Command.ROLLBACK_TO] = digest("A")
    leader.settle()
    given = of_world(world)
    assert clicked("release", given)[1].startswith(digest("B") + "@")
    key, value = clicked("poll", given)
    assert key == f"{GROUP}/{Command.POLL}"
    assert value.startswith("now@")
    assert clicked("pause", given) == (f"{GROUP}/paused", "true")
    assert clicked("resume", given) == (f"{GROUP}/paused", "false")
    assert clicked("refresh", given)[0] == f"{GROUP}/{Command.REFRESH}"


def test_rollback_names_the_previous_of_this_moment():
    world, _ = served("A", "B")
    key, value = clicked("rollback", of_world(world))
    assert key == f"{GROUP}/{Command.ROLLBACK_TO}"
    assert value.startswith(digest("A") + "@")


def test_a_click_is_acted_on():
    """From the button to the operator's decision: what Argo CD writes is what the planner reads."""
    world, leader = served("A", "B")
    world.commands[Command.ROLLBACK_TO] = clicked("rollback", of_world(world))[1]
    leader.settle()
    assert world.status is not None
    assert world.status.champion is not None
    assert world.status.champion.digest == digest("A")


def test_buttons_are_offered_where_they_do_something():
    world, _ = served("A")
    assert disabled(of_world(world)) == {"abort", "promote", "rollback", "release", "resume"}
    assert disabled(lead_model(None)) == {"abort", "promote", "rollback", "release", "refresh", "resume"}
    world, leader = served("A", "B")
    assert "rollback" not in disabled(of_world(world))
    world.commands[Command.ROLLBACK_TO] = digest("A")
    leader.settle()
    assert {"release"} & disabled(of_world(world)) == set()
    paused = of_world(world)
    paused["metadata"]["annotations"] = {f"{GROUP}/paused": "true"}
    assert disabled(paused) == set(ACTIONS) - {"resume"}


def test_a_canary_has_buttons_to_end_it():
    world, leader = in_a_canary()
    assert {"abort", "promote"} & disabled(of_world(world)) == set()
    assert clicked("abort", of_world(world))[1].startswith(digest("B") + "@")
    world.commands[Command.PROMOTE] = clicked("promote", of_world(world))[1]
    leader.settle()
    assert world.status is not None
    assert world.status.champion is not None
    assert world.status.champion.digest == digest("B")


@pytest.mark.parametrize("action", ["abort", "promote", "release", "rollback"])
def test_a_button_with_nothing_to_do_says_so(action: str):
    with pytest.raises(Exception, match=r"nothing is|there is n|no candidate is"):
        run(f"actions/{action}.lua", lead_model({"conditions": []}))


def test_an_abort_names_the_candidate_or_the_rollout():
    given = lead_model({"candidate": {"digest": digest("C")}})
    assert clicked("abort", given)[1].startswith(digest("C") + "@")
    given = lead_model({"candidate": {"digest": digest("C")}, "rollout": {"to": digest("B")}})
    assert clicked("abort", given)[1].startswith(digest("B") + "@")


def test_the_interpreter_is_as_narrow_as_argo_cds(tmp_path, monkeypatch):
    """Else a script that needs `string` would pass here and fail there."""
    monkeypatch.setattr("support.argocd_lua.SCRIPTS", tmp_path)
    for number, script in enumerate(
        ('return string.format("x")', 'return ("x"):upper()', "return math.max(1, 2)")
    ):
        (tmp_path / f"{number}.lua").write_text(script)
        with pytest.raises(Exception, match="attempt to"):
            run(f"{number}.lua", {})


def is_whole(condition: str) -> bool:
    """Whether every bracket of a condition is closed: YAML takes a blank and # for the begin of a comment."""
    return all(condition.count(begin) == condition.count(end) for begin, end in ("()", "{}"))


def test_conditions_of_triggers_are_whole():
    """One broken trigger ends all notifications of the Argo CD that has it."""
    files = sorted((SCRIPTS / "notifications").glob("trigger.*.yaml"))
    conditions = [trigger["when"] for file in files for trigger in yaml.safe_load(file.read_text())]
    assert len(conditions) == 2
    for condition in conditions:
        assert "#.group" in condition
        assert is_whole(condition)
        assert not is_whole(yaml.safe_load(f"when: {condition}")["when"])  # the control: in one plain line
