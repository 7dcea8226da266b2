"""A changed settings file, in a pod that runs: taken up within seconds, refused where it cannot be used, and no message is dropped for it."""

import json
import re
from contextlib import suppress

import httpx
import pytest

from leadmodel_followup.settings.reading import digest
from leadmodel_messages import followups_report
from leadmodel_messages.exits import FollowUpExit
from support.followup_pod import FAST, Pod, clock_time, lead, settings, until

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
            (step,) = pod.call("POST", "/followups", lead(number, clock_time(-1))).json()["steps"]
            return step


def state(pod, step):
    """The state of a follow-up; None while the pod's server is started again."""
    try:
        return pod.call("GET", f"/followups/{step['id']}").json()["state"]
    except httpx.TransportError:
        return None


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
    fresh = settings(channels=channels, bands=bands, worker={"concurrency": 3})
    wanted = write(pod, json.dumps(fresh))
    until(lambda: runs(pod, wanted))
    until(lambda: len(pod.children()) == 5)
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
