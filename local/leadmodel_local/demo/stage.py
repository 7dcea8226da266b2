"""The folder, the manifest and the processes of the demo, used as a person would: files are put, commands run, status is read."""

import json
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
from leadmodel_local import children, files, table
from leadmodel_local.children import Children
from leadmodel_local.demo import leads
from leadmodel_local.demo.leads import Table
from leadmodel_local.files import Place
from leadmodel_operator.reconcile import Key

KEY = Key("demo", "conversion")
PATIENCE_S = 300.0  # a busy machine is no failure
MANIFEST = """\
# What the demo runs. On a cluster: s3:// or any other store, and the default times (interval 30s, sustainedFor 1h, cooldown 24h).
apiVersion: customerops.dev/v1alpha1
kind: LeadModel
metadata: {{name: conversion, namespace: demo}}
spec:
  artifact: {{uri: "{folder}/model.json"}}
  holdout: {{uri: "{folder}/holdout.csv.gz"}}
  minAuc: {min_auc}
  predictor: {{replicas: 2}}
  drift: {{interval: 1s, sustainedFor: 3s}}
  rollback: {{cooldown: 5s}}
  retraining:
    leads: {{uri: "{folder}/leads.csv"}}
    label: "{label}"
  piiBackfill:
    redis: {{secretName: conversations, key: REDIS_URL}}
    keyPatterns: ["conversation:*"]
    mode: {mode}
"""


class Broken(Exception):  # noqa: N818  # what a step is then
    """A step of the demo did not hold."""


@dataclass
class Stage:
    """All of it lies in `folder`; `environ` is what the runtime gets beside its own environment."""

    folder: Path
    note: Callable[[str], None]
    environ: dict[str, str] = field(default_factory=dict)
    children: Children = field(default_factory=Children)
    programs: list[subprocess.Popen[str]] = field(default_factory=list)
    runs: int = 0
    told: int = 0  # events that were shown
    running: bool = False
    min_auc: float = 0.6
    label: str = "y"

    @property
    def place(self) -> Place:
        """Where the runtime keeps the LeadModel."""
        return Place(self.folder / "state", KEY)

    def path(self, name: str) -> Path:
        """A file of the demo."""
        return self.folder / name

    # --- what a person does --------------------------------------------------------------------------------------------

    def apply(self, mode: str = "DryRun") -> None:
        """Write the manifest."""
        where = {"folder": self.folder.as_uri(), "label": self.label, "min_auc": self.min_auc}
        files.write(self.path("model.yaml"), MANIFEST.format(mode=mode, **where))

    def up(self) -> None:
        """Run the runtime; again whenever it dies."""
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

    def put(self, made: Path) -> str:
        """Upload a model, as an uploader should: whole or not at all. Its digest."""
        beside = self.path("model.json.part")
        shutil.copyfile(made, beside)
        beside.replace(self.path("model.json"))
        return digest(made.read_bytes())

    def train(self, name: str, rows: Table, exclude: Sequence[str] = ()) -> subprocess.Popen[str]:
        """Start a training into a folder of its own."""
        where = self.path(name)
        where.mkdir(exist_ok=True)
        leads.write(where / "leads.csv", rows)
        command = [sys.executable, "-m", "leadmodel_training", "--leads", str(where / "leads.csv")]
        command += [
            "--label",
            rows.label,
            "--out",
            str(where),
            "--name",
            KEY.name,
            "--exclude",
            ",".join(exclude),
        ]
        return self.program(command)

    def program(self, command: Sequence[str]) -> subprocess.Popen[str]:
        """Start a program of the project."""
        pipe = subprocess.PIPE
        found = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=self.folder)  # noqa: S603  # our own
        self.programs.append(found)
        return found

    def answer(self, program: subprocess.Popen[str]) -> dict[str, Any]:
        """What it printed last; Broken when it failed."""
        out, said = program.communicate()
        if program.returncode != 0:
            raise Broken(said.strip().splitlines()[-1] if said.strip() else "a program failed without a word")
        found: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
        return found

    def run(self, kind: str) -> str:
        """Ask the runtime for a retraining or a backfill, as `leadmodel local run` does; what it printed."""
        self.runs += 1
        name = f"{KEY.name}-{kind}-{self.runs}"
        files.write_json(self.place.asked(kind), name)
        ended = self.place.job(name) / "exit"
        self.wait(f"the {kind} ends", ended.exists)
        said = (ended.parent / "stderr").read_text(errors="replace").strip()
        if ended.read_text().strip() != "0":
            raise Broken(said.splitlines()[-1] if said else f"the {kind} failed without a word")
        return (ended.parent / "stdout").read_text(errors="replace")

    # --- what a person sees --------------------------------------------------------------------------------------------

    def status(self) -> Mapping[str, Any]:
        """The status as last written."""
        found: Mapping[str, Any] = table.document(self.place)["status"]
        return found

    def champion(self) -> str | None:
        """The digest that serves."""
        found: str | None = (self.status().get("champion") or {}).get("digest")
        return found

    def serves(self, wanted: str) -> bool:
        """Whether it serves in all predictors."""
        status = self.status()
        return (
            self.champion() == wanted and status.get("rollout") is None and status.get("readyReplicas") == 2
        )

    def wait(self, what: str, ready: Callable[[], Any], seconds: float = PATIENCE_S) -> Any:
        """What `ready` answers, once it is true. Broken when that takes too long."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.look()
            if found := ready():
                return found
            time.sleep(0.05)
        raise Broken(f"not within {seconds:.0f} s: {what}; look at {self.path('runtime')}/stderr")

    def look(self) -> None:
        """Show new events; start the runtime again if it died."""
        if self.running and not children.lives(self.path("runtime")):
            self.note("the runtime is gone; starting it again, its children go on")
            self.up()
        try:
            lines = self.place.events.read_text().splitlines()
        except OSError:
            return
        for line in lines[self.told :]:
            event = json.loads(line)
            self.note(f"{event['reason']}: {event['message']}")
        self.told = len(lines)

    # --- end -----------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """End everything that runs here, whoever started it, and wait for it."""
        self.running = False
        for program in self.programs:
            if program.poll() is None:
                program.kill()
                program.communicate()
        first = [self.path("runtime")]
        _end(first, 20)
        rest = [self.path("valkey"), *(self.path("state") / KEY.namespace / KEY.name).glob("*/*")]
        _end([folder for folder in rest if (folder / children.LOCK).exists()], 10)
        self.children.reap()


def _end(folders: Sequence[Path], seconds: float) -> None:
    for folder in folders:
        children.stop(folder)
    until = time.monotonic() + seconds
    while any(children.lives(folder) for folder in folders):
        if time.monotonic() > until:
            for folder in folders:
                children.stop(folder, signal.SIGKILL)
        time.sleep(0.05)
