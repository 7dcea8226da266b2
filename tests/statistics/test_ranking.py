"""AUC, DeLong and calibration agree with scikit-learn, the bootstrap and direct counting."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from leadmodel_statistics.calibration import brier_skill, calibration_slope, observed_expected
from leadmodel_statistics.ranking import NotMeasurable, auc, delong, delong_paired, logit_lower_bound


@given(st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=2, max_size=60))
def test_auc_with_ties(rows):
    scores, labels = [s / 8 for s, _ in rows], [y for _, y in rows]
    if len(set(labels)) < 2:
        with pytest.raises(NotMeasurable):
            auc(scores, labels)
    else:
        assert abs(auc(scores, labels) - roc_auc_score(labels, scores)) <= 1e-12


def sample(n: int, gap: float, seed: int):
    chance = np.random.default_rng(seed)
    labels = chance.random(n) < 0.2
    base = chance.normal(size=n) + gap * labels
    return base, base + chance.normal(size=n), labels


def resampled(seed: int, labels, *scores):
    """The AUC of each list of scores in 2,000 bootstraps, by the rank sum of Mann and Whitney (1947); ties count half."""
    at = np.random.default_rng(seed).integers(0, len(labels), (2000, len(labels)))
    positives = labels[at].sum(axis=1)
    lowest, pairs = positives * (positives + 1) / 2, positives * (len(labels) - positives)
    areas = [((rankdata(s[at], axis=1) * labels[at]).sum(axis=1) - lowest) / pairs for s in scores]
    for drawn, s in zip(areas, scores, strict=True):
        assert drawn[:20] == pytest.approx([roc_auc_score(labels[i], s[i]) for i in at[:20]], abs=1e-12)
    return areas


def test_delong_against_bootstraps():
    a, _, labels = sample(800, 1.0, 3)
    area, variance = delong(a.tolist(), labels.tolist())
    (drawn,) = resampled(4, labels, a)
    assert abs(area - np.mean(drawn)) < 0.005
    assert abs(np.sqrt(variance) / np.std(drawn) - 1) < 0.08


def test_paired_difference_against_bootstraps():
    a, b, labels = sample(800, 1.0, 5)
    found = delong_paired(a.tolist(), b.tolist(), labels.tolist())
    assert abs(found.delta - (roc_auc_score(labels, a) - roc_auc_score(labels, b))) <= 1e-12
    of_a, of_b = resampled(6, labels, a, b)
    assert abs(found.se / np.std(of_a - of_b) - 1) < 0.08


def test_same_model_has_no_difference():
    a, _, labels = sample(300, 1.0, 7)
    found = delong_paired(a.tolist(), a.tolist(), labels.tolist())
    assert (found.delta, found.se) == (0.0, 0.0)


def test_not_finite_is_not_measurable():
    with pytest.raises(NotMeasurable):
        delong([0.1, float("nan")], [True, False])


def test_lower_bound():
    assert logit_lower_bound(1.0, 0.0, 10) < 1.0
    assert 0.6 < logit_lower_bound(0.7, 0.0004, 200) < 0.7
    assert logit_lower_bound(0.7, 0.0016, 200) < logit_lower_bound(0.7, 0.0004, 200)


def test_calibration():
    chance = np.random.default_rng(8)
    z = chance.normal(size=4000)
    labels = (chance.random(4000) < 1 / (1 + np.exp(-0.5 * z))).tolist()
    scores = (1 / (1 + np.exp(-z))).tolist()
    fitted = LogisticRegression(C=1e9).fit(z.reshape(-1, 1), labels).coef_[0][0]
    assert abs(calibration_slope(scores, labels) - fitted) < 1e-3
    assert abs(observed_expected(scores, labels) - sum(labels) / sum(scores)) < 1e-12
    base = np.mean(labels)
    wanted = 1 - np.mean((np.array(scores) - labels) ** 2) / (base * (1 - base))
    assert abs(brier_skill(scores, labels) - wanted) < 1e-12
