"""followups.json: each field arrives where it is used, each wrong field is named, and no error repeats a value."""

import json
from datetime import time

import pytest

from leadmodel_artifact.jsonnode import LayoutError
from leadmodel_followup.planning.spec import DAY_MS, HOUR_MS, Band, Cap, Limit, SendingHours, Step
from leadmodel_followup.settings.reading import load, parse
from leadmodel_followup.settings.settings import SCHEMA, OnUnknown, Provider
from support.followup_settings import WHOLE


def read(**changes):
    return parse(json.dumps(WHOLE | changes).encode())


def test_each_field_arrives():
    settings = read()
    spec = settings.spec
    assert (settings.tenant, spec.plan, spec.generation) == ("acme", "plan", 2)
    assert (settings.suspend, settings.public_url) == (True, "https://acme.example.org")
    sms = settings.channels["sms"]
    assert (sms.provider, sms.sender, sms.limit) == (Provider.TWILIO, "+15550100", Limit(2, 3))
    steps = (Step("hello", HOUR_MS, "sms", "greeting"), Step("again", 2 * DAY_MS, "mail", "again"))
    assert spec.bands == (Band("hot", 0.7, steps, frozenset({"buy"})),)
    assert spec.silent_intents == {"complaint"}
    assert spec.arms == ("control", "early")
    assert spec.hours == {"sms": SendingHours(time(10), time(18, 30), frozenset({0, 4}))}
    assert spec.time_zone == "Europe/Berlin"
    assert (spec.limits.tenant, spec.limits.recipient) == (Limit(20, 40), Limit(0.1))
    assert (spec.limits.of("sms"), spec.limits.of("mail")) == (Limit(2, 3), Limit(1, 1))
    assert spec.caps == (Cap(2, 12 * HOUR_MS),)
    assert (settings.on_unknown, settings.reconcile_ms) == (OnUnknown.RESEND, 12 * HOUR_MS)
    assert (spec.retention_ms, settings.max_segments, settings.concurrency) == (10 * DAY_MS, 2, 8)
    assert (settings.footer, settings.links) == ("Acme, 1 Way", {"demo": "https://acme.example.org/demo/"})


def test_without_fields_the_defaults_hold():
    settings = parse(json.dumps({"schema": SCHEMA, "tenant": "acme", "plan": "plan"}).encode())
    spec = settings.spec
    assert spec.caps == (Cap(1, DAY_MS), Cap(3, 7 * DAY_MS))
    assert spec.hours == {"sms": SendingHours(), "whatsapp": SendingHours()}
    assert (spec.limits.tenant, spec.limits.recipient.burst) == (Limit(50, 50), 1)
    assert spec.limits.recipient.per_second == pytest.approx(1 / 6)
    assert (settings.on_unknown, settings.concurrency, spec.bands) == (OnUnknown.SKIP, 4, ())


def test_the_digest_is_that_of_the_bytes():
    assert read().digest != read(plan="other").digest == read(plan="other").digest
    assert read().digest.startswith("sha256:")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"schema": "other"}, "schema"),
        ({"tenant": "Quill Feather"}, "tenant"),
        ({"plan": "Quill Feather"}, "plan"),
        ({"publicUrl": "javascript:quill"}, "publicUrl"),
        ({"channels": [{"name": "sms", "provider": 3}]}, "channels[0].provider"),
        ({"channels": [{"name": "sms", "perSecond": 0}]}, "channels[0].perSecond"),
        ({"channels": []}, "bands"),
        ({"bands": [{"name": "x", "minScore": "quill", "steps": []}]}, "bands[0].minScore"),
        ({"quietHours": {"opens": "quill"}}, "quietHours.opens"),
        ({"quietHours": {"opens": "21:00"}}, "quietHours"),
        ({"quietHours": {"days": ["quill"]}}, "quietHours.days"),
        ({"quietHours": {"timeZone": "Quill/Feather"}}, "quietHours.timeZone"),
        ({"limits": {"recipientSeconds": 0}}, "limits.recipientSeconds"),
        ({"caps": [{"messages": 0, "window": "1h"}]}, "caps[0].messages"),
        ({"caps": [{"messages": 1, "window": "quill"}]}, "caps[0].window"),
        ({"caps": [{"messages": 1, "window": "1000h"}]}, "cap"),
        ({"onUnknown": "quill"}, "onUnknown"),
        ({"arms": ["Quill Feather"]}, "arms"),
        ({"arms": ["a", 3]}, "arms"),
        ({"arms": [f"arm-{number}" for number in range(9)]}, "arms"),
        ({"retention": 3}, "retention"),
        ({"worker": {"concurrency": 0}}, "worker.concurrency"),
    ],
)
def test_a_wrong_field_is_named_and_its_value_is_not(changes, field):
    with pytest.raises(LayoutError, match=field.replace("[", r"\[")) as caught:
        read(**changes)
    assert "quill" not in str(caught.value).lower()


@pytest.mark.parametrize("raw", [b"", b"[]", b"3", b"[" * 100_000, b'{"schema": "leadmodel'])
def test_what_is_no_document_is_refused(raw):
    with pytest.raises(LayoutError, match="must be"):
        parse(raw)


def test_a_step_may_be_weeks_after_the_lead():
    step = {"name": "later", "after": "336h", "channel": "sms", "template": "later"}
    settings = read(bands=[{"name": "all", "minScore": 0, "steps": [step]}])
    assert settings.spec.horizon_ms == 14 * DAY_MS


def test_a_file_is_read_from_a_folder(tmp_path):
    (tmp_path / "followups.json").write_text(json.dumps(WHOLE))
    assert load(tmp_path / "followups.json").tenant == "acme"
