"""Leads of the past for a challenger: what it would have read of them, or unread; never a guess."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadmodel_artifact.compiler import make_coded_scorer, make_scorer
from leadmodel_artifact.lead import LeadError, coded, codes, lead_values
from leadmodel_artifact.model import Feature, FeatureKind, Linear
from leadmodel_predictor.http.predict import Predict
from leadmodel_predictor.serving.fields import UNREAD
from leadmodel_predictor.serving.past import translation
from support.other_models import AGE, DETAILS, HOUR, OTHERS, SENT, SOURCE, of
from support.predictor_thread import model_of
from support.small_models import linear
from support.text_lead_models import text_leads, with_texts

KNOWN = {  # leads of SENT that each model reads from what the champion kept
    "same": len(SENT),
    "other order": len(SENT),
    "other levels": sum(
        lead.get("source") in {"ads", "web", None} for lead in SENT
    ),  # the champion's other is no level
    "fewer levels": len(SENT),  # what the champion does not know this one does not know either
    "other bounds": len(SENT),
    "required": len(SENT),
    "one more number": 0,
    "one more word": 0,
    "a number read as a word": 0,
    "text and word of one field": 0,
}
MODELS = OTHERS | {"fewer levels": of(AGE, replace(SOURCE, levels=("web",)), DETAILS, HOUR)}


def kept(champion, lead):
    """The champion's entry of a lead."""
    model = model_of(champion)
    Predict(model).score(json.dumps(lead).encode(), 0.0)
    return model.ring.entries[-1]


def of_past(champion, challenger):
    return translation(champion, challenger, make_coded_scorer(challenger))


@pytest.mark.parametrize("case", MODELS)
def test_a_past_lead_means_what_it_would_have_meant(case):
    challenger, read = MODELS[case], 0
    translate, scorer = of_past(linear(), challenger), make_scorer(challenger)
    for lead in SENT:
        entry = kept(linear(), lead)
        score, values = translate(entry[2])
        if score is None:
            continue
        read += 1
        sent = {k: v for k, v in lead.items() if v is not None}
        sent.setdefault("created_at", 1767571200 + entry[1] * 3600)
        try:
            wanted = lead_values(challenger, sent)
        except LeadError:
            assert values is None, lead
            assert math.isnan(score)
            continue
        assert values == coded(challenger.features, wanted), lead
        assert score == pytest.approx(scorer(*wanted), abs=1e-12)
    assert read == KNOWN[case]


def test_a_lead_that_the_champion_refused_is_unread():
    for challenger in (linear(0.1), MODELS["other order"]):
        assert of_past(linear(), challenger)(None) == UNREAD


def test_a_challenger_that_fails_at_a_lead_has_no_score_for_it():
    huge = replace(AGE, scale=1e-300, mean=0.0, default=0.0, minimum=None, maximum=None)
    failing = replace(
        linear(), features=(huge, replace(huge, name="b")), model=Linear(0.0, (1e300, -1e300)), examples=()
    )
    assert math.isnan(of_past(linear(), failing)((1e9, 0, 3, 4))[0])


def test_what_the_challenger_surely_refuses_is_no_unread_lead():
    """The control is the same lead with an age that the challenger takes."""
    narrow = of(replace(AGE, maximum=45.0), Feature("extra", FeatureKind.NUMERIC, "extra"), name="narrow")
    translate = of_past(linear(), narrow)
    assert translate((50.0, 0, 3, 4))[1] is None
    assert math.isnan(translate((50.0, 0, 3, 4))[0])
    assert translate((40.0, 0, 3, 4)) == UNREAD


WORDS = ("ads", "web", "NA", "null", "3", "3.0", "true", "True", "False", "1", "0", "fair")
SENDABLE = [*WORDS, "", None, 3, 3.0, 1, 0, True, False, 7, "elsewhere"]


@st.composite
def categories(draw):
    levels = draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=5, unique=True))
    missing = draw(st.lists(st.sampled_from(["NA", "null"]), max_size=2, unique=True))
    return Feature(
        "c",
        FeatureKind.CATEGORICAL,
        "c",
        required=draw(st.booleans()),
        levels=tuple(level for level in levels if level not in missing) or ("ads",),
        missing=tuple(missing),
    )


def meaning(feature, value):
    """The code of a value; None: refused."""
    code = codes(feature).get(value, len(feature.levels))
    return None if feature.required and code == len(feature.levels) + 1 else code


def only(feature, name="only"):
    bare = linear(name=name)
    weights = tuple(0.1 * (i + 1) for i in range(len(feature.levels) + 1))
    return replace(bare, features=(feature,), model=Linear(0.0, weights), examples=())


def by_level(champion, challenger):
    """What would be simpler: levels by their text, all else is other or missing."""
    own = {level: code for code, level in enumerate(challenger.levels)}
    other = len(challenger.levels)
    levels = [own.get(level, other) for level in champion.levels]
    return [*levels, other, other + 1]


@settings(deadline=None, max_examples=300)
@given(categories(), categories())
def test_a_category_is_translated_for_every_value_or_for_none(champion, challenger):
    translate = of_past(only(champion), only(challenger))
    for code in range(len(champion.levels) + 2):
        sent = [value for value in SENDABLE if meaning(champion, value) == code]
        wanted = {meaning(challenger, value) for value in sent}
        score, values = translate((code,))
        if score is not None:
            assert {values and values[0]} == (wanted or {values and values[0]})
        elif sent:  # unread: some value of this code means another thing, of those sent here or of the levels
            assert len(wanted) > 1 or code == len(champion.levels)


def test_the_control_of_translating_by_level_guesses():
    champion = replace(SOURCE, levels=("ads",))
    assert by_level(champion, SOURCE)[1] == len(SOURCE.levels)  # web, which the challenger knows, as other
    assert meaning(SOURCE, "web") != len(SOURCE.levels)
    assert of_past(only(champion), only(SOURCE))((1,)) == UNREAD
    assert of_past(only(champion), only(SOURCE))((0,))[1] == (0,)


def test_features_of_texts_are_read_with_the_same_text_model_alone():
    champion = with_texts(1)
    fewer = with_texts(1, kinds=(FeatureKind.TEXT_URGENCY, FeatureKind.TEXT_INTENT), name="fewer")
    other = with_texts(2, name="other")
    for lead in text_leads(60, seed=4):
        values = kept(champion, lead)[2]
        score, own = of_past(champion, fewer)(values)
        assert own == coded(fewer.features, lead_values(fewer, lead))
        assert score == pytest.approx(make_scorer(fewer)(*lead_values(fewer, lead)), abs=1e-12)
        assert of_past(champion, other)(values) == UNREAD


def test_a_challenger_that_needs_a_text_does_not_take_silence_for_one():
    """Without an answer of the text model nobody knows whether there was a text; the control is a text with an answer."""
    champion = with_texts(1, kinds=(FeatureKind.TEXT_INTENT,))
    whole = replace(champion.features[-1], required=True)
    strict = replace(champion, features=(*champion.features[:-1], whole), name="strict")
    unanswered = 0
    for lead in text_leads(60, seed=4):
        values = kept(champion, lead)[2]
        is_answered = values[-1] <= len(whole.levels)
        unanswered += not is_answered
        score, own = of_past(champion, strict)(values)
        assert (score is None) is not is_answered
        assert own == (values if is_answered else None)
    assert 0 < unanswered < 60
