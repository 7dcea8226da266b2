"""What a run keeps in the Redis it works on: lease, checkpoint, fingerprints, and the configuration of the last dry run.

All keys of a name share a hash tag, so one script may write them together, and only while it holds the lease under its fence.
"""

import json
import os
from dataclasses import dataclass, field
from typing import Any

from leadmodel_privacy.backfill.fingerprints import Fingerprints
from leadmodel_privacy.backfill.outcomes import LeaseLost, Refused
from leadmodel_privacy.backfill.servers import Servers

PREFIX = "leadmodel:{backfill:"
_MONTH_S = 30 * 86400
_STAMPS_S = 60 * 86400


@dataclass
class Checkpoint:
    """Where a run is. A cursor counts only for the server process (`run`) that gave it."""

    version: str
    config: str
    mode: str
    verifying: bool = False
    nodes: dict[str, dict[str, str]] = field(
        default_factory=dict
    )  # node → {run, cursor}; cursor "done" at its end
    slots: str = ""  # who held which slots when the pass began
    started: float = 0
    tally: dict[str, Any] = field(default_factory=dict)

    def dump(self) -> str:
        """As it is kept."""
        return json.dumps(self.__dict__, separators=(",", ":"))

    def continues(self, other: "Checkpoint") -> bool:
        """Whether a run may go on where the other was."""
        return (self.version, self.config, self.mode) == (other.version, other.config, other.mode)


class State:
    """The keys of one name. `owner` names this process."""

    def __init__(self, servers: Servers, name: str, owner: str, lease_s: float) -> None:
        self._servers = servers
        self._prefix = f"{PREFIX}{name}}}:"
        self._owner, self._lease_ms, self._fence = owner, int(lease_s * 1000), 0

    def key(self, name: str) -> str:
        """The name of one of our keys."""
        return self._prefix + name

    @property
    def fence(self) -> int:
        """Raised each time the lease is taken."""
        return self._fence

    def acquire(self) -> float:
        """Take the lease: 0, or the seconds another still holds it."""
        got = self._call("lease", ("lease", "state"), self._owner, self._lease_ms)
        if int(got[0]) == 0:
            return max(0.05, int(got[1]) / 1000)
        self._fence = int(got[0])
        return 0

    def renew(self) -> None:
        """Keep the lease."""
        self._held(
            self._call("save", ("lease", "state", "changed", "clean"), *self._mine(), "", 0, 0, "", "")
        )

    def save(
        self, checkpoint: Checkpoint, changed: Fingerprints, clean: Fingerprints, *, anew: bool = False
    ) -> None:
        """Keep the lease and write the checkpoint."""
        added = (changed.unsaved(), clean.unsaved())
        words = ("lease", "state", "changed", "clean")
        self._held(self._call("save", words, *self._mine(), checkpoint.dump(), int(anew), _MONTH_S, *added))
        changed.saved()
        clean.saved()

    def finish(self, *, stamps: bool, facts: dict[str, str]) -> None:
        """The run is done."""
        words = ("lease", "state", "changed", "clean", "stamps")
        pairs = [item for pair in facts.items() for item in pair]
        mine = (self._owner, self._fence)
        self._held(self._call("finish", words, *mine, int(stamps), _STAMPS_S, *pairs))

    def release(self) -> None:
        """Give the lease back."""
        self._call("release", ("lease",), self._owner)

    def facts(self) -> dict[str, str]:
        """The state's fields."""
        flat = self._one("HGETALL", self.key("state"))
        return {k.decode(): v.decode(errors="replace") for k, v in zip(flat[::2], flat[1::2], strict=True)}

    def checkpoint(self) -> Checkpoint | None:
        """Of a run that did not finish."""
        raw = self.facts().get("checkpoint")
        try:
            return Checkpoint(**json.loads(raw)) if raw else None
        except (ValueError, TypeError):
            return None

    def fingerprints(self, name: str) -> Fingerprints:
        """A set that was kept."""
        return Fingerprints(self._one("GET", self.key(name)) or b"")

    def salt(self) -> bytes:
        """What hashes of key names are keyed with; made once."""
        self._one("HSETNX", self.key("state"), "salt", os.urandom(16).hex())
        return bytes.fromhex(self._one("HGET", self.key("state"), "salt").decode())

    def put(self, name: str, value: bytes, seconds: int) -> None:
        """A value that goes away by itself."""
        self._one("SET", self.key(name), value, "EX", seconds)

    def append(self, name: str, record: bytes) -> None:
        """An entry of a stream that only grows."""
        self._one("XADD", self.key(name), "*", "record", record)

    def _mine(self) -> tuple[Any, ...]:
        return (self._owner, self._fence, self._lease_ms)

    def _call(self, script: str, words: tuple[str, ...], *arguments: Any) -> Any:
        keys = [self.key(name) for name in words]
        node = self._servers.holding(keys[0])
        return node.one(*node.script(script, keys, *arguments))

    def _one(self, command: str, key: str, *arguments: Any) -> Any:
        return self._servers.holding(key).one(command, key, *arguments)

    def _held(self, reply: Any) -> None:
        if int(reply) != 1:
            raise LeaseLost("another run took the lease over; this one stops, nothing is lost")


def check_name(name: str) -> str:
    """A name that may stand in a hash tag."""
    if not name or len(name) > 128 or any(sign in name for sign in "{} \n"):
        raise Refused("--name takes 1 to 128 characters without spaces and braces")
    return name
