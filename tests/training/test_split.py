"""The split is in time, the same lead never stands on two sides, and outcomes still open are left out."""

import numpy as np
import pytest

from leadmodel_training.columns import Rows
from leadmodel_training.features import find_roles
from leadmodel_training.split import (
    Refusal,
    TrainingRefused,
    check_sizes,
    identities,
    in_time,
    matured,
    order_of,
)

DAY = 86400.0
NAN = float("nan")


def split(times, same=None, *, holdout=0.2, calibrate=0.1, certain=False):
    times = np.array(times, dtype=float)
    same = np.arange(len(times)) if same is None else np.array(same)
    whole = in_time(order_of(times), times, same, holdout=holdout, certain=certain)
    return whole.calibrating(calibrate, times, certain=certain) if calibrate else whole


def test_the_newest_judge_and_the_next_calibrate():
    found = split([5, 3, 1, 2, 4, 9, 8, 6, 7, 0])
    assert [found.fit.tolist(), found.calibrate.tolist(), found.holdout.tolist()] == [
        [9, 2, 3, 1, 4, 0, 7],
        [8],
        [6, 5],
    ]


def test_rows_of_one_instant_stay_together():
    found = split([0, 1, 2, 3, 4, 5, 6, 7, 7, 8], calibrate=0)
    assert found.holdout.tolist() == [8, 9] or found.holdout.tolist() == [7, 8, 9]
    assert found.fit.tolist() == [0, 1, 2, 3, 4, 5, 6]


def test_without_times_the_order_of_the_file_stands():
    assert split([NAN] * 10, calibrate=0).holdout.tolist() == [8, 9]


def test_with_times_rows_without_one_leave():
    assert 1 not in order_of(np.array([3.0, NAN, 1.0])).tolist()


def test_the_same_lead_leaves_the_older_sides():
    found = split(range(10), same=[7, 1, 9, 3, 4, 5, 6, 7, 8, 9], calibrate=0.15)
    assert found.fit.tolist() == [1, 3, 4, 5, 6]  # 0 is row 7, 2 is row 9
    assert found.calibrate.tolist() == [7]
    assert found.dropped == 2


def test_the_share_that_calibrates_is_one_of_the_leads_that_are_left():
    """Of 800 older rows 300 are leads of the holdout; a quarter of the other 500 calibrates, not one of the 800."""
    same = np.arange(1000)
    same[500:800] = np.arange(800, 1000).repeat(2)[:300]
    found = split(range(1000), same, calibrate=0.25)
    assert found.dropped == 300
    assert found.calibrate.tolist() == [*range(375, 500)]
    assert found.fit.tolist() == [*range(375)]


def test_a_lead_that_calibrates_leaves_the_others():
    found = split(range(100), [*range(70), *range(10), *range(80, 100)], calibrate=0.125)
    assert found.calibrate.tolist() == [*range(70, 80)]
    assert found.fit.tolist() == [*range(10, 70)]
    assert found.dropped == 10


@pytest.mark.parametrize(("certain", "left"), [(False, 8), (True, 0)])
def test_equal_inputs_of_most_rows_do_not_mean_the_same_lead(certain, left):
    found = split(range(10), same=[1] * 10, calibrate=0, certain=certain)
    assert len(found.fit) == left


@pytest.mark.parametrize(("certain", "left", "dropped"), [(False, 720, 0), (True, 0, 720)])
def test_a_column_that_changes_before_the_holdout_does_not_empty_the_fit(certain, left, dropped):
    """No input of the holdout is older, but every input of the rows that calibrate is; only an id makes that the same lead."""
    found = split(
        range(1000), [i % 8 for i in range(800)] + [100 + i % 8 for i in range(200)], certain=certain
    )
    assert [len(found.fit), len(found.calibrate), len(found.holdout)] == [left, 80, 200]
    assert found.dropped == dropped


def test_identity_is_the_id_or_every_input():
    rows = Rows(
        {
            "created_at": ["1", "2", "3"],
            "a": ["x", "x", "y"],
            "id": ["1", "2", "2"],
            "y": ["1", "0", "1"],
        }
    )
    by_input = identities(rows, find_roles(rows, "y", None, ["id"]))
    by_id = identities(rows, find_roles(rows, "y", None, [], "id"))
    assert by_input[0] == by_input[1] != by_input[2]
    assert by_id[0] != by_id[1] == by_id[2]


def test_numbers_that_hash_alike_are_two():
    rows = Rows({"a": np.array([-1.0, -2.0, NAN, -1.0]), "y": ["1", "0", "1", "0"]})
    found = identities(rows, find_roles(rows, "y", None, []))
    assert found[0] == found[3]
    assert len({*found.tolist()}) == 3


def test_only_outcomes_that_had_time_to_happen():
    times = np.array([0, 10, 20, 30, 99]) * DAY
    order = order_of(times)
    assert matured(order, times, 10, now=200 * DAY).tolist() == [0, 1, 2, 3]
    # a lead from the future does not make others look old
    assert matured(order, times, 10, now=40 * DAY).tolist() == [0, 1, 2]


def test_a_horizon_needs_times():
    times = np.array([NAN, NAN])
    with pytest.raises(TrainingRefused) as caught:
        matured(order_of(times), times, 10, now=0)
    assert caught.value.reason is Refusal.NO_TIME


@pytest.mark.parametrize("positives", [99, 150])
def test_floors(positives):
    labels = np.arange(200_000) < positives
    with pytest.raises(TrainingRefused) as caught:
        check_sizes(labels, "training part")
    assert caught.value.reason is Refusal.TOO_FEW
    check_sizes(np.arange(2000) < 100, "training part")
