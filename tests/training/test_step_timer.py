"""A person at a terminal sees how long a training will still take; a log does not."""

import pytest

from leadmodel_training.recipes import Recipe
from leadmodel_training.request import AUTO
from leadmodel_training.step_timer import PASSED, Step, StepTimer


@pytest.mark.parametrize("terminal", [True, False])
def test_the_time_left_follows_from_what_has_passed(capsys, monkeypatch, terminal):
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal, raising=False)
    now = [100.0]
    timer = StepTimer(lambda: now[0])
    timer.log("reading")
    now[0] = 103.0
    timer.log("1,000 leads", 0.25)
    shown = capsys.readouterr().err
    assert shown == ("   0.0 s  reading\n   3.0 s  1,000 leads, about 9 s left\n" if terminal else "")


def test_each_recipe_has_shares_that_rise():
    assert set(PASSED) == {*Recipe, AUTO}
    for shares in PASSED.values():
        assert 0 < shares[Step.READ] < shares[Step.FIT] < shares[Step.EXPORT] < 1
