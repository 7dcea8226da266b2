"""Snapshots: packed the same way each time, unpacked within a limit, named by the digest of the raw bytes."""

import gzip
import io

import pytest

from leadmodel_artifact.model import ArtifactError, ArtifactReason
from leadmodel_artifact.snapshot import MAX_RAW_BYTES, digest, pack, unpack, unpacked_digest

RAW = b'{"schema": "leadmodel/v1"}\n'
DAMAGED = {
    "cut off": pack(RAW)[:-6],
    "no gzip inside": b"\x1f\x8b" + bytes(100),
    "wrong checksum": pack(RAW)[:-8] + bytes(8),
}


def bomb() -> bytes:
    """32 MiB of zeros in 32 KB."""
    return gzip.compress(bytes(32 << 20), mtime=0)


def test_the_same_artifact_makes_the_same_snapshot():
    assert pack(RAW) == pack(RAW)
    assert unpack(pack(RAW)) == RAW
    assert unpack(RAW) == RAW


def test_the_digest_is_that_of_the_raw_bytes():
    assert unpacked_digest(pack(RAW)) == digest(RAW)
    assert unpacked_digest(io.BytesIO(pack(RAW))) == digest(RAW)


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_snapshots_have_no_digest_and_no_bytes(case):
    assert unpacked_digest(DAMAGED[case]) is None
    with pytest.raises(ArtifactError) as caught:
        unpack(DAMAGED[case])
    assert caught.value.reason is ArtifactReason.SCHEMA_MISMATCH


def test_plain_bytes_are_no_packed_snapshot():
    assert unpacked_digest(RAW) is None
    assert unpacked_digest(b"\0" * 100) is None


def test_a_snapshot_beyond_the_limit_is_never_unpacked_whole():
    assert unpacked_digest(bomb()) is None
    assert len(unpack(bomb())) == MAX_RAW_BYTES + 1
    assert unpacked_digest(pack(bytes(MAX_RAW_BYTES))) == digest(bytes(MAX_RAW_BYTES))
