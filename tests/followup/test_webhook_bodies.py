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
    """What became of a body: refused, or events that are what the ledger reads, and why others were left out."""
    try:
        batch = read()
    except Refused as refused:
        return str(refused.status)
    posted = batch.posted
    assert set(batch.skipped) <= {"shape", "time", "address"}
    dumped = [one.event.dump() for one in posted]
    assert [Event.load(text) for text in dumped] == [one.event for one in posted]
    assert all(0 <= one.event.at_ms <= NOW_MS for one in posted)
    return " ".join([*dumped, *batch.skipped])


@given(st.lists(st.dictionaries(NAMES, ANY, max_size=8), max_size=3) | ANY)
def test_any_batch_of_sendgrid_is_read_or_refused(batch):
    body = json.dumps(batch).encode()
    assert told(lambda: sendgrid.events(incoming(body), HASHER)) is not None


def batch(*events):
    return told(lambda: sendgrid.events(incoming(json.dumps(events).encode()), HASHER))


def test_an_address_that_is_none_makes_no_event():
    for odd in ("", "AMAZON", "+", "a b@c.d"):
        assert batch({"event": "spamreport", "timestamp": 1, "email": odd}) == "address"
        form = urlencode({"Body": "stop", "From": odd}).encode()
        assert told(lambda form=form: twilio.events(incoming(form), HASHER)) == "address"
    assert batch({"event": "spamreport", "timestamp": 1, "email": "\ud800@b.c"}) == "shape"
    assert "opted-out" in batch({"event": "spamreport", "timestamp": 1, "email": "a@b.c"})


GOOD = {"event": "unsubscribe", "timestamp": 1, "email": "a@b.c"}
ODD = {
    "no-object": 1,
    "no-time": GOOD | {"timestamp": None},
    "time-of-another-kind": GOOD | {"timestamp": 1.5},
    "no-address": GOOD | {"email": "Ada <a@b.c>"},
    "half-a-pair": GOOD | {"email": "\ud800@b.c"},
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
def test_an_odd_event_of_a_batch_does_not_keep_the_others_away(odd):
    alone = batch(GOOD)
    skipped = batch(odd)
    assert skipped in {"shape", "time", "address"}
    assert batch(odd, GOOD) == batch(GOOD, odd) == f"{alone} {skipped}"


def test_two_people_who_opt_out_in_one_second_are_two_events():
    both = batch(GOOD, GOOD | {"email": "other@b.c"}, GOOD)
    assert both.count("opted-out") == 2


def test_an_opt_out_that_names_its_follow_up_needs_no_address():
    assert "opted-out" in batch(GOOD | {"email": "Ada <a@b.c>", "reference": "a" * 16})


def entries(*found):
    body = json.dumps({"entry": found}).encode()
    return told(lambda: whatsapp.events(incoming(body), HASHER, None))


def change(value, field="messages"):
    return {"changes": [{"field": field, "value": value}]}


STOP = {"type": "text", "timestamp": "1", "from": "447700900123", "text": {"body": "STOP"}}
ODD_ENTRIES = {
    "no-entry": 1,
    "no-changes": {"changes": 1},
    "no-change": {"changes": [None]},
    "no-field": {"changes": [{"field": ["messages"], "value": {}}]},
    "no-value": change(None),
    "no-list": change({"messages": {}}),
    "no-message": change({"messages": ["text"]}),
    "no-type": change({"messages": [{"timestamp": "1", "from": "447700900123"}]}),
    "no-time": change({"messages": [STOP | {"timestamp": "soon"}]}),
    "group": change({"messages": [STOP | {"from": "120363abc@g.us x"}]}),
    "no-status": change({"statuses": [{"status": "read", "timestamp": "1"}]}),
    "no-preference": change({"user_preferences": [{"wa_id": "447700900123"}]}, "user_preferences"),
}


@pytest.mark.parametrize("odd", ODD_ENTRIES.values(), ids=ODD_ENTRIES.keys())
def test_an_odd_part_of_a_request_of_whatsapp_does_not_keep_the_others_away(odd):
    good = change({"messages": [STOP]})
    skipped = entries(odd)
    assert skipped in {"shape", "time", "address"}
    assert entries(odd, good) == entries(good, odd) == f"{entries(good)} {skipped}"


def test_a_status_that_names_its_follow_up_needs_no_number():
    status = {"id": "w", "status": "read", "timestamp": "1", "recipient_id": "GB.1349 a"}
    assert entries(change({"statuses": [status]})) == "address"
    assert "read" in entries(change({"statuses": [status | {"biz_opaque_callback_data": "a" * 16}]}))


def test_a_person_whose_number_meta_keeps_to_itself_makes_no_address():
    hidden = {
        "field": "messages",
        "value": {
            "messages": [{"type": "text", "timestamp": "1", "text": {"body": "stop"}}],
            "statuses": [
                {"id": "w", "status": "read", "timestamp": "1", "biz_opaque_callback_data": "a" * 16}
            ],
        },
    }
    body = json.dumps({"entry": [{"changes": [hidden]}]}).encode()
    (posted,) = whatsapp.events(incoming(body), HASHER, None).posted
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
