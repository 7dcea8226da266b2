"""A provider of a user's own, written and installed to the letter of docs/followups-channels.md."""

import importlib
import json
import re
import sys
import tomllib
from pathlib import Path

import pytest

from leadmodel_followup.channels.channel import LONGEST_MS, Message
from leadmodel_followup.channels.console import Console
from leadmodel_followup.channels.make import (
    PROVIDERS,
    UnknownProvider,
    make_channel,
    make_channels,
    unknown_providers,
)
from leadmodel_followup.channels.outcomes import (
    Accepted,
    NoLookUp,
    OptedOut,
    Rejected,
    Throttled,
    Undecided,
    Unknown,
)
from leadmodel_followup.channels.secrets import SecretFolder
from leadmodel_followup.dispatch.settings import DispatchSettings
from leadmodel_followup.planning.identity import ContactHasher
from leadmodel_followup.planning.spec import FollowUpSpec
from leadmodel_followup.settings.settings import ChannelSettings, Settings
from leadmodel_followup.worker.problems import SecretFiles
from leadmodel_followup.worker.supervisor import GRACE_S
from leadmodel_operator.kubernetes.render.follow_ups import GRACE_S as POD_GRACE_S
from support.checking_stub import stub
from support.provider_channels import write_keys

PAGE = (Path(__file__).parents[2] / "docs" / "followups-channels.md").read_text()
MESSAGE = Message("f1", "+12125550123", "coo")


def block(language):
    """The only block of a language on the page."""
    (text,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return text


def install(folder, word=None, name="acme-pigeon"):
    """What an installer writes for the package of the page."""
    project = tomllib.loads(block("toml"))["project"]
    (folder / "acme_pigeon.py").write_text(block("python"))
    info = folder / f"{name.replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {project['version']}\n")
    ((group, entries),) = project["entry-points"].items()
    lines = [f"{word or key} = {value}" for key, value in entries.items()]
    (info / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines]))
    importlib.invalidate_caches()


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    sys.modules.pop("acme_pigeon", None)


def pigeon(url, folder):
    secrets = write_keys(folder / "birds", {"token": "quillfeather"})
    return make_channel(ChannelSettings("birds", "Pigeon", api_url=url), secrets, None)


@pytest.mark.parametrize(
    ("status", "answer", "outcome"),
    [
        (201, {"pigeon": "p-1"}, Accepted("p-1")),
        (201, {}, Unknown("no-id")),
        (400, {"code": 71}, Throttled(30_000)),
        (400, {"code": 72}, OptedOut()),
        (400, {"code": 73}, Rejected("73")),
        (429, {}, Throttled(1_000)),
        (401, {}, Throttled(60_000, "account")),
        (500, {}, Unknown("status-500")),
    ],
)
def test_the_provider_of_the_page_has_the_five_outcomes(package, tmp_path, status, answer, outcome):
    install(package)
    with stub(lambda request: request.answer(status, json.dumps(answer).encode())) as server:
        one = pigeon(server.address, tmp_path)
        assert (one.send(MESSAGE), one.look_up(MESSAGE, 0)) == (outcome, NoLookUp())
        assert one.send(Message("f1", "no number", "coo")) == Rejected("bad-number")
        (request,) = server.requests
    assert json.loads(request.body) == {"to": "+12125550123", "text": "coo", "reference": "f1"}
    assert request.headers["Authorization"] == "Bearer quillfeather"


def test_a_provider_that_is_not_installed_or_installed_twice_is_refused(package, tmp_path):
    with pytest.raises(UnknownProvider, match="0 packages"):
        pigeon("http://127.0.0.1:1", tmp_path)
    install(package)
    install(package, name="other-pigeon")
    with pytest.raises(UnknownProvider, match="2 packages"):
        pigeon("http://127.0.0.1:1", tmp_path)


