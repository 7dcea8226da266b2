"""Leads before anything is chosen or fitted: the roles of their columns, canonical values, times and outcomes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from leadmodel_training.canonical import Canonical, Wishes, canonical, check_wishes
from leadmodel_training.columns import Rows, each
from leadmodel_training.features import Floats, Roles, check_column, find_roles, numbers_of
from leadmodel_training.request import TrainingRequest
from leadmodel_training.rows import labels
from leadmodel_training.step_timer import StepTimer
from leadmodel_training.times import read_times


@dataclass(frozen=True)
class Leads:
    """Rows in canonical form, with the time (Unix seconds) and outcome of each, and how all rows of the file were read."""

    rows: Rows
    roles: Roles
    times: Floats
    outcome: NDArray[np.bool_]
    clocked: bool  # whether times have hours
    wishes: Wishes
    read: Canonical
    without_required: int = 0  # leads left out, because a required field is missing


def prepare_leads(rows: Rows, request: TrainingRequest, timer: StepTimer) -> Leads:
    """Find the roles of the columns, and read the outcome, the time and the values of each lead."""
    wishes = Wishes(frozenset(request.numeric), frozenset(request.categorical))
    fields = request.texts.fields if request.texts is not None else ()
    roles = find_roles(
        rows, request.label, request.time_column, request.exclude, request.id_column, texts=fields
    )
    check_wishes(wishes, rows.columns)
    _check_required(request.require, roles, rows.columns)
    outcome = labels(rows.columns[roles.label], roles.label, request.positive, rows.place_of)
    times = read_times(rows, roles, request.time_format)
    if times.why:
        timer.note(times.why)
    read = canonical(rows, roles, wishes)
    leads = Leads(
        read.rows,
        roles,
        times.seconds,
        np.array(outcome, dtype=np.bool_),
        clocked=times.clocked,
        wishes=wishes,
        read=read,
    )
    return _with_required(leads, request.require, timer) if request.require else leads


def _check_required(required: Sequence[str], roles: Roles, columns: Collection[str]) -> None:
    """Raise ValueError for a required column that is not there or that no model reads as it is."""
    for name in required:
        check_column(name, columns)
        if name in roles.not_features:
            raise ValueError(
                f"--require names column {name!r}, but no model reads the label, the time, the id or an excluded column as it is; "
                "leave it out of --require"
            )


def _with_required(leads: Leads, required: Sequence[str], timer: StepTimer) -> Leads:
    """The leads that have every required field: a predictor refuses others, so nothing is learned or judged from them."""
    complete = np.ones(len(leads.rows), np.bool_)
    for name in required:
        complete &= ~_missing(leads, name)
    left = int(np.count_nonzero(~complete))
    if not left:
        return leads
    timer.note(
        f"{left:,} of {len(complete):,} leads without a required field are left out, as predictors refuse such leads"
    )
    places = np.flatnonzero(complete)
    rows, times, outcome = leads.rows.take(places), leads.times[places], leads.outcome[places]
    return replace(leads, rows=rows, times=times, outcome=outcome, without_required=left)


def _missing(leads: Leads, name: str) -> NDArray[np.bool_]:
    """Whether the leads have no value in a column, shape (n,); some words count as none."""
    column = leads.rows.columns[name]
    if name in leads.read.numeric:
        return np.isnan(numbers_of(column))
    return each({None, *leads.read.missing.get(name, ())}.__contains__, column, np.bool_)
