"""What leaves as plain numbers scores what scikit-learn scores, missing values, unknown levels and all."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit

from leadmodel_artifact.artifact import dump, load
from leadmodel_artifact.compiler import make_scorer
from leadmodel_artifact.lead import lead_values
from leadmodel_artifact.model import Example, Feature, FeatureKind
from leadmodel_artifact.scoring import explain_score
from leadmodel_training.columns import Rows
from leadmodel_training.features import encode, find_roles
from leadmodel_training.kinds import describe
from leadmodel_training.pipeline import train_model
from leadmodel_training.recipes import Recipe, calibrated, fit
from leadmodel_training.request import TrainingRequest
from leadmodel_training.rows import labels, read
from leadmodel_training.step_timer import StepTimer
from support.small_models import linear

FEATURES = (
    Feature("a", FeatureKind.NUMERIC, "a", default=0.3),
    Feature("c", FeatureKind.CATEGORICAL, "c", levels=tuple("pqrstu")),
    Feature("b", FeatureKind.NUMERIC, "b", default=-1.0),
    Feature("d", FeatureKind.CATEGORICAL, "d", levels=("only",)),
    Feature("n_len", FeatureKind.TEXT_LENGTH, "n", default=0.0),
    Feature("hour_of_day", FeatureKind.HOUR_OF_DAY, "created_at", default=12.0),
)


def table(rows: int, seed: int, *, unseen: bool):
    """Rows with every kind of value; level `u` and other of `d` only where `unseen`."""
    chance = np.random.default_rng(seed)
    found = np.column_stack(
        [
            chance.normal(size=rows),
            chance.integers(0, 7 if unseen else 5, rows),
            np.round(chance.exponential(2, rows)),
            chance.integers(0, 2 if unseen else 1, rows),
            chance.integers(0, 200, rows),
            chance.integers(0, 24, rows),
        ]
    ).astype(float)
    found[chance.random(found.shape) < 0.15] = np.nan
    return found


def raw(row):
    """The row as a scorer takes it from a lead."""
    values = [None if np.isnan(v) else v for v in row]
    for i in (1, 3):
        if values[i] is not None:
            levels = FEATURES[i].levels
            values[i] = levels[int(values[i])] if values[i] < len(levels) else "never heard of"
    return values


@pytest.mark.parametrize("recipe", Recipe)
@pytest.mark.parametrize("seed", range(3))
def test_exact_with_missing_values_and_levels_training_never_saw(recipe, seed):
    x = table(4000, seed, unseen=False)
    z = np.nan_to_num(x[:, 0]) * np.where(np.isnan(x[:, 2]), -1, 1) + (x[:, 1] == 2) - np.isnan(x[:, 1])
    fitted = fit(recipe, FEATURES, x, np.random.default_rng(seed).random(4000) < expit(z), seed)
    artifact = exported(fitted)
    scorer = make_scorer(artifact)
    new = table(4000, seed + 100, unseen=True)
    theirs = fitted.predict(new)
    ours = [scorer(*raw(row)) for row in new]
    assert np.abs(np.array(ours) - theirs).max() < 1e-12
    slowly = [explain_score(artifact, raw(row)) for row in new[:200]]
    assert np.abs(np.array(slowly) - theirs[:200]).max() < 1e-12
    assert theirs.std() > 0.05


def exported(fitted):
    """Through the bytes, as an artifact travels. What is not the model comes from a small one."""
    bare = replace(
        linear(),
        features=fitted.features,
        model=fitted.model,
        calibration=fitted.calibration,
        examples=(),
    )
    example = Example({}, make_scorer(bare)(*[None] * len(fitted.features)))
    return load(dump(replace(bare, examples=(example,))))


def test_a_split_between_missing_and_all_others():
    """scikit-learn's threshold is infinite there; JSON has no infinity."""
    x = np.where(np.arange(2000) % 2, 1.0, np.nan)[:, None] * np.array([[1.0, 0.0]])
    x[:, 1] = np.random.default_rng(1).normal(size=2000)
    y = (np.arange(2000) % 2 == 0) ^ (np.random.default_rng(2).random(2000) < 0.1)
    features = (*FEATURES[:1], FEATURES[2])
    fitted = fit(Recipe.TREES, features, x, y, 0)
    assert any(max(tree.threshold) > 1e300 or any(tree.missing_left) for tree in fitted.model.trees)
    scorer = make_scorer(exported(fitted))
    assert abs(scorer(None, 0.0) - fitted.predict(np.array([[np.nan, 0.0]]))[0]) < 1e-12
    assert abs(scorer(1e308, 0.0) - fitted.predict(np.array([[1e308, 0.0]]))[0]) < 1e-12


@pytest.fixture(scope="module")
def real() -> Rows:
    if not os.environ.get("LEADMODEL_DATA"):
        pytest.skip("LEADMODEL_DATA is not set: tests on real leads are left out")
    return read((Path(os.environ["LEADMODEL_DATA"]) / "bank-marketing.csv.gz").read_bytes())


@pytest.mark.parametrize("recipe", Recipe)
def test_exact_on_every_real_lead(real, recipe):
    """All 45,211, read again as a caller sends them: strings and numbers of a flat object."""
    roles = find_roles(real, "y", None, ["duration"])
    features = describe(real, roles, hours=False)
    x, y = encode(real, features, np.full(len(real), np.nan)), np.array(labels(real.columns["y"], "y"))
    fitted = calibrated(fit(recipe, features, x[:30000], y[:30000], 0), x[30000:], y[30000:])
    artifact = exported(fitted)
    scorer, numeric = make_scorer(artifact), {f.source for f in features if f.kind is FeatureKind.NUMERIC}
    leads = [{n: float(v) if n in numeric else v for n, v in lead.items()} for lead in real.leads()]
    ours = np.array([scorer(*lead_values(artifact, lead)) for lead in leads])
    assert len(ours) == 45_211
    assert fitted.calibration is not None
    assert np.abs(ours - fitted.predict(x)).max() < 1e-12


def test_auto_on_real_leads_says_why(real):
    request = TrainingRequest(exclude=("duration",), recipe="auto")
    found = train_model(real, request, datetime(2026, 1, 5, tzinfo=UTC), StepTimer())
    assert found.choice is not None
    assert str(found.choice).startswith(f"{found.artifact.recipe}: on the newest ")
