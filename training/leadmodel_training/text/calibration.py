"""Turns scores into confidences that hold, and decides from which confidence on a model answers. All figures are out of fold."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_softmax, softmax
from sklearn.metrics import roc_auc_score

from leadmodel_training.text.tables import Floats

BINS = 10
HOTTEST = 50.0
SCOPE_LOSSES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2)  # shares of own messages that a scope may refuse
UNKNOWN_LOSS = 0.02  # share of own messages that may be refused because their words are unknown
MIN_ANSWERED = 20  # messages from which a precision is read


@dataclass(frozen=True)
class Answers:
    """What models said of n messages that they were not fitted on, and of m messages of the background.

    Attributes:
        scores: Shape (n, K).
        targets: The right classes, shape (n,).
        scope: Log odds that a message is in scope, shape (n,); None without a background.
        background: Scores of the background, shape (m, K).
        background_scope: Shape (m,).
        known: The share of each message's words that the tables know, shape (n,).
        background_known: Shape (m,).
    """

    scores: Floats
    targets: NDArray[np.int64]
    scope: Floats | None
    background: Floats
    background_scope: Floats
    known: Floats
    background_known: Floats

    @classmethod
    def joined(cls, parts: Sequence["Answers"]) -> "Answers":
        """The answers of all parts, which all have a scope or all have none."""

        def all_of(name: str) -> Any:
            values = [getattr(part, name) for part in parts]
            return None if values[0] is None else np.concatenate(values)

        return cls(**{f.name: all_of(f.name) for f in fields(cls)})

    def take(self, places: NDArray[np.intp], strange: NDArray[np.intp]) -> "Answers":
        """The answers to some of the n messages, and to some of the m of the background."""
        scope = None if self.scope is None else self.scope[places]
        return Answers(
            self.scores[places],
            self.targets[places],
            scope,
            self.background[strange],
            self.background_scope[strange],
            self.known[places],
            self.background_known[strange],
        )


@dataclass(frozen=True)
class Calibration:
    """What turns scores into answers.

    Attributes:
        temperature: Scores are divided by it before the softmax.
        min_confidence: Confidence times probability of being in scope below which the model abstains.
        min_scope: Probability of being in scope below which the model abstains; 0 without a background.
        min_known: Share of known words below which the model abstains: of other words nothing was learned.
        reached: Whether the precision that was wanted is reached where the model answers.
    """

    temperature: float
    min_confidence: float
    min_scope: float
    min_known: float
    reached: bool


@dataclass(frozen=True)
class Quality:
    """Figures of answers; those that cannot be measured are None. `coverage` is the share answered, `precision` its share right."""

    accuracy: float
    macro_f1: float
    coverage: float
    precision: float | None
    ece: float
    scope_auroc: float | None
    background_refused: float | None


def temperature_of(answers: Answers) -> float:
    """The temperature under which the right classes are likeliest (Guo et al. 2017, On calibration of modern neural networks)."""
    n = np.arange(len(answers.targets))

    def loss(log_temperature: float) -> float:
        likelihoods = log_softmax(answers.scores / np.exp(log_temperature), axis=1)
        return -float(likelihoods[n, answers.targets].mean())

    limit = float(np.log(HOTTEST))
    return float(np.exp(minimize_scalar(loss, bounds=(-limit, limit), method="bounded").x))


def calibrate(answers: Answers, precision: float) -> Calibration:
    """The temperature, and the thresholds that answer most of the own messages at this precision and least of the background."""
    temperature, min_known = temperature_of(answers), float(np.quantile(answers.known, UNKNOWN_LOSS))
    free = judge(answers, Calibration(temperature, 0.0, 0.0, min_known, reached=False))
    right, tried = free.labels == free.targets, []
    scope = np.ones(len(right)) if answers.scope is None else expit(answers.scope)
    outside = expit(answers.background_scope)
    for loss in SCOPE_LOSSES if answers.scope is not None else (0.0,):
        least = float(np.quantile(scope, loss)) if loss else 0.0
        inside = free.kept & (scope >= least)
        threshold, reached = _least_confidence(free.rank[inside], right[inside], precision)
        gain = float((inside & (free.rank >= threshold)).mean())
        strange = free.strange_kept & (outside >= least) & (free.strange_rank >= threshold)
        cost = float(strange.mean()) if len(strange) else 0.0
        tried.append((reached, gain - cost, Calibration(temperature, threshold, least, min_known, reached)))
    return max(tried, key=lambda one: one[:2])[2]


def _least_confidence(confidence: Floats, right: NDArray[np.bool_], precision: float) -> tuple[float, bool]:
    """The least confidence from which on answers are as precise as wanted, or else as precise as they get."""
    order = np.argsort(-confidence, kind="stable")
    shares = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    enough = np.arange(1, len(order) + 1) >= min(MIN_ANSWERED, len(order))
    ends = enough & np.append(np.diff(confidence[order]) < 0, True)  # equal confidences are answered together
    reached = np.flatnonzero(ends & (shares >= precision))
    if len(reached):
        return float(confidence[order][reached[-1]]), True
    return float(confidence[order][np.flatnonzero(ends)[np.argmax(shares[ends])]]), False


@dataclass(frozen=True)
class Judged:
    """n answers beside the truth, and m answers to the background.

    Attributes:
        targets: The right classes, shape (n,).
        labels: The likeliest classes, shape (n,).
        confidence: Their probabilities, shape (n,).
        kept: Which are answered, shape (n,).
        rank: Confidence times the probability of being in scope, shape (n,).
        strange_kept: Which of the background are answered, shape (m,).
        strange_rank: Shape (m,).
    """

    targets: NDArray[np.int64]
    labels: NDArray[np.int64]
    confidence: Floats
    kept: NDArray[np.bool_]
    rank: Floats
    strange_kept: NDArray[np.bool_]
    strange_rank: Floats

    @classmethod
    def joined(cls, parts: Sequence["Judged"]) -> "Judged":
        """The answers of all parts."""
        return cls(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls)))


def judge(answers: Answers, calibration: Calibration) -> Judged:
    """Answer under a calibration that was chosen without these messages."""
    confidence = softmax(answers.scores / calibration.temperature, axis=1).max(axis=1)
    strange = softmax(answers.background / calibration.temperature, axis=1).max(axis=1)
    inside = np.ones(len(confidence)) if answers.scope is None else expit(answers.scope)
    outside = expit(answers.background_scope)
    least, sure, known = calibration.min_scope, calibration.min_confidence, calibration.min_known
    return Judged(
        answers.targets,
        answers.scores.argmax(axis=1),
        confidence,
        (confidence * inside >= sure) & (inside >= least) & (answers.known >= known),
        confidence * inside,
        (strange * outside >= sure) & (outside >= least) & (answers.background_known >= known),
        strange * outside,
    )


def quality(judged: Judged) -> Quality:
    """Measure answers: macro-F1, share answered and precision, calibration error, and AUROC of scope."""
    right, kept = judged.labels == judged.targets, judged.kept
    own = np.repeat([1, 0], [len(judged.rank), len(judged.strange_rank)])
    ranks = np.concatenate([judged.rank, judged.strange_rank])
    strangers = len(judged.strange_rank) > 0
    return Quality(
        accuracy=float(right.mean()),
        macro_f1=macro_f1(judged.targets, judged.labels),
        coverage=float(kept.mean()),
        precision=float(right[kept].mean()) if kept.any() else None,
        ece=expected_error(judged.confidence, right),
        scope_auroc=float(roc_auc_score(own, ranks)) if strangers else None,
        background_refused=float(1 - judged.strange_kept.mean()) if strangers else None,
    )


def macro_f1(targets: NDArray[np.int64], labels: NDArray[np.int64]) -> float:
    """The mean over the classes among the targets of 2 right / (labelled so + meant so)."""
    scores = [
        2 * np.sum((targets == c) & (labels == c)) / (np.sum(targets == c) + np.sum(labels == c))
        for c in np.unique(targets)
    ]
    return float(np.mean(scores))


def expected_error(confidence: Floats, right: NDArray[np.bool_]) -> float:
    """Expected calibration error over ten bins of equal width (Guo et al. 2017)."""
    places = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [
        abs(float(right[places == b].mean()) - float(confidence[places == b].mean())) * np.sum(places == b)
        for b in np.unique(places)
    ]
    return float(np.sum(gaps) / len(confidence))


def by_class(judged: Judged, classes: Sequence[str]) -> dict[str, dict[str, float | None]]:
    """Per class: F1 over all messages, the share answered, and the share of answers with this class that is right."""
    figures = {}
    for c, name in enumerate(classes):
        meant, labelled = judged.targets == c, judged.labels == c
        answers = labelled & judged.kept
        figures[name] = {
            "f1": float(2 * np.sum(meant & labelled) / (np.sum(meant) + np.sum(labelled))),
            "coverage": float(judged.kept[meant].mean()),
            "precision": float(meant[answers].mean()) if answers.any() else None,
        }
    return figures
