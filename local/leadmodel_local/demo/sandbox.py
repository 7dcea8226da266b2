"""The folder, the manifest and the processes of the demo, used as a person would use them: put files, run commands, read status."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from leadmodel_artifact.snapshot import digest
from leadmodel_local.demo import leads
from leadmodel_local.demo.leads import Table
from leadmodel_local.state import children, documents, files
from leadmodel_local.state.children import Children
from leadmodel_local.state.files import ModelFolder
from leadmodel_operator.reconcile import Key

KEY = Key("demo", "conversion")
PATIENCE_S = 300.0  # a busy machine is no failure
MANIFEST = """\
# What the demo runs. On a cluster: s3:// or any other store, and the default times (interval 30s, sustainedFor 1h, cooldown 24h).
apiVersion: customerops.dev/v1alpha1
kind: LeadModel
metadata: {{name: conversion, namespace: demo, annotations: {annotations}}}
spec:
  artifact: {{uri: "{folder}/model.json"}}
  holdout: {{uri: "{folder}/holdout.csv.gz"}}
  minAuc: {min_auc}
  predictor: {{replicas: 2}}
  drift: {{interval: 1s, sustainedFor: 3s}}
  rollback: {{cooldown: 5s}}
  enrichment:
    artifact: {{uri: "{folder}/text.json"}}
    holdout: {{uri: "{folder}/messages.jsonl"}}
  retraining:
    leads: {{uri: "{folder}/leads.csv"}}
    label: "{label}"
  piiBackfill:
    redis: {{secretName: conversations, key: REDIS_URL}}
    keyPatterns: ["conversation:*"]
    mode: {mode}
"""
FOLLOW_UPS = """\
  followUps:  # without quiet hours and in seconds: nothing leaves this machine
    redis: {secretName: ledger}
    contactKey: {secretName: followups}
    intake: {secretName: followups}
    templates: {configMapName: texts}
    channels: [{name: sms, perSecond: 100, burst: 100}]
    bands:
      - name: all
        steps:
          - {name: hello, after: 1s, channel: sms, template: hello}
          - {name: reminder, after: 8s, channel: sms, template: reminder}
    quietHours: {channels: []}
    limits: {recipientSeconds: 0.1}
    caps: []
---
apiVersion: v1
kind: ConfigMap
metadata: {name: texts, namespace: demo}
data:
  hello.en.txt: "Hi {{ name|default('there') }}, shall we talk? Reply STOP to end."
  reminder.en.txt: "Hi {{ name|default('there') }}, your demo is still waiting for you."
