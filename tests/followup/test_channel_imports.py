"""What a message over HTTP imports: nothing that a parent of the process could have imported, and nothing at each message."""

import subprocess
import sys

import pytest

from support.provider_channels import channel, message
from support.provider_stub import ProviderStub


@pytest.fixture
def stub():
    started = ProviderStub()
    yield started
    started.close()


FIRST = """
import sys
from leadmodel_followup.channels.http import Http, Request, preload
{warm}
before = set(sys.modules)
print(Http(8000).exchange(Request("GET", sys.argv[1], {})))
print(*(name for name in set(sys.modules) - before if name.partition(".")[0] in {"anyio", "h11", "httpcore"}))
"""


def imported_by_the_first_request(stub, warm):
    command = [sys.executable, "-c", FIRST.replace("{warm}", warm), stub.url]
    answer, names = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert answer == "Answer(status=404)"
    return names.split()


def test_processes_share_what_the_first_request_imports(stub):
    assert len(imported_by_the_first_request(stub, "preload()")) < 10


def test_control_each_process_imports_what_no_parent_has(stub):
    assert {"httpcore", "h11", "anyio._backends._asyncio"} <= set(imported_by_the_first_request(stub, ""))


class Searches(list):
    """A finder of modules that finds none and notes what was searched for."""

    def find_spec(self, name, path=None, target=None):
        self.append(name)


def searched(monkeypatch, url, tmp_path):
    """What Python searches for while a second message leaves."""
    one, watch = channel("Twilio", url, tmp_path), Searches()
    one.send(message("Twilio"))
    monkeypatch.setattr(sys, "meta_path", [watch, *sys.meta_path])
    one.send(message("Twilio", "f2"))
    return list(watch)


def test_a_message_searches_for_no_module(stub, monkeypatch, tmp_path):
    assert searched(monkeypatch, stub.url, tmp_path) == []


def test_control_a_module_that_is_absent_is_searched_for_at_each_message(stub, monkeypatch, tmp_path):
    class Absent:
        def find_spec(self, name, path=None, target=None):
            if name == "sniffio":
                raise ModuleNotFoundError(name)

    monkeypatch.delitem(sys.modules, "sniffio", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Absent(), *sys.meta_path])
    assert "sniffio" in searched(monkeypatch, stub.url, tmp_path)
