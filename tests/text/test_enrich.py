"""Answers of a text model: their shape, why a head says nothing, and that no word of a text gets out unless the vocabulary has it."""

import json
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadmodel_text.document import Document, DocumentError, Example
from leadmodel_text.enrich import HEADS, Enricher, check_examples
from leadmodel_text.features import features
from leadmodel_text.files import load, pack
from leadmodel_text.intent import guess, logistic, refusal, softmax
from leadmodel_text.reasons import items
from leadmodel_text.tables import plain_scores
from leadmodel_text.tokens import tokens
from leadmodel_text.urgency import Cues, noisy_or
from support.text_documents import CLASSES, document, message, open_document, vocabulary

ENGLISH = "could we see a demo of the product with our sales team"
GERMAN = "was kostet das für zwanzig Plätze und wann könnten wir es sehen"


@pytest.fixture(scope="module")
def enricher() -> Enricher:
    return Enricher(open_document())


def with_intent(**bounds: object) -> Enricher:
    whole = open_document()
    return Enricher(replace(whole, intent=replace(whole.intent, **bounds)))


def with_urgency(**bounds: object) -> Enricher:
    whole = document()
    return Enricher(replace(whole, urgency=replace(whole.urgency, **bounds)))


def test_an_answer_has_the_shape_of_the_interface(enricher):
    answer = enricher.enrich(f"{ENGLISH}, it is urgent")
    assert list(answer) == [*HEADS, "truncated", "model", "version"]
    assert list(answer["intent"]) == ["label", "confidence", "second", "scope", "reasons"]
    assert list(answer["intent"]["second"]) == ["label", "confidence"]
    assert list(answer["sentiment"]) == ["label", "confidence", "score"]
    assert list(answer["urgency"]) == ["score", "level", "reasons"]
    assert answer["urgency"]["reasons"][0] == {"cue": "urgent", "at": [62, 68]}
    assert answer["language"]["label"] == "en"
    assert (answer["truncated"], answer["model"], answer["version"]) == (False, "small", 1_767_609_000)
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer


def test_only_wanted_heads_are_answered_and_answers_do_not_depend_on_the_others(enricher):
    whole = enricher.enrich(ENGLISH)
    for head in HEADS:
        assert enricher.enrich(ENGLISH, want=(head,)) == {
            key: value for key, value in whole.items() if key not in HEADS or key == head
        }


def test_without_reasons_the_answer_is_the_same_but_for_them(enricher):
    whole, short = enricher.enrich(ENGLISH), enricher.enrich(ENGLISH, reasons=False)
    assert whole["intent"].pop("reasons")
    whole["urgency"].pop("reasons")
    assert whole == short


def test_a_model_without_a_head_says_so():
    bare = replace(document(), intent=None, sentiment=None, urgency=None, language=None)
    answer = Enricher(bare).enrich(ENGLISH)
    assert {head: answer[head]["why"] for head in HEADS} == dict.fromkeys(HEADS, "no_head")
    assert answer["urgency"]["score"] is None


def test_a_text_in_another_language_is_not_judged(enricher):
    answer = enricher.enrich(GERMAN)
    assert answer["language"]["label"] == "de"
    for head in ("intent", "sentiment", "urgency"):
        assert answer[head]["why"] == "unsupported_language"
    assert enricher.enrich(ENGLISH)["intent"]["label"] in CLASSES
    assert enricher.enrich(ENGLISH, language="de")["intent"] == {"label": None, "why": "unsupported_language"}


def test_cues_of_a_language_count_where_the_tables_are_silent(enricher):
    urgency = enricher.enrich(f"{GERMAN}, dringend")["urgency"]
    assert urgency["score"] == 0.6
    assert [reason["cue"] for reason in urgency["reasons"]] == ["urgent"]
    assert enricher.enrich(f"{GERMAN}, das ist nicht dringend")["urgency"]["why"] == "unsupported_language"


def test_an_unsure_language_leaves_intent_to_its_bounds_and_silences_sentiment(enricher):
    answer = enricher.enrich("price")
    assert answer["language"] == {"label": None, "why": "too_short"}
    assert answer["sentiment"] == {"label": None, "why": "too_short"}
    assert answer["intent"]["label"] in CLASSES


@pytest.mark.parametrize("text", ["", " \n", "4711", "jane@example.org", "!!!", "\u200b"])
def test_a_text_without_words_is_too_short_for_every_head(enricher, text):
    answer = enricher.enrich(text, refused=True)
    assert {head: answer[head]["why"] for head in HEADS} == dict.fromkeys(HEADS, "too_short")


