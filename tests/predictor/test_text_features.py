"""Leads whose texts are read by text models inside the artifacts: as training reads them, each model with its own, and no text is kept."""

import json
import random
import time
from dataclasses import replace

import pytest

from leadmodel_artifact.artifact import dump
from leadmodel_artifact.compiler import make_scorer
from leadmodel_artifact.lead import coded, lead_values
from leadmodel_artifact.model import HEADS, Artifact, FeatureKind
from leadmodel_messages.window_document import dump as dump_window
from leadmodel_messages.window_document import parse as parse_window
from leadmodel_predictor.http.predict import Predict
from leadmodel_predictor.jobs.rehearse import Rehearsal
from leadmodel_predictor.serving.card import card
from leadmodel_predictor.serving.decode import BadLead
from leadmodel_predictor.serving.model import Model
from leadmodel_predictor.serving.slots import load_slot, pair
from support.predictor_thread import model_of, served
from support.small_models import FEATURES, linear
from support.text_documents import message
from support.text_lead_models import KINDS, text_feature, text_leads, text_model, with_texts

BARE = replace(linear(name="bare"), version=linear().version + 1)
NOON = "2026-01-05T12:00:00+00:00"


def entries(model: Model, leads: list[dict[str, object]]) -> list[tuple]:
    predict = Predict(model)
    for lead in leads:
        predict.score(json.dumps(lead).encode(), 0.0)
    return list(model.ring.entries)


def wanted(artifact: Artifact, lead: dict[str, object]) -> tuple[tuple, float]:
    raw = lead_values(artifact, {name: value for name, value in lead.items() if value is not None})
    return coded(artifact.features, raw), make_scorer(artifact)(*raw)


def agree(model: Model, leads: list[dict[str, object]], champion: Artifact, previous: Artifact) -> bool:
    """Whether both models read these leads as the contract reads them."""
    rows = zip(entries(model, leads), leads, strict=True)
    return all(
        (entry[2], entry[3]) == wanted(champion, lead) and (entry[4], entry[5]) == wanted(previous, lead)
        for entry, lead in rows
    )


def test_ten_thousand_messages_have_one_reading():
    """Bit for bit: decoded, columnar, in a batch, and as training and validation read a lead."""
    artifact, draw = with_texts(), random.Random(5)
    slots = pair(load_slot(dump(artifact), None), None)
    places = [i for i, feature in enumerate(artifact.features) if feature.text_model]
    leads = [{"details": message(draw), "created_at": NOON} for _ in range(10_000)]
    decoded = slots.reader.decode_many(json.dumps(leads).encode())
    columns = slots.columns.columns(json.dumps({"details": [lead["details"] for lead in leads]}).encode())
    in_columns = slots.columns.values(columns, [12] * len(leads))
    for lead, one, row in zip(leads, decoded, in_columns, strict=True):
        values = coded(artifact.features, lead_values(artifact, lead))
        assert repr(slots.reader.values(one, 12)) == repr(values)
        assert [row[place] for place in places] == [values[place] for place in places]
    assert len({row[places[0]] for row in in_columns}) == len(artifact.features[places[0]].levels) + 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_of_one_feature_computes_one_head(kind, monkeypatch):
    artifact = with_texts(kinds=[kind])
    slot = load_slot(dump(artifact), None)
    (model,) = slot.artifact.text_models.values()
    asked, read = [], model.enricher.read

    def watched(text, language, want, **more):
        asked.append(set(want))
        return read(text, language, want, **more)

    monkeypatch.setattr(model.enricher, "read", watched)
    reader = pair(slot, None).reader
    lead = text_leads(1)[0]
    score, values = reader.score(reader.decode(json.dumps(lead).encode()), 7)
    assert (values, score) == wanted(artifact, {**lead, "created_at": "2026-01-05T07:00:00"})
    assert asked == [{HEADS[kind]}]


ROLLS = {
    "v2 after v1": (with_texts(), linear()),
    "v1 after v2": (BARE, with_texts()),
    "v2 after v2 of another text model": (with_texts(2, name="newer"), with_texts()),
    "v2 after v2 of other features": (with_texts(), with_texts(kinds=[FeatureKind.TEXT_URGENCY], name="u")),
    "v2 that reads no other field": (
        with_texts(features=[FEATURES[0]], kinds=[FeatureKind.TEXT_INTENT], name="i"),
        with_texts(2),
    ),
}


@pytest.mark.parametrize("case", ROLLS)
def test_an_upgrade_and_its_rollback_in_one_process(case):
    """Champion and previous model swap places under the leads, as a promotion and a rollback swap them."""
    newer, older = ROLLS[case]
    leads = text_leads(40, seed=3)
    model = model_of(newer, older)
    assert agree(model, leads, newer, older)
    model.swap(pair(load_slot(dump(older), None), load_slot(dump(newer), None)), time.time())
    assert agree(model, leads, older, newer)
    model.swap(pair(load_slot(dump(newer), None), load_slot(dump(older), None)), time.time())
    assert agree(model, leads, newer, older)


