"""Snapshots on disk: a file that unpacks beyond 16 MiB is neither kept nor served, though its digest was named."""

import gzip
from datetime import UTC, datetime

import pytest

from leadmodel_artifact.snapshot import digest, pack
from leadmodel_local import work
from leadmodel_local.replay.port import ReplayPort
from leadmodel_local.serving.snapshots import Snapshots, digest_of
from leadmodel_local.state import files
from leadmodel_local.state.files import ModelFolder
from leadmodel_messages.report import ArtifactSeen, Outcome, Report, dump
from leadmodel_operator.planning.observed import JobKind, JobSeen, JobState
from leadmodel_operator.reconcile import Key

KEY = Key("sales", "conversion")
NOW = datetime(2026, 1, 5, tzinfo=UTC)
HUGE, SMALL = bytes(32 << 20), bytes(1000)


def packed(raw: bytes) -> bytes:
    return gzip.compress(raw, mtime=0)


def job(raw: bytes) -> JobSeen:
    return JobSeen(
        "validate-1",
        JobKind.VALIDATION,
        JobState.SUCCEEDED,
        NOW,
        message=dump(Report(Outcome.MEASURED, "", "image:1", ArtifactSeen(digest(raw), 1, 1))),
    )


def test_a_snapshot_on_disk(tmp_path):
    folder = ModelFolder(tmp_path, KEY)
    for raw in (HUGE, SMALL):
        files.write(folder.snapshot(digest(raw)), packed(raw))
    assert Snapshots().held(folder) == {digest(SMALL): folder.snapshot(digest(SMALL))}


@pytest.mark.parametrize(("raw", "is_kept"), [(SMALL, True), (HUGE, False)])
def test_a_mailbox_of_the_replay(tmp_path, raw, is_kept):
    port = ReplayPort(tmp_path, None, spec=None, key=KEY, jobs={"validate-1": job(raw)})
    files.write(port.model.job("validate-1") / work.SNAPSHOT, pack(raw))
    port.deliver("validate-1")
    assert port.mailbox == (digest(raw) if is_kept else None)
    assert port.model.snapshot(digest(raw)).exists() == is_kept


def test_a_snapshot_that_is_missing(tmp_path):
    assert digest_of(tmp_path / "none") is None
