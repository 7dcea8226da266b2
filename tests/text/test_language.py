"""Languages: floors on texts by others and by us, abstention, one answer for raw and redacted texts, bounds on time and memory."""

import csv
import gzip
import json
import os
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from leadmodel_text.base import base
from leadmodel_text.document import LanguageHead, Table
from leadmodel_text.language import READ_WORDS, Language, grams
from leadmodel_text.tokens import tokens

TEXTS = [line.split("\t") for line in Path(__file__).with_name("language_texts.tsv").read_text().splitlines()]
HEAD = base().language
LANGUAGE = Language(HEAD)


def shares(language, rows):
    """Share of texts with an answer, share of right answers among these, share of texts answered as English wrongly."""
    answers = [(truth, language.language(text)[0]) for truth, text in rows]
    given = [(truth, label) for truth, label in answers if label is not None]
    others = [label for truth, label in answers if truth != "en"]
    right = sum(truth == label for truth, label in given) / len(given)
    return len(given) / len(answers), right, sum(label == "en" for label in others) / max(1, len(others))


def test_languages_of_texts_written_for_the_project():
    answered, right, as_english = shares(LANGUAGE, TEXTS)
    assert answered >= 0.9
    assert right >= 0.95
    assert as_english <= 0.01
    shuffled = replace(HEAD, classes=(*HEAD.classes[1:], HEAD.classes[0]))
    assert shares(Language(shuffled), TEXTS)[1] < 0.1


@pytest.mark.skipif("LEADMODEL_DATA" not in os.environ, reason="needs banking77 and CLINC150")
def test_english_messages_to_services_are_english():
    folder = Path(os.environ["LEADMODEL_DATA"]) / "text"
    with gzip.open(folder / "banking77-test.csv.gz", "rt", encoding="utf-8") as file:
        bank = [("en", row["text"]) for row in csv.DictReader(file)]
    with gzip.open(folder / "clinc150.json.gz", "rt", encoding="utf-8") as file:
        chats = [("en", text) for text, _ in json.load(file)["test"]]
    for rows in (bank, chats):
        long = [row for row in rows if len(tokens(row[1]).words) >= HEAD.min_words]
        answered, right, _ = shares(LANGUAGE, long)
        assert answered >= 0.95
        assert right >= 0.97


def test_two_words_have_no_language_and_three_have():
    assert LANGUAGE.language("what is")[0] is None
    assert LANGUAGE.language("what is this")[0] == "en"
    assert Language(replace(HEAD, min_words=2)).language("what is")[0] == "en"
    assert LANGUAGE.language("") == (None, 0.0)
    assert LANGUAGE.language("0815 4711 99") == (None, 0.0)


def test_an_unsure_answer_is_none_with_its_confidence():
    text = "Was kostet der Jahresvertrag?"
    label, confidence = LANGUAGE.language(text)
    assert label == "de"
    strict = Language(replace(HEAD, min_confidence=1.0))
    assert strict.language(text) == (None, confidence)


def test_scripts_that_are_not_latin_are_other_even_without_spaces():
    for text in ("年度套餐多少钱", "Сколько стоит подписка", "كم تكلفة الاشتراك"):
        assert LANGUAGE.language(text)[0] == "other"


def test_raw_and_redacted_texts_have_one_language():
    pairs = [
        ("Mein Konto ist a.b@example.org und es geht nicht", "Mein Konto ist [EMAIL] und es geht nicht"),
        ("please call me on +44 20 7946 0958 today", "please call me on [PHONE] today"),
    ]
    for raw, redacted in pairs:
        assert LANGUAGE.language(raw) == LANGUAGE.language(redacted)
        assert LANGUAGE.language(raw)[0] is not None


def test_composed_and_decomposed_letters_have_one_language():
    assert LANGUAGE.language("où est ma facture réglée") == LANGUAGE.language("où est ma facture réglée")
    assert LANGUAGE.language("où est ma facture réglée")[0] == "fr"


def test_only_the_first_words_are_read():
    english = "what does the annual plan cost for us " * 5
    assert len(english.split()) == READ_WORDS
    assert LANGUAGE.language(english + "und was kostet das " * 300) == LANGUAGE.language(english)
    assert LANGUAGE.language(english[8:]) != LANGUAGE.language(english[8:] + "und was kostet das " * 300)


def test_an_answer_does_not_depend_on_the_texts_before_it():
    fresh = [Language(HEAD).language(text) for _, text in TEXTS]
    assert [LANGUAGE.language(text) for _, text in reversed(TEXTS)] == fresh[::-1]


def made(count):
    """So many words of four letters."""
    return ["".join(chr(97 + number // 26**place % 26) for place in range(4)) for number in range(count)]


def test_gaps_and_numbers_are_no_words_even_after_kept_rows_were_dropped():
    language = Language(HEAD)
    for word in made(5000):
        language.language_of([word])
        assert language.language_of(["", "0"]) == (None, 0.0)


def test_kept_rows_are_bounded():
    language = Language(HEAD)
    language.language("warm up this please")
    tracemalloc.start()
    try:
        for word in made(20_000):
            language.language_of([word] * 3)
        bounded, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert bounded < 3_000_000  # 20,000 rows would take more than 4 MB


def test_grams_of_a_word():
    assert grams("ja") == ["_j", "ja", "a_", "_ja", "ja_", "_ja_"]
    assert grams("l'or") == ["_l", "l_", "_l_", "_o", "or", "r_", "_or", "or_", "_or_"]
    assert grams("год") == grams("дог") == ["_?", "??", "?_", "_??", "???", "??_", "_???_"]
    assert len(grams("a" * 5000)) < 10


def test_a_score_is_the_sum_of_rows_over_the_root_of_known_grams():
    table = Table(("ab", "zz"), bytes([0, 0xFF, 100, 0]), 0.5, (0.0, 0.25))
    head = LanguageHead(("en", "other"), table, 1.0, 0.0, 0)
    label, confidence = Language(head).language_of(["ab", "xy", "ab"])
    # two known grams, each (0, -1): other scores -2 · 0.5 / √2 + 0.25 = -0.457
    assert label == "en"
    assert confidence == pytest.approx(0.6123, abs=1e-4)
