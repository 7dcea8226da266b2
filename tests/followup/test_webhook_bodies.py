"""Whatever a signed body holds, it is refused or becomes events without the words in it."""

import json
import re
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadmodel_followup.ledger.events import Event, Kind
from leadmodel_followup.planning.identity import ContactHasher
from leadmodel_followup.webhooks import sendgrid, twilio, whatsapp
from leadmodel_followup.webhooks.incoming import Incoming, Refused
from leadmodel_followup.webhooks.words import kinds

HASHER = ContactHasher("acme", b"0123456789abcdef")
NOW_MS = 1_700_000_000_000
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.just("\ud800")
    | st.just("quillfeather")
)
NAMES = st.sampled_from(
    re.findall(
        r"\w+",
        "event timestamp email reference sg_message_id reason bounce_classification status id recipient_id errors code "
        "biz_opaque_callback_data wa_id value from type text body button interactive button_reply title",
    )
)
WORDS = st.sampled_from(
    [
        "bounce",
        "dropped",
        "spamreport",
        "open",
        "delivered",
        "failed",
        "stop",
        "text",
        "1700000000",
        "quillfeather",
    ]
)
ANY = st.recursive(
    SCALARS | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=3), inner, max_size=6)
    ),
    max_leaves=25,
)


def incoming(body):
    return Incoming("any", "https://a.example", {}, body, "", NOW_MS)


def told(read):
    """What became of a body: refused, or events that are what the ledger reads."""
    try:
        posted = read()
    except Refused as refused:
        return str(refused.status)
    dumped = [one.event.dump() for one in posted]
    assert [Event.load(text) for text in dumped] == [one.event for one in posted]
    assert all(0 <= one.event.at_ms <= NOW_MS for one in posted)
    return " ".join(dumped)


@given(st.lists(st.dictionaries(NAMES, ANY, max_size=8), max_size=3) | ANY)
def test_any_batch_of_sendgrid_is_read_or_refused(batch):
    body = json.dumps(batch).encode()
    assert told(lambda: sendgrid.events(incoming(body), HASHER)) is not None


def test_an_address_that_is_none_is_refused():
    for odd in ("", "AMAZON", "+", "a b@c.d", "\ud800@b.c"):
        batch = [{"event": "spamreport", "timestamp": 1, "email": odd}]
        assert (
            told(lambda batch=batch: sendgrid.events(incoming(json.dumps(batch).encode()), HASHER)) == "400"
        )
        form = urlencode({"Body": "stop", "From": odd.replace("\ud800", " ")}).encode()
        assert told(lambda form=form: twilio.events(incoming(form), HASHER)) == "400"
    body = b'[{"event": "spamreport", "timestamp": 1, "email": "a@b.c"}]'
    assert "opted-out" in told(lambda: sendgrid.events(incoming(body), HASHER))


def test_a_person_whose_number_meta_keeps_to_itself_makes_no_address():
    change = {
        "field": "messages",
        "value": {
            "messages": [{"type": "text", "timestamp": "1", "text": {"body": "stop"}}],
            "statuses": [
                {"id": "w", "status": "read", "timestamp": "1", "biz_opaque_callback_data": "a" * 16}
            ],
        },
    }
    body = json.dumps({"entry": [{"changes": [change]}]}).encode()
    (posted,) = whatsapp.events(incoming(body), HASHER, None)
    assert posted.event == Event("any", Kind.READ, 1000, "a" * 16, provider_id="w")


@given(st.lists(ANY, max_size=2), st.lists(ANY, max_size=2), st.lists(ANY, max_size=2), ANY)
def test_any_change_of_whatsapp_is_read_or_refused(statuses, messages, preferences, entry):
    value = {"statuses": statuses, "messages": messages, "user_preferences": preferences}
    for name in ("messages", "user_preferences", "other"):
        changes = [{"field": name, "value": value}]
        for document in ({"entry": [{"changes": changes}]}, {"entry": entry}, entry):
            body = json.dumps(document).encode()
            assert told(lambda body=body: whatsapp.events(incoming(body), HASHER, None)) is not None


@given(st.binary(max_size=200))
def test_any_form_of_twilio_is_read_or_refused(body):
    assert told(lambda: twilio.events(incoming(b"Body=x&" + body), HASHER)) is not None


@pytest.mark.parametrize("body", [b"[" * 100_000, b"{", b"\xff", b"[]]", b"NaN", b"1e999"])
def test_what_is_no_document_is_refused(body):
    assert told(lambda: sendgrid.events(incoming(body), HASHER)) == "400"
    assert told(lambda: whatsapp.events(incoming(body), HASHER, None)) == "400"


@given(st.text())
def test_a_message_is_a_word_or_a_reply(text):
    longer = f"{text} and more words than a word"
    assert kinds(longer) == (Kind.REPLIED,)
    assert set(kinds(text)) <= {Kind.REPLIED, Kind.OPTED_IN, Kind.OPTED_OUT}
