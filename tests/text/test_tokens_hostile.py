"""Texts made to take long: the work grows with the length and no faster, and the limit bounds the work.

Work is counted as executed lines of the package; `bench/text.py` prints the times, which also hold what patterns and the Unicode tables do.
"""

import gc
import sys
import unicodedata

import pytest

from leadmodel_text.plain import plain
from leadmodel_text.tokens import MAX_CHARS, spans, tokens

HOSTILE = {
    "one word": "a", "emoji": "😀", "marks": "\u0323\u0301", "letters with marks": "e\u0301", "right to left": "שלום ", "zero width": "a\u200b",
    "particles": "de ", "capitals": "De ", "numbers": "0 ", "brackets": "[A", "dots": "a.", "at": "a@", "links": "http://", "colons": "ab:",
    "lines": "A\n", "ligatures": "\ufdfa", "streets": "a street ", "shouted": "ABCD ", "months": "march ", "quotes": "'", "names": "[NAME]",
    "dashes": "a-", "states": "IL 0 ", "names of domains": "a.de.", "joints": "of the ", "particles and names": "de De ",
}  # fmt: skip


def work(call):
    """The number of lines that a call executes, without those of others that the collector of garbage calls."""
    lines = 0

    def trace(frame, event, argument):
        nonlocal lines
        lines += event == "line"
        return trace

    earlier = sys.gettrace()
    gc.disable()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(earlier)
        gc.enable()
    return lines


def grows_with_the_square(call, unit):
    """True if four times the text takes more than eight times the work."""
    return work(lambda: call(unit * 1_600)) > 8 * work(lambda: call(unit * 400))


@pytest.mark.parametrize("kind", HOSTILE)
def test_work_is_linear(kind):
    assert not grows_with_the_square(lambda text: tokens(text, 100_000), HOSTILE[kind])
    assert not grows_with_the_square(lambda text: spans(text, 100_000), HOSTILE[kind])


def test_work_that_is_not_linear_is_seen():
    """The control: a reader that looks back over all earlier words at each word."""

    def looks_back(text):
        seen = []
        for word in text.split():
            for _ in seen:
                pass
            seen.append(word)

    assert grows_with_the_square(looks_back, "de ")


@pytest.mark.parametrize("kind", HOSTILE)
def test_the_limit_bounds_the_work(kind):
    text = HOSTILE[kind] * 20_000
    for _ in range(2):  # what words stand for is kept; the first round may meet a cache that begins anew
        tokens(text)
    assert work(lambda: tokens(text)) == work(lambda: tokens(text[: 8 * MAX_CHARS]))


def longest_run_of_marks(text):
    longest = run = 0
    for character in text:
        run = run + 1 if unicodedata.combining(character) else 0
        longest = max(longest, run)
    return longest


def test_long_runs_of_marks_are_cut_before_they_are_sorted():
    """Sorting a run of marks takes time that grows with its square; the control has the whole run."""
    text = "e" + "\u0323\u0301" * 3_000
    assert longest_run_of_marks(unicodedata.normalize("NFKC", text)) > 5_000
    assert longest_run_of_marks(plain(text, 20_000)[0]) <= 32
    assert tokens(text).words == tokens("e\u0323\u0301").words
