"""`leadmodel-followup run` as a whole: a lead comes in over HTTP and leaves over the Console, on a real server with an append-only file."""

import os
import re
import signal
import threading

import httpx
import pytest

from leadmodel_followup.__main__ import main
from leadmodel_followup.planning.identity import ContactHasher
from leadmodel_messages import followups_report
from leadmodel_messages.exits import FollowUpExit
from support.followup_pod import KEY, Pod, clock_time, lead, settings, until
from support.redis_servers import Server

pytestmark = pytest.mark.slow
NAMES = re.compile(rb"Quillfeather|Marzipan|4915\d{8}|shall we talk")


@pytest.fixture
def at():
    return clock_time(-1)


@pytest.fixture
def pod(server, client, tmp_path):
    client.flushall()
    started = Pod(tmp_path / "pod", server.url).start()
    yield started
    if started.process.poll() is None:
        started.stop()


def state(pod, name):
    return pod.call("GET", f"/followups/{name}").json()


def sent(pod, number, at, **changes):
    """The answer of the intake to a lead, and its follow-up once it was sent."""
    (step,) = pod.call("POST", "/followups", lead(number, at, **changes)).json()["steps"]
    until(lambda: state(pod, step["id"])["state"] == "sent")
    return step


def test_a_lead_is_sent_once_and_the_same_call_again_changes_nothing(pod, at):
    first = sent(pod, 1, at)
    assert first["step"] == "hello"
    assert pod.call("POST", "/followups", lead(1, at)).json()["steps"] == [first]
    assert pod.log.read_text().count(f"follow-up {first['id']} would leave") == 1
    report = followups_report.parse(pod.call("GET", "/ops/followups").json())
    assert (report.ledger, report.waiting, report.sent_24h, report.failed_24h) == ("ok", 0, 1, 0)
    assert pod.stop() == FollowUpExit.DONE


def test_without_consent_nothing_is_scheduled_and_nothing_is_kept(pod, client, at):
    (step,) = pod.call("POST", "/followups", lead(2, at, consents={})).json()["steps"]
    assert step == {"step": "hello", "skipped": "no-consent"}
    assert client.keys("fu:{acme}:p:*") == []


def test_a_reply_ends_what_waits(server, client, tmp_path, at):
    client.flushall()
    later = [{"name": "all", "minScore": 0, "steps": [{"name": "hello", "after": "1h", "channel": "sms"}]}]
    pod = Pod(tmp_path, server.url, settings(bands=later)).start()
    try:
        (step,) = pod.call("POST", "/followups", lead(3, at)).json()["steps"]
        assert pod.call("POST", "/replies", {"person": "person-3", "at": clock_time()}).json() == {"ended": 1}
        assert state(pod, step["id"])["why"] == "replied"
        (skipped,) = pod.call("POST", "/followups", lead(3, at, lead="lead-3b")).json()["steps"]
        assert skipped["skipped"] == "replied"
    finally:
        pod.stop()


def test_an_erased_person_leaves_no_key_with_a_name(pod, client, at):
    step = sent(pod, 4, at)
    assert client.keys("fu:{acme}:p:*") != []
    assert pod.call("DELETE", "/people/person-4").json() == {"deleted": 1}
    assert client.keys("fu:{acme}:p:*") == client.keys("fu:{acme}:c:*") == []
    assert pod.call("GET", f"/followups/{step['id']}").status_code == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"at": "2999-01-01T00:00:00Z"}, "at"),
        ({"at": "2026-01-01T00:00:00"}, "at"),
        ({"lead": "jane@example.org"}, "lead"),
        ({"score": 7}, "score"),
        ({"addresses": {"sms": "a b"}}, "addresses.sms"),
        ({"addresses": {}}, "consents.sms"),
        ({"timeZone": "Quillfeather"}, "timeZone"),
    ],
)
def test_a_wrong_field_is_named_and_its_value_is_not(pod, at, changes, field):
    refused = pod.call("POST", "/followups", lead(5, at) | changes)
    assert refused.status_code == 422
    assert field in refused.json()["message"]
    assert "Quillfeather" not in refused.text


