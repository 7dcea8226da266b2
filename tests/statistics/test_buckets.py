"""Buckets of leads: even, independent of each other under two salts, and the same for whoever asks."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, chisquare

from leadmodel_statistics.buckets import BUCKETS, bucket, bucketing, unit_of

SALTS = [f"sha256:{digit * 64}" for digit in "abc"]


def ids(n):
    return (b"%d" % i for i in range(n))


def test_known_buckets():
    """Another rule would give every lead of a running canary to another model."""
    assert [bucket(SALTS[0], unit) for unit in (b"1", b"lead-7", b"")] == [2405, 2494, 4844]


@given(st.text(max_size=8), st.binary(max_size=8))
def test_one_function_per_salt_gives_the_bucket_of_every_unit(salt, unit):
    of = bucketing(salt)
    assert of(unit) == of(unit) == bucket(salt, unit)
    assert 0 <= of(unit) < BUCKETS


def test_salt_and_unit_are_joined_unambiguously():
    pairs = [("ab", b"c"), ("a", b"bc"), ("", b"abc"), ("abc", b""), ("1:a", b""), ("", b"1:a"), ("1", b":a")]
    assert len({bucket(salt, unit) for salt, unit in pairs}) == len(pairs)


def even(n):
    """The p-value of the buckets of `n` ids being evenly spread."""
    of = bucketing(SALTS[0])
    counts = Counter(map(of, ids(n)))
    return chisquare([counts[number] for number in range(BUCKETS)]).pvalue


@pytest.mark.slow
def test_a_million_ids_are_spread_evenly():
    assert even(1_000_000) > 0.01


def test_ids_are_spread_evenly():
    """The control are ids taken modulo 9,000: a tenth of the buckets stays empty."""
    assert even(100_000) > 0.01
    skewed = Counter(i % 9_000 for i in range(100_000))
    assert chisquare([skewed[number] for number in range(BUCKETS)]).pvalue < 1e-6


def test_two_salts_are_independent():
    """The control is one salt twice."""

    def dependence(one, other):
        table = [[0] * 10 for _ in range(10)]
        for unit in ids(50_000):
            table[bucket(one, unit) // 1000][bucket(other, unit) // 1000] += 1
        return chi2_contingency(table).pvalue

    assert dependence(SALTS[0], SALTS[1]) > 0.01
    assert dependence(SALTS[0], SALTS[2]) > 0.01
    assert dependence(SALTS[0], SALTS[0]) < 1e-6


def test_a_greater_weight_only_adds_leads():
    of = bucketing(SALTS[1])
    taken = [{unit for unit in ids(5_000) if of(unit) < 100 * weight} for weight in (1, 5, 25, 100)]
    assert taken[0] < taken[1] < taken[2] < taken[3]
    assert len(taken[3]) == 5_000


@pytest.mark.parametrize(
    ("lead_id", "unit"),
    [
        ("a-7", b"a-7"),
        ("7", b"7"),
        (7, b"7"),
        (-7, b"-7"),
        (10**30, b"1" + b"0" * 30),
        ("é", "é".encode()),
        ("\ud800", b"\xed\xa0\x80"),
        ("", None),
        (None, None),
        (True, None),
        (7.0, None),
        ([7], None),
        ({"a": 7}, None),
    ],
)
def test_units(lead_id, unit):
    assert unit_of(lead_id) == unit
