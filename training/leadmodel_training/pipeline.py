"""From leads to an artifact and a holdout: the steps of a training in order, each in its own module. Reads no clock and no file."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from leadmodel_artifact.model import Artifact, DataWindow, Feature
from leadmodel_artifact.snapshot import digest
from leadmodel_statistics.ranking import delong
from leadmodel_training.calendar_features import calendar_features
from leadmodel_training.columns import Rows
from leadmodel_training.export import Origin, check, export, make_reference
from leadmodel_training.features import (
    TIME,
    Floats,
    encode,
    iso,
    raw_columns,
)
from leadmodel_training.holdout import (
    without_personal_data,
    write_holdout,
    written_labels,
)
from leadmodel_training.hours import have_hours, hours_of
from leadmodel_training.kinds import Decision, decide, features_of, with_required
from leadmodel_training.lead_texts import reads_texts
from leadmodel_training.leak_check import check_leaks, single_auc
from leadmodel_training.personal_data import screen
from leadmodel_training.prepare import Leads, prepare_leads
from leadmodel_training.recipe_choice import Choice, choose_recipe
from leadmodel_training.recipes import Fitted, Recipe, calibrated, fit
from leadmodel_training.request import AUTO, TrainingRequest
from leadmodel_training.split import (
    LONGER,
    SORTED,
    Refusal,
    Split,
    TrainingRefused,
    calibration_share,
    check_sizes,
    has_both,
    identities,
    in_time,
    matured,
    order_of,
)
from leadmodel_training.step_timer import PASSED, Step, StepTimer
from leadmodel_training.text_choice import TextChoice, choose_texts, held_rows, with_holdout

TOO_GOOD = 0.95  # AUC on the holdout that leads hardly ever allow


@dataclass(frozen=True)
class TrainingResult:
    """An artifact, the bytes of its holdout, and facts for people."""

    artifact: Artifact
    holdout: bytes
    dropped: int  # rows left out, because a newer row is the same lead
    choice: Choice | None  # the comparison of recipes, where `auto` was requested
    texts: TextChoice | None = (
        None  # the comparison with and without text features, where these were requested
    )
    columns: tuple[Decision, ...] = ()  # what became of each column
    warnings: tuple[str, ...] = ()


def train_model(rows: Rows, request: TrainingRequest, now: datetime, timer: StepTimer) -> TrainingResult:
    """Train a model on these leads.

    Args:
        rows: The leads, in any order.
        request: The settings of the training.
        now: The time of the training; leads from the future do not count as the newest.
        timer: Shows the steps.

    Raises:
        TableError: The label or a column cannot be read.
        TrainingRefused: These leads make no model worth having.
        ExportRefused: The exported model differs from the fitted one.
        NotMeasurable: The holdout has only one outcome.
        ValueError: A column is missing, or a setting is out of range.
    """
    leads = prepare_leads(rows, request, timer)
    split = choose_split(leads, request, now)
    features, table = choose_features(leads, split, request, timer)
    calendar = calendar_features(features, table, leads.times[split.trained], request.seed)
    if calendar:
        timer.note(f"left out of drift, for they only count time: {', '.join(map(repr, calendar))}")
    timer.log(
        f"fitting {request.recipe} on {len(split.trained):,} leads, of which the newest {len(split.calibrate):,} calibrate; "
        f"{len(split.holdout):,} others judge",
        PASSED[request.recipe][Step.FIT],
    )
    fitted, choice = fit_model(split, features, table, leads.outcome, request)
    texts = None
    if request.texts is not None:
        texts = choose_texts(leads, split, (features, table), fitted.recipe, request.texts, seed=request.seed)
        if texts.features:
            bare, features, table = fitted, (*features, *texts.features), np.hstack([table, texts.table])
            alike = replace(request, recipe=bare.recipe)
            fitted = fit_model(split, features, table, leads.outcome, alike)[0]
            texts = with_holdout(texts, leads, split, (fitted, bare), request)
        timer.note(str(texts))
    timer.log("exporting, and checking that it scores the same", PASSED[request.recipe][Step.EXPORT])
    artifact, holdout = export_model(leads, split, fitted, request, now, calendar=calendar)
    if artifact.auc > TOO_GOOD:
        timer.note(_too_good(artifact, table, leads.outcome[split.trained]))
    return TrainingResult(artifact, holdout, split.dropped, choice, texts)


def _too_good(artifact: Artifact, table: Floats, outcome: NDArray[np.bool_]) -> str:
    """A warning that names the columns that rank the outcomes best."""
    single = {f.source: single_auc(table[:, i], outcome) for i, f in enumerate(artifact.features)}
    best = sorted(single, key=lambda name: -single[name])[:5]
    return (
        f"warning: an AUC of {artifact.auc:.3f} is too good for leads; does a column know the outcome? The strongest alone: "
        + ", ".join(f"{name!r} ({single[name]:.3f})" for name in best)
    )


def choose_split(leads: Leads, request: TrainingRequest, now: datetime) -> Split:
    """Choose which leads the model learns from and which ones judge the model."""
    order = order_of(leads.times)
    if request.horizon_days is not None:
        order = matured(order, leads.times, request.horizon_days, now.timestamp())
    same, certain = identities(leads.rows, leads.roles), leads.roles.id is not None
    split = in_time(order, leads.times, same, holdout=request.holdout_share, certain=certain)
    share = calibration_share(leads.outcome[split.fit], request.calibration_share)
    if share:
        calibrating = split.calibrating(share, leads.times, certain=certain)
        if all(has_both(leads.outcome[part]) for part in (calibrating.fit, calibrating.calibrate)):
            split = calibrating
    remedy = SORTED if np.isnan(leads.times).all() else LONGER
    if leads.without_required:
        remedy += f" ({leads.without_required:,} leads without a required field were left out)"
    check_sizes(leads.outcome[split.fit], "training part", remedy)
    check_sizes(leads.outcome[split.holdout], "holdout", remedy)
    return split


def choose_features(
    leads: Leads, split: Split, request: TrainingRequest, timer: StepTimer
) -> tuple[tuple[Feature, ...], Floats]:
    """The features, and the table (training rows × features) of their values as numbers."""
    fitting = leads.rows.take(split.trained)
    clocked = leads.clocked and have_hours(leads.times)
    decisions = decide(fitting, leads.roles, hours=clocked, wishes=leads.wishes, read=leads.read)
    screening = screen(features_of(decisions), fitting, request.allow_personal)
    features = screening.features
    for decision in decisions:  # of a column of personal data nothing is told but why it is left out
        if decision.feature is None or decision.column in {feature.source for feature in features}:
            timer.note(str(decision))
    for remark in screening.notes:
        timer.note(remark)
    if not features:
        raise TrainingRefused(
            Refusal.NOTHING_VARIES,
            "; ".join(screening.notes) or "no column but the label varies; there is nothing to learn from",
        )
    features = with_required(features, request.require, decisions)
    table = encode(fitting, features, leads.times[split.trained])
    check_leaks(features, table, leads.outcome[split.trained], request.allow)
    return features, table


def fit_model(
    split: Split,
    features: Sequence[Feature],
    table: Floats,
    outcomes: NDArray[np.bool_],
    request: TrainingRequest,
) -> tuple[Fitted, Choice | None]:
    """Fit the recipe of the request on all training leads; for `auto` fit the recipe that ranks the newer ones better.

    The calibration comes from a model of the older training leads, seen on the newer ones: what calibrates is learned from, too.
    """
    outcome = outcomes[split.trained]
    choice = choose_recipe(features, table, outcome, request.seed) if request.recipe == AUTO else None
    recipe = choice.recipe if choice else Recipe(request.recipe)
    fitted = fit(recipe, features, table, outcome, request.seed)
    if not len(split.calibrate):
        return fitted, choice
    cut = len(split.fit)
    older = fit(recipe, features, table[:cut], outcome[:cut], request.seed)
    return replace(fitted, calibration=calibrated(older, table[cut:], outcome[cut:]).calibration), choice


def export_model(
    leads: Leads,
    split: Split,
    fitted: Fitted,
    request: TrainingRequest,
    now: datetime,
    *,
    calendar: Sequence[str] = (),
) -> tuple[Artifact, bytes]:
    """Write the fitted model as an artifact, with reference and examples, and the holdout as a file."""
    rows, times = held_rows(leads, split, fitted.features, request), leads.times[split.holdout]
    scores = fitted.predict(encode(rows, fitted.features, times))
    columns = raw_columns(rows, fitted.features, times)
    hours = hours_of(times) if leads.clocked else [None] * len(times)
    held = write_holdout(
        without_personal_data(rows, fitted.features, request.allow_personal),
        times,
        fitted.features,
        leads.roles,
        written_labels(leads.outcome[split.holdout], request.positive),
    )
    origin = Origin(
        name=request.name,
        now=now,
        auc=delong(scores.tolist(), leads.outcome[split.holdout].tolist())[0],
        n_train=len(split.trained),
        holdout_digest=digest(held),
        data=_window(leads, split, request),
        parent=request.parent,
        text_models=request.texts.models if request.texts and reads_texts(fitted.features) else {},
    )
    reference = make_reference(fitted.features, columns, scores.tolist(), hours, calendar)
    artifact = export(fitted, reference, origin)
    check(artifact, columns, scores)
    return artifact, held


def _window(leads: Leads, split: Split, request: TrainingRequest) -> DataWindow:
    trained = split.trained
    known = leads.times[trained][~np.isnan(leads.times[trained])]
    return DataWindow(
        from_=iso(float(known.min())) if len(known) else None,
        to=iso(float(known.max())) if len(known) else None,
        horizon_days=request.horizon_days,
        rows=len(trained),
        positives=int(leads.outcome[trained].sum()),
        label=request.label,
        excluded=leads.roles.excluded,
        time=None if leads.roles.time == TIME else leads.roles.time,
        positive=request.positive,
    )
