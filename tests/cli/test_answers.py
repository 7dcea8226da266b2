"""A command that the operator does not carry out is never called done: each verb says why and ends with a code of its own."""

from dataclasses import replace

import pytest

from leadmodel_cli.kubectl import answers
from leadmodel_cli.kubectl.cluster import Completed
from leadmodel_cli.kubectl.program import main
from leadmodel_cli.views.tree import condition
from leadmodel_messages.exits import KubectlExit
from leadmodel_operator.planning.observed import Refusal, RefusalKind
from leadmodel_operator.planning.plan import plan
from leadmodel_operator.resource.vocabulary import GROUP
from worlds.kubectl import WorldKubectl
from worlds.names import KEY, digest
from worlds.situations import champion, drifted, held_after_rollback, in_a_canary, replaced, serving
from worlds.world import World

COMMANDS = ("rollback", "release", "abort", "promote", "poll", "refresh")
LEDGER = f"ConfigMap/{KEY.name}-ledger"


def line_of(verb: str) -> list[str]:
    """The command line that the world below can carry out."""
    words = {"rollback": ["--to", digest("A")], "abort": [digest("C")], "promote": [digest("B")]}
    return [verb, KEY.name, *words.get(verb, [])]


WORLDS = {"rollback": replaced, "promote": in_a_canary}


def ready_for(verb: str) -> WorldKubectl:
    """A world in which a verb is carried out, if nothing stands against it."""
    return WorldKubectl(*WORLDS.get(verb, held_after_rollback)())


def observed_with(world: World, **more: object) -> None:
    """Let every pass see something besides what the world shows."""
    world.plan = lambda seen: plan(replace(seen, **more))


def taken(world: World) -> None:
    observed_with(world, conflicts=(f"Deployment/{KEY.name}",))


def ledger_taken(world: World) -> None:
    observed_with(world, conflicts=(LEDGER,))


def ledger_refused(world: World) -> None:
    observed_with(
        world, refused=(Refusal(RefusalKind.CONTENT, "change configmaps", LEDGER, "denied by a policy"),)
    )


def ledger_forbidden(world: World) -> None:
    observed_with(world, refused=(Refusal(RefusalKind.RIGHTS, "change configmaps", LEDGER),))


def refused_settings(world: World) -> None:
    observed_with(world, spec=None, invalid="spec.minAuc must be at most 1")


def unread(world: World) -> None:
    observed_with(world, unread="the operator may not list pods here")


def older(world: World) -> None:
    def plan_of_an_operator_without_commands(seen):
        names = tuple(sorted(f"{GROUP}/{command}" for command in seen.commands))
        return plan(replace(seen, commands={}, unknown_annotations=names))

    world.plan = plan_of_an_operator_without_commands


SUSPENDED = {
    taken: "belongs to someone else",
    ledger_taken: LEDGER,
    ledger_refused: LEDGER,
    ledger_forbidden: LEDGER,
}
BLIND = {
    refused_settings: "InvalidSpec: spec.minAuc must be at most 1",
    unread: "Forbidden: the operator may not list",
}


@pytest.mark.parametrize("verb", COMMANDS)
def test_control_what_stands_against_nothing_is_done(verb, capsys):
    assert main(line_of(verb), ready_for(verb)) == KubectlExit.DONE
    assert capsys.readouterr().out.startswith("done: ")


@pytest.mark.parametrize("trouble", list(SUSPENDED))
@pytest.mark.parametrize("verb", COMMANDS)
def test_a_command_while_nothing_is_decided_is_refused_with_the_cause(verb, trouble, capsys):
    kubectl = ready_for(verb)
    before = champion(kubectl.world)
    trouble(kubectl.world)
    kubectl.leader.settle()
    assert main(line_of(verb), kubectl) == KubectlExit.REFUSED
    shown = capsys.readouterr().out
    assert shown.startswith("refused: ")
    assert SUSPENDED[trouble] in shown
    assert champion(kubectl.world) == before


