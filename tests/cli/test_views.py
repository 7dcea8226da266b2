"""`kubectl leadmodel` over the operator's own decisions in a small world: what it shows, golden, and its exit codes."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from leadmodel_cli.kubectl.program import main
from leadmodel_cli.views import advice
from leadmodel_messages.exits import KubectlExit
from leadmodel_operator.planning.challenger_place import RENDERING
from leadmodel_operator.resource.vocabulary import ConditionType, Reason
from project.house import ROOT
from worlds.kubectl import WorldKubectl
from worlds.leader import Leader
from worlds.names import KEY
from worlds.programs import Truth
from worlds.situations import drifted, held_after_rollback, serving, upload_and_poll
from worlds.world import World

GOLDEN = Path(__file__).parent / "golden"


def serves() -> tuple[World, Leader]:
    return serving(live=True)


def refused() -> tuple[World, Leader]:
    world, leader = serving(live=True)
    upload_and_poll(world, "B", Truth(auc=0.6))
    leader.settle()
    return world, leader


def unlike_live_leads() -> tuple[World, Leader]:
    world = World(rendering=RENDERING, live=True)
    world.upload("A", Truth(auc=0.75))
    leader = Leader(world)
    leader.step(0.1)
    upload_and_poll(world, "B", Truth(auc=0.8, drifts=True))
    leader.step(0.1)
    return world, leader


def first_refused() -> tuple[World, Leader]:
    world = World()
    world.upload("A", Truth(auc=0.6))
    leader = Leader(world)
    leader.settle()
    return world, leader


def does_not_start() -> tuple[World, Leader]:
    world, leader = serving()
    world.bad_image = True
    upload_and_poll(world, "B")
    leader.settle()
    return world, leader


def paused() -> tuple[World, Leader]:
    world, leader = serving()
    world.paused = True
    leader.settle()
    return world, leader


def unread() -> tuple[World, Leader]:
    world = World()
    return world, Leader(world)


SITUATIONS: dict[Callable[[], tuple[World, Leader]], int] = {
    serves: KubectlExit.DONE,
    refused: KubectlExit.DONE,
    unlike_live_leads: KubectlExit.DONE,
    drifted: KubectlExit.NOT_READY,
    held_after_rollback: KubectlExit.NOT_READY,
    first_refused: KubectlExit.NOT_READY,
    does_not_start: KubectlExit.NOT_READY,
    paused: KubectlExit.DONE,
    unread: KubectlExit.NOT_READY,
}
LINES = (
    ["status", KEY.name, "-v"],
    ["why", KEY.name],
    ["history", KEY.name],
    ["list"],
    ["list", "-A", "-o", "wide"],
)


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda s: s.__name__)
def test_what_is_shown(situation, capsys):
    world, _ = situation()
    kubectl, pages = WorldKubectl(world), []
    for line in LINES:
        code = main(line, kubectl, lambda: world.now)
        assert code == (SITUATIONS[situation] if line[0] == "status" else KubectlExit.DONE)
        pages.append(f"$ kubectl leadmodel {' '.join(line)}\n{capsys.readouterr().out}")
    page, golden = "\n".join(pages), GOLDEN / f"{situation.__name__}.txt"
    if os.environ.get("LEADMODEL_RENEW"):
        golden.write_text(page)
    assert page == golden.read_text()
    assert kubectl.writes == []


def test_control_another_situation_is_another_page():
    pages = [(GOLDEN / f"{situation.__name__}.txt").read_text() for situation in SITUATIONS]
    assert len(set(pages)) == len(SITUATIONS)


def stalled_reasons() -> set[str]:
    """The reasons with which a row of docs/conditions.md is Stalled."""
    rows = [
        line.split("|")
        for line in (ROOT / "docs" / "conditions.md").read_text().splitlines()
        if line.startswith("|")
    ]
    column = [cell.strip() for cell in rows[0]].index("Stalled")
    cells = [row[column].split() for row in rows[2:] if len(row) > column]
    return {cell[1] for cell in cells if cell[:1] == ["True"]}


def test_there_is_advice_for_every_state_that_needs_a_person():
    assert len(stalled_reasons()) >= 8
    assert stalled_reasons() <= advice.STALLED.keys()
    assert advice.STALLED.keys() <= {str(reason) for reason in Reason}
    assert {kind for kind, _, _ in advice.OTHER} <= {str(kind) for kind in ConditionType}


def test_advice_names_the_command_and_the_digest(capsys):
    world, _ = drifted()
    main(["status", KEY.name], WorldKubectl(world))
    assert "→ The older model serves." in (out := capsys.readouterr().out)
    assert "`kubectl leadmodel release conversion -n sales 424242424242`" in out


def test_what_does_not_exist_is_kubectls_own_sentence(capsys):
    world, _ = serves()
    assert main(["status", "nobody"], WorldKubectl(world)) == KubectlExit.FAILED
    assert 'leadmodels "nobody" not found' in capsys.readouterr().err


@pytest.mark.parametrize(
    "line", [["status"], ["no-such-verb"], ["list", "--no-such-flag"], ["poll", "a", "--timeout", "-1"]]
)
def test_wrong_arguments_are_exit_code_2(line, capsys):
    with pytest.raises(SystemExit) as ended:
        main(line)
    assert ended.value.code == KubectlExit.USAGE
    assert "usage: kubectl leadmodel" in capsys.readouterr().err


HOSTILE = "\x1b[2J\x1b]0;title\x07\u202e"


@pytest.mark.parametrize("line", [*LINES, ["status", KEY.name]], ids=" ".join)
def test_no_text_of_a_cluster_acts_on_the_terminal(line, capsys):
    world, _ = held_after_rollback()
    kubectl = WorldKubectl(world)
    plain = kubectl.lead_model()

    def spoilt(value):
        if isinstance(value, dict):
            return {
                key: item if key in {"type", "at", "since", "until"} else spoilt(item)
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [spoilt(item) for item in value]
        return f"{value}{HOSTILE}" if isinstance(value, str) and ":" not in value[:20] else value

    plain["status"] = spoilt(plain["status"])
    plain["metadata"]["name"] += HOSTILE
    kubectl.lead_model = lambda: plain
    main(line, kubectl, lambda: world.now)
    shown = capsys.readouterr().out
    assert "\\x1b[2J" in shown
    assert not any(ord(sign) < 32 and sign != "\n" for sign in shown)
    assert "\u202e" not in shown
