"""Decisions reach a real HTTP server that fails, is slow or hangs; no pass waits for it, and nothing secret goes out."""

import ast
import asyncio
import hashlib
import hmac
import json
import logging
import re
import threading
import time
import urllib.request
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter

from leadmodel_messages.exits import OperatorExit
from leadmodel_operator.__main__ import main, parser, webhook
from leadmodel_operator.kubernetes.apiserver.recorder import Recorder
from leadmodel_operator.kubernetes.process.webhook import (
    ATTEMPTS,
    DECISIONS,
    WAITING,
    Webhook,
    WebhookSettings,
    backoff,
)
from leadmodel_operator.planning.planned import Event, EventType
from leadmodel_operator.resource.vocabulary import EventReason, Reason
from support.checking_stub import Request, Stub, stub
from worlds.fake_cluster import Truth
from worlds.fake_leader import Leader, a_cluster, a_leader

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
LEAD_MODEL = {
    "metadata": {"name": "conversion", "namespace": "sales", "annotations": {"note": "of-a-person"}},
    "spec": {"predictor": {"env": [{"name": "TOKEN", "value": "of-the-spec"}]}},
}
ROLLED_BACK = Event("RolledBack", "aaaaaaaaaaaa is quarantined (Drift)", EventType.WARNING)


