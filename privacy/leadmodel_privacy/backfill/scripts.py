"""The Lua scripts: each works on one key, in one step, and is known to the server by the digest of its text."""

import hashlib
from dataclasses import dataclass
from importlib.resources import files

NAMES = ("overview", "string", "list", "hash", "zset", "stream", "json", "lease", "save", "finish", "release")


@dataclass(frozen=True)
class Script:
    """A script and its name on the server."""

    text: bytes
    digest: str


def load() -> dict[str, Script]:
    """All scripts, from the files beside this module."""
    folder = files("leadmodel_privacy.backfill").joinpath("lua")
    found = {}
    for name in NAMES:
        text = folder.joinpath(f"{name}.lua").read_bytes()
        found[name] = Script(text, hashlib.sha1(text, usedforsecurity=False).hexdigest())
    return found
