"""Two slots score the same leads: what one refuses the other may read, and neither keeps what a person wrote."""

import gzip
import time
from dataclasses import replace

import pytest

from leadmodel_artifact.artifact import dump
from leadmodel_artifact.compiler import code, make_scorer
from leadmodel_artifact.lead import LeadError, coded, lead_values
from leadmodel_artifact.model import ArtifactError, ArtifactReason, Example
from leadmodel_artifact.scoring import explain_score
from leadmodel_predictor.http.predict import Predict
from leadmodel_predictor.serving.decode import BadLead
from leadmodel_predictor.serving.slots import load_slot, pair
from support.other_models import AGE, DETAILS, HOUR, OTHERS, SENT, SOURCE, of
from support.predictor_thread import model_of
from support.small_models import linear


@pytest.mark.parametrize("case", OTHERS)
def test_the_previous_model_means_what_it_meant(case):
    previous = OTHERS[case]
    model = model_of(linear(), previous)
    predict = Predict(model)
    scorer = make_scorer(previous)
    import json

    for lead in SENT:
        predict.score(json.dumps(lead).encode(), 0.0)
        entry = model.ring.entries[-1]
        sent = {k: v for k, v in lead.items() if v is not None}
        sent.setdefault("created_at", 1767571200 + entry[1] * 3600)
        try:
            wanted = lead_values(previous, sent)
        except LeadError:
            assert entry[4] is None, lead
            continue
        assert entry[4] == coded(previous.features, wanted), lead
        assert entry[5] == pytest.approx(scorer(*wanted), abs=1e-12)


def test_a_lead_that_only_the_champion_refuses_is_no_stain_on_the_previous_model():
    strict = of(replace(AGE, required=True, default=None), SOURCE, DETAILS, HOUR, name="strict")
    model = model_of(strict, linear())
    predict = Predict(model)
    for _ in range(10):
        with pytest.raises(BadLead):
            predict.score(b'{"source": "ads"}', 0.0)
    with pytest.raises(BadLead):
        predict.score(b"no lead at all", 0.0)
    window = model.ring.window(time.time())
    assert (window.champion.n, window.champion.bad) == (11, 11)
    assert (window.previous.n, window.previous.bad) == (11, 1)


def test_nothing_a_person_wrote_is_kept():
    import json

    model = model_of(linear(), OTHERS["one more word"])
    predict = Predict(model)
    secret = "anna.schmidt@example.org"
    predict.score(json.dumps({"details": secret, "source": secret, "word": secret}).encode(), 0.0)
    with pytest.raises(BadLead) as caught:
        predict.score(json.dumps({"age": secret}).encode(), 0.0)
    assert secret not in repr(model.ring.entries)
    assert secret not in str(caught.value)
    assert caught.value.__cause__ is None


def test_long_words_take_no_room():
    model = model_of(linear())
    predict = Predict(model)
    for i in range(5):
        predict.score(b'{"source": "%d%s"}' % (i, b"x" * 900_000), 0.0)
    assert len(repr(model.ring.entries)) < 2000


def test_arithmetic_that_fails_is_refused_and_counted():
    huge = replace(AGE, scale=1e-300, mean=0.0, default=0.0, minimum=None, maximum=None)
    artifact = replace(linear(), features=(huge, replace(huge, name="again"), SOURCE))
    weights = (1e300, -1e300, 0.1, 0.2, 0.3)
    artifact = replace(artifact, model=replace(artifact.model, coefficients=weights))
    example = Example({}, make_scorer(artifact)(*lead_values(artifact, {})))
    model = model_of(replace(artifact, examples=(example,)))
    with pytest.raises(BadLead) as caught:
        Predict(model).score(b'{"age": 1e9}', 0.0)
    assert caught.value.field == "$"
    assert model.ring.window(time.time()).champion.bad == 1


def test_a_snapshot_and_the_file_are_the_same_model():
    raw = dump(linear())
    assert load_slot(gzip.compress(raw), None).digest == load_slot(raw, None).digest


def test_a_snapshot_that_unpacks_beyond_the_limit_is_refused():
    with pytest.raises(ArtifactError) as caught:
        load_slot(gzip.compress(bytes(32 << 20)), None)
    assert caught.value.reason is ArtifactReason.TOO_LARGE


def test_a_retrained_model_shares_the_code_of_the_one_before_and_nothing_else():
    """The control is a model of other features, which is compiled anew."""
    code.cache_clear()
    models = [linear(weight) for weight in (0.1, 0.2)]
    first = load_slot(dump(models[0]), None)
    one = pair(first, first)
    compiled = code.cache_info().misses
    assert compiled
    both = pair(load_slot(dump(models[1]), None), first)
    assert code.cache_info().misses == compiled
    lead = {"age": 30, "source": "ads", "created_at": "2026-01-05T03:00:00Z"}
    wanted = [explain_score(model, lead_values(model, lead)) for model in models]
    assert wanted[0] != pytest.approx(wanted[1], abs=1e-3)
    for slots, score in zip((one, both), wanted, strict=True):
        decoded = slots.reader.decode(b'{"age": 30, "source": "ads"}')
        assert slots.champion.scorer(*slots.reader.values(decoded, 3)) == pytest.approx(score, abs=1e-15)
        assert slots.reader.score(decoded, 3)[0] == pytest.approx(score, abs=1e-15)
        assert slots.reader.scores([decoded], [3]) == pytest.approx([score], abs=1e-15)
    load_slot(dump(of(SOURCE, AGE)), None)
    assert code.cache_info().misses > compiled
