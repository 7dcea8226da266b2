"""Rules of single values, which every program that reads leads obeys: texts that are numbers, words for missing, texts of other values.

- A text is a number as people and CSV files write one: ASCII digits, a point, an exponent, blanks around. Python's `1_000` is none.
- A number that is not finite (`inf`, `nan`, `1e400`) is missing, and so is a word of `MISSING_NUMBERS` in a field of numbers or times.
- In a field of words a model says itself which of the words in `MISSING_WORDS` mean missing; all others are levels like any text.
- `true` and `false` of JSON are the words "true" and "false" in a field of words, and a number is its shortest text.
"""

from __future__ import annotations

import math

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

MISSING_NUMBERS = frozenset({
    "", "-", "--", ".", "?", "#n/a", "#na", "#value!", "(null)", "<na>", "\\n", "missing", "n.a.", "n/a", "na", "nat", "nil", "none",
    "not available", "null", "unknown",
})  # fmt: skip  # in small letters, without blanks around
MISSING_WORDS = ("NA", "NaN", "nan", "null", "NULL", "None")
EXACT = 2**53  # up to here a float keeps each whole number


def is_missing_word(text: str) -> bool:
    """Whether a text means missing in a field of numbers or times."""
    return text.strip().lower() in MISSING_NUMBERS


def is_word(text: str) -> bool:
    """Whether a text is one that may also be a word of its own, such as `unknown`, and means missing only among numbers."""
    return text not in MISSING_WORDS and is_missing_word(text)


def number_of(text: str) -> float | None:
    """The finite number of a text, None for a text that stands for a missing number.

    Raises:
        ValueError: when the text is neither.
    """
    try:
        number = float(text)
    except ValueError:
        if is_missing_word(text):
            return None
        raise
    if "_" in text or not text.isascii():  # Python reads 1_000 and digits of other alphabets
        raise ValueError("no number")
    return number if math.isfinite(number) else None


def text_of(value: Any) -> str:
    """The text of a value: words for true and false, a whole number without a point; a text is its own text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) <= EXACT:
        return str(int(value))
    return str(value)
