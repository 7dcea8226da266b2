"""`leadmodel local dashboard` over a state folder in which real programs run: what its source reads, and what a real Chromium shows."""

import contextlib
import os
import re
import signal
import socket
import subprocess

import pytest

from leadmodel_cli.views.children import Mood
from leadmodel_local.dashboard import LocalSource
from leadmodel_messages.exits import LocalExit
from scenarios.goods import model
from support.dashboard_page import a_browser, troubled_page
from worlds.local_world import COMMAND, Load, Machine

GOOD, BETTER = model(0.5, 1_767_000_001), model(1.5, 1_767_000_002)
OF_THE_MODEL = ("sales", "conversion")


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """A good model was replaced by a better one, and leads came."""
    with Machine(tmp_path_factory.mktemp("dashboard"), spec={"minAuc": 0.55}) as found:
        for data in (GOOD, BETTER):
            digest = found.put(data)
            found.wait("it serves", lambda digest=digest: found.serves(digest))
        found.wait("old predictors are gone", lambda: len(found.predictors()) == 2)
        with Load(found.status()["url"]) as load:
            found.wait("leads", lambda: load.sent > 600)
        assert load.failures == []
        yield found


def short(machine: Machine, role: str = "champion") -> str:
    return machine.status()[role]["digest"].removeprefix("sha256:")[:12]


# --- the source ------------------------------------------------------------------------------------------------------------------


def test_the_source_has_documents_processes_and_what_predictors_report(machine):
    source = LocalSource(machine.state)
    (document,) = source.lead_models()
    look = source.look(*OF_THE_MODEL)
    assert look.document == document
    assert document["status"]["champion"]["digest"] == machine.champion()
    assert [pod.mood for pod in look.children.pods] == [Mood.GOOD, Mood.GOOD]
    assert {window.champion.digest for window in look.windows} == {machine.champion()}
    assert sum(window.champion.n for window in look.windows) >= 600
    assert {window.previous.digest for window in look.windows} == {machine.status()["previous"]["digest"]}
    assert look.card["digest"] == machine.champion()
    assert look.note == ""


def test_a_name_that_is_not_there_is_named(machine):
    with pytest.raises(LookupError, match="there is no LeadModel sales/nobody in "):
        LocalSource(machine.state).look("sales", "nobody")


def test_a_folder_without_lead_models_is_an_empty_fleet(tmp_path):
    assert LocalSource(tmp_path).lead_models() == []


def test_a_predictor_that_does_not_answer_is_left_out(machine):
    """A process that stands still counts as running, and the page does not wait for it for ever."""
    stopped = machine.predictors()[0]
    os.kill(stopped, signal.SIGSTOP)
    try:
        look = LocalSource(machine.state).look(*OF_THE_MODEL)
    finally:
        os.kill(stopped, signal.SIGCONT)
    assert len(look.children.pods) == 2
    assert [window.champion.digest for window in look.windows] == [machine.champion()]


# --- the page ---------------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def dashboard(machine: Machine):
    """The program; the address that it prints, and what it leaves behind."""
    command = [*COMMAND, "--state", str(machine.state), "dashboard"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        match = re.fullmatch(r"open (http://127\.0\.0\.1:\d+/\?token=[\w-]{32})\n", line)
        assert match, line + (process.stderr.read() if not line else "")
        yield match[1]
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (LocalExit.DONE, "")
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_a_browser_sees_the_model_and_what_becomes_of_it(machine):
    with a_browser() as browser, dashboard(machine) as address:
        page = troubled_page(browser)
        page.goto(address)
        page.get_by_role("link", name="sales/conversion").click()
        page.wait_for_selector("h1:has-text('conversion')")
        page.wait_for_selector("main[aria-busy=false]")
        text = page.locator("main").inner_text()
        assert short(machine) in text
        assert short(machine, "previous") in text
        assert page.get_by_role("heading", name="Scores of live leads").count() == 1
        assert page.get_by_role("heading", name="Model card").count() == 1
        assert len(re.findall(r"port \d+", text)) == 2
        machine.apply(annotations={"customerops.dev/paused": "true"})
        page.wait_for_selector("main:has-text('Paused')")
        machine.apply()
        page.wait_for_selector("main:not(:has-text('Paused'))")
        assert page.troubles == []


def test_a_port_that_is_taken_is_refused_in_a_sentence(machine):
    port = str(machine.status()["url"].rpartition(":")[2].partition("/")[0])
    refused = machine.ask("dashboard", "--port", port)
    assert (refused.returncode, refused.stdout) == (LocalExit.USAGE, "")
    assert refused.stderr.startswith(f"leadmodel: port {port}: Address already in use")
    assert refused.stderr.endswith("; give another --port\n")


def test_a_taken_port_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        command = [*COMMAND, "--state", str(tmp_path), "dashboard", "--port", str(port)]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == LocalExit.USAGE
    assert f"port {port}: Address already in use; give another --port" in done.stderr
