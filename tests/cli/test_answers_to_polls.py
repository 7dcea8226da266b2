"""A poll by schedule comes and goes beside the one that a person asked for; the plugin tells them apart."""

from dataclasses import replace

import pytest

from leadmodel_cli.kubectl import answers
from leadmodel_cli.kubectl.cluster import Completed
from leadmodel_cli.kubectl.program import main
from leadmodel_messages.exits import KubectlExit
from leadmodel_operator.planning.plan import plan
from worlds.kubectl import WorldKubectl
from worlds.names import KEY
from worlds.situations import serving

DENIED = Completed(1, "", 'Error from server (Forbidden): x is forbidden: User "viewer" cannot do it')


def test_a_poll_of_a_pinned_source_is_refused(capsys):
    world, leader = serving(live=True)
    world.pin("A")
    leader.settle()
    assert main(["poll", KEY.name], WorldKubectl(world, leader)) == KubectlExit.REFUSED
    assert "the spec pins a digest, so the source is not polled" in capsys.readouterr().out


def paused(kubectl: WorldKubectl) -> None:
    assert main(["pause", KEY.name], kubectl) == KubectlExit.DONE


def pinned(kubectl: WorldKubectl) -> None:
    kubectl.world.pin("A")
    kubectl.leader.settle()


def conflict(kubectl: WorldKubectl) -> None:
    seen_conflict = (f"Deployment/{KEY.name}",)
    kubectl.world.plan = lambda seen: plan(replace(seen, conflicts=seen_conflict))
    kubectl.leader.settle()


@pytest.mark.parametrize("can_read_events", [True, False])
@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        (paused, "the LeadModel is paused"),
        (pinned, "the spec pins a digest"),
        (conflict, f"Deployment/{KEY.name}"),
    ],
)
def test_a_poll_by_schedule_is_not_taken_for_the_refused_one(
    trouble, why, can_read_events, capsys, monkeypatch
):
    """The answer of the CronJob's poll comes in the pass that refuses the command."""
    monkeypatch.setattr(answers, "EVENT_S", 0.0)
    world, leader = serving(live=True)
    kubectl = WorldKubectl(world, leader)
    trouble(kubectl)
    world.poll_by_schedule()
    before = world.status.poll.job
    runner = lambda words: kubectl(words) if can_read_events or "events" not in words[1] else DENIED  # noqa: E731
    assert main(["poll", KEY.name], runner) == KubectlExit.REFUSED
    assert why in capsys.readouterr().out
    assert world.status.poll.job != before, "the poll by schedule was recorded meanwhile"


@pytest.mark.parametrize("passes", [1, 60])
def test_a_poll_that_runs_and_one_that_is_over_are_done(passes):
    """The controls: nothing stands against the command, and a poll by schedule ends meanwhile too."""
    world, leader = serving(live=True)
    world.poll_by_schedule()
    kubectl = WorldKubectl(world)

    def runner(words):
        answer = kubectl(words)
        if words[0] == "annotate":
            leader.run() if passes == 1 else leader.settle(passes)
        return answer

    assert main(["poll", KEY.name], runner) == KubectlExit.DONE
    assert bool(world.status.poll.job_to_create) is (passes == 1)
