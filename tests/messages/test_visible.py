"""No text of others moves the cursor of a terminal, hides a line or turns one round."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadmodel_messages.visible import visible, visible_document


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Lead Scoring", "Lead Scoring"),
        ("Größe ≥ 3 in 東京 👩‍🔬", "Größe ≥ 3 in 東京 👩‍🔬"),
        ("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"),
        ("a\rb", "a\\rb"),
        ("\x9b31m", "\\x9b31m"),
        ("abc\x08\x08\x08", "abc\\x08\\x08\\x08"),
        ("lead\u202egnp", "lead\\u202egnp"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("two\u2028lines", "two\\u2028lines"),
        ("half \ud83d", "half \\ud83d"),
        ("a\nb\tc", "a\nb\tc"),
    ],
)
def test_what_a_terminal_would_act_upon_is_written_as_its_code(text, shown):
    assert visible(text) == shown


@given(st.text(st.characters(codec="utf-8") | st.sampled_from("\x1b\x07\r\x9b\u202e\x00")))
def test_no_text_keeps_a_control_character(text):
    shown = visible(text)
    assert not any((ord(c) < 32 and c not in "\n\t") or 127 <= ord(c) < 160 for c in shown)
    assert visible(shown) == shown


def test_documents_are_made_visible_throughout():
    document = {"a\x1b": ["b\x07", {"c": "d\r"}], "n": 3, "x": None}
    assert visible_document(document) == {"a\\x1b": ["b\\x07", {"c": "d\\r"}], "n": 3, "x": None}
