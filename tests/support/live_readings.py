"""How predictor and replay read the leads of one table, as numbers that can be compared with the trainer's."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from leadmodel_artifact.artifact import dump
from leadmodel_artifact.compiler import make_scorer
from leadmodel_artifact.model import Artifact, FeatureKind
from leadmodel_artifact.values import number_of
from leadmodel_local.replay import leads as past_leads
from leadmodel_predictor.serving.columns import ColumnReader
from leadmodel_predictor.serving.decode import BadLead, Reader, path_of
from leadmodel_predictor.serving.slots import load_slot, pair
from leadmodel_training.features import Floats, encode, iso
from leadmodel_training.prepare import prepare_leads
from leadmodel_training.rows import read
from leadmodel_training.step_timer import StepTimer
from support.lead_tables import Lead
from support.readings import Trained, filled, numbers


@dataclass(frozen=True)
class Served:
    """What a predictor makes of JSON bodies: values and scores of the leads it takes, their places, and the fields of the others."""

    values: Floats
    scores: Floats
    taken: list[int]
    refused: dict[int, str]


def served(artifact: Artifact, bodies: Sequence[Lead | None]) -> Served:
    """Values and scores by the predictor's code, one request per lead; None is no request."""
    reader = pair(load_slot(dump(artifact), None), None).reader
    rows, scores, taken, refused = [], [], [], {}
    for i, body in enumerate(bodies):
        if body is None:
            continue
        try:
            lead = reader.decode(json.dumps(body).encode())
        except msgspec.ValidationError as error:
            refused[i] = path_of(error)[0]
            continue
        try:
            hour = reader.hour(lead, 0)
            score, values = reader.score(lead, hour)
            if values is None:
                reader.check_words((lead,))
        except BadLead as error:
            refused[i] = error.field
            continue
        if values is None:  # no field has a value
            values = reader.values(lead, hour)
            score = reader.scorer(*values)
        assert values == reader.values(lead, hour)
        rows.append(values)
        scores.append(score)
        taken.append(i)
    return Served(numbers(artifact.features, rows), np.array(scores), taken, refused)


def batched(artifact: Artifact, bodies: Sequence[Lead]) -> Floats:
    """Values by the predictor's code for one columnar batch of the leads."""
    reader = Reader((artifact, make_scorer(artifact)), None)
    names = {name for body in bodies for name in body}
    if not names & reader.names:
        return np.empty((0, len(artifact.features)))
    columns = ColumnReader(reader, len(bodies))
    body = {name: [lead.get(name) for lead in bodies] for name in names}
    read_columns = columns.columns(json.dumps(body).encode())
    hours = columns.hours(read_columns, len(bodies), 0)
    return numbers(artifact.features, columns.values(read_columns, hours))


def bodies(model: Trained, kept: Sequence[int]) -> list[Lead]:
    """The leads of the table's file as callers send them: plain numbers where a column has marks, and none that JSON cannot write.

    `kept` are the places of the trainer's rows in the file.
    """
    of, table = model.of, model.of.table
    marked = {
        f.source
        for f in of.features
        if f.kind is FeatureKind.NUMERIC
        and not table.json_lines
        and isinstance(of.leads.rows.columns[f.source], np.ndarray)
    }
    sent = [
        {k: v for k, v in lead.items() if k != table.request.label and k not in marked and _is_json(v)}
        for lead in table.leads
    ]
    for name in marked:
        column: Any = of.leads.rows.columns[name]
        for place, value in zip(kept, column.tolist(), strict=True):
            if value == value:  # no NaN
                sent[place][name] = value
    if table.request.time_format is not None and of.leads.roles.time:
        for place, at in zip(kept, of.leads.times.tolist(), strict=True):
            sent[place][of.leads.roles.time] = iso(at) if at == at else None
    return sent


def _is_json(value: Any) -> bool:
    return not isinstance(value, float) or bool(np.isfinite(value))


def is_no_number(value: Any) -> bool:
    """Whether a predictor refuses a value as a number: a boolean, or a text that is neither a number nor missing."""
    if not isinstance(value, str):
        return isinstance(value, bool)
    try:
        number_of(value)
    except ValueError:
        return True
    return False


# --- replay -----------------------------------------------------------------------------------------------------------------------


def replayed(model: Trained, file: Path) -> tuple[list[int], list[Lead], Callable[[], Floats]] | None:
    """The rows in the replay's order, the leads that the replay sends, and the values that its trainings read; None without times."""
    table, roles = model.of.table, model.of.leads.roles
    times = model.of.leads.times
    request = table.request
    if roles.time is None or np.isnan(times).any() or request.time_format or request.require:
        return None
    file.write_bytes(table.data)
    past = past_leads.load(
        file,
        request.label,
        roles.time,
        numeric=request.numeric,
        categorical=request.categorical,
        positive=request.positive,
    )
    order = sorted(range(len(times)), key=lambda i: (times[i], i))

    def values() -> Floats:
        past.write(file, 0, len(order))
        leads = prepare_leads(read(file.read_bytes()), request, StepTimer())
        return filled(model.artifact.features, encode(leads.rows, model.artifact.features, leads.times))

    return order, [past.lead(i) for i in range(len(order))], values
