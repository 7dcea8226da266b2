"""Which primary holds which hash slots, as all primaries report it, and which primaries to scan again after slots moved."""

import json
from dataclasses import dataclass

from leadmodel_privacy.backfill.errors import ServerUnavailable
from leadmodel_privacy.backfill.nodes import Node
from leadmodel_privacy.backfill.servers import Servers


@dataclass(frozen=True)
class Slots:
    """Slot ranges of each primary, and the primaries between which slots are moving."""

    of: dict[str, str]  # node id → "0-5460 5462"
    moving: frozenset[str]  # node ids

    def dump(self) -> str:
        """The JSON that a checkpoint holds."""
        return json.dumps({"of": self.of, "moving": sorted(self.moving)}, separators=(",", ":"))

    @classmethod
    def load(cls, raw: str) -> "Slots":
        """Read the JSON of `dump`; an empty string, from a single server, holds no slots."""
        document = json.loads(raw) if raw else {"of": {}, "moving": []}
        return cls(document["of"], frozenset(document["moving"]))


def observe_slots(servers: Servers) -> Slots:
    """Ask every primary for its slots.

    Raises:
        ServerUnavailable: A primary does not list itself yet.
    """
    if servers.cluster is None:
        return Slots({}, frozenset())
    of: dict[str, str] = {}
    moving: set[str] = set()
    for node in servers.primaries():
        ranges, moving_nodes = _slots_of(node)
        of[node.name] = ranges
        moving |= moving_nodes
    return Slots(of, frozenset(moving))


def _slots_of(node: Node) -> tuple[str, set[str]]:
    """The slots of a node from its own line of CLUSTER NODES, the only line that shows slots on the move."""
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
