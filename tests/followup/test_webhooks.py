"""Requests of providers to the routes, over a real server, and what the ledger has of them afterwards."""

import json

import pytest
import redis.asyncio

from leadmodel_followup.ledger.events import Event, Kind
from leadmodel_followup.ledger.records import ALWAYS, Conditions, Dropped, FollowUp
from leadmodel_followup.planning.identity import plan_tag
from leadmodel_followup.webhooks import inbox as inbox_module
from leadmodel_followup.webhooks.consumer import Events
from leadmodel_followup.webhooks.inbox import Inbox
from support import followup_webhooks as signed
from support.followup_webhooks import AppClient

TAG = plan_tag("plan")
WAITS = f"{TAG}waits"
NOW_S = 1_700_000_000
ADDRESSES = {"sms": "+4915112345678", "email": "ada@example.com", "whatsapp": "+4915112345678"}
PERSON = "4915112345678"


def reference(channel):
    return f"{TAG}{channel:-<12}"


class World:
    """One contact with one message under way on each channel, the routes, and the consumer."""

    def __init__(self, client, ledger, secrets, http, inbox, hooks):
        self.client, self.ledger, self.secrets = client, ledger, secrets
        self.http, self.inbox, self.hooks = http, inbox, hooks
        self.events = Events(client, ledger, hooks.news.extend)
        self.contact = hooks.hasher.contact("ada")
        for channel, address in ADDRESSES.items():
            hashed = hooks.hasher.address(address)
            ledger.consent(self.contact, channel, hashed, NOW_S * 1000, "form")
            ledger.create(self.made(reference(channel), channel), NOW_S * 1000)
            ledger.begin(reference(channel), Conditions(hashed, ALWAYS, 5000))
        ledger.create(self.made(WAITS, "sms"), NOW_S * 1000)

    def made(self, name, channel):
        return FollowUp(name, "lead", self.contact, channel, f"{channel}-step", NOW_S * 1000)

    def send(self, request):
        path, body, headers = request
        return self.http.post(path, content=body, headers=headers).status_code

    def take(self, request):
        """A request that is taken, applied. Returns the kinds that were new."""
        assert self.send(request) == 204
        self.hooks.news.clear()
        while self.events.tick():
            pass
        return [news.kind for news in self.hooks.news]

    def state(self, name):
        return self.ledger.read(name)

    def stopped(self, channel):
        following = f"{TAG}next-{channel}"
        self.ledger.create(self.made(following, channel), NOW_S * 2000)
        address = self.hooks.hasher.address(ADDRESSES[channel])
        begun = self.ledger.begin(following, Conditions(address, ALWAYS, 5000))
        return begun == Dropped("stopped") or self.state(following) == {}

    def kept(self):
        """All bytes that the server keeps of the tenant."""
        kept = b""
        for key in self.client.keys(f"fu:{{{self.ledger.tenant}}}:*"):
            kept += key + (self.client.dump(key) or b"")
            if self.client.type(key) == b"stream":
                kept += str(self.client.xrange(key)).encode()
        return kept


@pytest.fixture(scope="module")
def secrets(tmp_path_factory):
    return signed.write_secrets(tmp_path_factory.mktemp("secrets"))


@pytest.fixture
def world(server, client, ledger, secrets, clock):
    clock.now = NOW_S * 1000
    inbox = Inbox(redis.asyncio.Redis(port=server.port), ledger.tenant)
    hooks = signed.Webhooks(ledger, inbox, secrets, lambda: NOW_S * 1000 + 60_000)
    with AppClient(hooks.app) as http:
        yield World(client, ledger, secrets, http, inbox, hooks)
        http.runner.run(inbox.close())


def sms_status(status, **more):
    form = {"MessageSid": "SM1", "MessageStatus": status, "To": ADDRESSES["sms"], **more}
    return signed.twilio(f"/webhooks/sms/{reference('sms')}", form)


def sms(body, sid="SM2", **more):
    form = {"MessageSid": sid, "SmsStatus": "received", "From": ADDRESSES["sms"], "Body": body, **more}
    return signed.twilio("/webhooks/sms", form)


