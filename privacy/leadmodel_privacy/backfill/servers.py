"""The servers behind one URL: a single server, the primary that Sentinels name, or all primaries of a cluster."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.crc import key_slot
from redis.exceptions import RedisClusterException, RedisError
from redis.retry import Retry
from redis.sentinel import MasterNotFoundError, Sentinel

from leadmodel_privacy.backfill.errors import Refused, ServerUnavailable
from leadmodel_privacy.backfill.nodes import AWAY, Node, refused
from leadmodel_privacy.backfill.redis_url import RedisUrl, parse
from leadmodel_privacy.backfill.scripts import Script, load

SINGLE = "primary"
_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Access:
    """URL, login and TLS files of the server. Never logged.

    Attributes:
        url: `redis://`, `rediss://`, `unix://`, or either of the first two with `+sentinel`.
        username: User, in place of the URL's.
        password: Password, in place of the URL's.
        ca: PEM file of the certificates to trust.
        certificate: PEM file of the client's certificate.
        key: PEM file of the certificate's key.
    """

    url: str = field(repr=False)
    username: str = ""
    password: str = field(default="", repr=False)
    ca: str = ""
    certificate: str = ""
    key: str = field(default="", repr=False)

    @cached_property
    def parts(self) -> RedisUrl:
        """The parts of the URL.

        Raises:
            Refused: The URL cannot be used; the message holds no part of the URL.
        """
        return parse(self.url)

    def options(self) -> dict[str, Any]:
        """Keyword arguments of redis-py's clients, beside the place of the server."""
        options: dict[str, Any] = {
            "protocol": 2,
            "decode_responses": False,
            "socket_timeout": _TIMEOUT_S,
            "socket_connect_timeout": 5.0,
            "retry": Retry(NoBackoff(), 0),
            "client_name": "leadmodel-backfill",
            "db": self.parts.db,
        }
        named = {
            "username": self.username or self.parts.username,
            "password": self.password or self.parts.password,
        }
        if self.parts.secure:
            options["ssl"] = True
            named |= self._files()
        return options | {name: value for name, value in named.items() if value}

    def _files(self) -> dict[str, str]:
        """The TLS files by redis-py's names; a flag goes before the URL."""
        parts = self.parts
        return {
            "ssl_ca_certs": self.ca or parts.ca,
            "ssl_certfile": self.certificate or parts.certificate,
            "ssl_keyfile": self.key or parts.key,
        }

    def check(self) -> None:
        """Check the URL and the TLS files before anything is sent.

        Raises:
            Refused: The URL, or what goes with the URL, cannot be used.
        """
        files = self._files()
        if any(files.values()) and not self.parts.secure:
            raise Refused(
                "certificates are given, but the Redis URL is not encrypted; begin it with rediss://"
            )
        if bool(files["ssl_certfile"]) != bool(files["ssl_keyfile"]):
            raise Refused("--tls-cert and --tls-key go together; give both or none")
        for name in files.values():
            if name and not Path(name).is_file():
                raise Refused(f"{name} is not there; the TLS flags name files in PEM form")
        if self.parts.scheme.endswith("sentinel") and not self.parts.master:
            raise Refused("a Sentinel URL has the form redis+sentinel://host:26379,host:26379/MASTER[/db]")


