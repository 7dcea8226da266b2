"""Messages and JSON text: what counts as text, and that nothing else moves by a byte."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadmodel_privacy.backfill.jsontext import rewrite
from leadmodel_privacy.backfill.messages import Left, Redactor
from leadmodel_privacy.detect import Detector

EMAIL = "jane.doe@example.org"
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abtext"), inner, max_size=4),
    max_leaves=12,
)


def redactor(*fields):
    return Redactor(Detector().redact, frozenset(fields), 1000)


@pytest.mark.parametrize(
    ("raw", "fields", "new"),
    [
        (f"hi {EMAIL}", (), "hi [EMAIL]"),
        (f"hi {EMAIL}", ("text",), "hi [EMAIL]"),
        ('{"text":"jane.doe\\u0040example.org", "n": 1.0}', (), '{"text":"[EMAIL]", "n": 1.0}'),
        ('{"text":"a\\njane@example.org"}', (), '{"text":"a\\n[EMAIL]"}'),
        (f'{{"id":"{EMAIL}","text":"{EMAIL}"}}', ("text",), f'{{"id":"{EMAIL}","text":"[EMAIL]"}}'),
        (f'{{"text":{{"id":"{EMAIL}"}}}}', ("text",), '{"text":{"id":"[EMAIL]"}}'),
        (f'{{"a":1,"a":"{EMAIL}","a":2}}', (), '{"a":1,"a":"[EMAIL]","a":2}'),
        (f'["{EMAIL}",{{"id":"{EMAIL}"}}]', ("text",), f'["[EMAIL]",{{"id":"{EMAIL}"}}]'),
        (f'"{EMAIL}"', ("text",), '"[EMAIL]"'),
        (f'{{"{EMAIL}":1}}', (), None),
        (
            json.dumps({"p": json.dumps({"text": EMAIL, "n": 1.5})}),
            ("text",),
            json.dumps({"p": json.dumps({"text": "[EMAIL]", "n": 1.5})}),
        ),
        ('{"text":"\\ud800 ' + EMAIL + '"}', (), '{"text":"\\ud800 [EMAIL]"}'),
        ('{"text":"ü ' + EMAIL + '"}', (), '{"text":"ü [EMAIL]"}'),
        ("[" * 100_000, (), None),
        ("{" + EMAIL, (), "{[EMAIL]"),
        ("", (), None),
    ],
)
def test_what_becomes_of_a_message(raw, fields, new):
    found = redactor(*fields).message(raw.encode())
    assert found.new == (None if new is None else new.encode()) or found.left is Left.TOO_LONG


def test_numbers_order_and_spaces_stay():
    raw = f'{{ "n" : 0.10,"m":12345678901234567890123 ,"e":1E5,\t"t":"{EMAIL}" }}'
    assert redactor().message(raw.encode()).new.decode() == raw.replace(EMAIL, "[EMAIL]")


def test_a_message_is_remembered_without_its_text():
    one = redactor()
    one.message(f"hi {EMAIL}".encode())
    one.message(b"clean")
    assert EMAIL not in repr(one)


def test_not_text_and_too_long():
    assert redactor().message(b"\xff").left is Left.NOT_TEXT
    assert redactor().message(b"a" * 1001).left is Left.TOO_LONG
    assert redactor().message(json.dumps({"t": "a" * 1001}).encode()).left is Left.TOO_LONG


@given(_values, st.booleans())
def test_rewriting_nothing_changes_nothing(value, escaped):
    text = json.dumps(value, ensure_ascii=escaped, indent=1)
    assert rewrite(text, lambda old, _: old, frozenset(), bare=True) == text


@given(_values)
def test_every_string_value_is_met_once_and_no_name(value):
    def marked(found):
        match found:
            case str():
                return f"{found}!"
            case list():
                return [marked(item) for item in found]
            case dict():
                return {name: marked(item) for name, item in found.items()}
        return found

    text = json.dumps(value)
    assert json.loads(rewrite(text, lambda old, _: f"{old}!", frozenset(), bare=True)) == marked(value)


@given(_values)
def test_named_fields_only(value):
    def marked(found, named, bare):
        match found:
            case str():
                return f"{found}!" if named or bare else found
            case list():
                return [marked(item, named, bare) for item in found]
            case dict():
                return {name: marked(item, named or name == "t", False) for name, item in found.items()}
        return found

    text = json.dumps(value)
    found = rewrite(text, lambda old, counts: f"{old}!" if counts else old, frozenset({"t"}), bare=True)
    assert json.loads(found) == marked(value, False, True)