def mail(event, at_s=NOW_S + 10, **more):
    one = {
        "event": event,
        "timestamp": at_s,
        "email": ADDRESSES["email"],
        "reference": reference("email"),
        "sg_message_id": "abc.filter1",
        "sg_event_id": f"{event}-{at_s}",
        "reason": "a text that says too much",
        **more,
    }
    return signed.sendgrid([one], NOW_S)


def chat_status(status, **more):
    one = {
        "id": "wamid.1",
        "status": status,
        "timestamp": str(NOW_S + 5),
        "recipient_id": PERSON,
        "biz_opaque_callback_data": reference("whatsapp"),
        **more,
    }
    return signed.whatsapp({"statuses": [one]})


def chat(message, at_s=NOW_S + 20, **more):
    one = {"id": "wamid.2", "from": PERSON, "timestamp": str(at_s), "type": "text", **message}
    return signed.whatsapp({"messages": [one], **more})


def test_reports_of_twilio(world):
    assert world.take(sms_status("sent")) == [Kind.SENT]
    assert world.take(sms_status("delivered")) == [Kind.DELIVERED]
    assert world.take(sms_status("delivered")) == []
    record = world.state(reference("sms"))
    assert (record["state"], record["reach"], record["pid"]) == ("sent", "delivered", "SM1")
    assert world.take(sms_status("undelivered", ErrorCode="30005")) == [Kind.FAILED]
    assert world.state(reference("sms"))["code"] == "30005"
    assert not world.stopped("email")


def test_a_failure_for_an_opt_out_stops_all_channels(world):
    assert world.take(sms_status("failed", ErrorCode="21610")) == [Kind.FAILED, Kind.OPTED_OUT]
    assert world.stopped("email")


def test_events_of_sendgrid(world):
    assert world.take(mail("delivered", NOW_S + 1)) == [Kind.DELIVERED]
    assert world.take(mail("open", sg_machine_open=True)) == [Kind.MACHINE_OPENED]
    assert world.take(mail("open", sg_machine_open=False)) == [Kind.OPENED]
    assert world.take(mail("click", NOW_S + 2, url="https://a.example")) == [Kind.SCANNED]
    assert world.take(mail("click", NOW_S + 9, url="https://a.example")) == [Kind.CLICKED]
    assert world.take(mail("bounce", type="blocked", bounce_classification="Invalid Address")) == [
        Kind.FAILED
    ]
    record = world.state(reference("email"))
    assert (record["reach"], record["pid"], record["code"]) == ("clicked", "abc", "invalid-address")


def test_a_repeated_event_of_sendgrid_has_another_id_and_counts_once(world):
    first, again = (json.loads(mail("click", sg_event_id=name, url="u")[1])[0] for name in "ab")
    path, body, headers = signed.sendgrid([first, again, first], NOW_S)
    assert world.send((path, body, headers)) == 204
    assert world.client.xlen(world.events.stream) == 1
    world.take(mail("delivered", NOW_S + 1))
    assert world.take(mail("click", sg_event_id="c", url="u")) == []


@pytest.mark.parametrize("event", ["unsubscribe", "group_unsubscribe", "spamreport"])
def test_an_opt_out_by_mail_stops_all_channels_and_resubscribing_frees_mail(world, event):
    assert world.take(mail(event)) == [Kind.OPTED_OUT]
    assert world.state(WAITS)["why"] == "stopped"
    assert world.stopped("sms")
    world.take(mail("group_resubscribe", NOW_S + 11))
    assert not world.stopped("email")


def test_mail_that_was_dropped_for_an_opt_out_stops_and_other_drops_do_not(world):
    world.take(mail("dropped", reason="Bounced Address"))
    assert not world.stopped("sms")
    assert world.take(mail("dropped", NOW_S + 12, reason="Unsubscribed Address")) == [Kind.OPTED_OUT]
    assert world.stopped("email")