@pytest.fixture(autouse=True)
def _direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """The servers of these tests are asked without the proxy that this machine may have."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def made(url: str, **settings: object) -> Webhook:
    """A webhook to an address that tries again at once."""
    counter = Counter("messages", "of a test", ["result"], registry=CollectorRegistry())
    given = WebhookSettings(url, **settings)
    return Webhook(given, counter, lambda: NOW, timeout=0.5, pause=lambda _: 0.01)


def results(hook: Webhook) -> dict[str, int]:
    """How many messages came to which end."""
    samples = [s for family in hook.counter.collect() for s in family.samples if s.name == "messages_total"]
    return {sample.labels["result"]: int(sample.value) for sample in samples}


def sent(hook: Webhook, *events: Event, then: Callable[[], Awaitable[None]] | None = None) -> dict[str, int]:
    """Offer events, and let the webhook work until all came to an end."""

    async def life() -> None:
        task = asyncio.create_task(hook.run())
        for event in events:
            hook.offer(LEAD_MODEL, event, NOW)
        if then is not None:
            await then()
        await hook.drain(20)
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(life())
    return results(hook)


def answering(*statuses: int) -> Callable[[Request], None]:
    """Answer with these statuses one after another, then with the last."""
    left = list(statuses)

    def answer(request: Request) -> None:
        request.answer(left.pop(0) if len(left) > 1 else left[0])

    return answer


def deliveries(seen: Stub) -> list[str]:
    return [request.headers["X-LeadModel-Delivery"] for request in seen.requests]


# --- what is sent ----------------------------------------------------------------------------------------------------------


def test_a_message_is_text_for_people_and_fields_for_programs():
    with stub(answering(200)) as seen:
        assert sent(made(f"{seen.address}/hooks/x"), ROLLED_BACK) == {"sent": 1}
    (request,) = seen.requests
    assert (request.method, request.path) == ("POST", "/hooks/x")
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["X-LeadModel-Signature"] is None
    document = json.loads(request.body)
    assert len(document.pop("id")) == 32
    assert document == {
        "text": "sales/conversion: RolledBack: aaaaaaaaaaaa is quarantined (Drift)",
        "time": "2026-11-30T12:00:00Z",
        "namespace": "sales",
        "leadmodel": "conversion",
        "reason": "RolledBack",
        "type": "Warning",
        "message": "aaaaaaaaaaaa is quarantined (Drift)",
    }


def test_nothing_but_the_event_goes_out():
    """Not the spec, which may hold values of variables, nor annotations; a lead never enters an event."""
    with stub(answering(200)) as seen:
        sent(made(seen.address), ROLLED_BACK)
    assert b"of-the-spec" not in seen.requests[0].body
    assert b"of-a-person" not in seen.requests[0].body


def test_no_message_can_call_a_channel():
    with stub(answering(200)) as seen:
        sent(made(seen.address), Event("GateFailed", "<!channel> & <@U1>"))
    document = json.loads(seen.requests[0].body)
    assert document["text"].endswith("&lt;!channel&gt; &amp; &lt;@U1&gt;")
    assert document["message"] == "<!channel> & <@U1>"


def test_only_decisions_are_sent_or_the_reasons_one_names():
    with stub(answering(200)) as seen:
        assert sent(made(seen.address), Event("Serving", "x"), ROLLED_BACK) == {"sent": 1}
        assert sent(made(seen.address, reasons=("Serving",)), Event("Serving", "x"), ROLLED_BACK) == {
            "sent": 1
        }
    assert [json.loads(request.body)["reason"] for request in seen.requests] == ["RolledBack", "Serving"]


SOURCES = Path(__file__).parents[2] / "operator/leadmodel_operator"


def test_each_reason_of_an_event_is_written_somewhere():
    """Who chooses a reason gets messages: each is that of an event, or of Stalled, whose new causes are events."""
    text = "".join(file.read_text() for file in SOURCES.rglob("*.py") if file.name != "webhook.py")
    written = {EventReason[name] for name in re.findall(r"EventReason\.([A-Z_]+)", text)}
    stalled, refusals = ((SOURCES / f"planning/{name}.py").read_text() for name in ("stalled", "refusals"))
    of_stalled = re.findall(r"\bReason\.([A-Z_]+)", stalled + refusals)
    assert set(EventReason) - {Reason[name] for name in of_stalled} <= written
    assert set(DECISIONS) <= set(EventReason)
    assert list(DECISIONS) == sorted(DECISIONS)


def test_each_reason_of_stalled_can_be_the_reason_of_an_event():
    """Only a rollback has an event of its own."""
    tree = ast.parse((SOURCES / "planning/stalled.py").read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    answers = [call.args[0] for call in calls if getattr(call.func, "id", "") == "true"]
    named = {answer.attr for answer in answers if isinstance(answer, ast.Attribute)}
    assert (len(answers), len(named)) == (6, 5)
    assert {Reason[name] for name in named} <= set(EventReason)
    assert {Reason.FORBIDDEN, Reason.QUOTA_EXCEEDED, Reason.REFUSED, Reason.NO_ROLLBACK_TARGET} <= set(
        EventReason
    )


def test_a_signature_is_that_of_timestamp_and_body(tmp_path):
    (tmp_path / "key").write_bytes(b"key of a test\n")
    with stub(answering(200)) as seen:
        sent(made(seen.address, key_file=tmp_path / "key"), ROLLED_BACK)
    (request,) = seen.requests
    timestamp = request.headers["X-LeadModel-Timestamp"]
    assert int(timestamp) == NOW.timestamp()

    def expected(key: bytes) -> str:
        return "v1=" + hmac.new(key, timestamp.encode() + b"." + request.body, hashlib.sha256).hexdigest()

    assert request.headers["X-LeadModel-Signature"] == expected(b"key of a test")
    assert request.headers["X-LeadModel-Signature"] != expected(b"another key"), "control"


# --- servers that fail ------------------------------------------------------------------------------------------------------


def test_a_server_that_fails_is_asked_again_with_the_same_delivery():
    with stub(answering(503, 429, 200)) as seen:
        assert sent(made(seen.address), ROLLED_BACK) == {"sent": 1}
    assert len(seen.requests) == 3
    assert len(set(deliveries(seen))) == 1


def test_a_server_that_goes_on_failing_is_given_up_and_the_next_message_goes_on():
    answers = [500] * ATTEMPTS + [200]
    with stub(answering(*answers)) as seen:
        assert sent(made(seen.address), ROLLED_BACK, Event("Released", "x")) == {"failed": 1, "sent": 1}
    assert len(seen.requests) == ATTEMPTS + 1


@pytest.mark.parametrize("status", [400, 404, 302])
def test_a_refusal_is_not_repeated_and_no_redirect_followed(status):
    def answer(request: Request) -> None:
        request.answer(status, Location="/elsewhere")

    with stub(answer) as seen:
        assert sent(made(seen.address), ROLLED_BACK) == {"failed": 1}
    assert [request.path for request in seen.requests] == ["/"]


def test_nobody_listens():
    assert sent(made("http://127.0.0.1:9"), ROLLED_BACK) == {"failed": 1}


@pytest.mark.parametrize(
    ("left_out", "result"), [("", "sent"), ("hooks.invalid", "failed")], ids=["proxy", "control"]
)
def test_messages_go_through_the_proxy_of_the_environment(monkeypatch, left_out, result):
    """A name that only the proxy knows is reached through it; the control leaves the name out with NO_PROXY."""
    monkeypatch.delenv("REQUEST_METHOD", raising=False)
    with stub(answering(200)) as proxy:
        monkeypatch.setenv("http_proxy", proxy.address)
        monkeypatch.setenv("no_proxy", left_out)
        assert sent(made("http://hooks.invalid/x"), ROLLED_BACK) == {result: 1}
    assert [request.path for request in proxy.requests] == ["http://hooks.invalid/x"] * (result == "sent")


def test_a_slow_server_gets_each_message_once():
    def answer(request: Request) -> None:
        time.sleep(0.2)
        request.answer(200)

    with stub(answer) as seen:
        assert sent(made(seen.address), ROLLED_BACK, Event("Released", "x")) == {"sent": 2}
    assert len(seen.requests) == 2


def test_a_server_that_hangs_is_left_and_asked_again():
    release, asked = threading.Event(), []

    def answer(request: Request) -> None:
        asked.append(request)
        if len(asked) == 1:
            release.wait(20)
        request.answer(200)

    with stub(answer) as seen:
        assert sent(made(seen.address), ROLLED_BACK) == {"sent": 1}
        release.set()
    assert len(seen.requests) == 2


def test_pauses_grow_to_a_minute_and_never_fall_together():
    assert all(2 ** (n - 1) / 2 <= backoff(n) <= 2 ** (n - 1) for n in range(1, 7))
    assert 30 <= backoff(99) <= 60
    assert len({backoff(5) for _ in range(9)}) > 1


def test_the_queue_is_bounded_and_the_oldest_gives_way():
    hook = made("http://127.0.0.1:9", reasons=("Released",))
    for number in range(WAITING + 5):
        hook.offer(LEAD_MODEL, Event("Released", str(number)), NOW)
    assert results(hook) == {"dropped": 5}
    with stub(answering(200)) as seen:
        hook.settings = WebhookSettings(seen.address)
        assert sent(hook) == {"dropped": 5, "sent": WAITING}
    assert [json.loads(r.body)["message"] for r in seen.requests[:2]] == ["5", "6"]


def test_a_fault_of_our_own_costs_one_message_and_not_the_operator(tmp_path):
    (tmp_path / "key").write_bytes(b"k")
    with stub(answering(200)) as seen:
        hook = made(seen.address, key_file=tmp_path / "key")
        times = iter([None, NOW])  # the first is no time
        hook.clock = lambda: next(times)
        assert sent(hook, ROLLED_BACK, Event("Released", "x")) == {"failed": 1, "sent": 1}
    assert [json.loads(request.body)["reason"] for request in seen.requests] == ["Released"]


def test_an_empty_key_signs_nothing(tmp_path):
    (tmp_path / "key").write_bytes(b"\n")
    with stub(answering(200)) as seen:
        assert sent(made(seen.address, key_file=tmp_path / "key"), ROLLED_BACK) == {"failed": 1}
    assert seen.requests == []


# --- secrets ----------------------------------------------------------------------------------------------------------------


def test_a_rotated_secret_is_read_without_a_restart(tmp_path):
    """Each attempt reads both files; one that is missing for a moment costs an attempt, not a message."""
    with stub(answering(200)) as seen:
        place = tmp_path / "url"
        hook = made("", url_file=place)

        async def then() -> None:
            await asyncio.sleep(0.005)
            place.write_text(f"{seen.address}/new\n")

        hook.pause = lambda _: 0.1
        assert sent(hook, ROLLED_BACK, then=then) == {"sent": 1}
    assert [request.path for request in seen.requests] == ["/new"]


def test_logs_never_show_the_address(caplog):
    with caplog.at_level(logging.DEBUG):
        sent(made("http://127.0.0.1:9/T0/secret-part"), ROLLED_BACK)
        sent(made("http://secret-part:x y/"), ROLLED_BACK)
    shown = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert "did not take a message" in shown
    assert "secret-part" not in shown


def test_options():
    must = ["--predictor-image=p"]
    assert webhook(parser().parse_args(must)) is None
    found = webhook(parser().parse_args([*must, "--webhook-url=https://h/x", "--webhook-reason=Paused"]))
    assert found == WebhookSettings("https://h/x", reasons=("Paused",))


@pytest.mark.parametrize("wrong", ["Promotd", "promoted", "AucBelowMinimum", "Promoted,Paused", ""])
def test_a_reason_that_no_event_has_is_refused_with_the_list(wrong, capsys):
    """A misspelt reason would choose nothing, and nobody would miss a message."""
    with pytest.raises(SystemExit) as ended:
        main(["--predictor-image=p", "--webhook-url=https://h/x", f"--webhook-reason={wrong}"])
    assert ended.value.code == OperatorExit.USAGE
    shown = capsys.readouterr().err
    assert "--webhook-reason" in shown
    assert all(reason in shown for reason in EventReason)


def test_the_chart_takes_the_reasons_that_the_operator_takes():
    schema = json.loads((Path(__file__).parents[2] / "charts/leadmodel/values.schema.json").read_text())
    assert schema["properties"]["webhook"]["properties"]["reasons"]["items"] == {"enum": sorted(EventReason)}


@pytest.mark.parametrize("wrong", ["ftp://secret-part", "secret-part", "https://", "http://[secret-part"])
def test_a_wrong_address_is_refused_and_not_shown(wrong, capsys):
    assert main(["--predictor-image=p", f"--webhook-url={wrong}"]) == 2
    said = capsys.readouterr().err
    assert "--webhook-url: write an address that begins with https://" in said
    assert "secret-part" not in said


def test_a_key_without_an_address_is_refused(capsys):
    assert main(["--predictor-image=p", "--webhook-key-file=/key"]) == 2
    assert "need --webhook-url" in capsys.readouterr().err


# --- a pass never waits ------------------------------------------------------------------------------------------------------


async def promoted(notify: Callable[..., None]) -> tuple[str | None, list[str]]:
    """A leader that tells `notify` of its events; which model serves in the end, and failures of passes."""
    async with a_cluster() as cluster, a_leader(cluster) as leader:
        assert isinstance(leader, Leader)
        leader.port.recorder = Recorder(leader.client, "leader", None, notify)
        cluster.upload("A", Truth(auc=0.75))
        cluster.apply()
        await leader.settle()
        return cluster.serving(), leader.failures


def test_passes_go_on_while_the_server_hangs():
    """Control: told by a call that waits for its answer, the same leader does not get so far."""
    release = threading.Event()

    def answer(request: Request) -> None:
        release.wait(60)
        request.answer(200)

    async def with_webhook(address: str) -> tuple[str | None, list[str]]:
        hook = made(address)
        hook.timeout = 60
        task = asyncio.create_task(hook.run())
        ended = await promoted(hook.offer)
        assert results(hook) == {}, "no message has come to an end"
        task.cancel()
        await asyncio.wait([task])
        return ended

    with stub(answer) as seen:

        def waits(*_: object) -> None:
            urllib.request.urlopen(urllib.request.Request(seen.address, b"{}"), timeout=0.2).close()

        assert asyncio.run(with_webhook(seen.address)) == ("A", [])
        assert seen.requests
        champion, failures = asyncio.run(promoted(waits))
        release.set()
    assert champion != "A" or failures


def test_the_check_of_the_docs_takes_what_is_sent(tmp_path):
    """The code of docs/webhook.md, on a real message; control: not with another key, body, or an old timestamp."""
    page = (Path(__file__).parents[2] / "docs" / "webhook.md").read_text()
    code: dict[str, Callable[..., bool]] = {}
    exec(page.split("```python\n")[1].split("```")[0], code)
    is_genuine = code["is_genuine"]
    (tmp_path / "key").write_text("k\n")
    with stub(answering(200)) as seen:
        hook = made(seen.address, key_file=tmp_path / "key")
        hook.clock = lambda: datetime.fromtimestamp(time.time(), UTC)
        sent(hook, ROLLED_BACK)
        hook.clock = lambda: NOW - timedelta(days=4000)
        sent(hook, ROLLED_BACK)
    fresh, old = seen.requests
    assert is_genuine(b"k", fresh.headers, fresh.body)
    assert not is_genuine(b"another", fresh.headers, fresh.body)
    assert not is_genuine(b"k", fresh.headers, fresh.body + b" ")
    assert not is_genuine(b"k", old.headers, old.body)


def test_the_page_lists_the_reasons_and_limits():
    page = (Path(__file__).parents[2] / "docs" / "webhook.md").read_text()
    assert " ".join(f"`{reason}`" for reason in DECISIONS) in page
    assert " ".join(f"`{reason}`" for reason in sorted(set(EventReason) - set(DECISIONS))) in page
    assert f"at most {WAITING} wait" in page
