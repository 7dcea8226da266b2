"""What the servers can do, asked before any key is read."""

import re
from dataclasses import dataclass

from leadmodel_privacy.backfill.errors import Refused, ServerUnavailable
from leadmodel_privacy.backfill.key_parts import digest, packed
from leadmodel_privacy.backfill.servers import Servers

_TRIAL_IDS = ("0-5", "0-7", "0-9")


@dataclass(frozen=True)
class Capabilities:
    """What every primary can do, and how many keys all primaries hold together."""

    fields_expire: bool  # fields of a hash may expire by themselves
    documents: bool  # the RedisJSON module is loaded
    no_touch: bool  # reads can leave the eviction order alone
    keys: int


def probe_servers(servers: Servers) -> Capabilities:
    """Ask all primaries.

    Raises:
        Refused: A server is older than Redis 7.0.
        ServerUnavailable: A server has become a replica.
    """
    answers = []
    for node in servers.primaries():
        info = node.one("INFO", "server").decode()
        _check_version(info)
        if "role:master" not in node.one("INFO", "replication").decode():
            raise ServerUnavailable(f"{node.name} is a replica just now")
        commands = node.one("COMMAND", "INFO", "hpexpiretime", "json.get", "client|no-touch")
        answers.append((*(bool(command) for command in commands), int(node.one("DBSIZE"))))
    return Capabilities(
        fields_expire=all(a[0] for a in answers),
        documents=all(a[1] for a in answers),
        no_touch=all(a[2] for a in answers),
        keys=sum(a[3] for a in answers),
    )


def _check_version(info: str) -> None:
    valkey = re.search(r"^valkey_version:", info, re.MULTILINE)
    version = re.search(r"^redis_version:(\d+)\.", info, re.MULTILINE)
    if valkey is None and (version is None or int(version[1]) < 7):
        raise Refused("this server is too old: the backfill needs Redis 7.0 or newer, or Valkey")


def rebuilds_streams(servers: Servers, key: str) -> bool:
    """Try the stream script on a stream of the backfill's own at `key`; True if the stream is the same afterwards.

    The XSETID behaviour that the script relies on differs between servers and may differ again in a later version.
    """
    node = servers.holding(key)
    node.one("DEL", key)
    for entry_id in (*_TRIAL_IDS, "0-11"):
        node.one("XADD", key, entry_id, "text", entry_id)
    node.one("XDEL", key, "0-5", "0-11")
    node.one("XGROUP", "CREATE", key, "group", "0-7")
    before = node.one("XINFO", "STREAM", key, "FULL")
    call = (100, "0-9", digest(packed([b"text", b"0-9"])), 2, "text", "0-9")
    reply = node.run([node.script("stream", [key], *call)])[0]
    after = node.one("XINFO", "STREAM", key, "FULL")
    node.one("DEL", key)
    return list(reply) == [1, 0] and before == after if isinstance(reply, list) else False
