"""Sentiment: a table of probes, neutral service traffic, negations and degrees, and a lexicon without words of the domain."""

import csv
import gzip
import json
import os
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from leadmodel_text.base import base
from leadmodel_text.document import LexiconHead, Table
from leadmodel_text.sentiment import Sentiment
from leadmodel_text.tokens import tokens

HERE = Path(__file__).parent
PROBES = [line.split("\t") for line in (HERE / "sentiment_probes.tsv").read_text().splitlines()]
TABLES = HERE.parents[1] / "training" / "tables"
HEAD = base().sentiment
SENTIMENT = Sentiment(HEAD)


def label(text, sentiment=SENTIMENT):
    return sentiment.sentiment(tokens(text).words)[0]


def with_words(valences):
    """The shipped head with other valences of words, in tenths."""
    words = tuple(sorted(valences))
    table = Table(words, bytes(valences[word] & 0xFF for word in words), 0.1, (0.0,))
    return Sentiment(replace(HEAD, table=table))


def right(sentiment):
    return Counter(kind for truth, kind, text in PROBES if label(text, sentiment) == truth)


def test_probes_by_kind():
    every = Counter(kind for _, kind, _ in PROBES)
    assert every == {"praise": 15, "complaint": 15, "negation": 12, "service": 18}
    ours = right(SENTIMENT)
    assert ours["praise"] >= 14
    assert ours["complaint"] >= 14
    assert ours["negation"] >= 10
    assert ours["service"] == 18
    assert right(Sentiment(replace(HEAD, negations=("never",))))["negation"] <= 4


@pytest.mark.skipif("LEADMODEL_DATA" not in os.environ, reason="needs banking77")
def test_neutral_traffic_of_a_bank_is_seldom_called_positive_or_negative():
    file = Path(os.environ["LEADMODEL_DATA"]) / "text" / "banking77-test.csv.gz"
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        texts = [tokens(row["text"]).words for row in csv.DictReader(lines)]
    labels = Counter(SENTIMENT.sentiment(words)[0] for words in texts)
    assert labels["positive"] + labels["negative"] <= 0.05 * len(texts)
    uncleaned = Sentiment(with_domain_words())
    labels = Counter(uncleaned.sentiment(words)[0] for words in texts)
    assert labels["positive"] + labels["negative"] > 0.05 * len(texts)


def with_domain_words():
    """The shipped head with some words of the domain put back, as VADER has them."""
    domain = {
        "charged": -8,
        "help": 17,
        "wrong": -21,
        "please": 13,
        "failed": -23,
        "lost": -13,
        "stolen": -22,
        "no": -12,
        "like": 15,
        "top": 8,
    }
    values = dict(zip(HEAD.table.features, HEAD.table.weights, strict=True)) | {
        w: v & 0xFF for w, v in domain.items()
    }
    words = tuple(sorted(values))
    return replace(HEAD, table=Table(words, bytes(values[word] for word in words), 0.1, (0.0,)))


@pytest.mark.skipif("LEADMODEL_DATA" not in os.environ, reason="needs banking77 and CLINC150")
def test_no_frequent_word_of_neutral_messages_is_left_but_feelings():
    folder = Path(os.environ["LEADMODEL_DATA"]) / "text"
    with gzip.open(folder / "banking77-train.csv.gz", "rt", encoding="utf-8") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    with gzip.open(folder / "clinc150.json.gz", "rt", encoding="utf-8") as file:
        texts += [text for text, _ in json.load(file)["train"]]
    rows = Counter(word for text in texts for word in set(tokens(text).words))
    left = {word for word in HEAD.table.features if rows[word] >= 8}
    assert left == {
        "appreciate", "bad", "best", "better", "confused", "enjoy", "fun", "funny", "good", "great", "happy", "love", "nice",
        "sorry", "thank", "thanks", "worried",
    }  # fmt: skip
    domain = set((TABLES / "domain_words.txt").read_text().split())
    assert sum(rows[word] >= 8 for word in domain) > 100


def test_no_word_of_the_domain_is_in_the_lexicon():
    domain = (TABLES / "domain_words.txt").read_text().split()
    assert {"help", "please", "like", "want", "interest", "free", "credit", "kindly"} <= set(domain)
    assert not set(domain) & set(HEAD.table.features)
    assert {"excellent", "terrible"} <= set(HEAD.table.features)


def test_a_negation_turns_the_next_three_words_round():
    for between, expected in (
        ("", "negative"),
        ("x ", "negative"),
        ("x x ", "negative"),
        ("x x x ", "positive"),
    ):
        assert label(f"not {between}excellent") == expected
    assert (
        label("we don't think it is excellent") == "positive"
    )  # four words away: a limit that the documents state
    assert label("no problem great work") == "positive"
    assert label("no excellent work") == "negative"


def test_adverbs_of_degree_move_a_score_away_from_and_towards_zero():
    for word in ("good", "awful"):
        scores = [
            abs(SENTIMENT.sentiment([*before, word])[1])
            for before in (["somewhat"], [], ["very"], ["really", "very"])
        ]
        assert all(low < high for low, high in pairwise(scores))


def test_scores_are_in_bounds_and_close_calls_have_no_label():
    sentiment = with_words({"fine": 10, "hell": -39})
    edge = next(n for n in range(1, 50) if sentiment.sentiment(["fine"] * n)[1] > HEAD.band)
    assert sentiment.sentiment(["fine"] * 40)[0] == "positive"
    assert -1 <= sentiment.sentiment(["hell"] * 5000)[1] < -0.99
    near = Sentiment(
        replace(HEAD, table=sentiment_table({"fine": 10}), band=sentiment.sentiment(["fine"] * edge)[1])
    )
    assert near.sentiment(["fine"] * edge)[0] is None
    assert near.sentiment(["fine"] * edge)[2] == pytest.approx(0.5)
    assert label("") == "neutral"


def sentiment_table(valences):
    words = tuple(sorted(valences))
    return Table(words, bytes(valences[word] & 0xFF for word in words), 0.1, (0.0,))


def test_formula_of_a_score():
    head = LexiconHead(sentiment_table({"good": 19}), ("not",), 3, 0.3, 8.0, 0.55)
    assert Sentiment(head).sentiment(["good"])[1] == pytest.approx(1.9 / (1.9**2 + 15) ** 0.5)
    assert Sentiment(head).sentiment(["not", "good"])[1] == pytest.approx(-1.425 / (1.425**2 + 15) ** 0.5)
    assert Sentiment(head).sentiment(["very", "good"])[1] == pytest.approx(2.2 / (2.2**2 + 15) ** 0.5)


def test_gaps_and_numbers_have_no_valence():
    assert SENTIMENT.sentiment(["", "0", ""])[1] == 0
    assert SENTIMENT.sentiment(["excellent", "", "0"])[0] == "positive"
