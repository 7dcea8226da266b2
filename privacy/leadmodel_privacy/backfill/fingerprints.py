"""Sets of 8-byte fingerprints: which keys were changed, which contents are known clean. Eight bytes a key, sorted for lookup."""

import hashlib
from array import array
from bisect import bisect_left

_WIDTH = 8
_PARTS, _PART_SHIFT = 8, 8 * _WIDTH - 3


def of_key(key: bytes) -> int:
    """Names a key."""
    return int.from_bytes(hashlib.blake2b(key, digest_size=_WIDTH).digest(), "little")


def of_content(key: bytes, mark: bytes, version: bytes) -> int:
    """Names a key with this content, found clean by this version of the detector and its configuration."""
    digest = hashlib.blake2b(b"%d:%b%b%b" % (len(key), key, mark, version), digest_size=_WIDTH)
    return int.from_bytes(digest.digest(), "little")


class Fingerprints:
    """Grows by appending; `seal` before looking up."""

    def __init__(self, packed: bytes = b"") -> None:
        self._found = array("Q")
        self._found.frombytes(packed[: len(packed) // _WIDTH * _WIDTH])
        self._saved = len(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def add(self, mark: int) -> None:
        """One more."""
        self._found.append(mark)

    def unsaved(self) -> bytes:
        """What was added since `saved` was last called."""
        return self._found[self._saved :].tobytes()

    def saved(self) -> None:
        """All so far is kept elsewhere."""
        self._saved = len(self._found)

    def seal(self) -> None:
        """Sort; nothing is added after."""
        self._found = _in_order(self._found)
        self._saved = len(self._found)

    def __contains__(self, mark: int) -> bool:
        place = bisect_left(self._found, mark)
        return place < len(self._found) and self._found[place] == mark

    def sealed(self) -> "Fingerprints":
        """A copy to look up in."""
        copy = Fingerprints()
        copy._found = _in_order(self._found)
        copy.saved()
        return copy


def _in_order(found: "array[int]") -> "array[int]":
    """Sorted part by part: as Python's numbers a million of them would take 40 MB."""
    ordered = array("Q")
    for part in range(_PARTS):
        ordered.extend(sorted(mark for mark in found if mark >> _PART_SHIFT == part))
    return ordered
