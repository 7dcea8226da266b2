"""One pass over all keys: every primary by its own cursor, from the checkpoint on, again where the server was another or slots moved."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from leadmodel_privacy.backfill import topology
from leadmodel_privacy.backfill.nodes import Node
from leadmodel_privacy.backfill.outcomes import ServerUnavailable
from leadmodel_privacy.backfill.servers import Servers
from leadmodel_privacy.backfill.state import Checkpoint

DONE = "done"
_LOOK_AT_SLOTS_S = 2.0
_ROUNDS = 20  # scans of moving nodes before the run is put off


@dataclass
class KeyScan:
    """A pass. `match` sorts out on the server, `page` takes the keys, `saved` is called after each page."""

    servers: Servers
    checkpoint: Checkpoint
    match: bytes
    count: int
    page: Callable[[Node, list[bytes]], None]
    saved: Callable[[], None]
    restarted: Callable[[], None]
    _looked: float = 0

    def run(self) -> None:
        """To the end of all nodes. Raises ServerUnavailable in the middle; call again after a new connection."""
        mark = self.checkpoint
        before = topology.Slots.load(mark.slots) if mark.slots else topology.observe_slots(self.servers)
        mark.slots = before.dump()
        for _ in range(_ROUNDS):
            for node in self.servers.primaries():
                self._node(node)
            after = topology.observe_slots(self.servers)
            before = topology.Slots.load(mark.slots)
            stale = topology.nodes_to_rescan(before, after)
            if not stale:
                return
            for name in stale:
                mark.nodes.pop(name, None)
            mark.slots = topology.Slots(after.of, frozenset()).dump()
            self.restarted()
            self._settle()
        raise ServerUnavailable("slots of the cluster keep moving")

    def _settle(self) -> None:
        """A move in progress is given a moment; the nodes are read anew."""
        self.servers.connect()
        time.sleep(0.2 if self.servers.cluster is not None else 0)

    def _node(self, node: Node) -> None:
        place = self.checkpoint.nodes.get(node.name)
        run = _run_id(node.one("INFO", "server"))
        if place is None or place["run"] != run:
            if place is not None:
                self.restarted()
            place = self.checkpoint.nodes[node.name] = {"run": run, "cursor": "0"}
        while place["cursor"] != DONE:
            found, about = node.run(
                [("SCAN", place["cursor"], "MATCH", self.match, "COUNT", self.count), ("INFO", "server")]
            )
            if isinstance(found, Exception) or isinstance(about, Exception) or _run_id(about) != run:
                raise ServerUnavailable("the server was replaced during the scan")
            cursor, keys = found
            if keys:
                self.page(node, keys)
            place["cursor"] = DONE if cursor == b"0" else cursor.decode()
            self._record_slot_moves()
            self.saved()

    def _record_slot_moves(self) -> None:
        """A move that begins and ends within one pass must not go unseen."""
        now = time.monotonic()
        if self.servers.cluster is None or now - self._looked < _LOOK_AT_SLOTS_S:
            return
        self._looked = now
        before, seen = topology.Slots.load(self.checkpoint.slots), topology.observe_slots(self.servers)
        moving = before.moving | seen.moving
        if moving != before.moving:
            self.checkpoint.slots = topology.Slots(before.of, moving).dump()


def _run_id(info: bytes) -> str:
    return next(
        line.partition(b":")[2].strip().decode() for line in info.splitlines() if line.startswith(b"run_id:")
    )
