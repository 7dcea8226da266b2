"""The tokeniser's rules one by one, a golden file of its answers, one answer per spelling, and its limit."""

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadmodel_privacy.name_tagger import DATA, lexicon_from
from leadmodel_text.kept import KEPT
from leadmodel_text.tokens import MAX_CHARS, VERSION, spans, tokens
from support.privacy_decoys import decoys
from support.privacy_texts import heavy

GOLDEN = json.loads((Path(__file__).parent / "tokens_t1.json").read_text())


def words(text):
    return tokens(text).words


def test_the_golden_file_holds_this_version():
    """Whoever changes an answer below writes a new version and a new file, and leaves this one to the models that were trained with it."""
    assert GOLDEN["version"] == VERSION
    assert len(GOLDEN["texts"]) >= 100


def test_the_golden_file():
    assert {text: words(text) for text in GOLDEN["texts"]} == GOLDEN["texts"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("?!", []),
        ("Pricing?", ["pricing"]),
        ("Is it 20 % off?", ["is", "it", "0", "off"]),
        ("mail jane@example.org.", ["mail", "0"]),
        ("mail [EMAIL].", ["mail", "0"]),
        ("phone:+49 (0)30 123", ["phone", "0"]),
        ("see example.org/a?b=c, please", ["see", "0", "please"]),
        (
            "don\u2019t know whether it\u2019s l\u2019offre",
            ["don't", "know", "whether", "it's", "l", "offre"],
        ),
        ("I need VAT ids", ["i", "need", "vat", "ids"]),
        ("we use Slack for PDFs", ["we", "use", "", "for", "pdfs"]),
        ("ask Ava de Vries today", ["ask", "", "today"]),
        ("ask [NAME] today", ["ask", "", "today"]),
        ("It fails. Refund please", ["it", "fails", "refund", "please"]),
        ("Regards,\nAva", ["regards", ""]),
        ("Hi,\nprinter broken.\nToner is empty", ["hi", "printer", "broken", "toner", "is", "empty"]),
        ("der Drucker von Ava", ["der", "drucker", ""]),
        ("born 12 January 1985, ok", ["born", "0", "ok"]),
        ("at 12 oak street or so", ["at", "0", "or", "so"]),
        ("x" * 32, ["0"]),
        ("to jane (at) example (dot) org, please", ["to", "0", "please"]),
    ],
)
def test_rules(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("don't", "don\u2019t"),
        ("don't", "don\u00b4t"),
        ("refund 120 now", "refund \uff11\uff12\uff10 now"),
        ("refund now", "re\u00adfund n\u200bow"),
        ("refund now", "\ufeffre\u200dfund \u2060now"),
        ("office", "o\ufb03ce"),
        ("pay at 5", "pay\u00a0at\u20095"),
        ("refund", "\uff52\uff45\uff46\uff55\uff4e\uff44"),
        ("mail jane@example.org", "mail jane\uff20example\u200b.org"),
    ],
)
def test_spellings_give_one_answer(one, other):
    assert words(one) == words(other)


def test_composed_and_decomposed_letters_give_one_answer():
    texts = [message.text for message in heavy(3, 400)] + [
        "Grüße, à bientôt, ação, ŝirmi",
        "\u1e69 a\u0323\u0307",
    ]
    different = [t for t in texts if unicodedata.normalize("NFD", t) != t]
    assert len(different) > 50
    assert [words(unicodedata.normalize("NFD", t)) for t in different] == [words(t) for t in different]


def test_a_short_text_is_not_truncated():
    assert tokens("a " * (MAX_CHARS // 2)).truncated is False


@pytest.mark.parametrize("unit", ["refund ", "réfund ", "re\u200bfund ", "refund\n"])
def test_the_limit_leaves_out_what_is_beyond(unit):
    answer = tokens(unit * 5000)
    assert answer.truncated
    assert set(answer.words) <= {"refund", "réfund"}
    assert 200 < len(answer.words) <= MAX_CHARS // 7


def test_the_limit_never_shows_a_part_of_a_word_or_address():
    assert tokens("pay jane.doe@example.org", 12) == (["pay"], True)
    assert tokens("pay refunds", 7) == (["pay"], True)
    assert tokens("pay refunds", 11) == (["pay", "refunds"], False)
    assert tokens("r" * 3000) == ([], True)


ALPHABET = "aÀI1 \n.'@:[]-\u0301\u200b\u00e9\u00df\ufb01\uff11\u1100\u1161\u11a8\U0001f600NAME"


def agree(text, limit):
    shown, listed = spans(text, limit), tokens(text, limit).words
    assert len(shown) == len(listed)
    assert all(0 <= start < end <= len(text) for start, end in shown)
    return zip(shown, listed, strict=True)


def test_spans_show_the_words():
    for message in [*heavy(4, 500), *decoys(4, 200)]:
        end = 0
        for (start, stop), word in agree(message.text, MAX_CHARS):
            assert start >= end
            end = stop
            if word not in {"", "0"}:
                assert message.text[start:stop].lower().startswith(word)


def test_spans_of_other_spellings():
    assert spans("o\ufb03ce re\u00adfund cafe\u0301 ok") == [(0, 4), (5, 12), (13, 18), (19, 21)]
    assert spans("call 0170 1234 or Ava de Vries") == [(0, 4), (5, 14), (15, 17), (18, 30)]


@settings(max_examples=400, deadline=None)
@given(st.text(st.sampled_from(ALPHABET), max_size=60), st.sampled_from([5, 20, MAX_CHARS]))
def test_spans_agree_with_tokens_for_any_text(text, limit):
    for (start, stop), word in agree(text, limit):
        assert word in {"", "0"} or word in words(text[start:stop].lower())


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=80))
def test_words_are_small_letters_of_bounded_length(text):
    for word in words(text):
        assert word in {"", "0"} or (word == word.lower() and len(word) <= 62 and " " not in word)


def test_a_word_that_stays_with_a_capital_is_no_name():
    """Weekdays and two greetings are the only words of the list that the detector's lexicon knows as names of somebody or something."""
    lexicon = lexicon_from((DATA / "lexicon.xz").read_bytes())
    names = {word for word in KEPT if lexicon.code(word) in lexicon.possible}
    assert names == {
        "friday",
        "monday",
        "sunday",
        "freitag",
        "montag",
        "maandag",
        "vrijdag",
        "bonjour",
        "herren",
    }
    assert lexicon.code("anna") in lexicon.possible
