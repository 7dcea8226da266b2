"""Tables of integer weights over presence features: how they are fitted, pruned and rounded, and how they score.

A feature stands in a message or does not. A message with n features of a table scores, per column, the exact sum of the features'
int8 weights, times the table's scale, over the square root of n, plus the column's bias. Inverse document frequencies are folded into
the weights, so that serving needs no second table.
"""

import warnings
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from leadmodel_text import document
from leadmodel_text.features import features
from leadmodel_text.tokens import tokens
from leadmodel_training.text.messages import Message

Floats: TypeAlias = NDArray[np.float64]
Presence: TypeAlias = Collection[str]

MAX_WEIGHTS = 80_000  # of one table: a document packs within its limit
MAX_FEATURES, MAX_BINARY = (
    8_000,
    4_000,
)  # of a table of many columns, and of one; more do not make better (docs/enrichment.md)
NUMBER = "0"  # stands for everything with digits, and is no word
MIN_LEADS = 2  # a feature that one person alone writes may name the person
STRENGTH = 0.3  # inverse of the ridge, as scikit-learn's C
STEPS, PRUNING_STEPS, TOLERANCE = 300, 30, 1e-3  # of L-BFGS
LARGEST = 127  # of an int8, the same on both sides of zero


@dataclass(frozen=True)
class Table:
    """A linear model over V features and K columns.

    Attributes:
        features: The V features, sorted.
        weights: Shape (V, K), int8.
        scale: The weight of 1 in `weights`.
        bias: Shape (K,).
    """

    features: tuple[str, ...]
    weights: NDArray[np.int8]
    scale: float
    bias: Floats

    def scores(self, sets: Sequence[Presence]) -> Floats:
        """Scores of n messages, shape (n, K): sums of integers, so that every order of addition gives the same."""
        present = presence(sets, {name: i for i, name in enumerate(self.features)})
        sums = (present @ self.weights.astype(np.int64)).astype(np.float64)
        known = np.asarray(present.sum(axis=1)).reshape(-1, 1).astype(np.float64)
        return np.asarray(sums * (self.scale / np.sqrt(np.maximum(known, 1))) + self.bias)

    def unknown(self, sets: Sequence[Presence]) -> Floats:
        """The share of the distinct words of each of n messages that the table has not, 0 without words."""
        names = frozenset(self.features)
        words = [[name for name in present if is_word(name) and name != NUMBER] for present in sets]
        return np.array([1 - len(names.intersection(each)) / len(each) if each else 0.0 for each in words])

    def part(self) -> document.Table:
        """The table as documents hold it."""
        return document.Table(
            self.features, self.weights.tobytes(), self.scale, tuple(map(float, self.bias.tolist()))
        )


def is_word(feature: str) -> bool:
    """Whether a feature is a word: neither a pair nor four letters of a word."""
    return " " not in feature and not feature.startswith("~")


def presence(sets: Sequence[Presence], places: dict[str, int]) -> Any:
    """A sparse matrix of ones, shape (n, V): which features stand in which message."""
    rows = [sorted(places[name] for name in names if name in places) for names in sets]
    ends = np.cumsum([0, *map(len, rows)])
    columns = np.fromiter((i for row in rows for i in row), np.int32, int(ends[-1]))
    return csr_matrix((np.ones(len(columns), np.int64), columns, ends), (len(rows), len(places)))


def shared(sets: Sequence[Presence], leads: Sequence[str]) -> list[str]:
    """The features, sorted, that messages of at least two leads hold."""
    pairs = {(name, lead) for names, lead in zip(sets, leads, strict=True) for name in names}
    counts = Counter(name for name, _ in pairs)
    return sorted(name for name, count in counts.items() if count >= MIN_LEADS)


def fit(
    sets: Sequence[Presence],
    leads: Sequence[str],
    targets: NDArray[np.int64],
    *,
    barred: Collection[str] = (),
    binary: bool = False,
) -> Table:
    """Fit a table on n messages: `targets` number their classes from 0, and the table has a column per class.

    Args:
        sets: The features of each message.
        leads: Who wrote each message; a feature stands in messages of two of them.
        targets: Shape (n,); every class has a message.
        barred: Features to leave out.
        binary: Whether the table has one column, the log odds of class 1, each class counting the same however many messages it has.
    """
    names = [name for name in shared(sets, leads) if name not in barred and len(name) <= document.MAX_FEATURE]
    limit = MAX_BINARY if binary else min(MAX_FEATURES, MAX_WEIGHTS // (int(targets.max()) + 1))
    if len(names) > limit:
        weights, _ = _regress(sets, names, targets, PRUNING_STEPS, binary=binary)
        heaviest = np.argsort(-np.abs(weights).max(axis=1), kind="stable")[:limit]
        names = sorted(names[i] for i in heaviest.tolist())
    weights, bias = _regress(sets, names, targets, STEPS, binary=binary)
    return _rounded(names, weights, bias)


def _regress(
    sets: Sequence[Presence], names: Sequence[str], targets: NDArray[np.int64], steps: int, *, binary: bool
) -> tuple[Floats, Floats]:
    """Weights with the inverse document frequencies in them, shape (V, K), and biases, shape (K,)."""
    present = presence(sets, {name: i for i, name in enumerate(names)})
    idf = inverse_frequencies(present)
    known = np.sqrt(np.maximum(np.asarray(present.sum(axis=1)).ravel(), 1))
    inputs = present.multiply(idf[None, :]).multiply(1 / known[:, None]).tocsr()
    weighting = "balanced" if binary else None
    model = LogisticRegression(C=STRENGTH, max_iter=steps, tol=TOLERANCE, class_weight=weighting)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # int8 rounds coarser than the last steps do
        model.fit(inputs, targets)
    weights, bias = model.coef_.T * idf[:, None], model.intercept_
    if weights.shape[1] == 1 and not binary:  # two classes: the same odds from two columns
        return np.hstack([-weights / 2, weights / 2]), np.hstack([-bias / 2, bias / 2])
    return np.asarray(weights), np.asarray(bias)


def inverse_frequencies(present: Any) -> Floats:
    """ln((1 + n) / (1 + messages with the feature)) + 1 per feature, shape (V,), as scikit-learn smooths it."""
    frequency = np.asarray(present.sum(axis=0)).ravel()
    return np.asarray(np.log((1 + present.shape[0]) / (1 + frequency)) + 1)


def _rounded(names: Sequence[str], weights: Floats, bias: Floats) -> Table:
    """The table in int8; features whose weights all round to 0 are left out."""
    scale = float(np.abs(weights).max(initial=0)) / LARGEST or 1.0
    rounded = np.rint(weights / scale).astype(np.int8)
    kept = np.flatnonzero(rounded.any(axis=1))
    return Table(tuple(names[i] for i in kept.tolist()), rounded[kept], scale, bias)


def features_of(messages: Sequence[Message]) -> list[frozenset[str]]:
    """The presence features of each message, by the tokens and features that serving has."""
    return [frozenset(features(tokens(message.text).words)) for message in messages]
