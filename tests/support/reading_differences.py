"""Where programs differ in what they read from the leads of one table, in words; nothing, where every row has the same values and score."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from leadmodel_artifact.lead import LeadError
from leadmodel_artifact.model import FeatureKind
from leadmodel_predictor.jobs.holdout import HoldoutError
from leadmodel_training.features import Floats
from support.lead_tables import Lead
from support.live_readings import batched, bodies, is_no_number, replayed, served
from support.readings import Trained, own_holdout, whole_file

TOLERANCE = 1e-9


def differences(model: Trained, file: Path) -> Iterator[str]:
    """Sentences about trainer against validator, predictor and replay; `file` is where the replay reads and writes."""
    try:
        values, scores, _ = own_holdout(model)
        whole = whole_file(model)
    except (HoldoutError, LeadError) as error:
        yield f"validator refuses the holdout: {str(error)[:100]}"
        return
    yield from _apart("validator on the trainer's holdout", model, model.of.split.holdout, values, scores)
    required = np.zeros(len(model.of.table.leads), bool)
    if whole is not None:
        values, scores, refused = whole
        required = np.array(refused)
        if len(values) != len(model.of.leads.rows):
            yield f"validator takes {len(values)} leads, the trainer {len(model.of.leads.rows)}"
            return
        places = model.of.places
        yield from _apart("validator on the file", model, places, values[places], scores[places])
    if whole is not None or not model.of.table.request.require:
        yield from _predictor(model, required)
    yield from _replay(model, file)


def _apart(who: str, model: Trained, places: Sequence[int], values: Floats, scores: Floats) -> Iterator[str]:
    """What differs from the trainer's values and scores of the rows at `places`."""
    wanted = model.values[places]
    if wanted.shape != values.shape:
        yield f"{who}: {values.shape} values, the trainer has {wanted.shape}"
        return
    same = (wanted == values) | (np.isnan(wanted) & np.isnan(values))
    for i, feature in enumerate(model.artifact.features):
        wrong = np.flatnonzero(~same[:, i])
        if len(wrong):
            first = wrong[0]
            yield (
                f"{who}: {feature.kind} {feature.name[:20]!r} differs in {len(wrong)} of {len(same)} rows, first in {places[first]}: "
                f"{values[first, i]} instead of {wanted[first, i]}"
            )
    if same.all() and len(scores) and (worst := np.abs(scores - model.scores[places]).max()) > TOLERANCE:
        yield f"{who}: scores differ by {worst}"


def _predictor(model: Trained, required: np.ndarray) -> Iterator[str]:
    """A predictor on each lead of the file: all are taken, those without a time, too, or refused by name where a number is none."""
    kept = np.flatnonzero(~required).tolist()
    sent = bodies(model, kept)
    answers = served(model.artifact, sent)
    rank = {place: i for i, place in enumerate(kept)}
    learned = {*model.of.places}
    for i, field in answers.refused.items():
        if not required[i] and not _is_expected(model, sent[i], field):
            yield f"predictor refuses {field[:20]} of row {i}"
            break
    taken = [(k, i) for k, i in enumerate(answers.taken)]
    if wrong := [i for _, i in taken if required[i]]:
        yield f"predictor takes row {wrong[0]}, which lacks a required field"
    good = [(k, rank[i]) for k, i in taken if not required[i] and rank[i] in learned]
    if good:
        at, places = map(list, zip(*good, strict=True))
        yield from _apart("predictor", model, places, answers.values[at], answers.scores[at])
        batch = batched(model.artifact, [sent[answers.taken[k]] for k in at])
        if len(batch) and not np.array_equal(batch, answers.values[at], equal_nan=True):
            yield "predictor: a batch has other values than single leads"


def _is_expected(model: Trained, body: Lead, field: str) -> bool:
    """Whether a refused field is one of numbers whose value is no number, which a training counts as missing."""
    return any(
        f.kind is FeatureKind.NUMERIC and field == f"$.{f.source}" and is_no_number(body.get(f.source))
        for f in model.artifact.features
    )


def _replay(model: Trained, file: Path) -> Iterator[str]:
    replay = replayed(model, file)
    if replay is None:
        return
    order, leads, learned = replay
    answers = served(model.artifact, leads)
    places = [order[i] for i in answers.taken]
    for i, field in answers.refused.items():
        yield f"replay: predictor refuses {field[:20]} of row {order[i]}"
        break
    yield from _apart("replay", model, places, answers.values, answers.scores)
    values = learned()
    if not np.array_equal(values, model.values[order], equal_nan=True):
        wrong = np.argwhere(
            ~((values == model.values[order]) | (np.isnan(values) & np.isnan(model.values[order])))
        )
        yield f"replay: trainings read {model.artifact.features[wrong[0][1]].name[:20]!r} otherwise in {len(wrong)} values"
