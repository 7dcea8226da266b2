"""Where a training writes: two files of this machine, or two objects of a store."""

import os
from dataclasses import dataclass
from pathlib import Path

from leadmodel_messages.credentials import Source, environment
from leadmodel_messages.uris import uri_of
from leadmodel_store.store import check, put

HOLDOUT, ARTIFACT = "holdout.csv.gz", "model.json"
PATIENCE_S = 1800.0  # tables of years may take their time


@dataclass(frozen=True)
class Targets:
    """Where holdout and artifact are written, as URIs; `folder` is the folder of this machine that holds both, if any."""

    holdout: str
    artifact: str
    folder: Path | None = None

    @classmethod
    def of(cls, out: str | None, artifact: str | None, holdout: str | None) -> "Targets":
        """Read the targets from the arguments: one folder or prefix for both, or a path or URI for each."""
        if out is None:
            return cls(uri_of(holdout or ""), uri_of(artifact or ""))
        if "://" in out:
            return cls(f"{out.rstrip('/')}/{HOLDOUT}", f"{out.rstrip('/')}/{ARTIFACT}")
        folder = Path(out)
        return cls(uri_of(str(folder / HOLDOUT)), uri_of(str(folder / ARTIFACT)), folder)

    def check(self) -> None:
        """Refuse before anything is trained what no store takes and a folder that cannot be written.

        Raises:
            StoreError: No store takes a target.
            ValueError: The folder, or one above it, is a file or may not be written.
        """
        if self.folder is not None:
            _check_folder(self.folder)
        check(self.holdout, environ=environment(Source.HOLDOUT, os.environ))
        check(self.artifact, environ=environment(Source.ARTIFACT, os.environ))

    def write(self, held: bytes, raw: bytes) -> None:
        """Write the holdout first: an artifact never names a holdout that is not there. Raises StoreError."""
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
        put(self.holdout, held, environ=environment(Source.HOLDOUT, os.environ), seconds=PATIENCE_S)
        put(self.artifact, raw, environ=environment(Source.ARTIFACT, os.environ))


def _check_folder(folder: Path) -> None:
    nearest = next((path for path in (folder, *folder.parents) if path.exists()), None)
    if nearest is None or not nearest.is_dir():
        raise ValueError(f"--out {folder}: {nearest or 'the working folder'} is no folder; name another one")
    if not os.access(nearest, os.W_OK):
        raise ValueError(f"--out {folder}: {nearest} may not be written; name another folder")
