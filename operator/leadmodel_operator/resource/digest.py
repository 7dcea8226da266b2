"""Digests as people read them, and short hashes of anything."""

import hashlib


def short(digest: str | None) -> str:
    """Twelve hex, for people."""
    return "none" if digest is None else digest.removeprefix("sha256:")[:12]


def hashed(*parts: object) -> str:
    """Ten hex that change when any part changes."""
    return hashlib.sha256("\x00".join(map(repr, parts)).encode()).hexdigest()[:10]
