"""Fits the tables of intents and scope, with unlabelled messages where there are some, and answers messages out of fold."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.model_selection import StratifiedGroupKFold

from leadmodel_messages.errors import ErrorWord
from leadmodel_training.text.calibration import (
    Answers,
    Calibration,
    Judged,
    Quality,
    calibrate,
    judge,
    quality,
)
from leadmodel_training.text.refusals import EnrichmentRefused
from leadmodel_training.text.tables import Floats, Presence, Table, fit

FOLDS, FEWER_FOLDS, MANY = 5, 3, 3000  # messages from which fewer folds do
SUREST = 0.6  # share of each class's unlabelled messages that are learned from
Places = NDArray[np.intp]


@dataclass(frozen=True)
class Labelled:
    """n labelled messages: features, leads, sources and the number of each label."""

    sets: Sequence[Presence]
    leads: Sequence[str]
    sources: Sequence[str]
    targets: NDArray[np.int64]

    def take(self, places: Places) -> "Labelled":
        """The same for some of the messages."""
        return Labelled(
            [self.sets[i] for i in places],
            [self.leads[i] for i in places],
            [self.sources[i] for i in places],
            self.targets[places],
        )


@dataclass(frozen=True)
class Beside:
    """What is learned from beside labelled messages: features of unlabelled messages, and of messages of no class (background).

    Without leads, each of these messages counts as a lead of its own.
    """

    unlabelled: Sequence[Presence] = ()
    background: Sequence[Presence] = ()
    barred: frozenset[str] = field(default_factory=frozenset)  # features that no table may have
    leads: Sequence[str] = ()  # of the unlabelled messages
    background_leads: Sequence[str] = ()

    def among(self, places: Places) -> "Beside":
        """The same with some of the background."""
        leads = [self.background_leads[i] for i in places] if self.background_leads else ()
        return replace(self, background=[self.background[i] for i in places], background_leads=leads)


@dataclass(frozen=True)
class Tables:
    """The fitted tables: one column per class, and the log odds of being in scope where there is a background."""

    classes: Table
    scope: Table | None


def fit_tables(own: Labelled, beside: Beside) -> Tables:
    """Fit on all messages."""
    table = fit(own.sets, own.leads, own.targets, barred=beside.barred)
    if beside.unlabelled:
        table = _fit_again(table, own, beside)
    return Tables(table, _fit_scope(own, beside) if beside.background else None)


def _fit_again(table: Table, own: Labelled, beside: Beside) -> Table:
    """Self-training (Scudder 1965): label the unlabelled messages, keep the surest of each class, and fit on all."""
    scores = table.scores(beside.unlabelled)
    labels, margin = scores.argmax(axis=1), _confidence(scores)
    kept = [_surest(np.flatnonzero(labels == label), margin) for label in range(scores.shape[1])]
    places = np.sort(np.concatenate(kept))
    leads = beside.leads or [f"unlabelled {i}" for i in range(len(beside.unlabelled))]
    return fit(
        [*own.sets, *(beside.unlabelled[i] for i in places)],
        [*own.leads, *(leads[i] for i in places)],
        np.concatenate([own.targets, labels[places]]),
        barred=beside.barred,
    )


def _confidence(scores: Floats) -> Floats:
    return np.asarray(softmax(scores, axis=1).max(axis=1))


def _surest(places: Places, confidence: Floats) -> Places:
    order = np.argsort(-confidence[places], kind="stable")
    return places[order[: int(np.ceil(SUREST * len(places)))]]


def _fit_scope(own: Labelled, beside: Beside) -> Table:
    background = beside.background
    leads = beside.background_leads or [f"background {i}" for i in range(len(background))]
    targets = np.repeat([1, 0], [len(own.sets), len(background)])
    sets = [*own.sets, *background]
    return fit(sets, [*own.leads, *leads], targets, barred=beside.barred, binary=True)


def folds_of(own: Labelled, seed: int) -> list[tuple[Places, Places]]:
    """The places to fit on and to answer, of each fold; all messages of a lead are answered in one fold.

    A message with the features of one that is answered, such as the same text of another lead, is not fitted on.

    Raises:
        EnrichmentRefused: Nothing of a class would be left to fit on.
    """
    count = FOLDS if len(own.sets) < MANY else FEWER_FOLDS
    splitter = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    folds = splitter.split(np.zeros(len(own.sets)), own.targets, own.leads)
    pairs = [(apart_from(own, rest, inside), inside) for rest, inside in folds]
    if any(len(np.unique(own.targets[rest])) < len(np.unique(own.targets)) for rest, _ in pairs):
        raise EnrichmentRefused(
            ErrorWord.TOO_FEW_MESSAGES, "a class has too few different texts of different leads to be judged"
        )
    return pairs


def apart_from(own: Labelled, rest: Places, inside: Places) -> Places:
    """The places of `rest` whose features no message of `inside` has."""
    new = unseen([own.sets[i] for i in rest], [own.sets[i] for i in inside])
    return rest[np.array(new, np.intp)]


def unseen(sets: Sequence[Presence], known: Sequence[Presence]) -> list[int]:
    """The places of the messages whose features none of `known` has: a table cannot tell messages of the same features apart."""
    seen = {*map(frozenset, known)}
    return [i for i, names in enumerate(sets) if names not in seen]


@dataclass(frozen=True)
class Folded:
    """Answers of all messages out of fold, and the fold of each message and of each of the background."""

    answers: Answers
    fold: NDArray[np.int64]
    strange_fold: NDArray[np.int64]

    def judged(self, precision: float) -> Judged:
        """The answers as to unseen messages: each fold under the calibration of the other folds. They are in the order of the folds."""
        return Judged.joined(
            [
                judge(self._part(self.fold == k, self.strange_fold == k), self._without(k, precision))
                for k in np.unique(self.fold)
            ]
        )

    def _without(self, k: int, precision: float) -> Calibration:
        return calibrate(self._part(self.fold != k, self.strange_fold != k), precision)

    def _part(self, own: NDArray[np.bool_], strange: NDArray[np.bool_]) -> Answers:
        return self.answers.take(np.flatnonzero(own), np.flatnonzero(strange))


def out_of_fold(own: Labelled, beside: Beside, seed: int) -> Folded:
    """Answer each message, and each of the background, by tables that were fitted on the others."""
    folds = folds_of(own, seed)
    places = np.arange(len(beside.background)) % len(folds)
    fold, parts = np.zeros(len(own.sets), np.int64), []
    for k, (rest, inside) in enumerate(folds):
        unseen = [beside.background[i] for i in np.flatnonzero(places == k).tolist()]
        tables = fit_tables(own.take(rest), beside.among(np.flatnonzero(places != k)))
        parts.append(answers_of(tables, own.take(inside), unseen))
        fold[inside] = k
    order = np.argsort(np.concatenate([inside for _, inside in folds]))
    strange = np.argsort(np.concatenate([np.flatnonzero(places == k) for k in range(len(folds))]))
    return Folded(Answers.joined(parts).take(order, strange), fold, places)


def answers_of(tables: Tables, own: Labelled, background: Sequence[Presence]) -> Answers:
    """Answers of messages that the tables were not fitted on."""
    scope = None if tables.scope is None else tables.scope.scores(own.sets)[:, 0]
    outside = np.zeros(len(background)) if tables.scope is None else tables.scope.scores(background)[:, 0]
    known, strange = 1 - tables.classes.unknown(own.sets), 1 - tables.classes.unknown(background)
    scores = tables.classes.scores(own.sets), tables.classes.scores(background)
    return Answers(scores[0], own.targets, scope, scores[1], outside, known, strange)


def leave_one_source_out(own: Labelled, beside: Beside, precision: float, seed: int) -> dict[str, Quality]:
    """Figures per source of a model that saw no message of it; empty where there is one source, or the others have too little of a class."""
    sources = np.array(own.sources, dtype=object)
    figures = {}
    for source in sorted({*own.sources}):
        inside = np.flatnonzero(sources == source)
        rest = apart_from(own, np.flatnonzero(sources != source), inside)
        if not len(rest) or len(np.unique(own.targets[rest])) < int(own.targets.max()) + 1:
            continue
        others = own.take(rest)
        try:
            folded = out_of_fold(others, beside, seed)
        except EnrichmentRefused:
            continue
        calibration = calibrate(folded.answers, precision)
        answers = answers_of(fit_tables(others, beside), own.take(inside), ())
        figures[source] = quality(judge(answers, calibration))
    return figures
