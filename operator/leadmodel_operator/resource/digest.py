"""Digests in the short form for people, and short hashes for names."""

import hashlib


def short(digest: str | None) -> str:
    """The first twelve hex digits of a digest, as people and tables show it; "none" for None."""
    return "none" if digest is None else digest.removeprefix("sha256:")[:12]


def hashed(*parts: object) -> str:
    """Ten hex digits of a SHA-256 over the `repr` of all parts: any changed part changes the result."""
    return hashlib.sha256("\x00".join(map(repr, parts)).encode()).hexdigest()[:10]
