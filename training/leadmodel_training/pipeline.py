"""From leads to an artifact and a holdout: the steps of a training in order, each in its own module. Reads no clock and no file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from leadmodel_artifact.model import Artifact, DataWindow, Feature, FeatureKind
from leadmodel_artifact.snapshot import digest
from leadmodel_statistics.ranking import delong
from leadmodel_training.calendar_features import calendar_features
from leadmodel_training.canonical import Wishes, canonical, check_wishes
from leadmodel_training.columns import Column, Rows, Texts, each, plain
from leadmodel_training.export import Origin, check, export, make_reference
from leadmodel_training.features import (
    TIME,
    Floats,
    Roles,
    encode,
    find_roles,
    iso,
    raw_columns,
)
from leadmodel_training.hours import have_hours, hours_of
from leadmodel_training.kinds import Decision, decide, features_of
from leadmodel_training.leak_check import check_leaks, single_auc
from leadmodel_training.personal_data import redacted, screen
from leadmodel_training.recipe_choice import Choice, choose_recipe
from leadmodel_training.recipes import Fitted, Recipe, calibrated, fit
from leadmodel_training.rows import labels, write_csv
from leadmodel_training.split import (
    LONGER,
    SORTED,
    Refusal,
    Split,
    TrainingRefused,
    check_sizes,
    identities,
    in_time,
    matured,
    order_of,
)
from leadmodel_training.step_timer import StepTimer
from leadmodel_training.times import read_times

AUTO = "auto"
MIN_CALIBRATION = 100  # leads of either outcome
TOO_GOOD = 0.95  # AUC on the holdout that leads hardly ever allow


@dataclass(frozen=True)
class TrainingRequest:
    """The settings of a training.

    Attributes:
        label: Column with the outcome.
        exclude: Columns known only after the outcome.
        allow: Columns that look as if they knew the outcome, but do not.
        allow_personal: Columns that look like personal data, and stay in artifact and holdout as they are.
        time_column: Column with the time of the lead; None takes `created_at`, if there is one.
        time_format: How that column writes times: a format of `strptime`, a word of `times.UNITS`, or None.
        numeric: Columns that hold numbers, whatever else they hold.
        categorical: Columns that hold categories, even if these are numbers.
        positive: The label of a lead that converted; None: yes, true or 1.
        id_column: Column that identifies a lead; None takes all inputs together.
        recipe: A `Recipe`, or `auto` to compare both.
        horizon_days: Days that a lead's outcome needs; younger leads are left out.
        holdout_share: Share of the newest leads kept out.
        calibration_share: Share of the newest training leads that calibrates a model of the others; 0: no calibration.
        name: Name of the model.
        parent: Digest of the model that this one follows.
        seed: Seed of everything random.
    """

    label: str = "y"
    exclude: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    allow_personal: tuple[str, ...] = ()
    time_column: str | None = None
    time_format: str | None = None
    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    positive: str | None = None
    id_column: str | None = None
    recipe: str = Recipe.LINEAR
    horizon_days: float | None = None
    holdout_share: float = 0.2
    calibration_share: float = 0.1
    name: str = "lead-conversion"
    parent: str | None = None
    seed: int = 0


@dataclass(frozen=True)
class TrainingResult:
    """An artifact, the bytes of its holdout, and facts for people."""

    artifact: Artifact
    holdout: bytes
    dropped: int  # rows left out, because a newer row is the same lead
    choice: Choice | None  # the comparison of recipes, where `auto` was requested
    columns: tuple[Decision, ...] = ()  # what became of each column
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Leads:
    """All rows in canonical form, with the time (Unix seconds) and outcome of each."""

    rows: Rows
    roles: Roles
    times: Floats
    outcome: NDArray[np.bool_]
    clocked: bool  # whether times have hours
    wishes: Wishes
    notes: Mapping[str, str]  # per column how it was read


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
    timer.log(f"fitting {request.recipe} on {len(split.trained):,} leads, {len(split.holdout):,} judge")
    fitted, choice = fit_model(split, features, table, leads.outcome, request)
    timer.log("exporting, and checking that it scores the same")
    artifact, holdout = export_model(leads, split, fitted, request, now, calendar=calendar)
    if artifact.auc > TOO_GOOD:
        timer.note(_too_good(artifact, table, leads.outcome[split.trained]))
    return TrainingResult(artifact, holdout, split.dropped, choice)


def _too_good(artifact: Artifact, table: Floats, outcome: NDArray[np.bool_]) -> str:
    """A warning that names the columns that rank the outcomes best."""
    single = {f.source: single_auc(table[:, i], outcome) for i, f in enumerate(artifact.features)}
    best = sorted(single, key=lambda name: -single[name])[:5]
    return (
        f"warning: an AUC of {artifact.auc:.3f} is too good for leads; does a column know the outcome? The strongest alone: "
        + ", ".join(f"{name!r} ({single[name]:.3f})" for name in best)
    )


def prepare_leads(rows: Rows, request: TrainingRequest, timer: StepTimer) -> _Leads:
    """Find the roles of the columns, and read the outcome, the time and the values of each lead."""
    wishes = Wishes(frozenset(request.numeric), frozenset(request.categorical))
    roles = find_roles(rows, request.label, request.time_column, request.exclude, request.id_column)
    check_wishes(wishes, rows.columns)
    outcome = labels(rows.columns[roles.label], roles.label, request.positive, rows.first_row)
    times = read_times(rows, roles, request.time_format)
    if times.why:
        timer.note(times.why)
    read = canonical(rows, roles, wishes)
    return _Leads(
        read.rows,
        roles,
        times.seconds,
        np.array(outcome, dtype=np.bool_),
        clocked=times.clocked,
        wishes=wishes,
        notes=read.notes,
    )


def choose_split(leads: _Leads, request: TrainingRequest, now: datetime) -> Split:
    """Choose which leads the model learns from and which ones judge the model."""
    order = order_of(leads.times)
    if request.horizon_days is not None:
        order = matured(order, leads.times, request.horizon_days, now.timestamp())
    split = in_time(
        order,
        leads.times,
        identities(leads.rows, leads.roles),
        holdout=request.holdout_share,
        calibrate=request.calibration_share,
        certain=leads.roles.id is not None,
    )
    calibrating = leads.outcome[split.calibrate]
    if min(calibrating.sum(), (~calibrating).sum()) < MIN_CALIBRATION:
        split = Split(
            np.concatenate([split.fit, split.calibrate]), split.calibrate[:0], split.holdout, split.dropped
        )
    remedy = SORTED if np.isnan(leads.times).all() else LONGER
    check_sizes(leads.outcome[split.fit], "training part", remedy)
    check_sizes(leads.outcome[split.holdout], "holdout", remedy)
    return split


def choose_features(
    leads: _Leads, split: Split, request: TrainingRequest, timer: StepTimer
) -> tuple[tuple[Feature, ...], Floats]:
    """The features, and the table (training rows × features) of their values as numbers."""
    fitting = leads.rows.take(split.trained)
    clocked = leads.clocked and have_hours(leads.times)
    decisions = decide(fitting, leads.roles, hours=clocked, wishes=leads.wishes, notes=leads.notes)
    for decision in decisions:
        timer.note(str(decision))
    screening = screen(features_of(decisions), fitting, request.allow_personal)
    for remark in screening.notes:
        timer.note(remark)
    features = screening.features
    if not features:
        raise TrainingRefused(
            Refusal.NOTHING_VARIES,
            "; ".join(screening.notes) or "no column but the label varies; there is nothing to learn from",
        )
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
    leads: _Leads,
    split: Split,
    fitted: Fitted,
    request: TrainingRequest,
    now: datetime,
    *,
    calendar: Sequence[str] = (),
) -> tuple[Artifact, bytes]:
    """Write the fitted model as an artifact, with reference and examples, and the holdout as a file."""
    rows, times = leads.rows.take(split.holdout), leads.times[split.holdout]
    scores = fitted.predict(encode(rows, fitted.features, times))
    columns = raw_columns(rows, fitted.features, times)
    hours = hours_of(times) if leads.clocked else [None] * len(times)
    held = _holdout(
        _without_personal_data(rows, fitted.features, request.allow_personal),
        times,
        fitted.features,
        leads.roles,
        _written_labels(leads.outcome[split.holdout], request.positive),
    )
    origin = Origin(
        name=request.name,
        now=now,
        auc=delong(scores.tolist(), leads.outcome[split.holdout].tolist())[0],
        n_train=len(split.trained),
        holdout_digest=digest(held),
        data=_window(leads, split, request),
        parent=request.parent,
    )
    reference = make_reference(fitted.features, columns, scores.tolist(), hours, calendar)
    artifact = export(fitted, reference, origin)
    check(artifact, columns, scores)
    return artifact, held


def _window(leads: _Leads, split: Split, request: TrainingRequest) -> DataWindow:
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


def _without_personal_data(rows: Rows, features: Sequence[Feature], allowed: Sequence[str]) -> Rows:
    """The rows with placeholders for personal data in categories; numbers and texts are written without any anyhow."""
    categories = {
        f.source: f for f in features if f.kind is FeatureKind.CATEGORICAL and f.source not in allowed
    }
    return rows.with_columns(
        {name: redacted(rows.columns[name], feature) for name, feature in categories.items()}
    )


def _written_labels(outcome: NDArray[np.bool_], positive: str | None) -> Column | None:
    """The labels of the holdout in place of words: 1 and 0, swapped where 0 is the word for a lead that converted; None: as they are."""
    if not positive:
        return None
    swapped = positive.strip() == "0"
    return np.where(outcome, int(not swapped), int(swapped))


def _holdout(
    rows: Rows, times: Floats, features: Sequence[Feature], roles: Roles, labels: Column | None
) -> bytes:
    """The holdout as CSV in canonical form: the fields that the model reads, the time, and the label.

    A text becomes filler of its length, so that no conversation is copied. `labels` stand in place of the label's words.
    """
    sources = {feature.source for feature in features} | {roles.label}
    if not np.isnan(times).all():
        sources.add(roles.time or "")
    kept = {name: column for name, column in rows.columns.items() if name in sources}
    for name in roles.text:
        kept[name] = each(lambda value: None if value is None else "x" * len(str(value)), kept[name], object)
    if roles.time in kept and roles.time is not None:
        kept[roles.time] = [None if t is None else iso(t) for t in plain(times)]
    if labels is not None:
        kept[roles.label] = labels
    for feature in features:
        if feature.kind is FeatureKind.NUMERIC:
            kept[feature.source] = _plain_numbers(kept[feature.source])
    return write_csv(Rows(kept))


def _plain_numbers(column: Column) -> Column:
    """The column without what is no number; numbers stay as they are written."""
    if not isinstance(column, Texts):
        return column
    known = ~np.isnan(column.values.numbers)[column.places]
    return [text if number else None for text, number in zip(column, known.tolist(), strict=True)]
