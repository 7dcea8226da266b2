"""A number, a flag or a text in a category has one code, whoever reads the lead: trainer, validator, one lead, a list, columns."""

import json
from dataclasses import replace

import numpy as np
import pytest

from leadmodel_artifact.compiler import make_scorer
from leadmodel_artifact.lead import coded, codes, lead_values
from leadmodel_artifact.model import Artifact, Example
from leadmodel_predictor.http.batch import Batch
from leadmodel_predictor.http.predict import Predict
from leadmodel_predictor.serving import columns
from leadmodel_training.features import encode
from leadmodel_training.rows import read
from support.predictor_thread import model_of
from support.small_models import FEATURES, linear
from support.virtual_time import run

SENT = [7, 1, 1.0, 0, 2.5, -0.0, True, False, "ads", "1", "1.0", "01", "7", "true", "True", "0", "", None]
LEVELS = {
    "words": ("ads", "web"),
    "numbers": ("0", "1"),
    "flags": ("false", "true"),
    "a number and a flag": ("1", "true"),
    "other texts of a number": ("01", "1.0"),
}
OTHER, MISSING = 2, 3


def of(levels: tuple[str, ...]) -> Artifact:
    """The small model with another category."""
    age, source, *rest = FEATURES
    bare = replace(linear(), features=(age, replace(source, levels=levels), *rest))
    lead = {"age": 40, "source": levels[0], "details": "call", "created_at": "2026-01-05T01:30:00Z"}
    return replace(bare, examples=(Example(lead, make_scorer(bare)(*lead_values(bare, lead))),))


def each_alone(artifact: Artifact) -> list[int]:
    model = model_of(artifact)
    for value in SENT:
        Predict(model).score(json.dumps({"age": 40, "source": value}).encode(), 0.0)
    return [entry[2][1] for entry in model.ring.entries]


def in_a_batch(artifact: Artifact, body: object) -> list[int]:
    model = model_of(artifact)
    run(Batch(model).answer(json.dumps(body).encode(), live=True))
    return [entry[2][1] for entry in model.ring.entries]


def in_a_list(artifact: Artifact) -> list[int]:
    return in_a_batch(artifact, [{"age": 40, "source": value} for value in SENT])


def in_columns(artifact: Artifact) -> list[int]:
    return in_a_batch(artifact, {"age": [40] * len(SENT), "source": SENT})


def validated(artifact: Artifact) -> list[int]:
    return [coded(artifact.features, lead_values(artifact, {"source": value}))[1] for value in SENT]


def trained(artifact: Artifact) -> list[int]:
    table = "\n".join(json.dumps({"age": 40, "source": value}) for value in SENT).encode()
    rows = read(table)
    codes = encode(rows, artifact.features[:2], np.zeros(len(rows)))[:, 1]
    return [MISSING if np.isnan(code) else int(code) for code in codes]


@pytest.mark.parametrize("reader", [in_a_list, in_columns, validated, trained])
@pytest.mark.parametrize("levels", LEVELS.values(), ids=list(LEVELS))
def test_every_reader_gives_the_code_of_a_single_lead(levels, reader):
    artifact = of(levels)
    assert dict(enumerate(reader(artifact))) == dict(enumerate(each_alone(artifact)))


def test_a_number_among_words_is_another_word():
    """Training keeps rare words as other, so that a number that nobody trained on is scored and not refused."""
    alone = dict(zip(map(json.dumps, SENT), each_alone(of(LEVELS["words"])), strict=True))
    assert alone == {
        text: {'"ads"': 0, '""': MISSING, "null": MISSING}.get(text, OTHER) for text in map(json.dumps, SENT)
    }


def test_control_columns_with_a_table_of_their_own_differ(monkeypatch):
    monkeypatch.setattr(columns, "codes", lambda feature: dict(codes(feature)))
    artifact = of(LEVELS["a number and a flag"])
    assert in_columns(artifact) != each_alone(artifact)