@pytest.mark.parametrize("trouble", list(BLIND))
@pytest.mark.parametrize("verb", [*COMMANDS, "pause"])
def test_a_command_that_waits_for_other_settings_says_so(verb, trouble, capsys):
    """It stands and is acted upon later, so it is not refused."""
    kubectl = ready_for(verb)
    trouble(kubectl.world)
    assert main([*line_of(verb), "--timeout", "0.01"], kubectl) == KubectlExit.NO_ANSWER
    shown = capsys.readouterr().out
    assert "has not answered; the operator decides nothing: " + BLIND[trouble] in shown
    assert "is it running?" not in shown


@pytest.mark.parametrize("verb", COMMANDS)
def test_an_operator_that_is_older_than_the_command_is_named(verb, capsys):
    kubectl = ready_for(verb)
    older(kubectl.world)
    assert main(line_of(verb), kubectl) == KubectlExit.REFUSED
    assert "it is older than the plugin" in capsys.readouterr().out


@pytest.mark.parametrize("trouble", [*SUSPENDED, *BLIND])
def test_a_resumed_lead_model_about_which_nothing_is_decided_is_not_called_resumed(trouble, capsys):
    world, leader = serving(live=True)
    kubectl = WorldKubectl(world, leader)
    assert main(["pause", KEY.name], kubectl) == KubectlExit.DONE
    trouble(world)
    assert main(["resume", KEY.name], kubectl) == KubectlExit.REFUSED
    assert "refused: the pause is taken back, but the operator decides nothing: " in capsys.readouterr().out
    assert not world.paused


QUOTA = "exceeded quota: few, requested: count/configmaps=1, used: count/configmaps=10, limited: count/configmaps=10"


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        (f"ConfigMap/{KEY.name}-mailbox", KubectlExit.DONE),
        (LEDGER, KubectlExit.REFUSED),
    ],
)
def test_a_quota_of_config_maps_holds_up_only_what_waits_for_the_ledger(name, ending, capsys):
    """Every quota of ConfigMaps has their plural in its words, whichever of them it refuses."""
    world, leader = serving(live=True)
    kubectl = WorldKubectl(world, leader)
    assert main(["pause", KEY.name], kubectl) == KubectlExit.DONE
    observed_with(world, refused=(Refusal(RefusalKind.QUOTA, "create configmaps", name, QUOTA),))
    assert main(["resume", KEY.name], kubectl) == ending
    assert ("QuotaExceeded: " in capsys.readouterr().out) is (ending == KubectlExit.REFUSED)
    stalled = condition(kubectl.lead_model()["status"], "Stalled")
    assert stalled is not None
    assert QUOTA in stalled["message"]


@pytest.mark.parametrize(
    ("action", "name", "ending"),
    [
        ("create configmaps", f"ConfigMap/{KEY.name}-mailbox", KubectlExit.DONE),
        ("change configmaps", LEDGER, KubectlExit.REFUSED),
        ("create configmaps", LEDGER, KubectlExit.REFUSED),
    ],
    ids=["mailbox", "ledger", "first ledger"],
)
def test_a_missing_right_on_config_maps_holds_up_only_what_waits_for_the_ledger(action, name, ending, capsys):
    """Decisions go on while the ledger can be written; the mailbox of a validation holds up that validation alone."""
    world, leader = serving(live=True)
    kubectl = WorldKubectl(world, leader)
    assert main(["pause", KEY.name], kubectl) == KubectlExit.DONE
    observed_with(world, refused=(Refusal(RefusalKind.RIGHTS, action, name),))
    assert main(["resume", KEY.name], kubectl) == ending
    shown = capsys.readouterr().out
    assert ("the operator decides nothing: Forbidden: " in shown) is (ending == KubectlExit.REFUSED)
    stalled = condition(kubectl.lead_model()["status"], "Stalled")
    assert stalled is not None
    assert f"may not {action} here ({name})" in stalled["message"]


