"""Cues of urgency: frozen, written as the tokeniser writes, and matched from left to right."""

import hashlib

import pytest

from leadmodel_text.cues import CUES, SEQUENCES, WEIGHTS
from leadmodel_text.document import Cue
from leadmodel_text.tokens import tokens
from leadmodel_text.urgency import Cues, Match, noisy_or, without_denials

# Cues are written before they are measured. Whoever changes them needs labels that were made later, and puts the new digest here.
DIGEST = "2f9131d6dbf6c595e31d24e39637b9b7fd3b16dad508014ed3fd0a4be8e2f31b"
LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl")


def names(text: str, *languages: str) -> list[str]:
    return [match.cue.name for match in Cues(CUES).matches(tokens(text).words, languages)]


def test_the_cues_are_frozen():
    assert hashlib.sha256(repr(CUES).encode()).hexdigest() == DIGEST


def test_each_language_has_each_kind_of_cue_and_no_sequence_twice():
    assert tuple(SEQUENCES) == LANGUAGES
    for language in LANGUAGES:
        own = [cue for cue in CUES if cue.language == language]
        assert [cue.name for cue in own] == list(WEIGHTS)
        sequences = [words for cue in own for words in cue.words]
        assert len(set(sequences)) == len(sequences)


def test_each_sequence_is_what_the_tokeniser_makes_of_it():
    lines = [" ".join(words) for cue in CUES for words in cue.words]
    assert [" ".join(tokens(line.replace("0", "24")).words) for line in lines] == lines


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "We need the quote by end of day, please", ["end_of_day"]),
        ("en", "Please answer within 24 hours, this is urgent!", ["hours", "urgent"]),
        ("en", "No rush, tomorrow is fine", ["calm", "tomorrow"]),
        ("en", "It is not urgent", ["calm"]),
        ("en", "How are you today? What does it cost?", ["calm"]),
        ("en", "Can you call me back ASAP", ["urgent"]),
        ("de", "Guten Morgen, wir brauchen das Angebot bis morgen", ["calm", "tomorrow"]),
        ("de", "bitte sofort melden, es eilt", ["immediately", "urgent"]),
        ("fr", "Il nous faut le devis aujourd'hui ou d'ici demain", ["today", "tomorrow"]),
        ("es", "Lo necesito hoy mismo, es urgente", ["today", "urgent"]),
        ("it", "Rispondete entro 48 ore, grazie", ["hours"]),
        ("pt", "preciso da proposta amanhã, não é urgente", ["tomorrow", "calm"]),
        ("nl", "graag vandaag nog antwoord, met spoed", ["today", "urgent"]),
        ("en", "what does it cost", []),
        ("en", "", []),
    ],
)  # fmt: skip
def test_cues_of_a_text(language, text, expected):
    assert names(text, language) == expected


def test_cues_of_other_languages_are_silent():
    assert names("Was kostet das morgen", "de") == ["tomorrow"]
    assert names("Was kostet das morgen", "en") == []


def test_a_match_says_which_words_it_took():
    match = Cues(CUES).matches(["we", "need", "it", "by", "end", "of", "day"], ("en",))[0]
    assert (match.first, match.end) == (4, 7)


def test_each_name_counts_once_and_denials_count_nothing():
    today, calm = Cue("today", "en", 0.5, (("today",),)), Cue("calm", "en", 0.0, (("no", "rush"),))
    once = [Match(today, 0, 1)]
    assert noisy_or(0.0, once) == 0.5
    assert noisy_or(0.0, [*once, Match(today, 3, 4), Match(calm, 5, 7)]) == 0.5
    assert noisy_or(0.5, once) == 0.75
    assert noisy_or(0.0, []) == 0.0


def test_words_of_denials_are_taken_out_and_no_others():
    today, calm = Cue("today", "en", 0.5, (("today",),)), Cue("calm", "en", 0.0, (("no", "rush"),))
    words = ["no", "rush", "today", "no", "rush"]
    assert without_denials(words, Cues([today, calm]).matches(words, ("en",))) == ["", "", "today", "", ""]
    assert without_denials(words, Cues([today]).matches(words, ("en",))) is words


def test_a_longer_sequence_takes_the_words_of_a_shorter_one():
    cues = [Cue("urgent", "en", 0.6, (("urgent",),)), Cue("calm", "en", 0.0, (("not", "urgent"),))]
    words = ["this", "is", "not", "urgent"]
    assert [match.cue.name for match in Cues(cues).matches(words, ("en",))] == ["calm"]
    assert [match.cue.name for match in Cues(cues[:1]).matches(words, ("en",))] == ["urgent"]
