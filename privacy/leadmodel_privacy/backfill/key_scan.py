"""One pass over all keys: each primary by its own cursor, from the checkpoint on, and again where a server was replaced or slots moved."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from leadmodel_privacy.backfill import topology
from leadmodel_privacy.backfill.errors import ServerUnavailable
from leadmodel_privacy.backfill.nodes import Node
from leadmodel_privacy.backfill.servers import Servers
from leadmodel_privacy.backfill.state import Checkpoint

DONE = "done"
_OBSERVE_SLOTS_S = 2.0
_ROUNDS = 20  # rescans of moving nodes before the run is put off


@dataclass
class KeyScan:
    """One pass over all keys.

    Attributes:
        servers: The primaries to scan.
        checkpoint: Where the pass is; kept up to date.
        match: The pattern by which the server filters.
        count: Keys per SCAN call.
        on_page: Takes each page of keys.
        on_saved: Called after each page, to save the checkpoint.
        on_restart: Called when the scan of a node begins anew.
    """

    servers: Servers
    checkpoint: Checkpoint
    match: bytes
    count: int
    on_page: Callable[[Node, list[bytes]], None]
    on_saved: Callable[[], None]
    on_restart: Callable[[], None]
    _observed_at: float = 0

    def run(self) -> None:
        """Scan all nodes to their end.

        Raises:
            ServerUnavailable: A server went away or was replaced; call again after a new connection.
        """
        checkpoint = self.checkpoint
        before = (
            topology.Slots.load(checkpoint.slots)
            if checkpoint.slots
            else topology.observe_slots(self.servers)
        )
        checkpoint.slots = before.dump()
        for _ in range(_ROUNDS):
            for node in self.servers.primaries():
                self.scan_node(node)
            after = topology.observe_slots(self.servers)
            before = topology.Slots.load(checkpoint.slots)
            stale = topology.nodes_to_rescan(before, after)
            if not stale:
                return
            for name in stale:
                checkpoint.nodes.pop(name, None)
            checkpoint.slots = topology.Slots(after.of, frozenset()).dump()
            self.on_restart()
            self._settle()
        raise ServerUnavailable("slots of the cluster keep moving")

    def _settle(self) -> None:
        """Give a move of slots a moment, and read the nodes anew."""
        self.servers.connect()
        time.sleep(0.2 if self.servers.cluster is not None else 0)

    def scan_node(self, node: Node) -> None:
        """Scan one primary from its last cursor to the end; the scan of a restarted primary begins anew."""
        place = self.checkpoint.nodes.get(node.name)
        run = run_id(node.one("INFO", "server"))
        if place is None or place["run"] != run:
            if place is not None:
                self.on_restart()
            place = self.checkpoint.nodes[node.name] = {"run": run, "cursor": "0"}
        while place["cursor"] != DONE:
            scanned, info = node.run(
                [("SCAN", place["cursor"], "MATCH", self.match, "COUNT", self.count), ("INFO", "server")]
            )
            if isinstance(scanned, Exception) or isinstance(info, Exception) or run_id(info) != run:
                raise ServerUnavailable("the server was replaced during the scan")
            cursor, keys = scanned
            if keys:
                self.on_page(node, keys)
            place["cursor"] = DONE if cursor == b"0" else cursor.decode()
            self._record_slot_moves()
            self.on_saved()

    def _record_slot_moves(self) -> None:
        """Record moving slots every two seconds: a move that begins and ends within one pass must not go unseen."""
        now = time.monotonic()
        if self.servers.cluster is None or now - self._observed_at < _OBSERVE_SLOTS_S:
            return
        self._observed_at = now
        before, now_seen = topology.Slots.load(self.checkpoint.slots), topology.observe_slots(self.servers)
        moving = before.moving | now_seen.moving
        if moving != before.moving:
            self.checkpoint.slots = topology.Slots(before.of, moving).dump()


def run_id(info: bytes) -> str:
    """Read the run id of a server: a restarted server has another one, and its SCAN cursors mean nothing any more."""
    return next(
        line.partition(b":")[2].strip().decode() for line in info.splitlines() if line.startswith(b"run_id:")
    )
