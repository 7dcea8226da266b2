"""Jobs as child processes: validations, polls and the runs a person asks for. Each leaves its message and exit code in a folder."""

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
from urllib.parse import unquote

from leadmodel_local.state import children, files
from leadmodel_local.state.children import Children
from leadmodel_local.state.files import ModelFolder
from leadmodel_messages.commands import Program, termination_log
from leadmodel_operator.planning import commands
from leadmodel_operator.planning.observed import JobKind, JobSeen, JobState
from leadmodel_operator.planning.planned import Poll, TextCheck, Validation
from leadmodel_operator.reconcile import Key
from leadmodel_operator.resource.spec import Spec

POLL_S, DATA_S = 300.0, 6 * 3600.0
WAIT_S = 10.0  # for a Redis that is not there: a person waits
SNAPSHOT = "snapshot.json.gz"
_KEPT = {
    JobKind.POLL: 3,
    JobKind.RETRAINING: 3,
    JobKind.BACKFILL: 5,
    JobKind.TEXT_CHECK: 3,
    JobKind.ENRICHMENT: 3,
}


@dataclass(frozen=True)
class Jobs:
    """The Jobs of one LeadModel."""

    folder: ModelFolder
    children: Children

    def folders(self) -> list[Path]:
        """List the folders of the Jobs whose process was started."""
        paths = (self.folder.folder / "jobs").glob("*/about.json")
        return sorted(path.parent for path in paths if children.was_started(path.parent))

    def seen(self) -> tuple[JobSeen, ...]:
        """Return the Jobs as the planner reads them, newest first."""
        jobs = [_seen(folder) for folder in self.folders()]
        return tuple(sorted(jobs, key=lambda job: job.created, reverse=True))

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
        """Start a Job once: a name that exists is the same Job. `deadline` is in seconds; `more` is kept with the Job."""
        folder = self.folder.job(name)
        if folder in self.folders():
            return
        metadata = {"kind": str(kind), "created": now.isoformat(), "deadline": deadline, **more}
        files.write_json(folder / "about.json", metadata)
        log = termination_log(folder / children.MESSAGE)
        self.children.start(folder, [sys.executable, "-m", *command, *log], environ=environ)

    def end_late(self, now: datetime) -> None:
        """Kill the Jobs that run beyond their deadline."""
        for folder in self.folders():
            metadata = files.read_json(folder / "about.json")
            age = now - datetime.fromisoformat(metadata["created"])
            if age > timedelta(seconds=metadata["deadline"]) and children.is_alive(folder):
                children.stop(folder, signal.SIGKILL)

    def tidy(self) -> None:
        """Remove all validations and, of the other kinds, all but the newest finished Jobs."""
        for job in self.seen():
            if job.kind is JobKind.VALIDATION:
                self.remove(self.folder.job(job.name))
        for kind, kept in _KEPT.items():
            done = [job for job in self.seen() if job.kind is kind and job.state is not JobState.RUNNING]
            for job in done[kept:]:
                self.remove(self.folder.job(job.name))

    def remove(self, folder: Path) -> None:
        """Kill a Job that still runs, and remove its folder."""
        children.stop(folder, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


def _seen(folder: Path) -> JobSeen:
    metadata = files.read_json(folder / "about.json")
    code = children.exit_code(folder)
    state = JobState.RUNNING if code is None else JobState.SUCCEEDED if code == 0 else JobState.FAILED
    ended = folder / "exit"
    finished = datetime.fromtimestamp(ended.stat().st_mtime, tz=_zone(metadata)) if ended.exists() else None
    return JobSeen(
        name=folder.name,
        kind=JobKind(metadata["kind"]),
        state=state,
        created=datetime.fromisoformat(metadata["created"]),
        finished=finished if code is not None else None,
        message=children.message(folder) if code is not None else "",
        exit_code=code,
        image=metadata.get("image", ""),
    )


def _zone(metadata: dict[str, Any]) -> Any:
    return datetime.fromisoformat(metadata["created"]).tzinfo


# --- commands ----------------------------------------------------------------------------------------------------------------


def validation(folder: ModelFolder, request: Validation) -> list[str]:
    """Return the command that measures a candidate."""
    mailbox = folder.job(request.name) / SNAPSHOT
    arguments = commands.validation(request, lambda _part, digest: str(folder.snapshot(digest)), str(mailbox))
    return [Program.VALIDATE.module, *arguments]


def poll(request: Poll) -> list[str]:
    """Return the command that asks the source."""
    return [Program.POLL.module, *commands.poll(request)]


def retraining(name: str, spec: Spec, text_model: str) -> list[str] | None:
    """Return the command that trains, with the text model at a path or URI where the spec offers it; None for a spec without retraining."""
    if spec.retraining is None:
        return None
    return [Program.TRAIN.module, *commands.retraining(name, spec, spec.retraining, text_model)]


def backfill(key: Key, spec: Spec) -> list[str] | None:
    """Return the command that redacts; None for a spec without a backfill."""
    if spec.pii_backfill is None:
        return None
    name = f"{key.namespace}/{key.name}"
    return [
        Program.PRIVACY.module,
        *commands.backfill(name, spec.pii_backfill, image=None, wait_s=WAIT_S),
    ]


def text_check(folder: ModelFolder, request: TextCheck) -> list[str]:
    """Return the command that measures a text model."""
    mailbox = folder.job(request.name) / SNAPSHOT
    place = lambda _part, digest: str(folder.snapshot(digest, files.TEXT_MODELS))  # noqa: E731
    return [Program.CHECK_TEXT.module, *commands.text_check(request, place, str(mailbox))]


def text_training(name: str, spec: Spec) -> list[str] | None:
    """Return the command that trains a text model; None for a spec without such a training."""
    if spec.enrichment is None or spec.enrichment.training is None:
        return None
    return [Program.ENRICH.module, *commands.text_training(name, spec.enrichment, spec.enrichment.training)]


def secret(spec: Spec) -> dict[str, str]:
    """Return the URL of the Redis as environment: a Secret's key on a cluster, the variable of that name on this machine."""
    backfill = spec.pii_backfill
    url = os.environ.get(backfill.redis.key, "") if backfill is not None else ""
    return {"REDIS_URL": url} if url else {}


def file_of(uri: str) -> Path | None:
    """Return the file behind a `file://` URI, None for other URIs."""
    match = re.match(r"file://(/.*)$", uri)
    return Path(unquote(match[1])) if match else None


def source_signature(spec: Spec | None) -> str:
    """Return a text that changes when the files behind artifact and holdout change; empty for sources that are no files."""
    return "" if spec is None else _signature(spec.artifact.uri, spec.holdout.uri)


def text_signature(spec: Spec | None) -> str:
    """Return a text that changes when the files behind the text model and its holdout change; empty without such files."""
    text = spec.enrichment if spec is not None else None
    return "" if text is None else _signature(text.artifact.uri, text.holdout.uri)


def _signature(*uris: str) -> str:
    paths = map(file_of, uris)
    return " ".join(files.signature(path) for path in paths if path is not None)
