"""Jobs as child processes: validation, polls, and what a person asks to run. Each leaves its last word and its exit code in a folder."""

import os
import re
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from leadmodel_local import children, files
from leadmodel_local.children import Children
from leadmodel_local.files import Place
from leadmodel_messages.commands import Program, termination_log
from leadmodel_operator.planning import commands
from leadmodel_operator.planning.observed import JobKind, JobSeen, JobState, Poll, Validation
from leadmodel_operator.reconcile import Key
from leadmodel_operator.resource.spec import Spec

POLL_S, DATA_S = 300.0, 6 * 3600.0
WAIT_S = 10.0  # for a Redis that is not there: a person waits
SNAPSHOT = "snapshot.json.gz"
_KEPT = {JobKind.POLL: 3, JobKind.RETRAINING: 3, JobKind.BACKFILL: 5}


@dataclass(frozen=True)
class Jobs:
    """The Jobs of one LeadModel."""

    place: Place
    children: Children

    def folders(self) -> list[Path]:
        """Of every Job that was really started."""
        there = (self.place.folder / "jobs").glob("*/about.json")
        return sorted(path.parent for path in there if children.began(path.parent))

    def seen(self) -> tuple[JobSeen, ...]:
        """As the planner reads them, newest first."""
        found = [_seen(folder) for folder in self.folders()]
        return tuple(sorted(found, key=lambda job: job.created, reverse=True))

    def start(
        self,
        name: str,
        kind: JobKind,
        command: Sequence[str],
        now: datetime,
        deadline: float,
        *,
        environ: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        """Start it once; a name that is there already is that Job."""
        folder = self.place.job(name)
        if folder in self.folders():
            return
        about = {"kind": str(kind), "created": now.isoformat(), "deadline": deadline, **more}
        files.write_json(folder / "about.json", about)
        log = termination_log(folder / children.MESSAGE)
        self.children.start(folder, [sys.executable, "-m", *command, *log], environ=environ)

    def end_late(self, now: datetime) -> None:
        """End what takes longer than it may."""
        for folder in self.folders():
            about = files.read_json(folder / "about.json")
            age = now - datetime.fromisoformat(about["created"])
            if age > timedelta(seconds=about["deadline"]) and children.lives(folder):
                children.stop(folder, signal.SIGKILL)

    def tidy(self) -> None:
        """Validations go once their answer is taken; of the others the newest stay."""
        for job in self.seen():
            if job.kind is JobKind.VALIDATION:
                self.remove(self.place.job(job.name))
        for kind, kept in _KEPT.items():
            done = [job for job in self.seen() if job.kind is kind and job.state is not JobState.RUNNING]
            for job in done[kept:]:
                self.remove(self.place.job(job.name))

    def remove(self, folder: Path) -> None:
        """End it if need be, and forget it."""
        children.stop(folder, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


def _seen(folder: Path) -> JobSeen:
    about = files.read_json(folder / "about.json")
    code = children.exit_code(folder)
    state = JobState.RUNNING if code is None else JobState.SUCCEEDED if code == 0 else JobState.FAILED
    ended = folder / "exit"
    finished = datetime.fromtimestamp(ended.stat().st_mtime, tz=_zone(about)) if ended.exists() else None
    return JobSeen(
        name=folder.name,
        kind=JobKind(about["kind"]),
        state=state,
        created=datetime.fromisoformat(about["created"]),
        finished=finished if code is not None else None,
        message=children.message(folder) if code is not None else "",
        exit_code=code,
        image=about.get("image", ""),
    )


def _zone(about: dict[str, Any]) -> Any:
    return datetime.fromisoformat(about["created"]).tzinfo


# --- commands ----------------------------------------------------------------------------------------------------------------


def validation(place: Place, request: Validation) -> list[str]:
    """The program that measures a candidate."""
    mailbox = place.job(request.name) / SNAPSHOT
    arguments = commands.validation(request, lambda _part, digest: str(place.snapshot(digest)), str(mailbox))
    return [Program.VALIDATE.module, *arguments]


def poll(request: Poll) -> list[str]:
    """The program that asks the source."""
    return [Program.POLL.module, *commands.poll(request)]


def retraining(name: str, spec: Spec) -> list[str] | None:
    """The program that trains; None when the spec has none."""
    if spec.retraining is None:
        return None
    return [Program.TRAIN.module, *commands.retraining(name, spec, spec.retraining)]


def backfill(key: Key, spec: Spec) -> list[str] | None:
    """The program that redacts; None when the spec has none."""
    if spec.pii_backfill is None:
        return None
    name = f"{key.namespace}/{key.name}"
    return [
        Program.PRIVACY.module,
        *commands.backfill(name, spec.pii_backfill, image=None, wait_s=WAIT_S),
    ]


def secret(spec: Spec) -> dict[str, str]:
    """The URL of the Redis: on a cluster a key of a Secret, here the environment variable of the key's name."""
    asked = spec.pii_backfill
    url = os.environ.get(asked.redis.key, "") if asked is not None else ""
    return {"REDIS_URL": url} if url else {}


def file_of(uri: str) -> Path | None:
    """The file behind a `file://` URI."""
    found = re.match(r"file://(/.*)$", uri)
    return Path(found[1]) if found else None
