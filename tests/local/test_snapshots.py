"""Snapshots on disk: a file that unpacks beyond 16 MiB is neither kept nor served, though its digest was named."""

import gzip
import json
from datetime import UTC, datetime

import pytest

from leadmodel_artifact.snapshot import digest, pack
from leadmodel_local import files, work
from leadmodel_local.port import LocalPort
from leadmodel_local.replay.port import RehearsalPort
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
        message=json.dumps({"artifact": {"digest": digest(raw)}}),
    )


def test_a_snapshot_on_disk(tmp_path):
    port = LocalPort(tmp_path, lambda: NOW)
    place = port.place(KEY)
    for raw in (HUGE, SMALL):
        files.write(place.snapshot(digest(raw)), packed(raw))
    assert port._snapshots(place) == {digest(SMALL): place.snapshot(digest(SMALL))}


@pytest.mark.parametrize(("raw", "is_kept"), [(SMALL, True), (HUGE, False)])
def test_a_mailbox_of_the_replay(tmp_path, raw, is_kept):
    port = RehearsalPort(tmp_path, KEY, None, None, 0.0, jobs={"validate-1": job(raw)})
    files.write(port.place.job("validate-1") / work.SNAPSHOT, pack(raw))
    port._deliver("validate-1")
    assert port.mailbox == (digest(raw) if is_kept else None)
    assert port.place.snapshot(digest(raw)).exists() == is_kept


def test_a_snapshot_that_is_missing(tmp_path):
    assert files.snapshot_digest(tmp_path / "none") is None
