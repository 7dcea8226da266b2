"""Leads before anything is chosen or fitted: the roles of their columns, canonical values, times and outcomes."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leadmodel_training.canonical import Wishes, canonical, check_wishes
from leadmodel_training.columns import Rows
from leadmodel_training.features import Floats, Roles, find_roles
from leadmodel_training.request import TrainingRequest
from leadmodel_training.rows import labels
from leadmodel_training.step_timer import StepTimer
from leadmodel_training.times import read_times


@dataclass(frozen=True)
class Leads:
    """All rows in canonical form, with the time (Unix seconds) and outcome of each."""

    rows: Rows
    roles: Roles
    times: Floats
    outcome: NDArray[np.bool_]
    clocked: bool  # whether times have hours
    wishes: Wishes
    notes: Mapping[str, str]  # per column how it was read


def prepare_leads(rows: Rows, request: TrainingRequest, timer: StepTimer) -> Leads:
    """Find the roles of the columns, and read the outcome, the time and the values of each lead."""
    wishes = Wishes(frozenset(request.numeric), frozenset(request.categorical))
    roles = find_roles(rows, request.label, request.time_column, request.exclude, request.id_column)
    check_wishes(wishes, rows.columns)
    outcome = labels(rows.columns[roles.label], roles.label, request.positive, rows.first_row)
    times = read_times(rows, roles, request.time_format)
    if times.why:
        timer.note(times.why)
    read = canonical(rows, roles, wishes)
    return Leads(
        read.rows,
        roles,
        times.seconds,
        np.array(outcome, dtype=np.bool_),
        clocked=times.clocked,
        wishes=wishes,
        notes=read.notes,
    )
