"""A column that knows the outcome is refused, by its values or by its name, unless it is allowed."""

import numpy as np
import pytest

from leadmodel_artifact.model import Feature, FeatureKind
from leadmodel_training.leak_check import check_leaks, single_auc
from leadmodel_training.split import Refusal, TrainingRefused

CHANCE = np.random.default_rng(5)
LABELS = CHANCE.random(4000) < 0.2
NOISE = CHANCE.normal(size=4000)


def refused(values, name="age", kind=FeatureKind.NUMERIC, allow=()):
    feature = Feature(name, kind, name, levels=tuple("abc") if kind is FeatureKind.CATEGORICAL else ())
    check_leaks([feature], np.asarray(values, dtype=float)[:, None], LABELS, allow)


LEAKS = {
    "rises": NOISE + 6 * LABELS,
    "falls": NOISE - 6 * LABELS,
    "only afterwards": np.where(LABELS, NOISE, np.nan),
    "mostly zero": np.where(LABELS, np.abs(NOISE), 0),
    "neither high nor low": np.where(LABELS, NOISE / 100, np.sign(NOISE) * (1 + np.abs(NOISE))),
}


@pytest.mark.parametrize("case", LEAKS)
def test_a_column_that_knows_is_refused(case):
    with pytest.raises(TrainingRefused, match="--exclude age") as caught:
        refused(LEAKS[case])
    assert caught.value.reason is Refusal.LEAK
    refused(LEAKS[case], allow=["age"])


def test_a_level_that_knows_is_refused():
    with pytest.raises(TrainingRefused):
        refused(np.where(LABELS, 1, CHANCE.integers(0, 2, 4000) * 2), kind=FeatureKind.CATEGORICAL)


@pytest.mark.parametrize("name", ["duration", "Converted_At", "lost_reason"])
def test_a_name_that_tells_is_refused(name):
    with pytest.raises(TrainingRefused, match="--allow"):
        refused(NOISE, name)
    refused(NOISE, name, allow=[name])


def test_good_columns_stay():
    refused(NOISE)
    refused(NOISE + 1.5 * LABELS)
    refused(CHANCE.integers(0, 4, 4000), kind=FeatureKind.CATEGORICAL)
    assert 0.5 <= single_auc(NOISE, LABELS) < 0.6
    assert 0.8 < single_auc(NOISE + 1.5 * LABELS, LABELS) < 0.9
