"""Files that survive a crash, because each is written whole or not at all; and the paths of a LeadModel in the state folder."""

import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from leadmodel_messages.places import CHALLENGER_FILE, SHARE_FILE
from leadmodel_operator.reconcile import Key

ARTIFACTS, TEXT_MODELS = "rev", "text/rev"  # folders of snapshots in the folder of a LeadModel


class Busy(RuntimeError):  # noqa: N818  # a state, not an error of the program
    """Another process holds the lock."""


def write(path: Path, content: bytes | str, *, private: bool = False) -> None:
    """Replace the content of a file; a reader sees the old content or the new one, never a part. Only the owner reads a private file."""
    data = content.encode() if isinstance(content, str) else content
    part = path.with_name(f".{path.name}.{os.getpid()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    if private:
        part.touch(mode=0o600)
    part.write_bytes(data)
    part.replace(path)


def private_folder(path: Path) -> None:
    """Make a folder that nobody but its owner may enter."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)


def write_json(path: Path, document: Any) -> None:
    """Replace the content of a file by a JSON document."""
    write(path, json.dumps(document, indent=1) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON document; None when the file is missing or no JSON."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


def hold(path: Path) -> IO[bytes]:
    """Take the lock of this file; closing the returned file releases the lock. Raises Busy."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise Busy(str(path)) from None
    return lock


def held(path: Path) -> bool:
    """Whether a process holds the lock of this file."""
    if not path.exists():
        return False
    try:
        hold(path).close()
    except Busy:
        return True
    return False


def signature(path: Path) -> str:
    """Return a text that changes whenever the file changes; empty for a missing file."""
    try:
        stat = path.stat()
    except OSError:
        return ""
    return f"{stat.st_ino}-{stat.st_size}-{stat.st_mtime_ns}"


@dataclass(frozen=True)
class ModelFolder:
    """Paths of one LeadModel: STATE/NAMESPACE/NAME and the files in that folder."""

    root: Path
    key: Key

    @property
    def folder(self) -> Path:
        """The folder of the LeadModel."""
        return self.root / self.key.namespace / self.key.name

    @property
    def object(self) -> Path:
        """The manifest as last taken, with generation and uid."""
        return self.folder / "object.json"

    @property
    def deleted(self) -> Path:
        """The former object: its manifest is gone, and some of its processes may still run."""
        return self.folder / "going.json"

    @property
    def status(self) -> Path:
        """The status as last written."""
        return self.folder / "status.json"

    @property
    def ledger(self) -> Path:
        """The ledger, which survives the loss of the status."""
        return self.folder / "ledger.json"

    @property
    def trace(self) -> Path:
        """What the newest pass did and withheld, and why."""
        return self.folder / "trace.json"

    @property
    def events(self) -> Path:
        """The events, one JSON document per line."""
        return self.folder / "events.jsonl"

    @property
    def serve(self) -> Path:
        """The rollout as last rendered: what the predictors should serve."""
        return self.folder / "serve.json"

    @property
    def port(self) -> Path:
        """The number of the port that takes leads."""
        return self.folder / "port"

    @property
    def follow_ups(self) -> Path:
        """The folder of the follow-ups: settings, texts, and the process that sends."""
        return self.folder / "followups"

    @property
    def templates(self) -> Path:
        """The folder with the texts of follow-ups."""
        return self.follow_ups / "templates"

    def run_request(self, kind: str) -> Path:
        """Return the file that exists while a person's request for a run of this kind is open."""
        return self.folder / "run" / kind

    def snapshot(self, digest: str, part: str = ARTIFACTS) -> Path:
        """Return the file with the bytes of a revision, or of another snapshot in that part of the folder."""
        return self.folder / part / f"{digest.removeprefix('sha256:')[:12]}.json.gz"

    @property
    def text_model(self) -> Path:
        """The text model that the predictors look for; a missing file means none."""
        return self.folder / "text" / "text.json.gz"

    @property
    def challenger(self) -> Path:
        """The candidate that the predictors look for; a missing file means none."""
        return self.folder / "challenger" / CHALLENGER_FILE

    @property
    def share(self) -> Path:
        """The candidate's share of leads; a missing file means none."""
        return self.challenger.with_name(SHARE_FILE)

    def job(self, name: str) -> Path:
        """Return the folder of a Job."""
        return self.folder / "jobs" / name

    def pod(self, name: str) -> Path:
        """Return the folder of a predictor."""
        return self.folder / "pods" / name

    def processes(self) -> list[Path]:
        """List the folders of all child processes."""
        kinds = "pods/*", "jobs/*", "followups/process"
        return [path for kind in kinds for path in self.folder.glob(kind)]


def model_folders(root: Path) -> list[ModelFolder]:
    """List the LeadModels of a state folder by namespace and name."""
    return _folders_with(root, "object.json")


def deleted_folders(root: Path) -> list[ModelFolder]:
    """List the LeadModels whose manifest is gone and whose processes may still run."""
    return _folders_with(root, "going.json")


def _folders_with(root: Path, name: str) -> list[ModelFolder]:
    paths = sorted(root.glob(f"*/*/{name}"))
    return [ModelFolder(root, Key(path.parts[-3], path.parts[-2])) for path in paths]
