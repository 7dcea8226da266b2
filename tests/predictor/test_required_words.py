"""A required category or text without a value is refused by its name, in one lead, lists, columns, and by the previous model."""

import math
from dataclasses import replace

import pytest

from leadmodel_artifact.artifact import dump
from leadmodel_artifact.model import Artifact
from leadmodel_predictor.serving.slots import load_slot, pair
from support.predictor_thread import served
from support.small_models import FEATURES, linear

ABSENT = object()
NO_VALUES = ["", "NA", None, ABSENT]
VALUES = ["ads", "na", 1, True]


def requiring(*, required: bool, oldest: float = 150.0) -> Artifact:
    """A model that knows NA as a word for a missing source."""
    source = replace(FEATURES[1], required=required, missing=("NA",))
    details = replace(FEATURES[2], required=required)
    age = replace(FEATURES[0], maximum=oldest)
    return replace(linear(), features=(age, source, details, FEATURES[3]))


def lead(field: str, value: object) -> dict[str, object]:
    whole = {"age": 40, "source": "web", "details": "call"}
    return {k: v for k, v in (whole | {field: value}).items() if v is not ABSENT}


@pytest.fixture(scope="module", params=[True, False], ids=["required", "optional"])
def server(request):
    with served(requiring(required=request.param)) as found:
        yield request.param, found


@pytest.mark.parametrize("value", [*NO_VALUES, *VALUES])
@pytest.mark.parametrize("field", ["source", "details"])
def test_a_field_without_a_value_is_refused_where_one_is_required(server, field, value):
    required, asked = server
    refused = required and value in NO_VALUES and (field, value) != ("details", "NA")
    good, bad = lead("age", 3), lead(field, value)
    answers = [(asked.ask("POST", "/predict", bad), f"$.{field}")]
    answers.append((asked.ask("POST", "/predict/batch", [good, bad]), f"$[1].{field}"))
    if value is not ABSENT:
        columns = {name: [good[name], bad[name]] for name in good}
        answers.append((asked.ask("POST", "/predict/batch", columns), f"$.{field}[1]"))
    for answer, path in answers:
        assert answer.status == (422 if refused else 200)
        assert not refused or answer.json["field"] == path


@pytest.mark.parametrize("champion_requires", [True, False])
@pytest.mark.parametrize("required", [True, False])
def test_the_previous_model_refuses_what_it_requires(champion_requires, required):
    champion, previous = requiring(required=champion_requires), requiring(required=required, oldest=149.0)
    reader = pair(load_slot(dump(champion), None), load_slot(dump(previous), None)).reader
    decoded = reader.decode(b'{"age": 3, "source": "NA", "details": "call"}')
    score, values = reader.previous_score(decoded, 3, None)
    assert math.isnan(score) == (values is None) == required
