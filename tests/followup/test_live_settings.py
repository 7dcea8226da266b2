"""A changed settings file, in a pod that runs: taken up within seconds, refused where it cannot be used, and no message is dropped for it."""

import json
import re
import time
from contextlib import suppress

import httpx
import pytest

from leadmodel_followup.__main__ import main
from leadmodel_followup.settings.reading import digest
from leadmodel_messages import followups_report
from leadmodel_messages.exits import FollowUpExit
from support.followup_pod import FAST, KEY, Pod, clock_time, lead, settings, until

pytestmark = pytest.mark.slow


@pytest.fixture
def pod(server, client, tmp_path):
    client.flushall()
    started = Pod(tmp_path / "pod", server.url).start()
    yield started
    if started.process.poll() is None:
        started.stop()


def write(pod, text):
    """Put a file in place of the settings, as Kubernetes does: at once. Returns its digest."""
    fresh = pod.folder / "fresh.json"
    fresh.write_text(text)
    fresh.rename(pod.folder / "followups.json")
    return digest(text.encode())


def report(pod):
    """What the pod reports; None while its server is started again."""
    try:
        return followups_report.parse(pod.call("GET", "/ops/followups").json())
    except httpx.TransportError:
        return None


def runs(pod, wanted):
    seen = report(pod)
    return seen is not None and seen.settings == wanted


def problems(pod):
    seen = report(pod)
    return set() if seen is None else {one.field: one.reason for one in seen.problems}.items()


def hand_in(pod, number):
    """The step of a lead; handed in until a server takes it, as one is started again with each change."""
    while True:
        with suppress(httpx.TransportError):
            answer = pod.call("POST", "/followups", lead(number, clock_time(-1)))
            if answer.status_code == 200:
                (step,) = answer.json()["steps"]
                return step
            assert answer.status_code == 503, answer.text
        time.sleep(0.02)


def state(pod, step):
    """The state of a follow-up; None while the pod's server is started again or has no Redis."""
    try:
        answer = pod.call("GET", f"/followups/{step['id']}")
    except httpx.TransportError:
        return None
    assert answer.status_code in {200, 503}, answer.text
    return answer.json()["state"] if answer.status_code == 200 else None


def test_a_pod_suspends_and_resumes_without_a_restart(pod):
    before = pod.process.pid
    suspended = write(pod, json.dumps(settings(suspend=True)))
    until(lambda: runs(pod, suspended))
    waits = hand_in(pod, 1)
    with pytest.raises(AssertionError, match="never came"):
        until(lambda: state(pod, waits) not in {None, "waiting"}, 3)
    write(pod, json.dumps(settings()))
    until(lambda: state(pod, waits) == "sent")
    assert (pod.process.pid, pod.process.poll()) == (before, None)
    assert pod.stop() == FollowUpExit.DONE


def test_a_new_channel_and_another_number_of_workers_take_effect(pod):
    steps = [{"name": "hello", "after": "0s", "channel": "second"}]
    channels = [{"name": name, "provider": "Console", **FAST} for name in ("sms", "second")]
    bands = [{"name": "all", "minScore": 0, "steps": steps}]
    fresh = settings(channels=channels, bands=bands, worker={"concurrency": 5})
    wanted = write(pod, json.dumps(fresh))
    until(lambda: runs(pod, wanted))
    until(lambda: len(pod.children()) == 4)  # five workers are one too many for one process
    at = clock_time(-1)
    consents = {"second": {"at": at, "source": "form-1"}}
    document = lead(2, at, addresses={"second": "+4915100000002"}, consents=consents)
    (step,) = pod.call("POST", "/followups", document).json()["steps"]
    until(lambda: state(pod, step) == "sent")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "must be JSON"),
        (json.dumps(settings(plan="other")), "tenant and plan"),
        (json.dumps(settings(suspend="Quillfeather")), "suspend"),
        (json.dumps(settings(channels=[{"name": "sms", "provider": "Nobody"}])), "Nobody"),
    ],
)
def test_what_cannot_be_used_is_reported_and_the_earlier_settings_go_on(pod, text, reason):
    running, before = report(pod).settings, pod.children()
    write(pod, text)
    ((field, words),) = until_some(lambda: problems(pod))
    assert field == "settings"
    assert reason in words
    assert "Quillfeather" not in words
    until(lambda: "the earlier ones go on" in pod.log.read_text())
    until(lambda: state(pod, hand_in(pod, 3)) == "sent")
    assert (report(pod).settings, pod.children()) == (running, before)
    write(pod, json.dumps(pod.plan))
    until(lambda: not problems(pod))


def until_some(look):
    until(look)
    return look()