def test_reports_of_whatsapp(world):
    assert world.take(chat_status("read")) == [Kind.READ]
    assert world.take(chat_status("delivered")) == [Kind.DELIVERED]
    assert world.state(reference("whatsapp"))["reach"] == "read"
    assert world.take(chat_status("failed", errors=[{"code": 131050}])) == [Kind.FAILED, Kind.OPTED_OUT]
    assert world.stopped("sms")


def test_reports_for_another_number_of_the_same_app_are_left_alone(world):
    path, body, _ = chat_status("read")
    body = body.replace(signed.NUMBER_ID.encode(), b"1")
    assert world.take((path, body, {"X-Hub-Signature-256": signed.meta_signature(body)})) == []


WORDS = ("STOP", " stop. ", "Stop all", "UNSUBSCRIBE", "cancel", "End", "quit!", "revoke", "OPT-OUT")


@pytest.mark.parametrize("word", WORDS)
def test_words_that_stop(world, word):
    world.take(sms(word))
    assert world.stopped("email")


@pytest.mark.parametrize(
    "request_of_stop",
    [
        sms("ARRET", OptOutType="STOP"),
        chat({"text": {"body": "Stop"}}),
        chat({"type": "button", "button": {"text": "STOP", "payload": "p"}}),
        chat({"type": "interactive", "interactive": {"button_reply": {"id": "1", "title": "Stop"}}}),
        signed.whatsapp(
            {"user_preferences": [{"wa_id": PERSON, "value": "stop", "timestamp": NOW_S}]}, "user_preferences"
        ),
    ],
    ids=["other-language", "text", "button", "interactive", "preference"],
)
def test_other_ways_to_stop(world, request_of_stop):
    world.take(request_of_stop)
    assert world.state(WAITS)["why"] == "stopped"
    assert world.stopped("email")


@pytest.mark.parametrize("request_of_start", [sms("Start", "SM3"), sms("WEITER", "SM3", OptOutType="START")])
def test_start_lifts_the_opt_out_of_its_own_address_only(world, clock, request_of_start):
    world.take(sms("STOP"))
    clock.now += 1000
    world.take(request_of_start)
    assert not world.stopped("sms")
    assert world.stopped("email")


def test_start_from_another_address_lifts_nothing(world):
    world.take(mail("unsubscribe"))
    world.take(chat({"text": {"body": "start"}}, NOW_S + 30))
    assert world.stopped("whatsapp")


def test_a_late_copy_of_start_lifts_no_later_opt_out(world, clock):
    """Twilio gives messages no time: the time of the first copy stands."""
    world.take(sms("START", "SM3"))
    clock.now += 1000
    world.take(sms("STOP", "SM4"))
    clock.now += 1000
    world.take(sms("START", "SM3"))
    assert world.stopped("sms")


@pytest.mark.parametrize(
    "reply",
    [
        sms("Please stop by at nine"),
        sms("Ja gern, Ada Lovelace"),
        chat({"text": {"body": "Ja gern, Ada Lovelace"}}),
        chat({"type": "image", "image": {"id": "1"}}),
    ],
)
def test_any_other_reply_ends_the_sequence_and_its_text_is_dropped(world, reply):
    assert world.send(reply) == 204
    assert b"Lovelace" not in world.kept()
    assert Kind.REPLIED in world.take(sms_status("sent"))
    assert world.state(WAITS)["why"] == "replied"
    assert not world.stopped("email")


def test_nothing_that_is_kept_holds_a_number_an_address_or_a_text(world):
    for request in (sms("Ada Lovelace"), mail("bounce"), mail("spamreport"), chat_status("read")):
        world.send(request)
    kept = world.kept()
    while world.events.tick():
        pass
    kept += world.kept()
    for secret in (b"15112345678", b"ada@example", b"Lovelace", b"says too much"):
        assert secret not in kept


