"""The report: figures of a source that was left out stand beside the pooled ones, and tell where these flatter."""

from dataclasses import replace

import numpy as np
import pytest

from leadmodel_training.text.calibration import Answers, calibrate, expected_error, judge, quality
from leadmodel_training.text.report import lines
from leadmodel_training.text.training import Material, Wishes, learn
from support.text_messages import made


def report_of(words_of_second):
    """Messages of two sources, the second of which has its own words for the classes, or those of the first."""
    messages = [*made(40, source="form"), *made(40, source="mail", words_of=words_of_second)]
    return learn(Material(messages), Wishes()).report


def test_a_source_with_words_of_its_own_is_worse_when_left_out():
    part = report_of((11, 12, 13))["intent"]
    left_out = [figures["macro_f1"] for figures in part["source_left_out"].values()]
    assert part["pooled"]["macro_f1"] > max(left_out) + 0.2
    assert sum("left out" in line for line in lines({"intent": part})) == 2


def test_control_sources_of_the_same_words_are_as_good_when_left_out():
    part = report_of(None)["intent"]
    left_out = [figures["macro_f1"] for figures in part["source_left_out"].values()]
    assert min(left_out) > part["pooled"]["macro_f1"] - 0.1


def answers(n=4000, seed=0):
    """Answers that are as sure as they are right, when divided by 3: half of the messages are hard."""
    chance = np.random.default_rng(seed)
    logits = chance.normal(0, 1.5, (n, 4))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    targets = (shares.cumsum(axis=1) > chance.random((n, 1))).argmax(axis=1)
    return Answers(logits * 3, targets, None, np.zeros((0, 4)), np.zeros(0), np.ones(n), np.zeros(0))


def test_the_temperature_makes_confidences_hold():
    calibration = calibrate(answers(), 0.85)
    assert calibration.temperature == pytest.approx(3, rel=0.1)
    judged = judge(answers(seed=1), calibration)
    assert quality(judged).ece < 0.03
    sure = answers(seed=1).scores
    shares = np.exp(sure) / np.exp(sure).sum(axis=1, keepdims=True)
    assert expected_error(shares.max(axis=1), judged.labels == judged.targets) > 0.15


@pytest.mark.parametrize("precision", [0.7, 0.85])
def test_what_is_answered_is_as_precise_as_wanted(precision):
    kept = quality(judge(answers(seed=1), calibrate(answers(), precision)))
    assert kept.precision == pytest.approx(precision, abs=0.03)
    assert 0 < kept.coverage < 1


def test_a_precision_out_of_reach_is_told():
    hard = answers(400)
    blind = replace(hard, scores=np.zeros_like(hard.scores))
    assert not calibrate(blind, 0.85).reached
    assert calibrate(hard, 0.5).reached


def test_messages_of_unknown_words_are_not_answered():
    known = answers()
    kept = judge(replace(known, known=np.zeros(len(known.known))), calibrate(known, 0.5)).kept
    assert not kept.any()
    assert judge(known, calibrate(known, 0.5)).kept.mean() > 0.5
