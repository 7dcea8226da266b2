"""The gate rule by rule: each row breaks one rule of a report that passes; the exact limit passes, a hair beyond does not."""

from dataclasses import replace
from math import nan, nextafter

import pytest

from leadmodel_messages.report import ArtifactSeen, Comparison, Outcome, Report, Rows
from leadmodel_operator.planning.gate import LOWER_MARGIN, judge
from leadmodel_operator.planning.pass_state import inputs_of
from leadmodel_operator.resource.spec_policies import Gate
from leadmodel_operator.resource.spec_schedules import Retraining
from leadmodel_operator.resource.spec_sources import LeadsSource
from leadmodel_operator.resource.vocabulary import Evidence, Reason
from leadmodel_statistics.ranking import Z_95
from worlds.names import spec

MIN_AUC = 0.7
LOWEST = MIN_AUC - LOWER_MARGIN
ENOUGH = {"positives": 100, "negatives": 100}
NEW, OTHER = "sha256:" + "1" * 64, "sha256:" + "2" * 64


def against(delta: float, se: float = 0.005, **rows: int) -> Comparison:
    return Comparison(OTHER, auc=0.75 - delta, delta=delta, se=se, **{**ENOUGH, **rows})


GOOD = Report(
    Outcome.MEASURED,
    "",
    "predictor:1",
    ArtifactSeen(NEW, 1000, 500),
    used=Rows(200, **ENOUGH),
    auc=0.75,
    lower=0.72,
    champion=against(0.01),
    best=against(0.01),
)
PASS, FAIL, FEW, UNAVAILABLE = Evidence.PASS, Evidence.FAIL, Evidence.INSUFFICIENT, Evidence.UNAVAILABLE
TABLE = {
    "nothing wrong": ({}, PASS, Reason.GATE_PASSED),
    "nothing to compare with": ({"champion": None, "best": None}, PASS, Reason.GATE_PASSED),
    "no model": ({"outcome": Outcome.REFUSED, "reason": "SchemaMismatch"}, FAIL, Reason.SCHEMA_MISMATCH),
    "examples differ": ({"outcome": Outcome.REFUSED, "reason": "ExamplesDiffer"}, FAIL, Reason.SCHEMA_MISMATCH),
    "another artifact": (
        {"outcome": Outcome.REFUSED, "reason": "DigestMismatch"},
        UNAVAILABLE,
        Reason.DIGEST_MISMATCH,
    ),
    "an old holdout": (
        {"outcome": Outcome.NOT_MEASURABLE, "reason": "HoldoutTooOld"},
        FEW,
        Reason.HOLDOUT_TOO_OLD,
    ),
    "no rows": ({"used": None}, UNAVAILABLE, Reason.HOLDOUT_UNAVAILABLE),
    "positives one short": ({"used": Rows(199, 99, 100)}, FEW, Reason.HOLDOUT_TOO_SMALL),
    "negatives one short": ({"used": Rows(199, 100, 99)}, FEW, Reason.HOLDOUT_TOO_SMALL),
    "no AUC": ({"auc": None}, UNAVAILABLE, Reason.HOLDOUT_UNAVAILABLE),
    "no lower bound": ({"lower": None}, UNAVAILABLE, Reason.HOLDOUT_UNAVAILABLE),
    "half of the holdout counts": ({"holdout": Rows(400, 200, 200)}, PASS, Reason.GATE_PASSED),
    "one row less than half": ({"holdout": Rows(401, 201, 200)}, FEW, Reason.HOLDOUT_TOO_OLD),
    "AUC at the minimum": ({"auc": MIN_AUC}, PASS, Reason.GATE_PASSED),
    "AUC a hair below": ({"auc": nextafter(MIN_AUC, 0)}, FAIL, Reason.AUC_BELOW_MINIMUM),
    "AUC not a number": ({"auc": nan}, FAIL, Reason.AUC_BELOW_MINIMUM),
    "lower bound at its limit": ({"lower": LOWEST}, PASS, Reason.GATE_PASSED),
    "lower bound a hair below": ({"lower": nextafter(LOWEST, 0)}, FAIL, Reason.AUC_BELOW_MINIMUM),
    "lower bound not a number": ({"lower": nan}, FAIL, Reason.AUC_BELOW_MINIMUM),
    "comparison one positive short": ({"champion": against(0.01, positives=99)}, FEW, Reason.HOLDOUT_TOO_OLD),
    "comparison one negative short": ({"champion": against(0.01, negatives=99)}, FEW, Reason.HOLDOUT_TOO_OLD),
    "surely worse": ({"champion": against(-0.01, se=0.001)}, FAIL, Reason.WORSE_THAN_CHAMPION),
    "perhaps as good": ({"champion": against(-0.01, se=0.0099)}, PASS, Reason.GATE_PASSED),
    "loss at the margin": ({"champion": against(-0.02, se=0.02)}, PASS, Reason.GATE_PASSED),
    "loss over the margin": ({"champion": against(nextafter(-0.02, -1), se=0.02)}, FAIL, Reason.WORSE_THAN_CHAMPION),
    "difference not a number": ({"champion": against(nan)}, FAIL, Reason.WORSE_THAN_CHAMPION),
    "its error not a number": ({"champion": against(0.01, se=nan)}, FAIL, Reason.WORSE_THAN_CHAMPION),
    "twice the margin against the best": ({"best": against(-0.04, se=0.04)}, PASS, Reason.GATE_PASSED),
    "more than that": ({"best": against(nextafter(-0.04, -1), se=0.04)}, FAIL, Reason.WORSE_THAN_CHAMPION),
}  # fmt: skip


