"""Files that survive a crash: whole or not there. Where each thing of a LeadModel lies stands here too."""

import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from leadmodel_artifact import snapshot
from leadmodel_operator.reconcile import Key


class Busy(RuntimeError):  # noqa: N818  # what it is
    """Someone else holds the folder."""


def write(path: Path, content: bytes | str) -> None:
    """Write it whole: readers see the old content or the new one."""
    data = content.encode() if isinstance(content, str) else content
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside.write_bytes(data)
    beside.replace(path)


def write_json(path: Path, document: Any) -> None:
    """Write a document whole."""
    write(path, json.dumps(document, indent=1) + "\n")


def read_json(path: Path) -> Any:
    """The document, or None when there is none that can be read."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


def hold(path: Path) -> IO[bytes]:
    """Take the lock of this file until the answer is closed. Raises Busy."""
    path.parent.mkdir(parents=True, exist_ok=True)
    found = path.open("ab")
    try:
        fcntl.flock(found, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        found.close()
        raise Busy(str(path)) from None
    return found


def held(path: Path) -> bool:
    """Whether someone holds its lock."""
    if not path.exists():
        return False
    try:
        hold(path).close()
    except Busy:
        return True
    return False


def signature(path: Path) -> str:
    """Changes whenever the file does; empty without a file."""
    try:
        seen = path.stat()
    except OSError:
        return ""
    return f"{seen.st_ino}-{seen.st_size}-{seen.st_mtime_ns}"


@dataclass(frozen=True)
class Place:
    """Where one LeadModel lies: STATE/NAMESPACE/NAME."""

    root: Path
    key: Key

    @property
    def folder(self) -> Path:
        """Everything of it."""
        return self.root / self.key.namespace / self.key.name

    @property
    def object(self) -> Path:
        """What the manifest says, with generation and uid."""
        return self.folder / "object.json"

    @property
    def going(self) -> Path:
        """What was the object, once its manifest is gone and until nothing of it lives."""
        return self.folder / "going.json"

    @property
    def status(self) -> Path:
        """What was decided."""
        return self.folder / "status.json"

    @property
    def ledger(self) -> Path:
        """What survives the loss of the status."""
        return self.folder / "ledger.json"

    @property
    def events(self) -> Path:
        """One line an event."""
        return self.folder / "events.jsonl"

    @property
    def serve(self) -> Path:
        """What the predictors should serve, as last rendered."""
        return self.folder / "serve.json"

    @property
    def port(self) -> Path:
        """The number of the port where leads are POSTed."""
        return self.folder / "port"

    def asked(self, kind: str) -> Path:
        """There while a person asks for a run of this kind."""
        return self.folder / "run" / kind

    def snapshot(self, digest: str) -> Path:
        """The bytes of a revision."""
        return self.folder / "rev" / f"{digest.removeprefix('sha256:')[:12]}.json.gz"

    def job(self, name: str) -> Path:
        """The folder of a Job."""
        return self.folder / "jobs" / name

    def pod(self, name: str) -> Path:
        """The folder of a predictor."""
        return self.folder / "pods" / name

    def processes(self) -> list[Path]:
        """The folders of all its children."""
        return [path for kind in ("pods", "jobs") for path in (self.folder / kind).glob("*")]


def places(root: Path) -> list[Place]:
    """All LeadModels of a state folder, by name."""
    return _places(root, "object.json")


def leaving(root: Path) -> list[Place]:
    """Those whose manifest is gone and of which something may still live."""
    return _places(root, "going.json")


def _places(root: Path, name: str) -> list[Place]:
    found = sorted(root.glob(f"*/*/{name}"))
    return [Place(root, Key(path.parts[-3], path.parts[-2])) for path in found]


def snapshot_digest(path: Path) -> str | None:
    """The digest of the bytes a snapshot file unpacks to; None when the file is missing, damaged or too large."""
    try:
        with path.open("rb") as file:
            return snapshot.unpacked_digest(file)
    except OSError:
        return None
