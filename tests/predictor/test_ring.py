"""The drift window: exact against numpy, exact when replicas are added, with the clock in our hands."""

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadmodel_artifact.lead import coded
from leadmodel_artifact.model import FeatureKind, Reference
from leadmodel_artifact.reference import SCORE, build, expected_shares
from leadmodel_messages.window import SlotWindow
from leadmodel_messages.window_document import dump, parse
from leadmodel_messages.window_sums import merge
from leadmodel_predictor.serving.model import drift_score
from leadmodel_predictor.serving.monitor import MAX_SUMMED
from leadmodel_predictor.serving.ring import MAX_AGE_S, SIZE, Ring
from leadmodel_statistics.stability import mean_shift_z
from support.predictor_thread import model_of
from support.small_models import FEATURES, linear

MODEL, OLDER = linear(), linear(0.1, name="older")
SLOTS = model_of(MODEL, OLDER).slots
NOW = 1_767_600_000.0  # a full hour
DAY = 86_400.0

rows = st.tuples(
    st.floats(0, 8 * DAY),  # seconds ago
    st.integers(0, 23),
    st.tuples(
        st.one_of(st.none(), st.floats(-200, 200)),
        st.sampled_from([None, "ads", "web", "fair"]),
        st.one_of(st.none(), st.integers(0, 5000)),
    ),
    st.one_of(st.just(math.nan), st.floats(0, 1)),  # the champion's score
    st.one_of(st.just(math.nan), st.floats(0, 1)),
    st.sampled_from(["both", "both", "both", "previous only", "neither"]),
)


def filled(found: list[tuple]) -> Ring:
    ring = Ring(SLOTS, "pod")
    for ago, hour, raw, score, other, read in sorted(found, key=lambda row: -row[0]):
        values = coded(FEATURES, (*raw, hour))
        at = NOW - ago
        first = (values, score) if read == "both" else (None, math.nan)
        second = (values, other) if read != "neither" else (None, math.nan)
        ring.add((at, hour, *first, *second))
        if read == "both":
            ring.count_hour(at, hour)
    return ring


def by_numpy(slot, found: list[tuple], *, champion: bool) -> dict[str, tuple]:
    """Counts, expected counts, sum and sum of squares, row by row from the rules."""
    reference = slot.artifact.reference
    kept, bad, unsupported = [], 0, 0
    young = [row for row in sorted(found, key=lambda row: -row[0]) if row[0] <= MAX_AGE_S]
    for _, hour, raw, score, other, read in young:
        z = score if champion else other
        if (read != "both" if champion else read == "neither") or not np.isfinite(z):
            bad += 1
        elif reference.hours[hour] < 30:
            unsupported += 1
        else:
            kept.append((hour, *raw, z))
    answer = {"": (len(young), bad, unsupported)}
    for r in reference.features:
        place = {"age": 1, "source": 2, "details_len": 3, SCORE: 4}[r.name]
        cells = [(row[0], row[place]) for row in kept if row[place] is not None or r.levels]
        observed = np.zeros(len(r.counts), dtype=np.int64)
        if r.levels:
            for _, level in cells:
                observed[r.levels.index(level) if level in r.levels else len(r.levels)] += 1
            numbers = np.zeros(0)
        else:
            numbers = np.array([value for _, value in cells], dtype=np.float64)
            np.add.at(observed, np.searchsorted(r.edges, numbers, side="right"), 1)
        per_hour = np.bincount([hour for hour, _ in cells], minlength=24)
        expected = per_hour @ np.array(expected_shares(r))
        answer[r.name] = (observed.tolist(), expected, numbers.sum(), (numbers**2).sum())
    return answer


def same(slot: SlotWindow, wanted: dict[str, tuple]) -> None:
    assert (slot.n, slot.bad, slot.unsupported) == wanted[""]
    for name, (observed, expected, total, squares) in list(wanted.items())[1:]:
        found = slot.features[name]
        assert list(found.observed) == observed
        assert found.n == sum(observed)
        np.testing.assert_allclose(found.expected, expected, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose((found.sum, found.sumsq), (total, squares), rtol=1e-9, atol=1e-6)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(rows, max_size=25), min_size=1, max_size=4))
def test_replicas_add_up_to_what_numpy_counts_over_all_leads(replicas):
    windows = [filled(found).window(NOW) for found in replicas]
    shipped = [parse(dump(window)) for window in windows]
    added = merge(shipped)
    pooled = [row for found in replicas for row in found]
    same(added.champion, by_numpy(SLOTS.champion, pooled, champion=True))
    same(added.previous, by_numpy(SLOTS.previous, pooled, champion=False))
    one = filled(pooled).window(NOW)
    for a, b in ((added.champion, one.champion), (added.previous, one.previous)):
        assert a.leads_by_hour == b.leads_by_hour
        assert a.hours.observed == b.hours.observed
        for name, feature in a.features.items():
            assert feature.observed == b.features[name].observed  # integers: exactly
            assert abs(Fraction(feature.sum) - Fraction(b.features[name].sum)) <= Fraction(1, 10**9)


