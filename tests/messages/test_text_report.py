"""The report of a check of a text model: strict in every field, printable in every text."""

import json
from dataclasses import replace

import pytest

from leadmodel_artifact.jsonnode import LayoutError
from leadmodel_messages import text_report
from leadmodel_messages.report import Outcome
from leadmodel_messages.text_report import Messages, Serving, TextMeasured, TextModelSeen, TextReport

DIGEST, OTHER = "sha256:" + "1" * 64, "sha256:" + "2" * 64
REPORT = TextReport(
    outcome=Outcome.MEASURED,
    reason="",
    image="registry.example.com/predictor:1",
    model=TextModelSeen(DIGEST, 900_000, 200_000, "sales-en", 1767225600, ("en",), ("intent", "urgency")),
    holdout=Messages(OTHER, 400),
    measured=TextMeasured(0.71, 0.62, 0.04),
    precision_kept=0.86,
    scope_auroc=0.9,
    serving=Serving(OTHER, TextMeasured(0.7, 0.6, 0.05)),
)


def test_a_report_reads_as_it_was_written():
    assert text_report.parse(text_report.dump(REPORT)) == REPORT
    bare = TextReport(Outcome.REFUSED, "SchemaMismatch", "", TextModelSeen(DIGEST, 3, 23), detail="heads")
    assert text_report.parse(text_report.dump(bare)) == bare
    assert text_report.named_digest(text_report.dump(bare)) == DIGEST
    assert text_report.named_digest("{}") is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("macroF1", 1.5),
        ("macroF1", "0.7"),
        ("coverage", None),  # one figure without the others
        ("ece", True),
        ("scopeAuroc", -0.1),
        ("precisionKept", 10**400),
        ("outcome", "Splendid"),
        ("schema", "leadmodel.report/v1"),
        ("model", {"digest": "sha256:1", "size": 1, "gz": 1, "languages": [], "heads": []}),
        ("model", {"digest": DIGEST, "size": 1, "gz": 1, "languages": ["\x1b[2J"], "heads": []}),
        ("model", {"digest": DIGEST, "size": 1, "gz": 1, "languages": [], "heads": ["intent"] * 9}),
        ("serving", {"digest": DIGEST}),
        ("holdout", []),
    ],
)
def test_a_field_that_is_wrong_is_refused(field, value):
    document = json.loads(text_report.dump(REPORT))
    assert text_report.parse(json.dumps(document))
    with pytest.raises(LayoutError):
        text_report.parse(json.dumps(document | {field: value}))


@pytest.mark.parametrize("line", ["", "[]", "[" * 4000, '{"a":NaN}', "x" * 5000])
def test_what_is_no_report_is_refused(line):
    with pytest.raises(LayoutError):
        text_report.parse(line)


def test_texts_of_a_report_are_one_printable_line():
    """A Job may write anything; what status holds moves no cursor."""
    document = json.loads(text_report.dump(REPORT)) | {"detail": "a\x1b[2J\nb", "reason": "no\x00"}
    read = text_report.parse(json.dumps(document))
    assert (read.detail, read.reason) == ("a\ufffd[2J b", "no\ufffd")


def test_a_detail_that_does_not_fit_is_left_out():
    """Characters of four bytes, escaped: twelve bytes each."""
    long = replace(REPORT, detail="\U0001f600" * 256)
    assert text_report.parse(text_report.dump(replace(long, image="i" * 512))).detail == ""
    with pytest.raises(ValueError, match="more than"):
        text_report.dump(replace(long, image="i" * 4096))