def test_the_previous_model_reads_texts_with_its_own_text_model():
    """The control: the champion's text model reads these texts otherwise, so its values would be wrong for the previous model."""
    newer, older = with_texts(2, name="newer"), with_texts()
    rows = entries(model_of(newer, older), text_leads(50))
    assert [f.source for f in newer.features] == [f.source for f in older.features]
    assert any(entry[2] != entry[4] for entry in rows)
    same = entries(model_of(replace(older, version=older.version + 1), older), text_leads(50))
    assert all(entry[2] == entry[4] for entry in same)


def test_rollback_over_http_keeps_every_answer():
    newer, older = with_texts(2, name="newer"), BARE
    lead = {**text_leads(1)[0], "created_at": NOON}
    with served(newer, older) as predictor:
        for champion, previous in ((newer, older), (older, newer), (newer, older)):
            slots = pair(load_slot(dump(champion), None), load_slot(dump(previous), None))
            predictor.model.swap(slots, time.time())
            answer = predictor.ask("POST", "/predict", lead)
            assert answer.status == 200
            assert (answer.json["model"], answer.json["score"]) == (champion.name, wanted(champion, lead)[1])


def test_batches_are_scored_like_single_leads():
    artifact, leads = with_texts(), [{**lead, "created_at": NOON} for lead in text_leads(55, seed=4)]
    scores = [wanted(artifact, lead)[1] for lead in leads]
    columns = {name: [lead[name] for lead in leads] for name in leads[0]}
    with served(artifact, BARE) as predictor:
        rows = predictor.ask("POST", "/predict/batch?live=true", leads)
        assert [answer["score"] for answer in rows.json] == scores
        assert predictor.ask("POST", "/predict/batch?live=true", columns).json["score"] == scores
        entries = list(predictor.model.ring.entries)
    assert [entry[2] for entry in entries] == [wanted(artifact, lead)[0] for lead in leads] * 2


def test_no_text_enters_the_ring_or_the_window():
    model = model_of(with_texts(), with_texts(2))
    secret = "please send a quote to anna.schmidt@example.org"
    for entry in entries(model, [{"details": secret}, *text_leads(200)]):
        assert all(
            value is None or type(value) in {int, float} for part in (entry[2], entry[4]) for value in part
        )
    window = dump_window(model.ring.window(time.time()))
    assert "schmidt" not in window
    assert "quote" not in window
    watched = parse_window(window).champion.features
    assert watched["details_intent"].kind == "categorical"
    assert sum(watched["details_intent"].observed) == 201
    assert watched["details_urgency"].kind == "numeric"
    assert watched["details_urgency"].missing.observed[1] > 0


def test_a_rehearsal_scores_as_the_contract_reads(tmp_path):
    newer, older = with_texts(2, name="newer"), with_texts()
    for name, artifact in (("champion", newer), ("previous", older)):
        (tmp_path / name).write_bytes(dump(artifact))
    rehearsal = Rehearsal()
    rehearsal.serve(str(tmp_path / "champion"), str(tmp_path / "previous"), 1)
    at, leads = 1_767_614_400.0, text_leads(20)
    scores = rehearsal.answer({"leads": [[at, lead] for lead in leads]})["scores"]
    assert scores == [wanted(newer, lead)[1] for lead in leads]


def test_the_card_names_the_text_model():
    features = card(model_of(with_texts()).slots.champion, None)["features"]
    assert [f.get("text_model") for f in features] == [f.text_model for f in with_texts().features]


@pytest.mark.parametrize("value", [["a"], {"b": 1}])
def test_a_text_of_another_type_is_refused(value):
    with pytest.raises(BadLead) as caught:
        Predict(model_of(with_texts())).score(json.dumps({"details": value}).encode(), 0.0)
    assert caught.value.field == "$.details"


def test_a_text_that_only_the_previous_model_reads():
    base = with_texts(kinds=[FeatureKind.TEXT_INTENT])
    feature = text_feature(FeatureKind.TEXT_INTENT, text_model(), source="message")
    examples = tuple(replace(e, lead={**e.lead, "message": e.lead["details"]}) for e in base.examples)
    older = replace(base, features=(*base.features[:-1], feature), examples=examples)
    sent = [{"age": 40, "message": lead["details"], "created_at": NOON} for lead in text_leads(30)]
    assert agree(model_of(linear(), older), sent, linear(), older)
    odd = entries(model_of(linear(), older), [{"age": 40, "message": ["a"]}])
    assert odd[0][4] is None
    assert odd[0][2] is not None
