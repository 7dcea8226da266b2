"""No address, text or secret leaves by a log, an exception or a repr; the control takes the filter out and sees the number."""

import logging
from dataclasses import replace

import pytest

from leadmodel_followup.channels.outcomes import Accepted, Present
from support import provider_channels as case
from support.provider_channels import channel, message
from support.provider_stub import ProviderStub

PROVIDERS = ("Twilio", "SendGrid", "WhatsApp")
PRIVATE = ("2125550123", "quillfeather", "Quillfeather", "quote is ready", "cXVpbGxmZWF0aGVy")
FAULTS = (
    "take",
    "take-drop",
    "take-garbage",
    "take-huge",
    "drop",
    "429",
    "500",
    "400",
    "401",
    "redirect",
    "stopped",
)


@pytest.fixture
def stub():
    started = ProviderStub()
    yield started
    started.close()


def written(caplog):
    """What was logged by all but the stub's own server, which is the provider's side."""
    records = [record for record in caplog.records if not record.name.startswith("uvicorn")]
    return "\n".join(f"{record.name} {record.getMessage()} {record.exc_text}" for record in records)


def everything(stub, folder, provider):
    """What a channel shows in all that can become of a message, beside what the loggers write."""
    one = channel(provider, stub.url, folder)
    stub.script.extend(FAULTS)
    shown = [repr(one), repr(one.settings), repr(message(provider)), repr(one.request(message(provider)))]
    shown += [repr(one.send(message(provider))) for _ in FAULTS]
    shown += [
        repr(one.look_up(message(provider), 0)),
        repr(one.http.exchange(one.request(message(provider)))),
    ]
    bad = replace(message(provider), address="quillfeather\r\n", subject="Quillfeather\n", template=None)
    shown.append(repr(one.send(bad)))
    for key in case.KEYS:
        case.write_keys(folder, {key: "quillfeather\nX: y"})
    shown.append(repr(one.send(message(provider))))
    assert any("Accepted" in line for line in shown)
    return "\n".join(shown)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_nothing_private_is_logged_or_shown(stub, tmp_path, caplog, provider):
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "httpx")
    shown = everything(stub, tmp_path, provider) + written(caplog)
    assert "the provider refuses the account" in written(caplog)
    assert "httpcore" in written(caplog)  # the libraries' own loggers are heard
    lines = [line for line in shown.splitlines() if any(part in line for part in PRIVATE)]
    assert lines == []


def test_control_without_its_filter_the_log_of_the_library_holds_the_number_of_a_look_up(
    stub, tmp_path, caplog
):
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "httpx")  # a program that ran in this process may have left it at WARNING
    one = channel("Twilio", stub.url, tmp_path)
    library = logging.getLogger("httpx")
    kept = list(library.filters)
    for each in kept:
        library.removeFilter(each)
    try:
        assert isinstance(one.send(message("Twilio")), Accepted)
        assert isinstance(one.look_up(message("Twilio"), 0), Present)
    finally:
        for each in kept:
            library.addFilter(each)
    assert "2125550123" in written(caplog)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_channel_raises_nothing_whatever_the_provider_does(stub, tmp_path, provider):
    one = channel(provider, stub.url, tmp_path)
    one.settings = replace(one.settings, api_url="http://[quillfeather")
    assert type(one.send(message(provider))).__name__ in {"Unknown", "Throttled"}