def test_a_text_of_few_words_is_too_short():
    assert with_intent(min_words=2).enrich("price")["intent"]["why"] == "too_short"
    assert with_intent(min_words=2).enrich("the price")["intent"]["label"] in CLASSES


def test_a_text_of_unknown_words_is_out_of_scope():
    strange = "quokka xylophonist price"
    assert with_intent(min_known=0.34).enrich(strange)["intent"] == {"label": None, "why": "out_of_scope"}
    assert with_intent(min_known=0.33).enrich(strange)["intent"]["label"] in CLASSES
    assert with_urgency(min_known=0.34).enrich(strange, "en")["urgency"]["why"] == "out_of_scope"


def test_scope_and_confidence_have_bounds_of_their_own():
    answer = with_intent().enrich(ENGLISH)["intent"]
    scope, product = answer["scope"], answer["scope"] * answer["confidence"]
    assert with_intent(min_scope=scope + 0.001).enrich(ENGLISH)["intent"]["why"] == "out_of_scope"
    assert with_intent(min_scope=scope - 0.001).enrich(ENGLISH)["intent"] == answer
    assert with_intent(min_confidence=product + 0.001).enrich(ENGLISH)["intent"]["why"] == "low_confidence"
    assert with_intent(min_confidence=product - 0.001).enrich(ENGLISH)["intent"] == answer


def test_a_refused_label_is_shown_only_when_asked_for():
    answered = with_intent().enrich(ENGLISH)["intent"]
    shy = with_intent(min_confidence=1.0)
    assert shy.enrich(ENGLISH)["intent"] == {"label": None, "why": "low_confidence"}
    shown = shy.enrich(ENGLISH, refused=True)["intent"]
    assert shown["refused"] == {"label": answered["label"], "confidence": answered["confidence"]}


def test_levels_of_urgency():
    score = with_urgency().enrich(ENGLISH)["urgency"]["score"]
    bounds = {"low": (score + 0.01, 1.0), "medium": (score - 0.01, score + 0.01), "high": (0.0, score - 0.01)}
    for level, (medium, high) in bounds.items():
        assert with_urgency(medium=medium, high=high).enrich(ENGLISH)["urgency"]["level"] == level


def test_a_document_of_another_tokeniser_is_refused():
    with pytest.raises(DocumentError, match="tokenizer"):
        Enricher(replace(document(), tokenizer="t0"))


def plainly(whole: Document, text: str) -> tuple[object, ...]:
    """Intent and urgency of a text by the definitions alone: features as a set, no cache, no packed rows."""
    words = tokens(text).words
    present, distinct = features(words), set(words) - {"", "0"}
    intent, urgency = whole.intent, whole.urgency
    likeliest = guess(intent, plain_scores(intent.table, present), plain_scores(intent.scope, present)[0])
    why = refusal(intent, likeliest, len(distinct & set(intent.table.features)) / len(distinct))
    matches = Cues(urgency.cues).matches(words, ("en",))
    denied = {place for match in matches if not match.cue.weight for place in range(match.first, match.end)}
    heard = features(["" if place in denied else word for place, word in enumerate(words)])
    pressing = min(plain_scores(urgency.table, each)[0] for each in (present, heard))
    score = noisy_or(logistic(pressing / urgency.temperature), matches)
    return (
        intent.classes[likeliest.first] if why is None else None,
        round(likeliest.confidence, 4),
        why,
        round(score, 4),
    )


def test_served_answers_are_those_of_the_definition_after_json_and_gzip():
    whole = open_document(7)
    whole = replace(
        whole,
        intent=replace(whole.intent, min_confidence=0.3, min_scope=0.2, min_known=0.3),
        urgency=replace(whole.urgency, min_known=0.0, min_words=0),
    )
    served, draw = Enricher(load(pack(whole))), random.Random(8)
    seen = set()
    for _ in range(800):
        text = message(draw)
        if not set(tokens(text).words) - {"", "0"}:
            continue
        answer = served.enrich(text, language="en", refused=True)
        intent = answer["intent"]
        confidence = intent["confidence"] if "why" not in intent else intent["refused"]["confidence"]
        got = (intent["label"], confidence, intent.get("why"), answer["urgency"]["score"])
        assert got == plainly(whole, text)
        seen.add(intent.get("why"))
    assert seen == {None, "out_of_scope", "low_confidence"}