@pytest.mark.parametrize("row", TABLE)
def test_each_rule_has_its_answer(row):
    changes, evidence, reason = TABLE[row]
    verdict = judge(replace(GOOD, **changes), min_auc=MIN_AUC, gate=Gate(), compare=True)
    assert (verdict.evidence, verdict.reason) == (evidence, reason)
    assert (verdict.result.verdict, verdict.result.reason) == (evidence, reason)
    assert verdict.message


def test_the_first_failure_wins():
    """A report with every fault, mended from the first rule on: each rule answers in its turn."""
    report = replace(
        GOOD, outcome=Outcome.REFUSED, reason="SchemaMismatch", used=None, auc=0.6, champion=against(-0.5)
    )
    reasons = []
    for mend in (
        {"outcome": Outcome.MEASURED},
        {"used": Rows(200, **ENOUGH)},
        {"auc": 0.75},
        {"champion": None},
    ):
        reasons.append(judge(report, min_auc=MIN_AUC, gate=Gate(), compare=True).reason)
        report = replace(report, **mend)
    assert reasons == [
        Reason.SCHEMA_MISMATCH,
        Reason.HOLDOUT_UNAVAILABLE,
        Reason.AUC_BELOW_MINIMUM,
        Reason.WORSE_THAN_CHAMPION,
    ]
    assert judge(report, min_auc=MIN_AUC, gate=Gate(), compare=True).evidence is PASS


@pytest.mark.parametrize("policy", ["Promote", "Hold"])
def test_a_difference_too_close_to_call_is_the_policys_affair(policy):
    report = replace(GOOD, champion=against(0.0, se=0.02))
    verdict = judge(report, min_auc=MIN_AUC, gate=Gate(on_inconclusive=policy), compare=True)
    assert verdict.reason is (Reason.GATE_PASSED if policy == "Promote" else Reason.INCONCLUSIVE)


def test_a_comparison_that_does_not_bind_is_only_reported():
    report = replace(GOOD, champion=against(-0.5), best=against(-0.5))
    verdict = judge(report, min_auc=MIN_AUC, gate=Gate(), compare=False)
    assert verdict.evidence is PASS
    assert verdict.result.delta == -0.5
    assert verdict.result.delta_lower == -0.5 - Z_95 * 0.005


