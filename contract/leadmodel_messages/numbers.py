"""Columns of texts that hold numbers, and how they write them: `1,234.50`, `12,50`, `$ 5`, `12 %`.

A trainer, a validator and a replay decide for a whole column at once, by the same function; no single text says whether its comma marks
decimals or thousands. A lead on the wire has no such choice: its numbers are JSON's.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from leadmodel_artifact.values import is_missing_word, is_word, number_of

NUMBER_SHARE = 0.99  # of the filled fields that hold no word for missing: numbers
LEAST_SHARE = 0.5  # of all filled fields: numbers
SAMPLE = 1000  # texts after which a column of words is given up
_SIGNS = r"(?:[$€£¥₹%]|USD|EUR|GBP|CHF|JPY|INR|kr|Fr\.?)"
_GAP = " \u00a0\u202f'\u2019"
_NUMBERS_ALONE = "'\u2019\u202f"  # of the gaps, those that no telephone number is written with
_MINUS = "\u2212"


@dataclass(frozen=True)
class NumberFormat:
    """How a column writes numbers: the mark of decimals, and the marks that may group thousands."""

    decimal: str = "."
    thousands: str = ""
    words: str = "as JSON writes numbers"

    @cached_property
    def _shape(self) -> re.Pattern[str]:
        group = (
            f"[1-9]\\d{{0,2}}(?P<mark>[{re.escape(self.thousands)}])\\d{{3}}(?:(?P=mark)\\d{{3}})*"
            if self.thousands
            else r"(?!)"
        )
        digits = f"(?:{group}|\\d+)(?:{re.escape(self.decimal)}\\d+)?(?:[eE][+-]?\\d+)?"
        return re.compile(f"\\s*([+-]?)\\s*(?:{_SIGNS}\\s*)?([+-]?)({digits})\\s*(?:{_SIGNS})?\\s*", re.ASCII)

    def number(self, text: str) -> float | None:
        """The number of a text, None for a text that is missing. Raises ValueError for a text that is neither."""
        if self == PLAIN:
            return number_of(text)
        match = self._shape.fullmatch(text.replace("\u00a0", " ").replace("\u202f", " ").replace(_MINUS, "-"))
        if match is None or (match[1] and match[2]):
            if is_missing_word(text):
                return None
            raise ValueError("no number")
        digits = match[3]
        for mark in self.thousands:
            digits = digits.replace(mark, "")
        return number_of(match[1] + match[2] + digits.replace(self.decimal, "."))


PLAIN = NumberFormat()
POINT = NumberFormat(".", ",", "a comma groups thousands, a point marks decimals")
COMMA = NumberFormat(",", ".", "a comma marks decimals (12,50 is 12.5), a point groups thousands")
POINT_GAP = NumberFormat(".", _GAP, "a blank or ' groups thousands, a point marks decimals")
COMMA_GAP = NumberFormat(",", _GAP, "a comma marks decimals (12,50 is 12.5), a blank or ' groups thousands")
_CORE, _GROUPED = re.compile(r"[0-9][0-9.,]*", re.ASCII), re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}", re.ASCII)
_START = re.compile(rf"\s*+[+{_MINUS}-]?\s*+(?:{_SIGNS}\s*+)?[+{_MINUS}-]?[0-9]")  # of a number in any format
MIN_GROUPED = 30  # texts such as 1,234; of numbers with decimals, a tenth would have fewer than three, so 30 say nothing in .9^30 = 4 %
MARKED = (POINT, COMMA, POINT_GAP, COMMA_GAP)


@dataclass(frozen=True)
class Reading:
    """What a format makes of a column: fields that are numbers, words that mean missing among numbers, and others."""

    format: NumberFormat
    numbers: int
    words: int
    others: int
    undecided: bool = False  # whether 1,234 may as well be 1234 as 1.234

    @property
    def holds_numbers(self) -> bool:
        """Whether the column counts as numbers."""
        return (
            self.numbers > 0
            and self.numbers >= NUMBER_SHARE * (self.numbers + self.others)
            and self.numbers >= LEAST_SHARE * (self.numbers + self.words + self.others)
        )


def read_column(counts: Mapping[str, int], *, semicolons: bool, plain: Reading | None = None) -> Reading:
    """The format that reads most fields of a column; the plain one wherever no other reads more, or none makes a column of numbers of it.

    Args:
        counts: how often each text stands in the column, without missing fields.
        semicolons: whether semicolons separate the fields of the file: a comma then rather marks decimals.
        plain: the plain reading of the column, where it is known.
    """
    plain = plain or reading_of(PLAIN, counts.items())
    if not plain.others or not may_hold_numbers(counts) or not begin_as_number(counts):
        return plain
    formats = MARKED if not semicolons else (COMMA, POINT, COMMA_GAP, POINT_GAP)
    readings = [plain, *(reading_of(each, counts.items()) for each in formats)]
    best = max(readings, key=lambda reading: reading.numbers)  # the first of equals
    if not best.holds_numbers:
        return plain
    per_format = {reading.format: reading for reading in readings}
    if best.format in {POINT, COMMA} and per_format[POINT].numbers == per_format[COMMA].numbers:
        return _of_equals(per_format, best, counts)
    return best if best.format.thousands != _GAP or _has_marks(counts, best.format) else plain


def _of_equals(readings: Mapping[NumberFormat, Reading], first: Reading, texts: Iterable[str]) -> Reading:
    """The reading of a column in which each comma and point may mark decimals or thousands: 1,234 is 1234 or 1.234."""
    grouped, marks, small = _groups(texts)
    if not grouped:
        return first
    if small and len(marks) == 1 and grouped >= MIN_GROUPED:
        return readings[POINT if "," in marks else COMMA]
    return replace(first, undecided=True)


def may_be_grouped(texts: Iterable[str]) -> bool:
    """Whether plain numbers look as if their points grouped thousands: each stands before three digits, and none is in numbers below 1000."""
    grouped, marks, small = _groups(texts)
    return small and marks == {"."} and grouped >= MIN_GROUPED


def _groups(texts: Iterable[str]) -> tuple[int, set[str], bool]:
    """Texts such as 1,234, their marks, and whether all others are whole numbers below 1000, and there are some.

    Decimals would come with one and two digits too, and thousands that are not grouped would have four digits and more.
    """
    cores = [match[0] for text in texts if (match := _CORE.search(text))]
    grouped = [core for core in cores if _GROUPED.fullmatch(core)]
    others = [core for core in cores if not _GROUPED.fullmatch(core)]
    small = bool(others) and all(core.isdigit() and len(core) <= 3 for core in others)
    return len(grouped), {core[-4] for core in grouped}, small


def _has_marks(counts: Mapping[str, int], format_: NumberFormat) -> bool:
    """Whether a text has decimals, a sign of money or marks of numbers alone: blanks also group the digits of telephone numbers."""
    sure = {format_.decimal, *_NUMBERS_ALONE}
    return any(any(map(text.__contains__, sure)) or re.search(_SIGNS, text) for text in counts)


def may_hold_numbers(counts: Iterable[str]) -> bool:
    """Whether half of the first texts hold a digit at all."""
    first = [text for text, _ in zip(counts, range(SAMPLE), strict=False)]
    return 2 * sum(any(map(str.isdigit, text)) and len(text) <= 40 for text in first) >= len(first)


def begin_as_number(texts: Iterable[str]) -> bool:
    """Whether a text begins as numbers of any format with marks do, which costs less than to read them all."""
    return any(map(_START.match, texts))


def reading_of(format_: NumberFormat, counts: Iterable[tuple[str, int]]) -> Reading:
    """What a format makes of texts, each with how often it stands."""
    numbers = words = others = 0
    read: Callable[[str], float | None] = format_.number
    for text, count in counts:
        try:
            known = read(text) is not None
        except ValueError:
            others += count
        else:
            numbers, words = numbers + count * known, words + count * (not known and is_word(text))
    return Reading(format_, numbers, words, others)
