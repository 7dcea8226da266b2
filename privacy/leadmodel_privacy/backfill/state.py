"""The keys that a run keeps in the Redis it redacts: lease, checkpoint, fingerprints, and the configuration of the last dry run.

All keys of one name share a hash tag, so that one script can write them together, and only while the run holds the lease under
its fence.
"""

import json
import os
from dataclasses import dataclass, field
from typing import Any

from leadmodel_privacy.backfill.errors import LeaseLost, Refused
from leadmodel_privacy.backfill.fingerprints import Fingerprints
from leadmodel_privacy.backfill.servers import Servers

PREFIX, BESIDE_PREFIX = "leadmodel:{backfill:", "leadmodel:{enrich:"
_MONTH_S = 30 * 86400
_STAMPS_S = 60 * 86400


@dataclass
class Checkpoint:
    """Where a run is. A cursor is valid only for the server process (`run`) that returned the cursor."""

    version: str
    config: str
    mode: str
    verifying: bool = False
    nodes: dict[str, dict[str, str]] = field(
        default_factory=dict
    )  # node → {run, cursor}; cursor "done" at its end
    slots: str = ""  # topology.Slots as JSON, from the beginning of the pass
    started: float = 0
    tally: dict[str, Any] = field(default_factory=dict)

    def dump(self) -> str:
        """The JSON that Redis keeps; the names of the attributes are its keys and must stay."""
        return json.dumps(self.__dict__, separators=(",", ":"))

    def continues(self, other: "Checkpoint") -> bool:
        """True if both checkpoints have the same detector, settings and mode."""
        return (self.version, self.config, self.mode) == (other.version, other.config, other.mode)


class State:
    """The keys of one name; `owner` names this process, `lease_s` is the lease's duration in seconds."""

    def __init__(self, servers: Servers, name: str, owner: str, lease_s: float, prefix: str = PREFIX) -> None:
        self._servers = servers
        self._prefix = f"{prefix}{name}}}:"
        self._owner, self._lease_ms, self._fence = owner, int(lease_s * 1000), 0

    def key(self, name: str) -> str:
        """The full name of a key of this state."""
        return self._prefix + name

    @property
    def fence(self) -> int:
        """The fence, a number that grows each time the lease is taken; 0 before `acquire`."""
        return self._fence

    def acquire(self) -> float:
        """Take the lease; 0, or the seconds for which another run still holds it."""
        reply = self._call("lease", ("lease", "state"), self._owner, self._lease_ms)
        if int(reply[0]) == 0:
            return max(0.05, int(reply[1]) / 1000)
        self._fence = int(reply[0])
        return 0

    def renew(self) -> None:
        """Renew the lease.

        Raises:
            LeaseLost: Another run has taken the lease.
        """
        self._require_lease(
            self._call("save", ("lease", "state", "changed", "clean"), *self._lease(), "", 0, 0, "", "")
        )

    def save(
        self, checkpoint: Checkpoint, changed: Fingerprints, clean: Fingerprints, *, anew: bool = False
    ) -> None:
        """Renew the lease, write the checkpoint and append the new fingerprints; `anew` drops the fingerprints stored before.

        Raises:
            LeaseLost: Another run has taken the lease.
        """
        added = (changed.unsaved(), clean.unsaved())
        words = ("lease", "state", "changed", "clean")
        self._require_lease(
            self._call("save", words, *self._lease(), checkpoint.dump(), int(anew), _MONTH_S, *added)
        )
        changed.mark_saved()
        clean.mark_saved()

    def finish(self, *, stamps: bool, fields: dict[str, str]) -> None:
        """Drop the checkpoint, keep clean fingerprints as stamps if `stamps`, and write `fields` for later runs.

        Raises:
            LeaseLost: Another run has taken the lease.
        """
        words = ("lease", "state", "changed", "clean", "stamps")
        pairs = [item for pair in fields.items() for item in pair]
        lease = (self._owner, self._fence)
        self._require_lease(self._call("finish", words, *lease, int(stamps), _STAMPS_S, *pairs))

    def release(self) -> None:
        """Release the lease, if this run holds it."""
        self._call("release", ("lease",), self._owner)

    def fields(self) -> dict[str, str]:
        """The fields of the state hash."""
        flat = self._one("HGETALL", self.key("state"))
        return {k.decode(): v.decode(errors="replace") for k, v in zip(flat[::2], flat[1::2], strict=True)}

    def checkpoint(self) -> Checkpoint | None:
        """The checkpoint of a run that did not finish, or None."""
        raw = self.fields().get("checkpoint")
        try:
            return Checkpoint(**json.loads(raw)) if raw else None
        except (ValueError, TypeError):
            return None

    def fingerprints(self, name: str) -> Fingerprints:
        """A stored set of fingerprints."""
        return Fingerprints(self._one("GET", self.key(name)) or b"")

    def salt(self) -> bytes:
        """The key of the hashes that name keys in reports; created once per name."""
        self._one("HSETNX", self.key("state"), "salt", os.urandom(16).hex())
        return bytes.fromhex(self._one("HGET", self.key("state"), "salt").decode())

    def put(self, name: str, value: bytes, seconds: int) -> None:
        """Store a value that expires after so many seconds."""
        self._one("SET", self.key(name), value, "EX", seconds)

    def append(self, name: str, record: bytes) -> None:
        """Append a record to a stream that only grows."""
        self._one("XADD", self.key(name), "*", "record", record)

    def _lease(self) -> tuple[Any, ...]:
        return (self._owner, self._fence, self._lease_ms)

    def _call(self, script: str, words: tuple[str, ...], *arguments: Any) -> Any:
        keys = [self.key(name) for name in words]
        node = self._servers.holding(keys[0])
        return node.one(*node.script(script, keys, *arguments))

    def _one(self, command: str, key: str, *arguments: Any) -> Any:
        return self._servers.holding(key).one(command, key, *arguments)

    def _require_lease(self, reply: Any) -> None:
        if int(reply) != 1:
            raise LeaseLost("another run took the lease over; this one stops, nothing is lost")


def check_name(name: str) -> str:
    """The name, if it can stand in a hash tag.

    Raises:
        Refused: The name is empty, too long, or has a space or brace.
    """
    if not name or len(name) > 128 or any(sign in name for sign in "{} \n"):
        raise Refused("--name takes 1 to 128 characters without spaces and braces")
    return name
