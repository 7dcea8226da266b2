"""Serving sums rows side by side and through caches; the sums are those of the plain definition, bit for bit, whatever came before."""

import random
from dataclasses import replace

import pytest

from leadmodel_text.document import Table
from leadmodel_text.features import features
from leadmodel_text.files import load, pack
from leadmodel_text.tables import MAX_CACHED, Tables, plain_scores
from leadmodel_text.tokens import tokens
from support.text_documents import document, message, table, vocabulary


def bits(scores: list[float]) -> list[str]:
    return [score.hex() for score in scores]


def three(seed: int) -> list[Table]:
    whole = load(pack(document(seed)))
    assert whole.intent is not None
    assert whole.urgency is not None
    return [whole.intent.table, whole.intent.scope, whole.urgency.table]


def differences(served: Tables, tables: list[Table], texts: list[str]) -> int:
    """How many texts have scores of the caches that differ in any bit from those of the plain definition."""
    differ = 0
    for text in texts:
        words = tokens(text).words
        present, sums = features(words), served.sums(words)
        for place, each in enumerate(tables):
            distinct = {word for word in words if word in each.features and word != "0"}
            counts = (len(present & set(each.features)), len(distinct))
            same = bits(sums.scores(place)) == bits(plain_scores(each, present))
            differ += not same or counts != (sums.features(place), sums.words(place))
    return differ


def drawn(seed: int, count: int) -> list[str]:
    draw = random.Random(seed)
    return [message(draw) for _ in range(count)]


def test_caches_give_the_plain_definition_bit_for_bit():
    tables = three(1)
    texts = drawn(2, 1500)
    served = Tables(tables)
    assert differences(served, tables, texts) == 0
    assert differences(served, tables, texts[::-1]) == 0  # once more, with full caches


def test_the_check_sees_one_bit_of_one_weight():
    tables = three(1)
    changed = bytes((tables[0].weights[0] ^ 1, *tables[0].weights[1:]))
    texts = [tables[0].features[0].replace("~", "")] if " " not in tables[0].features[0] else []
    served = Tables([replace(tables[0], weights=changed), *tables[1:]])
    assert differences(served, tables, [*texts, *drawn(2, 200)]) > 0


def test_the_check_sees_grams_that_are_counted_per_word():
    tables = three(1)
    text = "pricing priced price prices"
    assert differences(Tables(tables), tables, [text]) == 0
    served = Tables(tables)
    words = tokens(text).words
    present = [feature for word in words for feature in features([word])]
    assert len(set(present)) < len(present)  # words do share grams
    assert served.sums(words).features(0) < sum(served.sums([word]).features(0) for word in words)


def test_weights_at_both_ends_of_a_byte():
    ends = Table(("price", "seat", "price seat"), bytes((128, 127, 127, 128, 128, 128)), 0.5, (0.0, 1.0))
    sums = Tables([ends]).sums(["price", "seat", "price"])
    assert sums.whole(0) == [-128 + 127 - 128, 127 - 128 - 128]
    assert sums.features(0) == 3
    assert sums.words(0) == 2
    assert bits(sums.scores(0)) == bits(plain_scores(ends, features(["price", "seat", "price"])))


def test_gaps_and_numbers_break_pairs():
    pairs = Table(("price seat", "0 seat", " seat", "0"), bytes((1, 10, 20, 40)), 1.0, (0.0,))
    assert Tables([pairs]).sums(["price", "seat"]).whole(0) == [1]
    assert Tables([pairs]).sums(["price", "", "seat"]).whole(0) == [0]
    assert Tables([pairs]).sums(["price", "0", "seat"]).whole(0) == [40]


def test_a_text_of_nothing_known_scores_the_bias():
    one = table(vocabulary()[:10], 3, 4)
    assert Tables([one]).sums([]).scores(0) == list(one.bias)
    assert Tables([one]).sums(["xylophone", ""]).scores(0) == list(one.bias)
    assert Tables([]).sums(["price"]) is not None


def test_the_cache_of_words_stays_bounded_and_right():
    tables = three(3)
    served = Tables(tables)
    letters = random.Random(5)
    words = ["".join(letters.choices("abcdefghij", k=6)) + "price" for _ in range(MAX_CACHED + 500)]
    for place in range(0, len(words), 50):
        served.sums(words[place : place + 50])
        assert served.cached_words <= MAX_CACHED
    assert differences(served, tables, ["the price per seat", *drawn(6, 50)]) == 0


@pytest.mark.parametrize("columns", [1, 2, 32])
def test_any_number_of_columns_and_tables(columns):
    tables = [table(vocabulary(), columns, seed) for seed in range(1 if columns == 32 else 3)]
    assert differences(Tables(tables), tables, drawn(columns, 100)) == 0


def test_a_long_text_of_the_heaviest_weights_does_not_carry_over():
    words = [f"w{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(600)]
    full = Table(tuple(words), bytes([127, 128] * 600), 1.0, (0.0, 0.0))
    assert Tables([full]).sums(words).whole(0) == [127 * 600, -128 * 600]


def test_a_number_is_no_known_word():
    """Training leaves numbers out of the share of known words; serving counted them, and answered texts of unknown words."""
    served = Tables([Table(("0", "cost"), bytes(4), 1.0, (0.0, 0.0))])
    assert (served.sums(["0", "cost"]).words(0), served.sums(["0", "cost"]).features(0)) == (1, 2)
    assert served.sums(["0"]).words(0) == 0
