"""Messages: what counts as text, and that nothing else moves by a byte."""

import json

import pytest

from leadmodel_privacy.backfill.message_redactor import CLEAN, Redactor, SkipReason
from leadmodel_privacy.backfill.shapes import shape
from leadmodel_privacy.configuration import Config

EMAIL = "jane.doe@example.org"


def redactor(*fields):
    return Redactor(Config(fields=fields), 1000)


@pytest.mark.parametrize(
    ("raw", "fields", "new"),
    [
        (f"hi {EMAIL}", (), "hi [EMAIL]"),
        (f"hi {EMAIL}", ("text",), "hi [EMAIL]"),
        ('{"text":"jane.doe\\u0040example.org", "n": 1.0}', (), '{"text":"[EMAIL]", "n": 1.0}'),
        (f'{{"id":"{EMAIL}","text":"{EMAIL}"}}', ("text",), f'{{"id":"{EMAIL}","text":"[EMAIL]"}}'),
        (f'{{"text":{{"id":"{EMAIL}"}}}}', ("text",), '{"text":{"id":"[EMAIL]"}}'),
        (f'{{"a":1,"a":"{EMAIL}","a":2}}', (), '{"a":1,"a":"[EMAIL]","a":2}'),
        (f'{{"{EMAIL}":1}}', (), None),
        ('{"text":"\\ud800 ' + EMAIL + '"}', (), '{"text":"\\ud800 [EMAIL]"}'),
        ('{"text":"ü ' + EMAIL + '"}', (), '{"text":"ü [EMAIL]"}'),
        ("{" + EMAIL, (), "{[EMAIL]"),
        ("", (), None),
    ],
)
def test_what_becomes_of_a_message(raw, fields, new):
    assert redactor(*fields).message(raw.encode()).new == (None if new is None else new.encode())


def test_fields_of_hashes_and_entries():
    one = redactor("text")
    assert one.named(b"text", EMAIL.encode()).new == b"[EMAIL]"
    assert one.named(b"text", json.dumps({"id": EMAIL}).encode()).new == b'{"id": "[EMAIL]"}'
    assert one.named(b"id", EMAIL.encode()) is CLEAN
    assert one.named(b"doc", json.dumps({"id": EMAIL, "text": EMAIL}).encode()).new is not None
    assert redactor().named(b"id", EMAIL.encode()).new == b"[EMAIL]"


def test_a_field_name_may_say_what_its_text_is():
    assert redactor().named(b"phone", b"2025550143").new == b"[PHONE]"
    assert redactor().named(b"amount", b"2025550143") is CLEAN


def test_shapes_tell_nothing_about_whom():
    assert shape(EMAIL) == "aaaa.aaa@aaaa.aaa"
    assert shape("+49 30 901820") == "+99 99 9999"


def test_numbers_order_and_spaces_stay():
    raw = f'{{ "n" : 0.10,"m":12345678901234567890123 ,"e":1E5,\t"t":"{EMAIL}" }}'
    assert redactor().message(raw.encode()).new.decode() == raw.replace(EMAIL, "[EMAIL]")


def test_a_message_is_remembered_without_its_text():
    one = redactor()
    one.message(f"hi {EMAIL}".encode())
    one.message(b"clean")
    assert EMAIL not in repr(one)


def test_not_text_and_too_long():
    assert redactor().message(b"\xff").skipped is SkipReason.NOT_TEXT
    assert redactor().message(b"a" * 1001).skipped is SkipReason.TOO_LONG
    assert redactor().message(json.dumps({"t": "a" * 1001}).encode()).skipped is SkipReason.TOO_LONG
