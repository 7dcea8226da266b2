"""Snapshots of artifacts and of text models in the state folder, known by digest. A rename makes a snapshot appear or not at all."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from leadmodel_artifact import snapshot
from leadmodel_local import work
from leadmodel_local.serving import predictors
from leadmodel_local.state import files
from leadmodel_local.state.files import ModelFolder
from leadmodel_local.work import Jobs
from leadmodel_messages import report, share, text_report
from leadmodel_messages.share import Share
from leadmodel_operator.planning.observed import JobKind, TextSeen
from leadmodel_operator.planning.planned import Asked, Desired, TextWork


@dataclass(frozen=True)
class Shelf:
    """Where snapshots of one kind lie in the folder of a LeadModel, which Jobs deliver them, and how their messages name a digest."""

    part: str
    kind: JobKind
    named_digest: Callable[[str], str | None]


ARTIFACTS = Shelf(files.ARTIFACTS, JobKind.VALIDATION, report.named_digest)
TEXT_MODELS = Shelf(files.TEXT_MODELS, JobKind.TEXT_CHECK, text_report.named_digest)


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

    def held(self, folder: ModelFolder, shelf: Shelf = ARTIFACTS) -> dict[str, Path]:
        """Return the files of the snapshots by digest; damaged files do not count."""
        digests = {path: self._digest(path) for path in (folder.folder / shelf.part).glob("*.json.gz")}
        return {digest: path for path, digest in digests.items() if digest is not None}

    def mailbox(self, folder: ModelFolder, jobs: Jobs, shelf: Shelf = ARTIFACTS) -> dict[str, Path]:
        """Return by digest what succeeded Jobs of the shelf delivered, if its hash is the digest the Job named."""
        delivered = {}
        for job in jobs.seen():
            path = folder.job(job.name) / work.SNAPSHOT
            if job.kind is not shelf.kind or not job.may_answer or not path.exists():
                continue
            digest = shelf.named_digest(job.message)
            if digest is not None and self._digest(path) == digest:
                delivered[digest] = path
        return delivered

    def keep(self, folder: ModelFolder, jobs: Jobs, desired: Desired) -> bool:
        """Keep, restore and remove snapshots as desired. Returns True when one was kept or restored."""
        changed = self._keep(folder, jobs, desired.keep, ARTIFACTS)
        for digest in desired.restore:
            changed |= _restore(folder, digest)
        return changed

    def _keep(self, folder: ModelFolder, jobs: Jobs, wanted: frozenset[str], shelf: Shelf) -> bool:
        held, delivered, changed = self.held(folder, shelf), self.mailbox(folder, jobs, shelf), False
        for digest in wanted - held.keys():
            if digest in delivered:
                files.write(folder.snapshot(digest, shelf.part), delivered[digest].read_bytes())
                changed = True
        for digest in held.keys() - wanted:
            held[digest].unlink(missing_ok=True)
        return changed

    def ask(self, folder: ModelFolder, asked: Asked | None) -> None:
        """Put the candidate that predictors are asked about where they look for one, with its share of leads, or take away what lies there.

        The share names its candidate, so that predictors that see the one file before the other give no leads to a wrong one.
        """
        if asked is None or asked.weight is None:
            folder.share.unlink(missing_ok=True)
        if asked is None:
            folder.challenger.unlink(missing_ok=True)
            return
        held = self.held(folder)
        if asked.digest in held and self._digest(folder.challenger) != asked.digest:
            files.write(folder.challenger, held[asked.digest].read_bytes())
        if asked.weight is not None:
            _write_share(folder.share, Share(asked.digest, asked.weight))

    # --- text models -----------------------------------------------------------------------------------------------------

    def text_seen(self, folder: ModelFolder, jobs: Jobs) -> TextSeen:
        """Describe the text models for the planner."""
        held = self.held(folder, TEXT_MODELS)
        delivered = (digest for digest in self.mailbox(folder, jobs, TEXT_MODELS) if digest not in held)
        served = self._digest(folder.text_model) if folder.text_model.exists() else None
        return TextSeen(frozenset(held), next(delivered, None), served)

    def keep_text(self, folder: ModelFolder, jobs: Jobs, wanted: TextWork) -> bool:
        """Keep and remove text models as desired, and put the one that serves where the predictors look. Returns True on a change."""
        changed = self._keep(folder, jobs, wanted.keep, TEXT_MODELS)
        served, held = self.text_seen(folder, jobs).served, self.held(folder, TEXT_MODELS)
        if wanted.serve is None:
            folder.text_model.unlink(missing_ok=True)
        elif wanted.serve != served and wanted.serve in held:
            files.write(folder.text_model, held[wanted.serve].read_bytes())
            changed = True
        return changed

    def _digest(self, path: Path) -> str | None:
        signature = f"{path} {files.signature(path)}"
        if signature not in self._digests:
            self._digests[signature] = digest_of(path)
        return self._digests[signature]


def _write_share(path: Path, wanted: Share) -> None:
    """Write a share unless the file is that already."""
    text = share.dump(wanted).encode()
    try:
        is_written = path.read_bytes() == text
    except OSError:
        is_written = False
    if not is_written:
        files.write(path, text)


def _restore(folder: ModelFolder, digest: str) -> bool:
    """Take the bytes from a predictor that serves the digest; bytes of another hash are refused."""
    for pod in predictors.list_pods(folder):
        raw = predictors.http_get(pod.port, f"/ops/artifact?digest={digest}", snapshot.MAX_RAW_BYTES)
        if raw is not None and snapshot.digest(raw) == digest:
            files.write(folder.snapshot(digest), snapshot.pack(raw))
            return True
    return False
