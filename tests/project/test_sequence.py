"""The picture of docs/followups.md is fresh, names what the code does, and no text leaves its place."""

import pytest

from project.house import ROOT
from project.sequence import APART, COLUMNS, EDGE, HALF, LINES, MEANING, TARGET, draw, middle


def test_the_picture_is_fresh():
    assert TARGET.read_text() == draw(), "run `make architecture`"


@pytest.mark.parametrize("line", LINES, ids=[line.text for line in LINES])
def test_the_file_that_does_it_exists(line):
    assert (ROOT / line.file).is_file()
    assert {line.source, line.target} <= set(COLUMNS)


def test_texts_fit_between_columns():
    long = [line.text for line in LINES if line.source != line.target and 6.9 * len(line.text) > APART]
    assert long == []
    assert [name for name, text in MEANING.items() if 6.3 * len(text) > 2 * HALF] == []
    assert middle("person") + HALF < 2 * EDGE + APART * (len(COLUMNS) - 1)
