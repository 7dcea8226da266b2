"""Features of words and pairs: what they are, and that the features of a text are those of its words and pairs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadmodel_text.features import features, pair, word_features
from leadmodel_text.tokens import tokens
from support.privacy_texts import mixed

WORDS = st.lists(st.sampled_from(["", "0", "a", "demo", "refund", "banana", "annannann"]), max_size=8)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("", []),
        ("0", ["0"]),
        ("now", ["now"]),
        ("demo", ["demo", "~demo"]),
        ("refund", ["refund", "~refu", "~efun", "~fund"]),
        ("annannann", ["annannann", "~anna", "~nnan", "~nann"]),
    ],
)
def test_word_features(word, expected):
    assert word_features(word) == expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("per", "seat", "per seat"),
        ("", "seat", None),
        ("per", "", None),
        ("0", "seats", None),
        ("for", "0", None),
    ],
)
def test_pairs_do_not_reach_over_gaps_and_numbers(first, second, expected):
    assert pair(first, second) == expected


def of_parts(words):
    """The features by the definition: of each word, and of each pair of neighbours."""
    pairs = [pair(words[i], words[i + 1]) for i in range(len(words) - 1)]
    return {f for word in words for f in word_features(word)} | {two for two in pairs if two is not None}


@given(WORDS)
def test_features_are_those_of_words_and_pairs(words):
    assert features(words) == of_parts(words)


def test_features_of_messages():
    for message in mixed(9, 300):
        words = tokens(message.text).words
        assert features(words) == of_parts(words)


def test_a_feature_is_there_once():
    assert features(["no", "no", "no"]) == {"no", "no no"}


def test_a_gram_is_never_taken_for_a_word():
    """Words hold no mark of a gram, so that the word `refu` and the letters `refu` of `refund` are two features."""
    assert tokens("~refu refund").words == ["refu", "refund"]
    assert features(["refu"]) & features(["refund"]) == {"~refu"}