def test_refused_requests_are_counted_and_change_nothing(world, secrets):
    path, body, headers = sms_status("delivered")
    assert world.send((path, body + b"&a=b", headers)) == 403
    assert world.send((path + "x", body, headers)) == 403
    assert world.send(("/webhooks/email", body, headers)) == 403
    assert world.send(("/webhooks/nobody", body, headers)) == 404
    assert world.send(("/webhooks/console", body, headers)) == 404
    assert world.send((path, b"a" * 65_537, headers)) == 413
    broken = b'{"entry": 1}'
    signature = {"X-Hub-Signature-256": signed.meta_signature(broken)}
    assert world.send(("/webhooks/whatsapp", broken, signature)) == 400
    for odd in (1, {"event": "open"}):
        assert world.send(signed.sendgrid(odd, NOW_S)) == 400
    assert world.send(signed.sendgrid([], NOW_S - 26 * 3600)) == 403
    assert world.hooks.rejected == {
        ("sms", "signature"): 2,
        ("sms", "too-large"): 1,
        ("email", "signature"): 1,
        ("email", "malformed"): 2,
        ("email", "stale"): 1,
        ("whatsapp", "malformed"): 1,
    }
    assert world.client.xlen(world.events.stream) == 0


def test_an_odd_event_is_counted_and_the_others_of_its_batch_are_taken(world):
    (stop,) = json.loads(mail("unsubscribe")[1])
    odd = [stop | {"event": "open", "timestamp": "soon"}, "ada@example.com"]
    assert world.take(signed.sendgrid([*odd, stop], NOW_S)) == [Kind.OPTED_OUT]
    assert world.stopped("sms")
    assert world.hooks.skipped == {("email", "time"): 1, ("email", "shape"): 1}
    assert world.hooks.rejected == {}


def test_a_missing_secret_says_which(server, ledger, tmp_path):
    inbox = Inbox(redis.asyncio.Redis(port=server.port), ledger.tenant)
    hooks = signed.Webhooks(ledger, inbox, tmp_path, lambda: NOW_S * 1000)
    with AppClient(hooks.app) as http:
        for request in (sms("a"), mail("open"), chat_status("read")):
            answer = http.post(request[0], content=request[1], headers=request[2])
            assert answer.status_code == 503
        assert hooks.rejected == {
            ("sms", "no-authToken"): 1,
            ("email", "no-webhookPublicKey"): 1,
            ("whatsapp", "no-appSecret"): 1,
        }
        assert answer.text == "no-appSecret"


def test_without_a_public_url_twilio_cannot_be_verified(server, ledger, secrets):
    inbox = Inbox(redis.asyncio.Redis(port=server.port), ledger.tenant)
    hooks = signed.Webhooks(ledger, inbox, secrets, lambda: NOW_S * 1000, public_url=None)
    with AppClient(hooks.app) as http:
        path, body, headers = sms("a")
        assert http.post(path, content=body, headers=headers).text == "no-publicUrl"


@pytest.fixture
def small(server, ledger, secrets):
    """Sends requests to routes whose stream holds two events; gives their answers."""
    inbox = Inbox(redis.asyncio.Redis(port=server.port), ledger.tenant, longest=2)
    hooks = signed.Webhooks(ledger, inbox, secrets, lambda: NOW_S * 1000)
    with AppClient(hooks.app) as http:
        yield lambda *requests: [
            http.post(path, content=body, headers=headers).status_code for path, body, headers in requests
        ]
        http.runner.run(inbox.close())


def test_a_full_stream_takes_no_more_so_that_providers_repeat(small, client, ledger):
    status = sms_status("delivered")
    assert small(status, status, status) == [204, 204, 503]
    assert Events(client, ledger, list).tick() == 2
    assert small(status) == [204]


def stop_at_a_full_stream(small):
    """The answers to STOP at a stream that is full of deliveries, and to an e-mail's unsubscription that comes with a delivery."""
    status, (_, body, _) = sms_status("delivered"), mail("unsubscribe")
    assert small(status, status, status) == [204, 204, 503]
    both = signed.sendgrid([*json.loads(body), *json.loads(mail("delivered")[1])], NOW_S)
    return small(sms("STOP"), both)