def test_the_intake_needs_its_token_as_it_is_now(pod, at):
    for path in ("/followups", "/replies", "/conversions", "/consents"):
        assert pod.call("POST", path, {}, token="other").status_code == 401
    assert pod.call("GET", "/followups/x", token="x").status_code == 401
    assert pod.call("DELETE", "/people/x", token="x").status_code == 401
    (pod.folder / "token").write_text("rotated")
    assert pod.call("POST", "/followups", lead(6, at)).status_code == 401
    assert pod.call("POST", "/followups", lead(6, at), token="rotated").status_code == 200
    (pod.folder / "token").write_text("")
    assert pod.call("POST", "/followups", lead(6, at), token="x").status_code == 503


def test_what_is_not_json_or_too_large_is_refused(pod):
    headers = {"Authorization": "Bearer token-of-the-intake"}
    assert httpx.post(f"{pod.base}/followups", content=b"[" * 1000, headers=headers).status_code == 422
    assert httpx.post(f"{pod.base}/followups", content=b"x" * 70_000, headers=headers).status_code == 413


def test_a_process_that_is_killed_comes_back_and_a_killed_pod_leaves_none(pod, at):
    before = pod.children()
    for child in before:
        os.kill(child, signal.SIGKILL)
    until(lambda: len(pod.children()) == len(before) and not set(before) & set(pod.children()))
    pod.wait_ready()
    sent(pod, 7, at)
    pod.stop(signal.SIGKILL)


def leaks(pod, client, watched):
    """Where a name, a number or a text stands outside the contact book."""
    places = {
        "log": pod.log.read_bytes(),
        "monitor": b"\n".join(watched),
        "metrics": pod.call("GET", "/metrics").content,
    }
    places["report"] = pod.call("GET", "/ops/followups").content
    for key in client.keys("*"):
        if b":p:" not in key:
            places[key.decode()] = key + client.dump(key)
    return {name for name, held in places.items() if NAMES.search(held)}


def monitored(client, watched, stop):
    """Collect commands that workers and bell send, but those of the contact book."""
    with client.monitor() as monitor:
        while not stop.is_set():
            try:
                command = monitor.next_command()["command"]
            except OSError:
                continue
            if ":p:" not in command:
                watched.append(command.encode())


def test_no_log_key_metric_or_command_holds_a_name_number_or_text(pod, server, client, at):
    watched, stop = [], threading.Event()
    watcher = threading.Thread(target=monitored, args=(client, watched, stop))
    watcher.start()
    until(lambda: watched)
    sent(pod, 8, at)
    pod.call("POST", "/followups", lead(9, at, score="x"))
    stop.set()
    watcher.join()
    assert any(b"rq:plan" in command for command in watched)
    assert leaks(pod, client, watched) == set()
    client.set("fu:{acme}:rq:plan:job:1", "send +491500000008")
    watched.append(b"SET x Quillfeather8")
    assert leaks(pod, client, watched) == {"fu:{acme}:rq:plan:job:1", "monitor"}, "the control"


def test_metrics_count_over_all_processes(pod, at):
    sent(pod, 10, at)
    pod.call("POST", "/followups", lead(11, at, consents={}))
    seen = pod.call("GET", "/metrics").text
    assert 'leadmodel_followup_scheduled_total{channel="sms",step="hello"} 1.0' in seen
    assert 'leadmodel_followup_sent_total{channel="sms",step="hello"} 1.0' in seen
    assert 'leadmodel_followup_lateness_seconds_count{channel="sms"} 1.0' in seen
    assert 'leadmodel_followup_provider_seconds_count{channel="sms",reason="accepted"} 1.0' in seen
    assert "leadmodel_followup_waiting 0.0" in seen