def test_missing_secrets_are_reported_by_the_field_that_names_them(server, client, tmp_path):
    client.flushall()
    channels = [{"name": "sms", "provider": "Twilio", "from": "+15550100", **FAST}]
    pod = Pod(tmp_path, server.url, settings(channels=channels)).start()
    try:
        (pod.folder / "channels" / "sms").mkdir(parents=True)
        (pod.folder / "channels" / "sms" / "accountSid").write_text("AC1")
        (pod.folder / "key").write_text("short")
        (pod.folder / "token").write_text("")
        seen = dict(problems(pod))
        assert set(seen) == {"channels.sms.secretName", "contactKey", "intake"}
        assert "authToken" in seen["channels.sms.secretName"]
        (pod.folder / "channels" / "sms" / "authToken").write_text("t")
        (pod.folder / "token").write_text("t")
        assert {field for field, _ in problems(pod)} == {"contactKey"}
    finally:
        pod.stop()


def test_settings_that_change_again_and_again_drop_no_message(pod):
    """Thirty messages, and six changes while they leave: each leaves once."""
    steps = []
    for number in range(30):
        if number % 5 == 0:
            write(pod, json.dumps(settings(footer=f"version {number}")))
        steps.append(hand_in(pod, number))
    for step in steps:
        until(lambda one=step: state(pod, one) == "sent", 60)
    left = re.findall(r"follow-up (\S+) would leave", pod.log.read_text())
    assert sorted(left) == sorted(step["id"] for step in steps)


# --- secrets that are rotated ------------------------------------------------------------------------------------------------------


def put(pod, name, text):
    """Put a file in place of another, as Kubernetes does."""
    (pod.folder / "fresh").write_text(text)
    (pod.folder / "fresh").rename(pod.folder / name)


def add_user(client, name, password):
    client.execute_command("ACL", "SETUSER", name, "on", f">{password}", "~*", "&*", "+@all")


def test_a_changed_address_of_the_redis_holds_within_seconds(server, client, tmp_path):
    """The password is rotated: the earlier user is gone, and messages leave by the new one, in the same pod."""
    client.flushall()
    add_user(client, "first", "one")
    add_user(client, "second", "two")
    place = server.url.partition("://")[2]
    pod = Pod(tmp_path / "pod", "redis://nobody:x@127.0.0.1:1")
    pod.folder.mkdir()
    put(pod, "url", f"redis://first:one@{place}")
    pod.start()
    try:
        until(lambda: state(pod, hand_in(pod, 1)) == "sent")
        before = pod.process.pid
        put(pod, "url", f"redis://second:wrong@{place}")
        until(lambda: "redis" in dict(problems(pod)))
        assert "wrong" not in str(problems(pod))
        until(lambda: state(pod, hand_in(pod, 2)) == "sent")
        put(pod, "url", f"redis://second:two@{place}")
        until(lambda: "second" in {one["user"] for one in client.client_list()})
        client.execute_command("ACL", "DELUSER", "first")
        until(lambda: state(pod, hand_in(pod, 3)) == "sent")
        assert (pod.process.pid, pod.process.poll(), list(problems(pod))) == (before, None, [])
    finally:
        pod.stop()
        client.execute_command("ACL", "DELUSER", "first", "second")


def test_another_contact_key_is_refused_until_the_generation_is_raised(pod, client):
    until(lambda: state(pod, hand_in(pod, 1)) == "sent")
    contacts = set(client.keys("fu:{acme}:c:*"))
    put(pod, "key", "another key of 16 bytes or more")
    (words,) = until_some(lambda: [dict(problems(pod)).get("contactKey")] if problems(pod) else None)
    assert "raise generation" in words
    until(lambda: state(pod, hand_in(pod, 1)) == "sent")
    assert set(client.keys("fu:{acme}:c:*")) == contacts, "by the earlier key"
    wanted = write(pod, json.dumps(settings(generation=2)))
    until(lambda: runs(pod, wanted) and not problems(pod))
    until(lambda: state(pod, hand_in(pod, 1)) == "sent")
    assert len(client.keys("fu:{acme}:c:*")) == 2, "by the new one"


def test_a_pod_and_a_command_do_not_start_with_another_contact_key(pod, capsys):
    put(pod, "key", "another key of 16 bytes or more")
    put(pod, "url", pod.url)
    flags = [f"--settings={pod.folder / 'followups.json'}", f"--redis-url={pod.folder / 'url'}"]
    assert main(["run", f"--contact-key={pod.folder / 'key'}", *flags]) == FollowUpExit.USAGE
    assert "raise generation" in capsys.readouterr().err
    for name in ("stop", "start", "erase"):
        code = main([name, "person-1", f"--contact-key={pod.folder / 'key'}", *flags])
        assert code == FollowUpExit.USAGE
        assert "raise generation" in capsys.readouterr().err
    put(pod, "key", KEY)
    assert main(["erase", "person-1", f"--contact-key={pod.folder / 'key'}", *flags]) == FollowUpExit.DONE
