"""What the server can do, asked before anything is read."""

import re
from dataclasses import dataclass

from leadmodel_privacy.backfill.outcomes import Refused, ServerUnavailable
from leadmodel_privacy.backfill.redis_types import digest, packed
from leadmodel_privacy.backfill.servers import Servers

_TRIED = ("0-5", "0-7", "0-9")


@dataclass(frozen=True)
class Capabilities:
    """Facts of the weakest primary."""

    fields_expire: bool  # hash fields can have a life of their own
    documents: bool  # the RedisJSON module is there
    no_touch: bool  # reading leaves no trace for eviction
    keys: int


def probe_servers(servers: Servers) -> Capabilities:
    """Ask all primaries. Raises Refused for a server that is too old."""
    facts = []
    for node in servers.primaries():
        info = node.one("INFO", "server").decode()
        _check_version(info)
        if "role:master" not in node.one("INFO", "replication").decode():
            raise ServerUnavailable(f"{node.name} is a replica just now")
        asked = node.one("COMMAND", "INFO", "hpexpiretime", "json.get", "client|no-touch")
        there = [bool(found) for found in asked]
        facts.append((*there, int(node.one("DBSIZE"))))
    return Capabilities(
        fields_expire=all(f[0] for f in facts),
        documents=all(f[1] for f in facts),
        no_touch=all(f[2] for f in facts),
        keys=sum(f[3] for f in facts),
    )


def _check_version(info: str) -> None:
    valkey = re.search(r"^valkey_version:", info, re.MULTILINE)
    found = re.search(r"^redis_version:(\d+)\.", info, re.MULTILINE)
    if valkey is None and (found is None or int(found[1]) < 7):
        raise Refused("this server is too old: the backfill needs Redis 7.0 or newer, or Valkey")


def rebuilds_streams(servers: Servers, key: str) -> bool:
    """Try the stream script on a stream of our own: what it relies on differs between servers and may differ in one to come."""
    node = servers.holding(key)
    node.one("DEL", key)
    for ident in (*_TRIED, "0-11"):
        node.one("XADD", key, ident, "text", ident)
    node.one("XDEL", key, "0-5", "0-11")
    node.one("XGROUP", "CREATE", key, "group", "0-7")
    before = node.one("XINFO", "STREAM", key, "FULL")
    call = (100, "0-9", digest(packed([b"text", b"0-9"])), 2, "text", "0-9")
    reply = node.run([node.script("stream", [key], *call)])[0]
    after = node.one("XINFO", "STREAM", key, "FULL")
    node.one("DEL", key)
    return list(reply) == [1, 0] and before == after if isinstance(reply, list) else False
