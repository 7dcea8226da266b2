"""A rollout on this machine: what each predictor's state leads to, without any process."""

from pathlib import Path

import pytest

from leadmodel_local.serving.predictors import Pod
from leadmodel_local.serving.rollout import PodState, next_actions, state_of

NEW, OLD = {"champion": "sha256:new"}, {"champion": "sha256:old"}


def pod(name, template=NEW, *, leaving=False, alive=True, ready=True):
    return Pod(name, Path(name), template, 1, leaving, 0, alive, ready and alive)


@pytest.mark.parametrize(
    ("process", "state"),
    [
        (pod("a", leaving=True), PodState.LEAVING),
        (pod("a"), PodState.READY),
        (pod("a", ready=False), PodState.STARTING),
        (pod("a", alive=False), PodState.ENDED),
        (pod("a", OLD), PodState.OLD),
        (pod("a", OLD, alive=False), PodState.OLD_ENDED),
    ],
)
def test_each_state_of_a_predictor(process, state):
    assert state_of(process, NEW) is state


def names(pods):
    return [p.name for p in pods]


def test_new_predictors_are_added_while_old_ones_serve():
    actions = next_actions([pod("1", OLD), pod("2", OLD)], NEW, 2)
    assert (actions.add, actions.drain) == (2, ())


def test_old_predictors_drain_only_when_all_new_ones_are_ready():
    old = [pod("1", OLD), pod("2", OLD)]
    assert names(next_actions([*old, pod("3"), pod("4", ready=False)], NEW, 2).drain) == []
    assert names(next_actions([*old, pod("3"), pod("4")], NEW, 2).drain) == ["1", "2"]


def test_an_old_predictor_that_ended_is_started_again_until_it_is_replaced():
    ended = pod("1", OLD, alive=False)
    assert names(next_actions([ended, pod("2", ready=False)], NEW, 1).restart) == ["1"]
    assert names(next_actions([ended, pod("2")], NEW, 1).restart) == []


def test_a_surplus_predictor_that_is_ready_stays_before_one_that_is_not():
    actions = next_actions([pod("1", alive=False), pod("2")], NEW, 1)
    assert names(actions.drain) == ["1"]


def test_nothing_rendered_drains_all():
    actions = next_actions([pod("1"), pod("2", OLD), pod("3", OLD, leaving=True)], None, 0)
    assert (actions.add, names(actions.drain), names(actions.clear)) == (0, ["1", "2"], ["3"])