def test_messages_of_a_provider_that_is_not_installed_wait(package, tmp_path):
    channels = {"birds": ChannelSettings("birds", "Pigeon", api_url="http://127.0.0.1:1")}
    ((name, reason),) = unknown_providers(channels)
    assert (name, "installed are Console, SendGrid, Twilio, WhatsApp" in reason) == ("birds", True)
    waits = make_channels(channels, tmp_path, None)["birds"]
    assert waits.send(MESSAGE) == Throttled(60_000, "no-provider")
    assert waits.look_up(MESSAGE, 0) == Undecided()
    install(package)
    assert list(unknown_providers(channels)) == [], "the control"
    assert type(make_channels(channels, tmp_path, None)["birds"]).__name__ == "Pigeon"


@pytest.mark.parametrize(
    ("timeout_ms", "used"),
    [(LONGEST_MS, "Pigeon"), (LONGEST_MS + 1, "NoProvider"), (LONGEST_MS + 0.5, "NoProvider")],
)
@pytest.mark.parametrize(
    "place",
    [
        "    timeout_ms = {}",
        "    def __init__(self, *given):\n        super().__init__(*given)\n        self.timeout_ms = {}",
    ],
)
def test_messages_of_a_provider_that_outlasts_a_pod_wait(package, tmp_path, caplog, place, timeout_ms, used):
    install(package)
    slow = f"\n\nclass Slow(Pigeon):\n{place.format(timeout_ms)}\n\nSlow.__name__ = 'Pigeon'\nPigeon = Slow\n"
    (package / "acme_pigeon.py").write_text(block("python") + slow)
    channels = {"birds": ChannelSettings("birds", "Pigeon", api_url="http://127.0.0.1:1")}
    assert type(make_channels(channels, tmp_path, None)["birds"]).__name__ == used
    assert (f"timeout_ms of {timeout_ms}; at most {LONGEST_MS}" in caplog.text) is (used == "NoProvider")
    if "__init__" not in place:
        assert bool(list(unknown_providers(channels))) is (used == "NoProvider")


def test_the_slowest_channel_leaves_within_the_grace_of_its_pod():
    leave_s = DispatchSettings().leave_ms(LONGEST_MS) / 1000
    assert leave_s <= GRACE_S < POD_GRACE_S
    assert DispatchSettings().leave_ms(LONGEST_MS + 1) / 1000 > GRACE_S, (
        "the bound is no smaller than it has to be"
    )


def test_a_package_that_cannot_be_imported_is_named_without_what_it_says(package, tmp_path):
    install(package)
    (package / "acme_pigeon.py").write_text("raise RuntimeError('quillfeather')")
    ((_, reason),) = unknown_providers({"birds": ChannelSettings("birds", "Pigeon")})
    assert reason == "the provider Pigeon cannot be loaded (RuntimeError)"


def test_a_pod_reports_a_provider_that_is_not_installed(tmp_path):
    hasher = ContactHasher("acme", b"0123456789abcdef")
    settings = Settings("acme", FollowUpSpec("plan", ()), {"birds": ChannelSettings("birds", "Pigeon")})
    files = SecretFiles(tmp_path, tmp_path / "key", tmp_path / "token", hasher)
    reasons = [one.reason for one in files.problems(settings) if one.field == "settings"]
    assert reasons[0].startswith(
        "channels.birds.provider: 0 packages have a provider Pigeon; installed are Console"
    )


def test_a_package_takes_the_place_of_no_provider_of_the_project(package, tmp_path):
    install(package, word="Console")
    assert isinstance(make_channel(ChannelSettings("c", "Console"), SecretFolder(tmp_path), None), Console)


def test_channels_are_made_by_name_with_a_folder_of_secrets_each(tmp_path):
    write_keys(tmp_path / "mail", {"apiKey": "one"})
    channels = {name: ChannelSettings(name, "SendGrid") for name in ("mail", "news")}
    made = make_channels(channels, tmp_path, None)
    assert made["mail"].secrets.read("apiKey") == "one"
    assert made["news"].secrets.find("apiKey") is None


def test_the_page_names_each_provider_of_the_project():
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) == list(PROVIDERS)
