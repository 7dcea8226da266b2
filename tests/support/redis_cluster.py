"""A real cluster of three primaries, whose slots can be moved."""

import time


class Cluster:
    """Three primaries."""

    def __init__(self, world, flavour: str) -> None:
        options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "5000")
        self.servers = [world.server(flavour, *options) for _ in range(3)]
        self.clients = [server.client() for server in self.servers]
        thirds = [(0, 5460), (5461, 10922), (10923, 16383)]
        for client, (first, last) in zip(self.clients, thirds, strict=True):
            client.execute_command("CLUSTER ADDSLOTSRANGE", first, last)
        for client in self.clients[1:]:
            client.execute_command("CLUSTER MEET", "127.0.0.1", self.servers[0].port)
        self.ids = [client.execute_command("CLUSTER MYID").decode() for client in self.clients]
        while not all(
            c.execute_command("CLUSTER INFO")["cluster_state"] == "ok"
            and c.execute_command("CLUSTER INFO")["cluster_known_nodes"] == "3"
            for c in self.clients
        ):
            time.sleep(0.05)

    @property
    def url(self) -> str:
        return self.servers[0].url

    def move(self, slots, source: int, target: int, pause: float = 0) -> None:
        """As `redis-cli --cluster reshard` does it: key by key, then the slot."""
        here, there = self.clients[source], self.clients[target]
        for slot in slots:
            there.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", self.ids[source])
            here.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", self.ids[target])
            while keys := here.execute_command("CLUSTER GETKEYSINSLOT", slot, 10):
                here.execute_command(
                    "MIGRATE", "127.0.0.1", self.servers[target].port, "", 0, 5000, "KEYS", *keys
                )
                time.sleep(pause)
            for client in (there, here, *self.clients):
                client.execute_command("CLUSTER SETSLOT", slot, "NODE", self.ids[target])
