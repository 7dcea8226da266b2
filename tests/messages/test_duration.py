"""Durations: what is read, what is refused, and how bounds are written."""

import pytest

from leadmodel_messages import duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0s", 0),
        ("30s", 30),
        ("1h30m", 5400),
        ("250ms", 0.25),
        ("1.5h", 5400),
        ("720h", 2_592_000),
        ("2m", 120),
    ],
)
def test_a_duration_is_read_as_seconds(text, seconds):
    assert duration.parse(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "30", "s", "1h 30m", "-1s", "1d", "1e3s", "30s\n", ".5h", "1hs"])
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match="no duration"):
        duration.parse(text)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (1, "1s"), (60, "1m"), (90, "90s"), (604_800, "168h")]
)
def test_seconds_are_written_in_the_largest_unit(seconds, text):
    assert duration.show(seconds) == text
    assert duration.parse(text) == seconds
