"""Who holds which slots, as all primaries see it, and which nodes to scan again after slots moved."""

import hashlib
import json
from dataclasses import dataclass

from leadmodel_privacy.backfill.nodes import Node
from leadmodel_privacy.backfill.outcomes import ServerUnavailable
from leadmodel_privacy.backfill.servers import Servers


@dataclass(frozen=True)
class Slots:
    """Slot ranges of each primary, and whether any slot is on its way."""

    of: dict[str, str]  # node id → "0-5460 5462"
    moving: frozenset[str]  # nodes that take part in a move right now

    def dump(self) -> str:
        """As the checkpoint keeps it."""
        return json.dumps({"of": self.of, "moving": sorted(self.moving)}, separators=(",", ":"))

    @classmethod
    def load(cls, raw: str) -> "Slots":
        """What `dump` made; a single server has none."""
        found = json.loads(raw) if raw else {"of": {}, "moving": []}
        return cls(found["of"], frozenset(found["moving"]))


def observe_slots(servers: Servers) -> Slots:
    """Ask every primary."""
    if servers.cluster is None:
        return Slots({}, frozenset())
    of: dict[str, str] = {}
    moving: set[str] = set()
    for node in servers.primaries():
        ranges, open_ = _mine(node)
        of[node.name] = ranges
        moving |= open_
    return Slots(of, frozenset(moving))


def _mine(node: Node) -> tuple[str, set[str]]:
    """Its own line of CLUSTER NODES: only there slots on their way show."""
    for line in node.one("CLUSTER", "NODES").decode().splitlines():
        words = line.split()
        if "myself" in words[2].split(","):
            stable = [w for w in words[8:] if not w.startswith("[")]
            others = {w.strip("[]").partition("-")[2].lstrip("<>-") for w in words[8:] if w.startswith("[")}
            return " ".join(stable), others | ({node.name} if others else set())
    raise ServerUnavailable(f"{node.name} does not know itself yet")


def nodes_to_rescan(before: Slots, after: Slots) -> set[str]:
    """Nodes that may hold keys no scan has seen: they gained slots, are new, or took part in a move."""
    gained = {name for name, ranges in after.of.items() if before.of.get(name) != ranges}
    return (gained | before.moving | after.moving) & set(after.of)


def fingerprint(slots: Slots) -> str:
    """Short name of a layout."""
    return hashlib.sha256(slots.dump().encode()).hexdigest()[:12]
