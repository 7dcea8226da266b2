"""The Lua scripts: each works on the keys of one hash slot, in one step, and is called by the SHA-1 of its text.

redis-py's `register_script` would do the same for a client, but not for the pipeline of `nodes.py`: it loads a missing script
inside its own call, one script per round trip, or asks the server `SCRIPT EXISTS` before every pipeline. Here sixteen calls
share a round trip, replies are raw, errors are values, and a redirected key takes the script to another node.
"""

import hashlib
from dataclasses import dataclass
from importlib.resources import files

NAMES = (
    "overview",
    "string",
    "list",
    "hash",
    "zset",
    "stream",
    "json",
    "beside",
    "lease",
    "save",
    "finish",
    "release",
)


@dataclass(frozen=True)
class Script:
    """A script's text, and the digest that EVALSHA takes."""

    text: bytes
    digest: str


def load() -> dict[str, Script]:
    """All scripts by name, from the `lua` folder beside this module."""
    folder = files("leadmodel_privacy.backfill").joinpath("lua")
    scripts = {}
    for name in NAMES:
        text = folder.joinpath(f"{name}.lua").read_bytes()
        scripts[name] = Script(text, hashlib.sha1(text, usedforsecurity=False).hexdigest())
    return scripts
