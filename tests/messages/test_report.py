"""Reports survive one line of JSON, and are read strictly."""

from dataclasses import replace

import pytest

from leadmodel_artifact.jsonnode import LayoutError
from leadmodel_messages.report import ArtifactSeen, Comparison, Outcome, Report, Rows, dump, parse

D = "sha256:" + "a" * 64
REPORT = Report(
    Outcome.MEASURED,
    "",
    "image:1",
    ArtifactSeen(D, 10, 5, 3, None, 0.7),
    D,
    Rows(10, 4, 6),
    Rows(10, 4, 6),
    0.7,
    0.01,
    0.6,
    0.1,
    1.0,
    1.1,
    Comparison(D, 0.6, 0.1, 0.01, 4, 6),
    None,
)


def test_round_trip():
    line = dump(REPORT)
    assert "\n" not in line
    assert len(line) < 4096
    assert parse(line) == REPORT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        dump(REPORT).replace('"auc":0.7', '"auc":NaN'),
        dump(REPORT).replace('"auc":0.7', '"auc":1' + "0" * 400),
        dump(REPORT).replace("Measured", "Good"),
        dump(REPORT) + " " * 5000,
    ],
)
def test_refused(text):
    with pytest.raises(LayoutError):
        parse(text)


def test_a_detail_is_kept_and_its_absence_is_as_before():
    assert "detail" not in dump(REPORT)
    told = replace(REPORT, outcome=Outcome.REFUSED, detail="features must be a list")
    assert parse(dump(told)) == told
