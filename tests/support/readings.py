"""How trainer, validator, predictor and replay each read the leads of one table, as numbers that can be compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from leadmodel_artifact.artifact import dump, load
from leadmodel_artifact.compiler import make_scorer
from leadmodel_artifact.lead import LeadError, codes, lead_values
from leadmodel_artifact.model import Artifact, Feature, FeatureKind
from leadmodel_messages.table_bytes import TableError
from leadmodel_predictor.jobs import holdout
from leadmodel_training.features import Floats, encode
from leadmodel_training.pipeline import choose_features, export_model
from leadmodel_training.prepare import Leads, prepare_leads
from leadmodel_training.recipes import Fitted, Recipe
from leadmodel_training.rows import read
from leadmodel_training.split import Split, TrainingRefused, identities, in_time, order_of
from leadmodel_training.step_timer import StepTimer
from support.arbitrary_models import arbitrary
from support.lead_tables import Lead, LeadTable

NOW = datetime(2026, 3, 1, tzinfo=UTC)
UNDECIDED = "1234 or 1.234"  # the documented refusal of a holdout with semicolons
MIN_LEADS = 15  # to learn from, and to judge by


@dataclass(frozen=True)
class Prepared:
    """A table as the trainer reads it: features, and for the rows of `places` what the trainer's encoder makes of them."""

    table: LeadTable
    leads: Leads
    split: Split
    features: tuple[Feature, ...]
    places: Sequence[
        int
    ]  # rows of `leads` that the model learns from or is judged by, or drops as a lead that is there twice

    def encoded(self, features: Sequence[Feature]) -> Floats:
        """Values of all rows of `leads`, shape (n, features), NaN for a missing one."""
        return encode(self.leads.rows, features, self.leads.times)


@dataclass(frozen=True)
class Trained:
    """A model of a prepared table as it travels, with the trainer's own values and scores of all rows of `leads`."""

    of: Prepared
    artifact: Artifact
    holdout: bytes
    values: Floats
    scores: Floats


def prepared(table: LeadTable) -> Prepared | None:
    """The trainer's reading of a table; None where the trainer refuses the table, or leaves hardly a lead to judge by."""
    timer = StepTimer()
    try:
        leads = prepare_leads(read(table.data), table.request, timer)
        order = order_of(leads.times)
        same, certain = identities(leads.rows, leads.roles), leads.roles.id is not None
        split = in_time(order, leads.times, same, holdout=0.4, certain=certain)
        outcomes = leads.outcome[split.holdout]
        if min(len(split.fit), len(outcomes)) <= MIN_LEADS or outcomes.all() or not outcomes.any():
            return None
        features, _ = choose_features(leads, split, table.request, timer)
    except (TableError, TrainingRefused, ValueError):
        return None
    return Prepared(table, leads, split, features, order.tolist())


def exported(of: Prepared, recipe: Recipe, seed: int) -> Trained:
    """The artifact of a model with arbitrary weights, exported and loaded as a trained one."""
    fitted = arbitrary(recipe, of.features, of.encoded(of.features), seed)
    artifact, held = export_model(of.leads, of.split, fitted, of.table.request, NOW)
    return as_travels(of, fitted, artifact, held)


def as_travels(of: Prepared, fitted: Fitted, artifact: Artifact, held: bytes) -> Trained:
    """The artifact after dump and load, with the values and scores of `fitted`."""
    values = of.encoded(fitted.features)
    return Trained(of, load(dump(artifact)), held, filled(fitted.features, values), fitted.predict(values))


def filled(features: Sequence[Feature], values: Floats) -> Floats:
    """The values, a missing text as one of no characters: no model tells the two apart."""
    for i, feature in enumerate(features):
        if feature.kind is FeatureKind.TEXT_LENGTH:
            values[np.isnan(values[:, i]), i] = 0.0
    return values


def numbers(features: Sequence[Feature], rows: Sequence[Sequence[Any]]) -> Floats:
    """Coded values of leads as the trainer encodes them, shape (n, features)."""
    table = np.array([[np.nan if v is None else v for v in row] for row in rows], np.float64)
    table = table.reshape(len(rows), len(features))
    for i, feature in enumerate(features):
        if feature.kind is FeatureKind.CATEGORICAL:
            table[table[:, i] > len(feature.levels), i] = np.nan
    return filled(features, table)


# --- validator --------------------------------------------------------------------------------------------------------------------


def validated(artifact: Artifact, leads: Sequence[Lead]) -> tuple[Floats, Floats, list[bool]]:
    """Values and scores by the validator's code, and which leads are refused because a required field is missing."""
    scorer = make_scorer(artifact)
    tables = [codes(f).get if f.kind is FeatureKind.CATEGORICAL else None for f in artifact.features]
    others = [len(f.levels) for f in artifact.features]
    rows, scores, refused = [], [], []
    for lead in leads:
        try:
            raw = lead_values(artifact, lead)
        except LeadError as error:
            if "is required" not in str(error):
                raise
            refused.append(True)
            continue
        refused.append(False)
        scores.append(scorer(*raw))
        rows.append([v if t is None else t(v, o) for v, t, o in zip(raw, tables, others, strict=True)])
    return numbers(artifact.features, rows), np.array(scores), refused


def own_holdout(model: Trained) -> tuple[Floats, Floats, list[bool]]:
    """What the validator makes of the holdout that the training wrote."""
    return validated(model.artifact, [lead for lead, _ in holdout.read(model.holdout, model.artifact)])


def whole_file(model: Trained) -> tuple[Floats, Floats, list[bool]] | None:
    """What the validator makes of the whole original file as a holdout; None for a documented refusal."""
    table = model.of.table
    if table.request.time_format is not None:  # only trainings read other times
        return None
    try:
        return validated(model.artifact, [lead for lead, _ in holdout.read(table.data, model.artifact)])
    except holdout.HoldoutError as error:
        wished = any(
            f"{name!r} of the holdout is no finite number" in str(error) for name in table.request.numeric
        )
        if UNDECIDED not in str(error) and not wished:
            raise
        return None
