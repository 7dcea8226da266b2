"""JSON is read string by string: escapes are seen through, only values change, and JSON stays JSON."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from leadmodel_privacy.configuration import Config
from leadmodel_privacy.detect import Detector, redact

LEAF = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=20),
    st.sampled_from(
        [
            "jane@example.org",
            "call +49 30 901820\n",
            'a"b\\c 219-09-9999',
            "é\U0001f600 10.1.2.3",
            '{"a": "x@example.org"}',
        ]
    ),
)
DOCUMENT = st.recursive(
    LEAF,
    lambda child: st.one_of(
        st.lists(child, max_size=4),
        st.dictionaries(st.sampled_from(["text", "phone", "ssn", "note", "a.b", "é"]), child, max_size=4),
    ),
    max_leaves=12,
)


def test_escapes_hide_nothing():
    assert redact('{"t": "jane\\u0040example.org"}') == ('{"t": "[EMAIL]"}', {"EMAIL": 1})
    assert redact('["tel\\n+49 30 901820"]') == ('["tel\\n[PHONE]"]', {"PHONE": 1})
    assert redact('{"t": "\\ud83d\\ude00 10.1.2.3 \\ud83d"}')[0] == '{"t": "\\ud83d\\ude00 [IP] \\ud83d"}'


def test_the_rest_stays_as_it_was_written():
    text = ' { "b" : 1.50, "a":"x@example.org" ,"a": 1e3}\n'
    assert redact(text)[0] == ' { "b" : 1.50, "a":"[EMAIL]" ,"a": 1e3}\n'


def test_keys_are_words_beside_their_values():
    assert redact('{"phoneNumber": "58987048"}')[0] == '{"phoneNumber": "[PHONE]"}'
    assert redact('{"ssn": 219099999, "total": 219099999}')[0] == '{"ssn": "[SSN]", "total": 219099999}'
    assert (
        redact('{"first_name": "Jane", "name": "Widget Pro"}')[0]
        == '{"first_name": "[NAME]", "name": "Widget Pro"}'
    )
    assert redact('{"id": 4111111111111111}')[1] == {}


def test_json_in_a_string_of_json_stays_json():
    inner = json.dumps({"ssn": 219099999, "t": "x@example.org"})
    redacted, counts = redact(json.dumps({"body": inner}))
    assert json.loads(json.loads(redacted)["body"]) == {"ssn": "[SSN]", "t": "[EMAIL]"}
    assert counts == {"SSN": 1, "EMAIL": 1}


def test_only_named_fields():
    detector = Detector(Config(fields=("text",)))
    text = '{"text": ["x@example.org"], "from": "x@example.org"}'
    assert detector.redact(text)[0] == '{"text": ["[EMAIL]"], "from": "x@example.org"}'
    assert detector.redact("plain x@example.org")[0] == "plain [EMAIL]"


def test_spans_are_in_characters_of_the_json_text():
    text = '{"t": "\\u00e9 jane\\u0040example.org!"}'
    ((start, end, _),) = Detector().detect(text)
    assert text[start:end] == "jane\\u0040example.org"


def test_what_only_looks_like_json_is_text():
    assert redact("[EMAIL] and x@example.org]")[0] == "[EMAIL] and [EMAIL]]"
    assert redact("{x@example.org}")[0] == "{[EMAIL]}"
    assert redact("[" * 20_000)[1] == {}


@settings(max_examples=50, deadline=None)
@given(DOCUMENT)
def test_any_document(document):
    text = json.dumps([document])
    redacted, _ = redact(text)
    json.loads(redacted)
    assert redact(redacted) == (redacted, {})
    for spelt in ("example.org", "901820", "219-09-9999", "10.1.2.3"):
        assert spelt not in json.dumps(json.loads(redacted))
