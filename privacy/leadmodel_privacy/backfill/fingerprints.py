"""Sets of 8-byte fingerprints: keys that were changed, and contents known to be clean. A sorted array costs 8 bytes per entry."""

import hashlib
from array import array
from bisect import bisect_left

_WIDTH = 8  # bytes
_PARTS, _PART_SHIFT = 8, 8 * _WIDTH - 3


def of_key(key: bytes) -> int:
    """The fingerprint of a key's name: BLAKE2b, 64 bits."""
    return int.from_bytes(hashlib.blake2b(key, digest_size=_WIDTH).digest(), "little")


def of_content(key: bytes, content: bytes, version: bytes) -> int:
    """The fingerprint of a key with this content digest, read by this version of the detector and its configuration."""
    digest = hashlib.blake2b(b"%d:%b%b%b" % (len(key), key, content, version), digest_size=_WIDTH)
    return int.from_bytes(digest.digest(), "little")


class Fingerprints:
    """A set that grows by appending; only a `sorted_copy` can be searched."""

    def __init__(self, packed: bytes = b"") -> None:
        self._items = array("Q")
        self._items.frombytes(packed[: len(packed) // _WIDTH * _WIDTH])
        self._saved = len(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def add(self, fingerprint: int) -> None:
        """Append a fingerprint; duplicates are kept."""
        self._items.append(fingerprint)

    def unsaved(self) -> bytes:
        """The fingerprints added since the last call of `mark_saved`, packed."""
        return self._items[self._saved :].tobytes()

    def mark_saved(self) -> None:
        """Note that every fingerprint so far is stored in Redis."""
        self._saved = len(self._items)

    def __contains__(self, fingerprint: int) -> bool:
        place = bisect_left(self._items, fingerprint)
        return place < len(self._items) and self._items[place] == fingerprint

    def sorted_copy(self) -> "Fingerprints":
        """A sorted copy, to test membership in."""
        copy = Fingerprints()
        copy._items = _sorted(self._items)
        copy.mark_saved()
        return copy


def _sorted(items: "array[int]") -> "array[int]":
    """Sort in eight parts, by the highest bits: a million entries as Python numbers at once would take 40 MB."""
    ordered = array("Q")
    for part in range(_PARTS):
        ordered.extend(sorted(item for item in items if item >> _PART_SHIFT == part))
    return ordered
