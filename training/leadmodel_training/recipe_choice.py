"""Chooses the recipe: both are fitted on the older training rows and compared on the newer ones.

The holdout is never read here, because a choice made on the holdout would flatter the AUC that decides about the model.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leadmodel_artifact.model import Feature
from leadmodel_statistics.ranking import Paired, delong_paired
from leadmodel_training.features import Floats
from leadmodel_training.recipes import Recipe, fit
from leadmodel_training.split import check_sizes

INNER_SHARE = 0.2  # of the training rows, the newest, to compare on


@dataclass(frozen=True)
class Choice:
    """The recipe and the comparison that chose it: `a` is trees, `b` is linear, on `rows` rows."""

    recipe: Recipe
    comparison: Paired
    rows: int

    def __str__(self) -> str:
        better = "by more" if self.recipe is Recipe.TREES else "not by more"
        return (
            f"{self.recipe}: on the newest {self.rows} training leads trees reach AUC {self.comparison.auc_a:.4f}, linear "
            f"{self.comparison.auc_b:.4f}; trees are better {better} than the standard error ({self.comparison.delta:+.4f} ± {self.comparison.se:.4f})"
        )


def choose_recipe(features: Sequence[Feature], table: Floats, labels: NDArray[np.bool_], seed: int) -> Choice:
    """Choose trees where trees rank better by more than one standard error, else linear, the simpler and faster model.

    The standard error of the difference of two AUCs is DeLong's (DeLong, DeLong and Clarke-Pearson, Biometrics 44, 1988).

    Args:
        features: The features of the table's columns.
        table: Values as `encode` gives them, shape (n, features), in time order.
        labels: Outcomes, shape (n,).
        seed: Seed of everything random.

    Raises:
        TrainingRefused: A part has too few leads of one outcome.
    """
    cut = len(labels) - round(len(labels) * INNER_SHARE)
    check_sizes(labels[:cut], "older part of the training leads")
    check_sizes(labels[cut:], "newer part of the training leads, on which recipes are compared,")
    scores = {r: fit(r, features, table[:cut], labels[:cut], seed).raw(table[cut:]).tolist() for r in Recipe}
    comparison = delong_paired(scores[Recipe.TREES], scores[Recipe.LINEAR], labels[cut:].tolist())
    recipe = Recipe.TREES if comparison.delta > comparison.se else Recipe.LINEAR
    return Choice(recipe, comparison, len(labels) - cut)
