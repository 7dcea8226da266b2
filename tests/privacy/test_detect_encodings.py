"""Encoded texts are decoded before they are searched, and what is written is valid in the same encoding and the same elsewhere."""

import base64
import html
import json
import quopri
from urllib.parse import parse_qs, quote, unquote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadmodel_privacy import detect as detect_module
from leadmodel_privacy.detect import Detector, detect, redact
from leadmodel_privacy.encoded_text import is_opaque

SAID = 'mail\njane@example.org or "call" +49 30 901820 ü'
REDACTED = 'mail\n[EMAIL] or "call" [PHONE] ü'


def base64_of(text):
    return base64.b64encode(text.encode()).decode()


ENCODINGS = {
    "json": (json.dumps, json.loads),
    "json, not ascii": (lambda text: json.dumps(text, ensure_ascii=False), json.loads),
    "object": (lambda text: json.dumps({"a": [text]}), lambda text: json.loads(text)["a"][0]),
    "lines": (
        lambda text: '{"n": 1}\n' + json.dumps({"a": text}) + "\n",
        lambda text: json.loads(text.splitlines()[1])["a"],
    ),
    "form": (lambda text: urlencode({"n": "1", "b": text}), lambda text: parse_qs(text)["b"][0]),
    "percent": (lambda text: "b=" + quote(text), lambda text: unquote(text[2:])),
    "base64": (base64_of, lambda text: base64.b64decode(text).decode()),
    "base64 for URLs": (
        lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
        lambda text: base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode(),
    ),
}


@pytest.mark.parametrize("name", ENCODINGS)
def test_one_encoding(name):
    encode, decode = ENCODINGS[name]
    redacted, counts = redact(encode(SAID))
    assert decode(redacted) == REDACTED
    assert counts == {"EMAIL": 1, "PHONE": 1}
    assert redact(redacted) == (redacted, {})


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(sorted(ENCODINGS)), min_size=1, max_size=4), st.booleans())
def test_encodings_inside_one_another(names, personal):
    text = SAID if personal else "nothing in here, 3 x 250 EUR at 10 %"
    encoded = text
    for name in names:
        encoded = ENCODINGS[name][0](encoded)
    redacted, counts = redact(encoded)
    if not personal:
        assert (redacted, counts) == (encoded, {})
        return
    for name in reversed(names):
        redacted = ENCODINGS[name][1](redacted)
    assert redacted == REDACTED


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ('"mail\\njane@example.org"', '"mail\\n[EMAIL]"'),
        ('"\\"mail\\\\njane@example.org\\""', '"\\"mail\\\\n[EMAIL]\\""'),
        ("jane\\u0040example.org, then", "[EMAIL], then"),
        (
            '{"t": "mail\\njane@example.org and more that is cut o',
            '{"t": "mail\\n[EMAIL] and more that is cut o',
        ),
        ("see jane%40example.org", "see [EMAIL]"),
        ("to=jane%2540example.org&n=1", "to=%5BEMAIL%5D&n=1"),
        ("phone=0612345678&name=Widget", "phone=%5BPHONE%5D&name=Widget"),
        ("<a>jane&#64;example.org</a>", "<a>[EMAIL]</a>"),
        ("tel&nbsp;+49&nbsp;30&#160;901820", "tel&nbsp;[PHONE]"),
        ("jane&amp;#64;example.org", "[EMAIL]"),
        ("Hello=20jane=40exam=\nple.org=2C bye=\n", "Hello=20[EMAIL]=2C bye=\n"),
        ('\ufeff{"ssn": 219099999}', '\ufeff{"ssn": "[SSN]"}'),
        ('{"body": "{\\"ssn\\": 219099999}"}', '{"body": "{\\"ssn\\": \\"[SSN]\\"}"}'),
        (
            "data:text/plain;base64," + base64_of("mail jane@example.org"),
            "data:text/plain;base64," + base64_of("mail [EMAIL]"),
        ),
    ],
)
def test_escapes(text, redacted):
    assert redact(text)[0] == redacted
    assert redact(redacted)[1] == {}


@pytest.mark.parametrize(
    "text",
    [
        "100%25 of 50%20",
        "a=b&c=d",
        "x=1",
        "R&amp;D",
        "C:\\new\\table",
        "internationalization",
        "QUJDREVGR0hJSktMTU5P",
        '"quoted"',
        "4111111111111112=x",
        "a&b=c",
    ],
)
def test_what_holds_nothing_stays(text):
    assert redact(text) == (text, {})


def test_an_address_with_a_query_is_no_form():
    assert redact("https://example.org/?a=b&c=jane%40example.org")[0] == "[URL]"
    assert redact("4111111111111111=4242424242424242")[0] == "[CREDIT_CARD]=[CREDIT_CARD]"


def test_quoted_printable_and_html_by_their_own_decoders():
    text = quopri.encodestring(SAID.encode() * 3, quotetabs=True).decode()
    redacted, counts = redact(text)
    assert "jane@" not in quopri.decodestring(redacted).decode()
    assert counts["EMAIL"] == 3
    assert "jane@" not in html.unescape(redact("jane&commat;example.org")[0])


def test_the_field_says_what_an_encoded_text_is():
    assert Detector().redact('"58987048"', key="phone")[0] == '"[PHONE]"'
    assert Detector().redact('["58987048"]', key="phone")[0] == '["[PHONE]"]'


def test_formats_that_count_their_parts_are_opaque():
    for text in (
        'a:1:{s:5:"email";s:16:"jane@example.org";}',
        "$16\r\njane@example.org\r\n",
        "\x12\x10jane@example.org",
        'user|s:16:"jane@example.org";',
    ):
        assert is_opaque(text), text
        assert detect(text)
    for text in ("10:30 call me", "it costs $5\r\n", "a:b", 'is: "so"', '{"s": 1}', "bye\n"):
        assert not is_opaque(text), text


def test_flat_editing_breaks_the_value(monkeypatch):
    """The control: without decoding, an escape is cut in two and the value is no JSON any more."""
    monkeypatch.setattr(detect_module, "MAX_DEPTH", 0)
    monkeypatch.setattr(detect_module, "normalize", lambda text: (text, None))
    redacted, _ = redact('"mail\\njane@example.org"')
    with pytest.raises(ValueError, match="escape"):
        json.loads(redacted)
