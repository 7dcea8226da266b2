"""A run that a person asks for is one of the manifest as that person left it."""

import asyncio
from datetime import UTC, datetime

from leadmodel_local.port import LocalPort
from leadmodel_local.runtime import Runtime
from leadmodel_local.state import files
from leadmodel_local.work import Jobs
from leadmodel_operator.planning.observed import JobKind
from leadmodel_operator.reconcile import Key
from worlds.local_world import Machine


def backfill(mode: str) -> dict:
    return {"redis": {"secretName": "talks", "key": "TALKS"}, "keyPatterns": ["talk:*"], "mode": mode}


def started(tmp_path, monkeypatch) -> list[bool]:
    """Whether each backfill that was started applies. It is edited and asked for right after the manifests were read."""
    machine = Machine(tmp_path, spec={"minAuc": 0.55, "piiBackfill": backfill("DryRun")})
    port = LocalPort(machine.state, lambda: datetime(2026, 1, 5, 8, tzinfo=UTC))
    runtime, found, edits = Runtime(port, (tmp_path / "model.yaml",)), [], [backfill("Apply")]

    def start(_jobs, _name, kind, command, *_, **__):
        if kind is JobKind.BACKFILL:
            found.append("--apply" in command)

    load = runtime.load

    def edited_after():
        load()
        if edits:
            machine.apply(piiBackfill=edits.pop())
            files.write_json(port.folder(Key("sales", "conversion")).run_request(JobKind.BACKFILL), "talks-1")

    monkeypatch.setattr(Jobs, "start", start)
    monkeypatch.setattr(runtime, "load", edited_after)
    for _ in range(3):
        asyncio.run(runtime.tick())
    runtime.stop()
    return found


def test_a_run_asked_for_after_an_edit_is_one_of_the_edit(tmp_path, monkeypatch):
    assert started(tmp_path, monkeypatch) == [True]


def test_control_requests_that_are_read_after_the_manifests(tmp_path, monkeypatch):
    ask = LocalPort.start_requested

    def late(self, *arguments):
        self.note_requests()
        ask(self, *arguments)

    monkeypatch.setattr(LocalPort, "start_requested", late)
    assert started(tmp_path, monkeypatch) == [False]
