"""Decides whether a lead model takes text features: both ways are fitted on older training leads and compared on newer ones.

As in `recipe_choice`, the holdout is not read for the decision. On the holdout the two models are compared once more, for people. One
comparison would take features that mean nothing in one of fourteen trainings; the mean of three parts does in fewer than one of twenty.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from leadmodel_artifact.model import Feature
from leadmodel_statistics.ranking import Paired, delong_paired
from leadmodel_training.columns import Rows
from leadmodel_training.features import TEXT, Floats, encode
from leadmodel_training.holdout import with_redacted_texts
from leadmodel_training.lead_texts import Answers, TextSource, answers, reads_texts, varying
from leadmodel_training.prepare import Leads
from leadmodel_training.recipes import Fitted, Recipe, fit
from leadmodel_training.request import TrainingRequest
from leadmodel_training.split import Split, TrainingRefused, has_both
from leadmodel_training.text_leaks import Unproven, out_of_fold, seen_leads, with_out_of_fold

BEGINS = (0.4, 0.6, 0.8)  # of the training rows, where the parts begin on which both ways are compared


@dataclass(frozen=True)
class TextChoice:
    """Whether text features are taken, and why.

    Attributes:
        features: The text features, none where they are left out.
        table: Their values for the training rows, shape (n, features).
        comparison: `a` is with, `b` without them, on `rows` newer training leads; None where nothing was compared.
        held: The same comparison on the holdout, for people; only where the features are taken.
        why: Why nothing was compared.
    """

    features: tuple[Feature, ...]
    table: Floats
    comparison: Paired | None = None
    rows: int = 0
    seen: int = 0  # training leads that the text model has learned from
    held: Paired | None = None
    why: str = ""

    def __str__(self) -> str:
        if self.comparison is None:
            return f"text features are left out: {self.why}"
        taken = "taken" if self.features else "left out"
        text = (
            f"text features are {taken}: on the newest {self.rows} training leads AUC is {self.comparison.auc_a:.4f} with, "
            f"{self.comparison.auc_b:.4f} without them ({self.comparison.delta:+.4f} ± {self.comparison.se:.4f}; taken above one standard error)"
        )
        if self.seen:
            text += f"; {self.seen:,} training leads, of which the text model has learned, are answered out of fold"
        if self.held is not None:
            text += f"; on the holdout {self.held.delta:+.4f} ± {self.held.se:.4f}"
        return text


def choose_texts(
    leads: Leads,
    split: Split,
    base: tuple[Sequence[Feature], Floats],
    recipe: Recipe,
    source: TextSource,
    *,
    seed: int,
) -> TextChoice:
    """Compare a model with text features and one without them.

    Args:
        leads: All leads.
        split: The leads to learn from and the holdout.
        base: The other features, and their table of the training rows in time order.
        recipe: The kind of both models.
        source: The text model and its fields.
        seed: Seed of everything random.

    A text model that has learned from leads of the holdout, or from labels given after the outcome, is left out.
    """
    features, table = base
    none = TextChoice((), np.empty((len(split.trained), 0)))
    if not source.fields:
        return replace(none, why=f"the leads have no texts in {TEXT!r}; name another field with --text-field")
    try:
        texts, columns, seen = _answered(leads, split, source, features)
        rows = leads.rows.take(split.trained).with_columns(columns)
        more = encode(rows, texts, leads.times[split.trained])
        outcome = leads.outcome[split.trained]
        comparison, count = _compared((features, texts), (table, more), outcome, recipe, seed)
    except (Unproven, TrainingRefused) as error:
        return replace(none, why=str(error))
    if not comparison.delta > comparison.se:
        return replace(none, comparison=comparison, rows=count, seen=seen)
    return TextChoice(texts, more, comparison, count, seen)


def _answered(
    leads: Leads, split: Split, source: TextSource, others: Sequence[Feature]
) -> tuple[tuple[Feature, ...], Answers, int]:
    """The text features, their answers for the training rows, and how many rows were answered out of fold. Raises Unproven."""
    seen = seen_leads(leads, split, source)
    texts = source.features(others)
    columns = answers(leads.rows.take(split.trained), texts, source.models)
    if len(seen.places):
        own = out_of_fold(leads.rows, seen, source, texts)
        places = np.flatnonzero(np.isin(split.trained, seen.places))
        columns = with_out_of_fold(columns, places, own, texts)
    texts = varying(texts, columns)
    if not texts:
        raise Unproven(f"the text model answers alike for all texts of {', '.join(source.fields)}")
    return texts, columns, len(seen.places)


def _compared(
    features: tuple[Sequence[Feature], Sequence[Feature]],
    tables: tuple[Floats, Floats],
    outcome: NDArray[np.bool_],
    recipe: Recipe,
    seed: int,
) -> tuple[Paired, int]:
    """With against without text features on three newer parts of the training rows, each by models of all rows before the part.

    Returns:
        The mean of the three comparisons, and how many rows the parts have. The parts have no row in common, so the variances add up.

    Raises:
        Unproven: A part has too few leads of one outcome.
    """
    ways = ((*features[0], *features[1]), np.hstack(tables)), (features[0], tables[0])
    cuts = [round(len(outcome) * share) for share in (*BEGINS, 1.0)]
    found = []
    for begin, end in pairwise(cuts):
        if not (has_both(outcome[:begin]) and has_both(outcome[begin:end])):
            raise Unproven(f"{len(outcome):,} leads are too few to compare models with and without them")
        fitted = [fit(recipe, names, table[:begin], outcome[:begin], seed) for names, table in ways]
        scores = [m.raw(table[begin:end]).tolist() for m, (_, table) in zip(fitted, ways, strict=True)]
        found.append(delong_paired(scores[0], scores[1], outcome[begin:end].tolist()))
    mean = Paired(
        auc_a=fmean(part.auc_a for part in found),
        auc_b=fmean(part.auc_b for part in found),
        delta=fmean(part.delta for part in found),
        se=math.hypot(*(part.se for part in found)) / len(found),
    )
    return mean, cuts[-1] - cuts[0]


def held_rows(leads: Leads, split: Split, features: Sequence[Feature], request: TrainingRequest) -> Rows:
    """The holdout's rows; texts that a text model reads are as the holdout's file has them, with the answers beside them."""
    rows = leads.rows.take(split.holdout)
    if request.texts is None or not reads_texts(features):
        return rows
    rows = with_redacted_texts(rows, features, request.allow_personal)
    return rows.with_columns(answers(rows, features, request.texts.models))


def with_holdout(
    choice: TextChoice, leads: Leads, split: Split, models: tuple[Fitted, Fitted], request: TrainingRequest
) -> TextChoice:
    """The choice with the comparison on the holdout of the first model, which reads texts, against the second."""
    rows, times = held_rows(leads, split, models[0].features, request), leads.times[split.holdout]
    scores = [model.predict(encode(rows, model.features, times)).tolist() for model in models]
    held = delong_paired(scores[0], scores[1], leads.outcome[split.holdout].tolist())
    return replace(choice, held=held)
