"""The key beside a key, where answers to its messages go: `{chat:1}:leadtext`, in the same hash slot."""

SUFFIX = b":leadtext"
SIDE, NO_SIDE = "leadtext", "noSideKey"  # why keys are skipped, in reports


def is_side_key(key: bytes) -> bool:
    """Whether a key is the side key of another one; no run reads it."""
    return key.endswith(SUFFIX)


def side_key(key: bytes) -> bytes | None:
    """The side key of a key; None where no key of another name has its slot: it has a closing brace, and no hash tag.

    A server hashes what stands between the first opening brace and the first closing one after it, else the whole key.
    """
    _, opened, after = key.partition(b"{")
    tag, closed, _ = after.partition(b"}")
    if opened and closed and tag:
        return key + SUFFIX
    return None if b"}" in key or not key else b"{" + key + b"}" + SUFFIX