def test_a_suspended_plan_takes_leads_and_sends_none(server, client, tmp_path, at):
    client.flushall()
    pod = Pod(tmp_path, server.url, settings(suspend=True)).start()
    try:
        (step,) = pod.call("POST", "/followups", lead(12, at)).json()["steps"]
        pod.stop()
    finally:
        if pod.process.poll() is None:
            pod.stop()
    resumed = Pod(tmp_path / "resumed", server.url).start()
    try:
        until(lambda: state(resumed, step["id"])["state"] == "sent")
    finally:
        resumed.stop()
    assert "would leave" not in pod.log.read_text()


def test_two_plans_of_a_tenant_send_their_own(server, client, tmp_path, at):
    client.flushall()
    pods = [Pod(tmp_path / plan, server.url, settings(plan=plan)).start() for plan in ("north", "south")]
    try:
        made = {pod.plan["plan"]: sent(pod, 13, at)["id"] for pod in pods}
    finally:
        for pod in pods:
            pod.stop()
    for pod in pods:
        left = re.findall(r"follow-up (\S+) would leave", pod.log.read_text())
        assert left == [made[pod.plan["plan"]]]


def test_a_server_that_may_forget_is_refused_unless_allowed(tmp_path, at):
    forgetful = Server("valkey", tmp_path).start()
    try:
        pod = Pod(tmp_path / "pod", forgetful.url).start(wait=False)
        assert pod.process.wait(60) == FollowUpExit.UNSAFE
        assert "append-only" in pod.log.read_text()
        allowed = Pod(tmp_path / "allowed", forgetful.url, flags=("--allow-unsafe-redis",)).start()
        sent(allowed, 14, at)
        allowed.stop()
    finally:
        forgetful.stop(kill=True)


def test_one_click_on_an_unsubscribe_link_stops_the_person(server, client, tmp_path, at):
    client.flushall()
    pod = Pod(tmp_path, server.url, settings(publicUrl="https://acme.example.org")).start()
    hasher = ContactHasher("acme", KEY.encode())
    try:
        step = sent(pod, 15, at)
        token = hasher.unsubscribe_token(
            step["id"], hasher.contact("person-15"), hasher.address("+491500000015")
        )
        click = httpx.post(f"{pod.base}/u/{token}", data={"List-Unsubscribe": "One-Click"})
        assert click.status_code == 200
        (skipped,) = pod.call("POST", "/followups", lead(15, at, lead="lead-15b")).json()["steps"]
        assert skipped["skipped"] == "stopped"
        assert 'opted_out_total{channel="sms",step="hello"} 1.0' in pod.call("GET", "/metrics").text
    finally:
        pod.stop()


def test_a_person_is_stopped_and_erased_on_the_command_line(pod, at, monkeypatch, capsys):
    step = sent(pod, 16, at)
    monkeypatch.setenv("LEADMODEL_REDIS_URL", pod.url)
    files = [f"--settings={pod.folder / 'followups.json'}", f"--contact-key={pod.folder / 'key'}"]
    assert main(["status", *files, step["id"]]) == FollowUpExit.DONE
    assert main(["stop", *files, "person-16"]) == FollowUpExit.DONE
    (skipped,) = pod.call("POST", "/followups", lead(16, at, lead="lead-16b")).json()["steps"]
    assert skipped["skipped"] == "stopped"
    assert main(["start", *files, "person-16"]) == FollowUpExit.DONE
    assert main(["start", *files, "person-16"]) == FollowUpExit.NO
    sent(pod, 16, clock_time(), lead="lead-16c")
    assert main(["erase", *files, "person-16"]) == FollowUpExit.DONE
    assert main(["status", *files, step["id"]]) == FollowUpExit.NO
    assert main(["status", *files, "--contact-key=/nowhere"]) == FollowUpExit.USAGE
    written = capsys.readouterr()
    assert not NAMES.search((written.out + written.err).encode())