"""


class StepFailed(Exception):  # noqa: N818  # an outcome of a step, not an error of the program
    """What a step of the demo waits for or checks did not hold."""


@dataclass
class Sandbox:
    """Everything the demo touches, in `folder`; the runtime gets `environ` beside its own environment."""

    folder: Path
    on_event: Callable[[str], None]
    environ: dict[str, str] = field(default_factory=dict)
    children: Children = field(default_factory=Children)
    programs: list[subprocess.Popen[str]] = field(default_factory=list)
    runs: int = 0
    events_shown: int = 0
    running: bool = False
    min_auc: float = 0.6
    label: str = "y"

    @property
    def model(self) -> ModelFolder:
        """Folder where the runtime keeps the LeadModel."""
        return ModelFolder(self.folder / "state", KEY)

    def path(self, name: str) -> Path:
        """Return the path of a file of the demo."""
        return self.folder / name

    # --- what a person does --------------------------------------------------------------------------------------------

    def apply(self, mode: str = "DryRun", *, release: str = "", more: str = "") -> None:
        """Write the manifest with this mode of the backfill, with a digest that a person releases, and with more sections."""
        values = {"folder": self.folder.as_uri(), "label": self.label, "min_auc": self.min_auc}
        values["annotations"] = json.dumps({"customerops.dev/release": release} if release else {})
        files.write(self.path("model.yaml"), MANIFEST.format(mode=mode, **values) + more)

    def up(self) -> None:
        """Start the runtime; `show_new_events` starts the runtime again when the runtime died."""
        self.running = True
        command = [
            sys.executable,
            "-m",
            "leadmodel_local.cli",
            "local",
            "--state",
            str(self.path("state")),
        ]
        command += ["up", "--while-held", str(self.path("lock")), str(self.path("model.yaml"))]
        self.children.start(self.path("runtime"), command, environ=self.environ)

    def upload(self, model: Path) -> str:
        """Upload a model, whole or not at all, and return its digest."""
        beside = self.path("model.json.part")
        shutil.copyfile(model, beside)
        beside.replace(self.path("model.json"))
        return digest(model.read_bytes())

    def train(self, name: str, rows: Table, exclude: Sequence[str] = ()) -> subprocess.Popen[str]:
        """Start a training into a folder of its own."""
        folder = self.path(name)
        folder.mkdir(exist_ok=True)
        leads.write(folder / "leads.csv", rows)
        command = [sys.executable, "-m", "leadmodel_training", "--leads", str(folder / "leads.csv")]
        command += [
            "--label",
            rows.label,
            "--out",
            str(folder),
            "--name",
            KEY.name,
            "--exclude",
            ",".join(exclude),
        ]
        return self.program(command)

    def program(
        self, command: Sequence[str], environ: Mapping[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """Start a program of the project in the folder of the demo, with variables beside those of this process."""
        pipe, env = subprocess.PIPE, {**os.environ, **(environ or {})}
        process = subprocess.Popen(  # noqa: S603  # our own
            command, stdout=pipe, stderr=pipe, encoding="utf-8", cwd=self.folder, env=env
        )
        self.programs.append(process)
        return process

    def answer(self, program: subprocess.Popen[str]) -> str:
        """Wait for a program and return its last line, which is its message. Raises StepFailed when the program failed."""
        out, errors = program.communicate()
        if program.returncode != 0:
            raise StepFailed(
                errors.strip().splitlines()[-1] if errors.strip() else "a program failed without a word"
            )
        return out.strip().splitlines()[-1]

    def run(self, kind: str) -> str:
        """Ask the runtime for a retraining or a backfill, as `leadmodel local run` does, and return the output of the run."""
        self.runs += 1
        name = f"{KEY.name}-{kind}-{self.runs}"
        files.write_json(self.model.run_request(kind), name)
        ended = self.model.job(name) / "exit"
        self.wait(f"the {kind} ends", ended.exists)
        errors = (ended.parent / "stderr").read_text(encoding="utf-8", errors="replace").strip()
        if ended.read_text(encoding="utf-8").strip() != "0":
            raise StepFailed(errors.splitlines()[-1] if errors else f"the {kind} failed without a word")
        return (ended.parent / "stdout").read_text(encoding="utf-8", errors="replace")

    # --- what a person sees --------------------------------------------------------------------------------------------

    def status(self) -> Mapping[str, Any]:
        """Return the status as last written."""
        status: Mapping[str, Any] = documents.read(self.model)["status"]
        return status

    def champion(self) -> str | None:
        """Return the digest of the champion."""
        digest: str | None = (self.status().get("champion") or {}).get("digest")
        return digest

    def serves(self, digest: str) -> bool:
        """Whether all predictors serve this digest."""
        status = self.status()
        return (
            self.champion() == digest and status.get("rollout") is None and status.get("readyReplicas") == 2
        )

    def wait(self, goal: str, ready: Callable[[], Any], seconds: float = PATIENCE_S) -> Any:
        """Wait until `ready` returns something true, and return that. Raises StepFailed after `seconds`."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.show_new_events()
            if result := ready():
                return result
            time.sleep(0.05)
        raise StepFailed(f"not within {seconds:.0f} s: {goal}; look at {self.path('runtime')}/stderr")

    def show_new_events(self) -> None:
        """Show the events since the last call; start the runtime again if the runtime died."""
        if self.running and not children.is_alive(self.path("runtime")):
            self.on_event("the runtime is gone; starting it again, its children go on")
            self.up()
        try:
            lines = self.model.events.read_text(encoding="utf-8").splitlines()
        except OSError:
            return
        for line in lines[self.events_shown :]:
            event = json.loads(line)
            self.on_event(f"{event['reason']}: {event['message']}")
        self.events_shown = len(lines)

    # --- end -----------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """End every process of the demo, whoever started that process, and wait for the end."""
        self.running = False
        for program in self.programs:
            if program.poll() is None:
                program.kill()
                program.communicate()
        _end([self.path("runtime")], 20)
        rest = [
            self.path("valkey"),
            self.path("state") / ".valkey",
            *(self.path("state") / KEY.namespace / KEY.name).glob("*/*"),
        ]
        _end([folder for folder in rest if (folder / children.LOCK).exists()], 10)
        self.children.reap()


def _end(folders: Sequence[Path], seconds: float) -> None:
    for folder in folders:
        children.stop(folder)
    until = time.monotonic() + seconds
    while any(children.is_alive(folder) for folder in folders):
        if time.monotonic() > until:
            for folder in folders:
                children.stop(folder, signal.SIGKILL)
        time.sleep(0.05)
