"""Segments of SMS, against a second count that goes by the table's codes and by brute force."""

from hypothesis import example, given
from hypothesis import strategies as st

from leadmodel_followup.templates.segments import segments

# 3GPP TS 23.038, section 6.2.1, row by row: codes 0x00 to 0x7F, with 0x1B (escape) as None
_ROWS = (
    "@£$¥èéùìòÇ\nØø\rÅå",
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ",
    " !\"#¤%&'()*+,-./",
    "0123456789:;<=>?",
    "¡ABCDEFGHIJKLMNO",
    "PQRSTUVWXYZÄÖÑÜ§",
    "¿abcdefghijklmno",
    "pqrstuvwxyzäöñüà",
)
DEFAULT = {letter: 16 * row + column for row, line in enumerate(_ROWS) for column, letter in enumerate(line)}
ESCAPED = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
GSM = [letter for letter in DEFAULT if letter != "\x1b"] + list(ESCAPED)
gsm_texts = st.text(st.sampled_from(GSM), max_size=700)
wide_texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=300)


def septets(text: str) -> list[tuple[int, ...]] | None:
    """The codes of each character, None for a text outside the alphabet."""
    codes = []
    for letter in text:
        if letter in ESCAPED:
            codes.append((0x1B, ESCAPED[letter]))
        elif letter in DEFAULT and letter != "\x1b":
            codes.append((DEFAULT[letter],))
        else:
            return None
    return codes


def oracle(text: str) -> tuple[str, int, int]:
    """Encoding, places and segments: fill segments place by place, and start anew where a character does not fit."""
    codes = septets(text)
    letters = codes if codes is not None else [tuple(letter.encode("utf-16-be")[::2]) for letter in text]
    encoding, single, several = ("GSM-7", 160, 153) if codes is not None else ("UCS-2", 70, 67)
    places = sum(map(len, letters))
    if places <= single:
        return encoding, places, 1
    count, room = 1, several
    for letter in letters:
        if len(letter) > room:
            count, room = count + 1, several
        room -= len(letter)
    return encoding, places, count


def test_the_table_is_whole():
    assert [len(line) for line in _ROWS] == [16] * 8
    assert DEFAULT["\x1b"] == 0x1B
    assert DEFAULT["A"] == 0x41
    assert DEFAULT["à"] == 0x7F
    assert len(GSM) == 137


@given(st.one_of(gsm_texts, wide_texts))
@example("a" * 152 + "€" * 10)
@example("я" * 66 + "😀" * 10)
@example("’" + "a" * 159)
def test_counts_are_those_of_the_table(text):
    split = segments(text)
    assert (split.encoding, split.units, split.count) == oracle(text)
    assert "".join(split.parts) == text


@given(st.one_of(gsm_texts, wide_texts))
def test_no_segment_is_too_long(text):
    split = segments(text)
    for part in split.parts if split.count > 1 else ():
        if split.encoding == "GSM-7":
            assert len(b"".join(map(bytes, septets(part)))) <= 153
        else:
            assert len(part.encode("utf-16-be")) <= 134  # 67 places, and each part is whole UTF-16


def test_borders():
    assert [segments("a" * n).count for n in (0, 160, 161, 306, 307)] == [1, 1, 2, 2, 3]
    assert [segments("я" * n).count for n in (1, 70, 71, 134, 135)] == [1, 1, 2, 2, 3]
    assert segments("a" * 158 + "€").count == 1
    assert segments("a" * 159 + "€").count == 2


def test_one_curly_apostrophe_makes_three_segments():
    split = segments("’" + "a" * 159)
    assert (split.encoding, split.count, split.outside) == ("UCS-2", 3, ("’",))


def test_a_pair_is_not_split_over_two_segments():
    split = segments("a" * 152 + "€" * 10)
    assert [len(part) for part in split.parts] == [152, 10]
    assert split.units == 172  # which 153 would hold in two segments of 153 and 19
    wide = segments("я" * 66 + "😀" * 5)
    assert [len(part) for part in wide.parts] == [66, 5]