def test_a_sentence_without_the_object_may_be_of_the_ledger():
    """Operators of 0.1 do not name the object that they have no right to write."""
    sentence = "the operator may not create configmaps here; give it the rights of its chart"
    stalled = {"type": "Stalled", "status": "True", "reason": "Forbidden", "message": sentence}
    document = {"metadata": {"name": KEY.name}, "status": {"conditions": [stalled]}}
    assert "the operator decides nothing" in answers.why_suspended(document)
    stalled["message"] = sentence.replace("here", f"here (ConfigMap/{KEY.name}-mailbox)")
    assert answers.why_suspended(document) == ""


def test_a_missing_right_on_config_maps_is_seen_behind_another_refusal(capsys):
    """Stalled has the reason of the first refusal and the sentences of several."""
    world, leader = serving(live=True)
    kubectl = WorldKubectl(world, leader)
    assert main(["pause", KEY.name], kubectl) == KubectlExit.DONE
    quota = Refusal(RefusalKind.QUOTA, "create jobs", "Job/x", "exceeded quota: few")
    observed_with(world, refused=(quota, Refusal(RefusalKind.RIGHTS, "change configmaps", LEDGER)))
    assert main(["resume", KEY.name], kubectl) == KubectlExit.REFUSED
    assert "may not change configmaps here" in capsys.readouterr().out


def test_a_conflict_that_holds_up_no_decision_holds_up_no_verb():
    """The control of the guess from status: the Service of another owner is no reason to decide nothing."""
    world, leader = serving(live=True)
    kubectl = WorldKubectl(world, leader)
    observed_with(world, conflicts=(f"Service/{KEY.name}",))
    for verb in ("pause", "resume", "poll", "refresh"):
        assert main([verb, KEY.name], kubectl) == KubectlExit.DONE


def test_a_refresh_where_nothing_serves_is_refused(capsys):
    world, leader = serving()
    world.lose_everything()
    world.store.clear()
    world.deployment, world.snapshots, world.pods = None, {}, []
    leader.settle()
    assert main(["refresh", KEY.name], WorldKubectl(world, leader)) == KubectlExit.REFUSED
    assert "nothing serves that could be refreshed" in capsys.readouterr().out


def test_what_is_quarantined_already_is_not_called_aborted(capsys):
    world, leader = drifted()
    assert main(["abort", KEY.name, digest("B")], WorldKubectl(world, leader)) == KubectlExit.REFUSED
    assert "is neither candidate nor rolling out" in capsys.readouterr().out


def test_a_release_of_the_champion_is_not_called_done(capsys):
    world, leader = serving(live=True)
    assert main(["release", KEY.name, digest("A")], WorldKubectl(world, leader)) == KubectlExit.REFUSED
    assert "is neither quarantined nor held" in capsys.readouterr().out


@pytest.mark.parametrize("verb", ["poll", "refresh"])
def test_the_same_verb_twice_in_a_second_is_carried_out_twice(verb, monkeypatch):
    stands = answers.Clock(now=lambda: 1_800_000_000.25)
    monkeypatch.setattr(answers, "Clock", lambda: stands)
    world, leader = serving(live=True)
    kubectl = WorldKubectl(world, leader)
    assert [main([verb, KEY.name], kubectl) for _ in range(2)] == [KubectlExit.DONE] * 2
    assert len({word for words in kubectl.writes for word in words if "=" in word}) == 2


@pytest.mark.parametrize("verb", [*COMMANDS, "pause", "resume"])
def test_who_may_read_and_not_write_ends_with_1(verb, capsys):
    kubectl = ready_for(verb)
    forbidden = Completed(1, "", 'Error from server (Forbidden): x is forbidden: User "viewer" cannot do it')
    runner = lambda words: forbidden if words[0] == "annotate" else kubectl(words)  # noqa: E731
    assert main(line_of(verb), runner) == KubectlExit.FAILED
    assert "is forbidden" in capsys.readouterr().err
    assert kubectl.writes == []