def test_averaging_replicas_instead_would_be_wrong():
    """The control of the merge: the mean of the replicas' means is not the mean of all leads."""
    few = filled([(1.0, 12, (100.0, "ads", 1), 0.5, 0.5, "both")]).window(NOW)
    many = filled([(1.0, 12, (10.0, "ads", 1), 0.5, 0.5, "both")] * 99).window(NOW)
    added = merge([few, many]).champion.features["age"]
    assert added.sum / added.n == pytest.approx(10.9)
    means = [w.champion.features["age"].sum / w.champion.features["age"].n for w in (few, many)]
    assert sum(means) / 2 == pytest.approx(55)


LEAD = (12, (40.0, "ads", 100), 0.5, 0.4, "both")


def test_the_last_thousand_leads():
    window = filled([(1.0 + i, *LEAD) for i in range(SIZE + 500)]).window(NOW)
    assert window.champion.n == window.champion.features["age"].n == SIZE
    assert window.span_s == SIZE


def test_leads_older_than_seven_days_leave():
    ring = filled([(1.0, *LEAD), (6 * DAY, *LEAD), (7 * DAY - 1, *LEAD)])
    assert (ring.window(NOW).champion.n, ring.window(NOW).span_s) == (3, 7 * DAY - 1)
    assert ring.window(NOW + 2).champion.n == 2
    assert ring.window(NOW + DAY + 1).champion.n == 1
    later = ring.window(NOW + 8 * DAY)
    assert (later.champion.n, later.span_s, later.champion.features["age"].n) == (0, 0.0, 0)


def test_hours_are_those_of_the_last_day_however_many_leads_came():
    ring = Ring(SLOTS, "pod")
    for hour in range(48):
        for _ in range(100):  # more than the ring holds
            ring.count_hour(NOW + hour * 3600, hour % 24)
    now = NOW + 48 * 3600 - 1
    assert sum(ring.window(now).champion.hours.observed) == 2400
    assert sum(ring.window(now + 12 * 3600).champion.hours.observed) == 1200
    assert sum(ring.window(now + 25 * 3600).champion.hours.observed) == 0
    assert len(ring.hours) <= 25


def test_a_clock_that_goes_back_loses_no_lead():
    ring = Ring(SLOTS, "pod")
    for step in (0, 3600, -3600, 0, 7200):
        ring.count_hour(NOW + step, 5)
    assert ring.window(NOW + 7200).champion.hours.observed[5] == 5


def test_what_a_restart_lost_can_be_seen():
    empty = Ring(SLOTS, "new").window(NOW)
    assert (empty.boot, empty.champion.n, empty.span_s) == ("new", 0, 0.0)
    assert drift_score(empty) == 0.0


def test_since_counts_newer_leads():
    window = filled([(float(i), *LEAD) for i in range(10)]).window(NOW, (NOW - 4.5, 0.0, NOW))
    assert window.since == {f"{NOW - 4.5:.3f}": 5, "0.000": 10, f"{NOW:.3f}": 0}


def test_huge_values_are_counted_and_stay_finite():
    ring = filled([(1.0, 12, (1e300, "ads", 1), 0.5, 0.5, "both")] * 40)
    window = ring.window(NOW)
    age = window.champion.features["age"]
    assert (age.n, age.observed[-1], age.sum) == (40, 40, 40 * MAX_SUMMED)
    assert math.isfinite(age.sumsq)
    assert math.isfinite(drift_score(window))
    assert parse(dump(window)).champion.features["age"] == age


def test_hours_the_reference_does_not_know_are_left_out():
    hours = tuple(0 if h == 3 else 80 for h in range(24))
    reference = replace(MODEL.reference, hours=hours)
    slots = model_of(replace(MODEL, reference=reference)).slots
    ring = Ring(slots, "pod")
    for hour in (3, 3, 4):
        ring.add((NOW, hour, coded(FEATURES, (40.0, "ads", 5, hour)), 0.5, None, math.nan))
    window = ring.window(NOW).champion
    assert (window.n, window.unsupported, window.features["age"].n) == (3, 2, 1)


def test_a_reference_of_another_kind_is_not_watched():
    odd = build("age", FeatureKind.CATEGORICAL, ["a", "b"], None, levels=["a"])
    reference = Reference("m", 2, (odd, *(r for r in MODEL.reference.features if r.name == "source")))
    slots = model_of(replace(MODEL, reference=reference)).slots
    assert [m.reference.name for m in slots.champion.monitors] == ["source"]


@pytest.mark.parametrize(
    ("n", "total", "mean", "std", "wanted"),
    [
        (29, 1000.0, 0.0, 1.0, 0.0),
        (30, 60.0, 1.0, 0.5, 2.0),
        (30, 30.0, 1.0, 0.0, 0.0),
        (30, 30.0 + 1e-7, 1.0, 0.0, 99.0),
        (30, 30.0, 1.0 + 1e-10, 1e-13, 0.0),
        (30, math.inf, 0.0, 1.0, 99.0),
    ],
)
def test_the_seeds_z(n, total, mean, std, wanted):
    assert mean_shift_z(n, total, mean, std) == pytest.approx(wanted)
