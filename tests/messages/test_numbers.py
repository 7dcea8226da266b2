"""Marks in numbers are decided by the whole column; what the column does not say is called undecided."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadmodel_messages import numbers
from leadmodel_messages.numbers import COMMA, PLAIN, POINT, NumberFormat, may_be_grouped, read_column
from leadmodel_training.canonical import DOUBT, Wishes, canonical
from leadmodel_training.columns import Rows, texts
from leadmodel_training.features import Roles

LARGE = st.lists(st.integers(1000, 999_999), min_size=30, max_size=60, unique=True)
SMALL = st.lists(st.integers(1, 999), min_size=1, max_size=30)
SIGN = st.sampled_from(["", "$ ", "€"])


def values(written: list[str], *, semicolons: bool) -> list[float | None]:
    reading = read_column(Counter(written), semicolons=semicolons)
    return [reading.format.number(text) for text in written]


def grouped(number: int, mark: str = ",") -> str:
    return f"{number:,}".replace(",", mark)


@given(LARGE, SMALL, SIGN, st.booleans(), st.randoms(use_true_random=False))
def test_grouped_thousands_beside_small_numbers_are_thousands_in_every_file(
    large, small, sign, semis, chance
):
    known = [*large, *small]
    chance.shuffle(known)
    written = [sign + grouped(number) for number in known]
    assert values(written, semicolons=semis) == known
    assert not read_column(Counter(written), semicolons=semis).undecided


def test_the_control_the_file_alone_takes_thousands_for_decimals(monkeypatch):
    monkeypatch.setattr(numbers, "MIN_GROUPED", 10**9)
    written = [grouped(number) for number in [567, *range(1000, 1100)]]
    assert values(written, semicolons=True)[:2] == [567, 1.0]
    assert read_column(Counter(written), semicolons=True).undecided


@given(st.lists(st.integers(1000, 999_999), min_size=1, max_size=60), st.booleans())
def test_thousands_without_other_numbers_are_undecided(large, semis):
    reading = read_column(Counter(map(grouped, large)), semicolons=semis)
    assert reading.undecided
    assert reading.format == (COMMA if semis else POINT)


@given(st.lists(st.integers(1, 999_999), min_size=1, max_size=60), st.integers(1, 99), st.booleans())
def test_one_text_that_only_decimals_allow_decides(thousandths, cents, semis):
    known = [*(n / 1000 for n in thousandths), cents / 100]
    written = [repr(number).replace(".", ",") for number in known]
    assert values(written, semicolons=semis) == known
    assert not read_column(Counter(written), semicolons=semis).undecided


@given(LARGE, SMALL)
def test_points_that_may_group_are_seen_and_decimals_are_not(large, small):
    assert may_be_grouped([grouped(number, ".") for number in [*large, *small]])
    assert not may_be_grouped([*(grouped(number, ".") for number in [*large, *small]), "0.5"])
    assert not may_be_grouped([*(grouped(number, ".") for number in [*large, *small]), "1234"])
    assert not may_be_grouped(map(str, small))


@pytest.mark.parametrize(
    ("written", "doubtful"),
    [
        (["1,234", "2,345"], True),
        (["1,234.5", "2,345"], False),
        ([grouped(number, ".") for number in [5, *range(1000, 1100)]], True),
        (["1.234", "2.5", "3"], False),
        ([grouped(number) for number in [5, *range(1000, 1100)]], False),
    ],
)
def test_the_line_of_a_column_says_what_is_in_doubt(written, doubtful):
    roles = Roles("y", None, (), ())
    notes = canonical(Rows({"fee": texts(written), "y": texts(["1"] * len(written))}), roles, Wishes()).notes
    assert (DOUBT in notes.get("fee", "")) is doubtful


NO_ROLES = Roles("y", None, (), ())
TEXTS = [
    "5",
    ".5",
    "1e400",
    "nan",
    "1_000",
    "12,50",
    "1,234",
    "$ 5",
    "- 1 234,5",
    "\u00a07",
    "A1",
    "7b",
    "n/a",
    "-",
    "x",
]


@given(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=60), st.booleans())
def test_what_training_passes_over_changes_no_reading(written, semis):
    """Training looks at the beginnings of texts before it reads them, and reads no plain number twice."""
    reading = read_column(Counter(written), semicolons=semis)
    notes = canonical(Rows({"x": texts(written)}, semicolons=semis), NO_ROLES, Wishes()).notes
    doubt = f"; {DOUBT}" if reading.undecided else ""
    assert notes == ({} if reading.format == PLAIN else {"x": reading.format.words + doubt})


@pytest.mark.parametrize(("write", "times"), [("A{}-7", 0), ("{}-7A", 5)])
def test_a_column_of_ids_is_read_as_numbers_only_where_one_begins_as_a_number(monkeypatch, write, times):
    """The control are ids that begin with digits, which are read once in each of the five formats."""
    count = 0
    number = NumberFormat.number

    def counting(format_, text):
        nonlocal count
        count += 1
        return number(format_, text)

    monkeypatch.setattr(NumberFormat, "number", counting)
    ids = texts([write.format(i) for i in range(1000)])
    read = canonical(Rows({"x": ids}), NO_ROLES, Wishes())
    assert not read.notes
    assert not read.numeric
    assert count == times * 1000
