"""Snapshots of artifacts in the state folder, known by digest. A rename makes a snapshot appear or not at all."""

from dataclasses import dataclass, field
from pathlib import Path

from leadmodel_artifact import snapshot
from leadmodel_local import work
from leadmodel_local.serving import predictors
from leadmodel_local.state import files
from leadmodel_local.state.files import ModelFolder
from leadmodel_local.work import Jobs
from leadmodel_messages.report import named_digest
from leadmodel_operator.planning.observed import JobKind
from leadmodel_operator.planning.planned import Desired


def digest_of(path: Path) -> str | None:
    """Compute the digest of an unpacked snapshot; None for a file that is damaged, too large or gone."""
    try:
        with path.open("rb") as packed:
            return snapshot.unpacked_digest(packed)
    except OSError:
        return None


@dataclass
class Snapshots:
    """Reads and keeps snapshots; a file that did not change is hashed once."""

    _digests: dict[str, str | None] = field(default_factory=dict)  # path and signature → digest

    def held(self, folder: ModelFolder) -> dict[str, Path]:
        """Return the files of the snapshots by digest; damaged files do not count."""
        digests = {path: self._digest(path) for path in (folder.folder / "rev").glob("*.json.gz")}
        return {digest: path for path, digest in digests.items() if digest is not None}

    def mailbox(self, folder: ModelFolder, jobs: Jobs) -> dict[str, Path]:
        """Return by digest what succeeded validations delivered, if its hash is the digest the validation named."""
        delivered = {}
        for job in jobs.seen():
            path = folder.job(job.name) / work.SNAPSHOT
            if job.kind is not JobKind.VALIDATION or not job.may_answer or not path.exists():
                continue
            digest = named_digest(job.message)
            if digest is not None and self._digest(path) == digest:
                delivered[digest] = path
        return delivered

    def keep(self, folder: ModelFolder, jobs: Jobs, desired: Desired) -> bool:
        """Keep, restore and remove snapshots as desired. Returns True when one was kept or restored."""
        held, delivered, changed = self.held(folder), self.mailbox(folder, jobs), False
        for digest in desired.keep - held.keys():
            if digest in delivered:
                files.write(folder.snapshot(digest), delivered[digest].read_bytes())
                changed = True
        for digest in desired.restore:
            changed |= _restore(folder, digest)
        for digest in held.keys() - desired.keep:
            held[digest].unlink(missing_ok=True)
        return changed

    def _digest(self, path: Path) -> str | None:
        signature = f"{path} {files.signature(path)}"
        if signature not in self._digests:
            self._digests[signature] = digest_of(path)
        return self._digests[signature]


def _restore(folder: ModelFolder, digest: str) -> bool:
    """Take the bytes from a predictor that serves the digest; bytes of another hash are refused."""
    for pod in predictors.list_pods(folder):
        raw = predictors.http_get(pod.port, f"/ops/artifact?digest={digest}", snapshot.MAX_RAW_BYTES)
        if raw is not None and snapshot.digest(raw) == digest:
            files.write(folder.snapshot(digest), snapshot.pack(raw))
            return True
    return False