class Servers:
    """All primaries; `connect` again after a failure, because Sentinels or cluster may name others."""

    def __init__(self, access: Access, clock: Callable[[], float] = time.perf_counter) -> None:
        self.access = access
        self.scripts: dict[str, Script] = load()
        self.clock = clock
        self.cluster: RedisCluster | None = None
        self._nodes: dict[str, Node] = {}
        self._by_address: dict[tuple[str, int], Node] = {}
        self._options: dict[str, Any] = {}

    def connect(self) -> None:
        """Find the primaries anew.

        Raises:
            ServerUnavailable: No answer, or not for all slots of a cluster.
            Refused: The URL, the login or the user's rights do not suffice.
        """
        self.close()
        self.access.check()
        self._options = self.access.options() | {"redis_connect_func": _on_connect}
        shown = self.access.parts.shown
        try:
            self._find()
        except (ServerUnavailable, Refused):
            raise
        except AWAY as error:
            raise ServerUnavailable(f"{shown} cannot be reached ({type(error).__name__})") from None
        except RedisClusterException:
            raise ServerUnavailable(f"the cluster at {shown} does not answer for all its slots") from None
        except RedisError as error:
            raise refused(error) from None
        except (ValueError, TypeError) as error:
            raise Refused(f"{shown} cannot be used ({type(error).__name__})") from None

    def _find(self) -> None:
        parts = self.access.parts
        if parts.scheme.endswith("sentinel"):
            self._nodes = {SINGLE: self._node(SINGLE, _by_sentinel(self.access, self._options))}
            return
        place = {"unix_socket_path": parts.path} if parts.path else _place(*parts.hosts[0])
        client = redis.Redis(**place, **self._options)
        node = self._node(SINGLE, client)
        if parts.path or b"cluster_enabled:1" not in node.one("INFO", "cluster"):
            self._nodes = {SINGLE: node}
            return
        client.close()
        self.cluster = RedisCluster(**place, **self._cluster_options())
        self._find_primaries()

    def primaries(self) -> list[Node]:
        """Every primary, in order of the node ids."""
        return [self._nodes[name] for name in sorted(self._nodes)]

    def holding(self, key: bytes | str) -> Node:
        """The primary that holds the slot of a key."""
        if self.cluster is None:
            return next(iter(self._nodes.values()))
        raw = key.encode() if isinstance(key, str) else key
        node = self.cluster.nodes_manager.get_node_from_slot(key_slot(raw))
        return self._at(node.host, int(node.port))

    @property
    def waited_s(self) -> float:
        """Seconds spent on round trips since the last `take_waited`."""
        return sum(node.waited_s for node in self._nodes.values())

    def take_waited(self) -> float:
        """The seconds of `waited_s`; the count begins anew."""
        waited = self.waited_s
        for node in self._nodes.values():
            node.waited_s = 0
        return waited

    def close(self) -> None:
        """Close all connections to the servers."""
        for node in self._nodes.values():
            node.client.close()
        if self.cluster is not None:
            self.cluster.close()
        self.cluster, self._nodes, self._by_address = None, {}, {}

    def _cluster_options(self) -> dict[str, Any]:
        return {name: value for name, value in self._options.items() if name not in {"retry", "db"}} | {
            "require_full_coverage": True
        }

    def _find_primaries(self) -> None:
        """Find the primaries of the cluster, by node id."""
        assert self.cluster is not None
        cluster: Any = self.cluster
        for primary in cluster.get_primaries():
            node = self._node("", cluster.get_redis_connection(primary))
            node.client.connection_pool.connection_kwargs["retry"] = Retry(NoBackoff(), 0)
            node.name = node.one("CLUSTER", "MYID").decode()
            self._nodes[node.name] = node

    def _at(self, host: str, port: int) -> Node:
        """The node at an address that the cluster named in a redirection."""
        known = self._by_address.get((host, port))
        if known is not None:
            return known
        for node in self._nodes.values():
            address = node.client.connection_pool.connection_kwargs
            if (address.get("host"), int(address.get("port", 0))) == (host, port):
                return self._by_address.setdefault((host, port), node)
        node = self._node("", redis.Redis(**_place(host, port), **self._options))
        node.name = node.one("CLUSTER", "MYID").decode()
        return self._by_address.setdefault((host, port), self._nodes.setdefault(node.name, node))

    def _node(self, name: str, client: "redis.Redis") -> Node:
        reach = self._at if self.cluster is not None else None
        return Node(name, client, self.scripts, reach=reach, clock=self.clock)


def _place(host: str, port: int) -> dict[str, Any]:
    return {"host": host, "port": port}


def _on_connect(connection: Any) -> None:
    """Log in, then ask with CLIENT NO-TOUCH (Redis 7.2, Valkey) that reads leave the eviction order alone."""
    connection.on_connect()
    connection.send_command("CLIENT", "NO-TOUCH", "ON", check_health=False)
    try:
        connection.read_response()
    except redis.ResponseError:
        return


def _by_sentinel(access: Access, options: dict[str, Any]) -> "redis.Redis":
    """The primary that Sentinels name: `redis+sentinel://[user:password@]host[:port][,host…]/MASTER[/db]`.

    The URL's login is the server's; Sentinels take REDIS_SENTINEL_USERNAME and REDIS_SENTINEL_PASSWORD.

    Raises:
        ServerUnavailable: No Sentinel knows the primary.
    """
    own = {name: value for name, value in options.items() if name.startswith(("ssl", "socket_", "retry"))}
    login = {
        "username": os.environ.get("REDIS_SENTINEL_USERNAME"),
        "password": os.environ.get("REDIS_SENTINEL_PASSWORD"),
    }
    sentinel: Any = Sentinel(  # type: ignore[no-untyped-call]
        list(access.parts.hosts),
        sentinel_kwargs=own | {"protocol": 2} | {k: v for k, v in login.items() if v},
        **options,
    )
    try:
        client: redis.Redis = sentinel.master_for(access.parts.master)
        client.ping()
    except MasterNotFoundError:
        shown = access.parts.shown
        raise ServerUnavailable(f"no Sentinel at {shown} knows a primary by that name") from None
    return client
