"""Reports survive one line of JSON, and are read strictly."""

from dataclasses import replace

import pytest

from leadmodel_artifact.jsonnode import LayoutError
from leadmodel_messages import report
from leadmodel_messages.report import ArtifactSeen, Comparison, Outcome, Report, Rows, dump, parse
from leadmodel_operator.planning.gate import judge
from leadmodel_operator.resource.spec_policies import Gate
from leadmodel_operator.resource.vocabulary import Evidence

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
    written = replace(REPORT, outcome=Outcome.REFUSED, detail="features must be a list")
    assert parse(dump(written)) == written


ASTRAL = "\U0001f600"  # twelve bytes of JSON


@pytest.mark.parametrize("label", ["x" * 1024, ASTRAL * 1024])
def test_any_label_of_an_artifact_is_reported(label: str):
    """A report that cannot be written or read would be asked for again for ever, where the gate should refuse the artifact."""
    assert REPORT.artifact is not None
    written = replace(REPORT, artifact=replace(REPORT.artifact, label=label, to=label), detail=ASTRAL * 256)
    seen = parse(dump(written)).artifact
    assert seen is not None
    assert seen.label == label[:129]
    assert (
        judge(parse(dump(written)), min_auc=0.6, gate=Gate(), compare=True, label=label[:128]).evidence
        is Evidence.FAIL
    )


def test_control_a_label_that_is_cut_at_the_length_of_a_spec(monkeypatch):
    monkeypatch.setattr(report, "LABEL_LENGTH", 128)
    with pytest.raises(AssertionError):
        test_any_label_of_an_artifact_is_reported("x" * 1024)