def test_a_stream_full_of_deliveries_takes_each_opt_out(small, world, client):
    assert stop_at_a_full_stream(small) == [204, 503], "the delivery is to be repeated"
    kinds = [Event.load(fields[b"e"].decode()).kind for _, fields in client.xrange(world.events.stream)]
    assert kinds == [Kind.DELIVERED, Kind.DELIVERED, Kind.OPTED_OUT, Kind.OPTED_OUT]
    while world.events.tick():
        pass
    assert all(world.stopped(channel) for channel in ADDRESSES)


def test_room_for_opt_outs_has_an_end(small):
    assert small(*[sms("STOP", sid=f"SM{n}") for n in range(5)]) == [204, 204, 204, 204, 503]


def test_control_of_one_room_for_all_an_opt_out_waits_behind_deliveries(small, monkeypatch):
    monkeypatch.setattr(inbox_module, "STOPS", frozenset())
    assert stop_at_a_full_stream(small) == [503, 503]


def test_the_question_of_meta_is_answered_for_the_right_token(world):
    query = {"hub.mode": "subscribe", "hub.verify_token": "verify-token", "hub.challenge": "1158201444"}
    answer = world.http.get("/webhooks/whatsapp", params=query)
    assert (answer.status_code, answer.text) == (200, "1158201444")
    for wrong in ({"hub.verify_token": "other"}, {"hub.mode": "x"}, {"hub.challenge": "<script>"}):
        assert world.http.get("/webhooks/whatsapp", params=query | wrong).status_code == 403
    assert world.http.get("/webhooks/whatsapp").status_code == 403
    assert world.http.get("/webhooks/sms", params=query).status_code == 404


def link(world):
    hasher = world.hooks.hasher
    token = hasher.unsubscribe_token(reference("email"), world.contact, hasher.address(ADDRESSES["email"]))
    return f"/u/{token}"


def test_opening_an_unsubscribe_link_changes_nothing(world):
    page = world.http.get(link(world))
    assert page.status_code == 200
    assert page.text.count("<button>") == 1
    assert world.http.request("HEAD", link(world)).status_code == 200
    assert not world.stopped("email")


ONE_CLICK = "List-Unsubscribe=One-Click"
MULTIPART = '--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'


@pytest.mark.parametrize("body", [ONE_CLICK, MULTIPART, "confirm=yes"])
def test_one_click_stops_all_channels_any_number_of_times(world, body):
    for _ in range(3):
        assert world.http.post(link(world), content=body).status_code == 200
    assert [news.kind for news in world.hooks.news] == [Kind.OPTED_OUT]
    assert world.state(WAITS)["why"] == "stopped"
    assert world.stopped("sms")


def test_an_unsubscribe_link_outlives_all_records(world):
    world.ledger.erase(world.contact)
    assert world.http.post(link(world), content=ONE_CLICK).status_code == 200
    assert world.stopped("email")
    assert world.ledger.history(world.contact).stopped


def test_other_requests_to_an_unsubscribe_link_change_nothing(world):
    assert world.http.post(link(world), content="").status_code == 400
    assert world.http.post(link(world)[:-1], content=ONE_CLICK).status_code == 404
    assert world.http.get(link(world)[:-1]).status_code == 404
    assert world.http.post(link(world), content="a" * 5000).status_code == 413
    assert not world.stopped("email")


def test_an_event_of_a_killed_consumer_is_taken_again(world, client):
    world.send(sms_status("delivered"))
    world.events.tick()
    world.send(sms("STOP"))
    stream = world.events.stream
    assert client.xreadgroup("apply", "apply", {stream: ">"}) != []  # taken, and killed
    assert world.events.tick() == 0
    later = Events(client, world.ledger, list, lease_ms=0)
    assert later.tick() == 1
    assert world.stopped("email")
    assert client.xlen(stream) == 0


def test_what_is_no_event_leaves_the_stream(world, client):
    world.send(sms_status("delivered"))
    for fields in ({"e": "no json"}, {"e": "[1]"}, {"e": '["sms","none",1]'}, {"x": "y"}, {"e": "[" * 5000}):
        client.xadd(world.events.stream, fields)
    assert world.events.tick() == 6
    assert client.xlen(world.events.stream) == 0
    assert world.state(reference("sms"))["reach"] == "delivered"