def strings(value: object) -> set[str]:
    """All strings of an answer that are no names of its fields."""
    if isinstance(value, str):
        return {value}
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {text for item in items for text in strings(item)}


SAYS = {"low", "medium", "high", "positive", "neutral", "negative", "en", "de", "other", "small", *CLASSES}
WHYS = {"low_confidence", "out_of_scope", "unsupported_language", "too_short", "no_head"}


@given(
    st.lists(
        st.sampled_from(["injected", "{evil}", "Bob", "12", "~pric", "\n", *ENGLISH.split()]) | st.text(),
        max_size=12,
    )
)
def test_a_text_reaches_an_answer_only_through_the_vocabulary(parts):
    whole = open_document()
    answer = Enricher(whole).enrich(" ".join(parts), refused=True)
    known = SAYS | WHYS | {cue.name for cue in whole.urgency.cues} | set(vocabulary())
    assert strings(answer) <= known


def test_the_check_of_strings_sees_a_word_of_the_text():
    assert not strings({"intent": {"reasons": [{"text": "injected", "at": [0, 8]}]}}) <= SAYS | WHYS


def test_reasons_stand_where_they_say(enricher):
    text = "Could   we see a DEMO of the product,\nwith our sales-team for 20 people?"
    reasons = enricher.enrich(text)["intent"]["reasons"]
    assert 0 < len(reasons) <= 3
    for reason in reasons:
        begin, end = reason["at"]
        words = tokens(text[begin:end].lower()).words
        assert reason["text"] in features(words)
        assert reason["weight"] > 0
    weights = [reason["weight"] for reason in reasons]
    assert weights == sorted(weights, reverse=True)


def test_an_unknown_word_is_named_by_a_gram_that_is_known(enricher):
    reasons = [
        reason
        for word in ("demonstrate", "productive", "supporting", "placement")
        for reason in enricher.enrich(f"{word} unusual", "en")["intent"].get("reasons", ())
    ]
    assert reasons
    assert all(reason["text"].startswith("~") for reason in reasons)


def test_the_two_likeliest_classes_differ_even_with_one_score():
    head = open_document().intent
    assert guess(head, [0.0] * 5, 0.0)[:4] == (0, 0.2, 1, 0.2)
    assert guess(head, [0.0, 1.0, 0.0, 3.0, 2.0], 0.0)[::2][:2] == (3, 4)
    assert guess(head, [0.0, 1.0, 0.0, 3.0, 3.0], 0.0)[::2][:2] == (3, 4)
    assert guess(head, [3.0, 0.0, 0.0, 3.0, 1.0], 0.0)[::2][:2] == (0, 3), (
        "the other one of a tie, wherever it stands"
    )


def test_softmax_and_logistic():
    assert softmax([1.0, 1.0], 0.5) == [0.5, 0.5]
    assert softmax([1e6, -1e6], 1.0) == [1.0, 0.0]
    assert softmax([2.0, 0.0], 2.0)[0] == pytest.approx(logistic(1.0))
    assert (logistic(-1e6), logistic(0.0), logistic(1e6)) == (0.0, 0.5, 1.0)


def test_a_long_text_is_cut(enricher):
    answer = enricher.enrich("price per seat " * 1000)
    assert answer["truncated"] is True
    assert answer["intent"]["label"] in CLASSES


def test_examples_are_answered_as_they_say_and_hold_the_vocabulary_alone():
    whole = open_document()
    text = "price per seat"
    answer = Enricher(whole).enrich(text, "en")
    right = Example(
        text, answer["intent"]["label"], answer["intent"]["confidence"], answer["urgency"]["score"]
    )
    check_examples(Enricher(replace(whole, examples=(right,))))
    wrong = {
        "examples[1].text": replace(right, text=f"{text} injected"),
        "examples[1].intent": replace(right, confidence=0.5),
        "examples[1].urgency": replace(right, urgency=0.123),
    }
    for path, example in wrong.items():
        with pytest.raises(DocumentError) as refused:
            check_examples(Enricher(replace(whole, examples=(right, example))))
        assert str(refused.value).startswith(path)
        assert "injected" not in str(refused.value)


def test_a_pair_is_placed_where_both_words_stand_together():
    assert items(["price", "price", "", "price", "per", "price"], "price per") == (3, 5)
    assert items(["price", "per"], "per") == (1, 2)
