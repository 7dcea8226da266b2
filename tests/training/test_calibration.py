"""The newest training leads calibrate a model of the others, and are learned from; where they are few, more of them calibrate."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadmodel_statistics.ranking import auc
from leadmodel_training import pipeline
from leadmodel_training.columns import Rows, texts
from leadmodel_training.features import encode
from leadmodel_training.pipeline import choose_features, choose_split, train_model
from leadmodel_training.prepare import prepare_leads
from leadmodel_training.recipes import Recipe, calibrated, fit
from leadmodel_training.request import TrainingRequest
from leadmodel_training.split import calibration_share
from leadmodel_training.step_timer import StepTimer

NOW = datetime(2026, 3, 1, tzinfo=UTC)
MIN_AUC = 0.65


def new_campaign() -> Rows:
    """6,000 leads: from the newest tenth of the training leads on they come from a campaign of which another number decides."""
    chance = np.random.default_rng(11)
    a, b = chance.normal(size=(2, 6000))
    new = np.arange(6000) >= 4300
    y = chance.random(6000) < 1 / (1 + np.exp(-np.where(new, 2.5 * b, 2.5 * a)))
    columns = {"a": a, "b": b, "campaign": texts(["spring" if n else "winter" for n in new])}
    return Rows({**columns, "y": texts([str(int(v)) for v in y])})


def rare(rate: float = 0.1, n: int = 7000) -> Rows:
    """Leads of which few convert: a tenth of the training leads holds some dozens."""
    chance = np.random.default_rng(12)
    a = chance.normal(size=n)
    y = chance.random(n) < rate * np.exp(a - 0.5)
    return Rows({"a": a, "y": texts([str(int(v)) for v in y])})


def test_a_regime_of_the_newest_tenth_is_learned():
    """The control leaves the tenth to the calibration, and falls short of a minAuc that the training reaches."""
    rows, request = new_campaign(), TrainingRequest(recipe=Recipe.TREES)
    result = train_model(rows, request, NOW, StepTimer())
    leads = prepare_leads(rows, request, StepTimer())
    split = choose_split(leads, request, NOW)
    features, table = choose_features(leads, split, request, StepTimer())
    cut, outcome = len(split.fit), leads.outcome[split.trained]
    assert len(outcome) - cut == pytest.approx(480, abs=5)
    kept_out = calibrated(
        fit(Recipe.TREES, features, table[:cut], outcome[:cut], 0), table[cut:], outcome[cut:]
    )
    judged = encode(leads.rows.take(split.holdout), kept_out.features, leads.times[split.holdout])
    control = auc(kept_out.predict(judged).tolist(), leads.outcome[split.holdout].tolist())
    assert control < MIN_AUC < result.artifact.auc


def test_few_conversions_calibrate_on_more_than_a_tenth():
    artifact = train_model(rare(), TrainingRequest(), NOW, StepTimer()).artifact
    assert artifact.calibration is not None
    assert artifact.n_train == artifact.data.rows


def test_the_control_a_tenth_of_few_conversions_calibrates_nothing(monkeypatch):
    monkeypatch.setattr(pipeline, "calibration_share", lambda _outcome, least: least)
    assert train_model(rare(), TrainingRequest(), NOW, StepTimer()).artifact.calibration is None


@given(
    st.integers(0, 2**32), st.floats(0.001, 0.999), st.integers(0, 3000), st.sampled_from([0, 0.05, 0.1, 0.6])
)
def test_the_share_is_the_least_that_holds_enough_and_leaves_enough(seed, rate, n, least):
    outcome = np.random.default_rng(seed).random(n) < rate
    share = calibration_share(outcome, least)
    size = round(n * share)
    both = [min(int(part.sum()), int((~part).sum())) for part in (outcome[n - size :], outcome[: n - size])]
    if share:
        assert share >= least - 1 / n
        assert min(both) >= 100
        newest = outcome[n - size + 1 :]
        assert size <= max(round(n * least), n / 2)
        assert size == round(n * least) or min(newest.sum(), (~newest).sum()) < 100
    elif least and n:
        half = outcome[n - max(n // 2, round(n * least)) :]
        enough = min(half.sum(), (~half).sum()) >= 100
        assert not enough or min(outcome.sum(), (~outcome).sum()) < 400 or least > 0.5
