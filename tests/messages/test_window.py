"""Windows add up exactly; PSI is the formula; the document is read strictly."""

import math
from dataclasses import replace

import pytest

from leadmodel_artifact.jsonnode import LayoutError
from leadmodel_artifact.model import FeatureKind
from leadmodel_artifact.reference import bin_index, bin_indices, build, expected_shares
from leadmodel_messages.window import (
    FeatureWindow,
    HoursWindow,
    MissingWindow,
    SlotWindow,
    Window,
)
from leadmodel_messages.window_document import dump, parse
from leadmodel_messages.window_psi import feature_psi, hours_psi, missing_psi
from leadmodel_messages.window_sums import merge
from leadmodel_statistics.hours import shrink_strength
from leadmodel_statistics.stability import mean_shift_z


def feature(observed, expected, n_ref=5000, shrink=100.0):
    return FeatureWindow(
        "numeric", sum(observed), n_ref, shrink, tuple(observed), tuple(expected), 1.0, 2.0, 0.5, 0.2
    )


def window(observed, boot="a"):
    slot = SlotWindow(
        "sha256:" + "1" * 64,
        "m",
        sum(observed),
        1,
        0,
        (sum(observed),) + (0,) * 23,
        (1000,) + (0,) * 23,
        {"score": feature(observed, (50.0, 50.0))},
    )
    return Window(boot, 1.0, slot, None, 10.0, {"5.000": 3})


def test_psi_is_the_formula():
    found = feature_psi(feature((70, 30), (50.0, 50.0)), (100,) + (0,) * 23, (1000,) + (0,) * 23)
    noise = 1 / 100 + 1 / (1000 + 100 + 1) + 1 / 5000
    p, e = 70.5 / 101, 50.5 / 101
    q, f = 30.5 / 101, 50.5 / 101
    wanted = (p - e) * math.log(p / e) + (q - f) * math.log(q / f) - noise
    assert found.value == pytest.approx(wanted, abs=1e-12)
    assert found.noise == pytest.approx(noise)
    assert found.limit(0.25) == 0.25
    assert found.limit(0.001) == pytest.approx(4 * math.sqrt(2) * noise)


def test_no_drift_is_zero_never_negative():
    assert feature_psi(feature((50, 50), (50.0, 50.0)), (), ()).value == 0.0
    assert feature_psi(feature((0, 0), (0.0, 0.0)), (), ()) is None


def test_missing_values_are_compared_as_two_bins_and_only_where_more_are_missing():
    hours = (100,) + (0,) * 23, (1000,) + (0,) * 23
    more = MissingWindow(100, 5000, 100.0, (70, 30), (90.0, 10.0))
    assert missing_psi(more, *hours) == feature_psi(feature((70, 30), (90.0, 10.0)), *hours)
    assert missing_psi(more, *hours).value > 0.1
    assert missing_psi(replace(more, observed=(95, 5)), *hours) is None
    assert missing_psi(None, *hours) is None


def test_adding_equals_pooling():
    merged = merge([window((70, 30)), window((10, 90), "b")])
    assert merged.champion.features["score"].observed == (80, 120)
    assert merged.champion.n == 200
    assert merged.since == {"5.000": 6}
    other = window((1, 1))
    strange = Window("c", 1.0, SlotWindow("sha256:" + "2" * 64, "m", 2, 0, 0, (), (), {}), None)
    with pytest.raises(ValueError, match="different models"):
        merge([other, strange])


def test_document_round_trip_and_bounds():
    assert parse(dump(window((70, 30)))) == window((70, 30))
    for path, value in (("schema", "x"), ("now", float("nan")), ("slots", []), ("spanS", "1")):
        with pytest.raises(LayoutError):
            parse(dump(window((70, 30))) | {path: value})
    large = dump(window((70, 30)))
    large["slots"]["champion"]["features"] = {
        str(i): large["slots"]["champion"]["features"]["score"] for i in range(102)
    }
    with pytest.raises(LayoutError):
        parse(large)


def test_mean_shift_z():
    assert mean_shift_z(29, 2900.0, 0.0, 1.0) == 0.0
    assert mean_shift_z(30, 90.0, 0.0, 1.0) == 3.0
    assert mean_shift_z(30, 30.0, 1.0, 0.0) == 0.0
    assert mean_shift_z(30, 30.0, 2.0, 1e-13) == 99.0


def test_hours_need_500_leads():
    assert hours_psi(HoursWindow(499, 1000, (499,), (499.0,))) is None


def test_hours_alike_use_the_marginal_and_hours_unlike_their_own():
    alike = shrink_strength([[50, 50]] * 24)
    unlike = shrink_strength([[95, 5], [5, 95]] * 12)
    assert alike == 1e5
    assert unlike < 10
    values = [0.0] * 500 + [1.0] * 500
    found = build("x", FeatureKind.NUMERIC, values, [0] * 500 + [12] * 500)
    shares = expected_shares(found)
    assert len(shares) == 24
    assert all(sum(row) == pytest.approx(1.0) for row in shares)


def test_a_quiet_hour_is_expected_like_the_hours_beside_it():
    """Night leads are low, day leads high; two o'clock has 40 rows of its own and K is 100."""
    values, hours = [], []
    for hour in range(24):
        night = hour < 6
        rows = 40 if night else 1000
        values += [0.2 if i % 10 < (9 if night else 1) else 0.8 for i in range(rows)]
        hours += [hour] * rows
    found = replace(build("x", FeatureKind.NUMERIC, values, hours), edges=(0.5,), shrink=100.0)
    counts = tuple(
        (sum(v < 0.5 for v, h in zip(values, hours, strict=True) if h == hour),) for hour in range(24)
    )
    grid = tuple((low, hours.count(hour) - low) for hour, (low,) in enumerate(counts))
    found = replace(found, counts_by_hour=grid, counts=tuple(map(sum, zip(*grid, strict=True))))
    share = expected_shares(found)[2][0]
    low = (found.counts[0] + 0.5) / (sum(found.counts) + 1)
    beside = (36 + 36 + 100 * low) / (40 + 40 + 100)
    assert share == pytest.approx((36 + 100 * beside) / 140)
    assert share > (36 + 100 * low) / 140 + 0.2  # what the whole day would have said


@pytest.mark.parametrize(
    ("kind", "values", "levels"),
    [
        (FeatureKind.NUMERIC, [3.5, 1.0, 2.0, 2.0, 9.0, 4.0, -1.0], ()),
        (FeatureKind.CATEGORICAL, ["a", None, "b", "c", "a"], ("a", "b")),
    ],
)
def test_many_values_fall_where_each_falls(kind, values, levels):
    reference = build("x", kind, values, None, levels=levels)
    bins = bin_indices(reference, values)
    assert bins == [bin_index(reference, value) for value in values]
    assert list(reference.counts) == [bins.count(b) for b in range(len(reference.counts))]


def test_rows_without_an_hour_count_in_no_hour():
    reference = build("x", FeatureKind.CATEGORICAL, ["a", "a", "b"], [3, None, 3], levels=("a",))
    assert reference.counts == (2, 1)
    assert reference.counts_by_hour[3] == (1, 1)
    assert sum(map(sum, reference.counts_by_hour)) == 2