# --- the ruler is the spec's, not the artifact's ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("named", "wanted", "evidence"),
    [("y", "y", PASS), ("won", "y", FAIL), ("y", "won", FAIL), (None, "y", PASS), ("a\nb", "y", FAIL)],
)
def test_an_artifact_is_measured_by_the_label_of_the_spec(named, wanted, evidence):
    """A report of an older program names no label, and says nothing about it."""
    report = replace(GOOD, artifact=ArtifactSeen(NEW, 1000, 500, label=named))
    verdict = judge(report, min_auc=MIN_AUC, gate=Gate(), compare=True, label=wanted)
    assert verdict.evidence is evidence
    assert verdict.message.isprintable()
    assert ("holdout.label" in verdict.message) == (evidence is FAIL)


def test_control_without_a_label_in_the_spec_the_artifact_chooses():
    report = replace(GOOD, artifact=ArtifactSeen(NEW, 1000, 500, label="won"))
    assert judge(report, min_auc=MIN_AUC, gate=Gate(), compare=True).evidence is PASS


def test_the_label_is_the_holdouts_then_the_retrainings_then_y():
    bare = spec()
    trained = replace(bare, retraining=Retraining(leads=LeadsSource(uri="s3://leads/all.csv"), label="won"))
    assert (bare.label, trained.label) == ("y", "won")
    assert replace(trained, holdout=replace(trained.holdout, label="sold")).label == "sold"
    assert inputs_of(replace(bare, holdout=replace(bare.holdout, label="won"))) != inputs_of(bare)


@pytest.mark.parametrize(
    ("named", "wanted", "evidence"),
    [
        *(
            (None, None, PASS),
            ("Won", "won ", PASS),
            ("true", None, PASS),
            (None, "Won", PASS),
            ("1", "Won", PASS),
        ),
        *(
            ("no", None, FAIL),
            ("0", None, FAIL),
            ("Lost", None, FAIL),
            ("Lost", "Won", FAIL),
            ("no", "Won", FAIL),
        ),
        *((None, "no", FAIL), ("yes", "no", FAIL), ("no", "no", PASS), ("a\nb", None, FAIL)),
    ],
)
def test_the_spec_says_which_outcome_is_the_converted_one(named, wanted, evidence):
    """An artifact with AUC .3 would reach .7 by calling the other outcome converted."""
    report = replace(GOOD, artifact=ArtifactSeen(NEW, 1000, 500, label="y", positive=named))
    verdict = judge(report, min_auc=MIN_AUC, gate=Gate(), compare=True, label="y", positive=wanted)
    assert verdict.evidence is evidence
    assert verdict.message.isprintable()
    assert ("holdout.positive" in verdict.message) == (evidence is FAIL)


def test_control_with_the_artifacts_word_as_the_spec_it_would_pass():
    report = replace(GOOD, artifact=ArtifactSeen(NEW, 1000, 500, label="y", positive="no"))
    assert judge(report, min_auc=MIN_AUC, gate=Gate(), compare=True, positive="no").evidence is PASS


def test_the_converted_outcome_is_the_holdouts_then_the_retrainings_then_yes():
    bare = spec()
    retraining = Retraining(leads=LeadsSource(uri="s3://leads/all.csv"), label="won", positive="Won")
    trained = replace(bare, retraining=retraining)
    assert (bare.positive, trained.positive) == (None, "Won")
    assert replace(trained, holdout=replace(trained.holdout, positive="Sold")).positive == "Sold"
    assert inputs_of(replace(bare, holdout=replace(bare.holdout, positive="Won"))) != inputs_of(bare)


def test_a_refused_artifact_says_which_field_and_a_lacking_holdout_which_columns():
    refused = replace(
        GOOD,
        outcome=Outcome.REFUSED,
        reason="SchemaMismatch",
        detail="features[2].kind must be one of numeric",
    )
    assert "features[2].kind must be" in judge(refused, min_auc=MIN_AUC, gate=Gate(), compare=True).message
    lacking = replace(GOOD, detail="no lead of the holdout has city, which the model reads")
    assert "city" in judge(lacking, min_auc=MIN_AUC, gate=Gate(), compare=True).message
