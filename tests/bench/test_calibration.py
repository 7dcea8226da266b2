"""The bench of calibrations compares the rule that the training has, by figures that are right."""

from datetime import UTC, datetime

import numpy as np
import pytest
from calibration import ece
from learning.candidates import WAYS, Task

from leadmodel_training.columns import Rows, texts
from leadmodel_training.features import encode
from leadmodel_training.pipeline import choose_features, choose_split, fit_model
from leadmodel_training.prepare import prepare_leads
from leadmodel_training.recipes import Recipe
from leadmodel_training.request import TrainingRequest
from leadmodel_training.step_timer import StepTimer


@pytest.mark.parametrize("rate", [0.1, 0.4])
def test_the_rule_of_the_bench_is_the_rule_of_the_training(rate):
    chance = np.random.default_rng(3)
    a = chance.normal(size=7000)
    y = chance.random(7000) < rate * np.exp(a - 0.5)
    rows, request = Rows({"a": a, "y": texts([str(int(v)) for v in y])}), TrainingRequest()
    leads = prepare_leads(rows, request, StepTimer())
    split = choose_split(leads, request, datetime(2026, 3, 1, tzinfo=UTC))
    features, table = choose_features(leads, split, request, StepTimer())
    judged = encode(leads.rows.take(split.holdout), features, leads.times[split.holdout])
    fitted, _ = fit_model(split, features, table, leads.outcome, request)
    task = Task(Recipe.LINEAR, features, table, leads.outcome[split.trained], judged)
    ways = {name: way(task) for name, way in WAYS.items() if "sklearn" not in name}
    np.testing.assert_allclose(ways["tenth or more, then all"], fitted.predict(judged), atol=1e-12)
    assert np.abs(ways["none"] - fitted.predict(judged)).max() > 1e-4


def test_the_error_of_calibration_is_counted():
    scores = np.repeat([0.1, 0.9], 500)
    outcome = np.tile([True] * 5 + [False] * 5, 100)
    assert ece(scores, outcome) == pytest.approx(0.4)
    assert ece(np.full(1000, 0.5), outcome) == pytest.approx(0.0)
