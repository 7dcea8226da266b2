"""Ways to make a calibrated model of the same training rows: each gives scores for the holdout.

Every way but the last two has the recipe of the training (`leadmodel_training.recipes`) and Platt scaling; they differ in which rows are
learned from and on which rows slope and intercept are fitted. The last two are scikit-learn's CalibratedClassifierCV around that recipe.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression

from leadmodel_artifact.model import Feature
from leadmodel_training.features import Floats
from leadmodel_training.recipes import Recipe, calibrated, fit
from leadmodel_training.split import calibration_share

FOLDS = 5
TENTH = 0.1


@dataclass(frozen=True)
class Task:
    """Training rows in time order, and the rows to score."""

    recipe: Recipe
    features: tuple[Feature, ...]
    table: Floats
    outcome: NDArray[np.bool_]
    judged: Floats

    def fit(self, rows: NDArray[np.intp] | slice):
        """The recipe, fitted on some of the rows."""
        return fit(self.recipe, self.features, self.table[rows], self.outcome[rows], 0)

    @property
    def cut(self) -> int:
        """Where the newest tenth begins."""
        return len(self.outcome) - round(len(self.outcome) * TENTH)


def bare(task: Task) -> Floats:
    """Learn from all rows, calibrate nothing."""
    return task.fit(slice(None)).predict(task.judged)


def kept_out(task: Task) -> Floats:
    """Learn from the older nine tenths, calibrate that model on the newest tenth."""
    older = task.fit(slice(0, task.cut))
    return calibrated(older, task.table[task.cut :], task.outcome[task.cut :]).predict(task.judged)


def then_all(task: Task) -> Floats:
    """As `kept_out`, then learn from all rows and keep slope and intercept."""
    older = task.fit(slice(0, task.cut))
    calibration = calibrated(older, task.table[task.cut :], task.outcome[task.cut :]).calibration
    return replace(task.fit(slice(None)), calibration=calibration).predict(task.judged)


def grown(task: Task) -> Floats:
    """The rule of the training: as `then_all`, on more than a tenth where a tenth has too few leads of an outcome."""
    fitted, share = task.fit(slice(None)), calibration_share(task.outcome, TENTH)
    if not share:
        return fitted.predict(task.judged)
    cut = len(task.outcome) - round(len(task.outcome) * share)
    calibration = calibrated(task.fit(slice(0, cut)), task.table[cut:], task.outcome[cut:]).calibration
    return replace(fitted, calibration=calibration).predict(task.judged)


def crossed(task: Task) -> Floats:
    """Score each of five blocks of time by a model of the four others, calibrate on all these scores, learn from all rows."""
    blocks = np.array_split(np.arange(len(task.outcome)), FOLDS)
    z = np.concatenate(
        [
            task.fit(np.concatenate([*blocks[:i], *blocks[i + 1 :]])).raw(task.table[block])
            for i, block in enumerate(blocks)
        ]
    )
    return _scaled(task.fit(slice(None)).raw(task.judged), z, task.outcome)


def forward(task: Task) -> Floats:
    """Score each block of time but the first by a model of the older ones, calibrate on all these scores, learn from all rows."""
    blocks = np.array_split(np.arange(len(task.outcome)), FOLDS + 1)
    z = [task.fit(np.concatenate(blocks[:i])).raw(task.table[blocks[i]]) for i in range(1, FOLDS + 1)]
    seen = task.outcome[len(blocks[0]) :]
    return _scaled(task.fit(slice(None)).raw(task.judged), np.concatenate(z), seen)


def _scaled(judged: Floats, z: Floats, outcome: NDArray[np.bool_]) -> Floats:
    platt = LogisticRegression(C=np.inf, max_iter=2000).fit(z[:, None], outcome)
    slope, intercept = float(platt.coef_[0, 0]), float(platt.intercept_[0])
    return expit(slope * judged + intercept) if slope > 0 else expit(judged)


class OurRecipe(ClassifierMixin, BaseEstimator):
    """A recipe as scikit-learn's own tools take it."""

    def __init__(self, recipe: Recipe = Recipe.LINEAR, features: tuple[Feature, ...] = ()) -> None:
        self.recipe, self.features = recipe, features

    def fit(self, x: Floats, y: NDArray[np.bool_]) -> "OurRecipe":
        """Fit the recipe on leads, as scikit-learn calls it."""
        self.classes_ = np.array([False, True])
        self.fitted_ = fit(self.recipe, self.features, np.asarray(x), np.asarray(y, np.bool_), 0)
        return self

    def decision_function(self, x: Floats) -> Floats:
        """Log odds, shape (n,)."""
        return self.fitted_.raw(np.asarray(x))

    def predict(self, x: Floats) -> NDArray[np.bool_]:
        """Whether the log odds are above 0, shape (n,)."""
        return self.decision_function(x) > 0


def _peer(task: Task, *, ensemble: bool) -> Floats:
    peer = CalibratedClassifierCV(OurRecipe(task.recipe, task.features), ensemble=ensemble, cv=FOLDS)
    return peer.fit(task.table, task.outcome).predict_proba(task.judged)[:, 1]


WAYS: Mapping[str, Callable[[Task], Floats]] = {
    "none": bare,
    "tenth kept out": kept_out,
    "tenth, then all": then_all,
    "tenth or more, then all": grown,
    "blocks, then all": crossed,
    "forward, then all": forward,
    "sklearn, mean of 5": lambda task: _peer(task, ensemble=True),
    "sklearn, then all": lambda task: _peer(task, ensemble=False),
}
