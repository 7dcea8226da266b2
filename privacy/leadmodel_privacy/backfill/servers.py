"""The servers behind one URL: a single server, the primary that Sentinels name, or all primaries of a cluster."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.crc import key_slot
from redis.exceptions import RedisClusterException, RedisError
from redis.retry import Retry
from redis.sentinel import MasterNotFoundError, Sentinel

from leadmodel_messages.uris import show
from leadmodel_privacy.backfill.errors import Refused, ServerUnavailable
from leadmodel_privacy.backfill.nodes import AWAY, Node, refused
from leadmodel_privacy.backfill.scripts import Script, load

SINGLE = "primary"
_TIMEOUT_S = 30.0
_SCHEMES = "redis://, rediss://, unix://, redis+sentinel:// or rediss+sentinel://"


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

    @property
    def shown(self) -> str:
        """The URL without user, password and query, for messages."""
        return show(self.url)

    def options(self) -> dict[str, Any]:
        """Keyword arguments of redis-py's clients, beside the URL."""
        options: dict[str, Any] = {
            "protocol": 2,
            "decode_responses": False,
            "socket_timeout": _TIMEOUT_S,
            "socket_connect_timeout": 5.0,
            "retry": Retry(NoBackoff(), 0),
            "client_name": "leadmodel-backfill",
        }
        named = {"username": self.username, "password": self.password}
        if urlsplit(self.url).scheme.startswith("rediss"):
            named |= {"ssl_ca_certs": self.ca, "ssl_certfile": self.certificate, "ssl_keyfile": self.key}
        return options | {name: value for name, value in named.items() if value}


class Servers:
    """All primaries; `connect` again after a failure, because Sentinels or cluster may name others."""

    def __init__(self, access: Access, clock: Callable[[], float] = time.perf_counter) -> None:
        self.access = access
        self.scripts: dict[str, Script] = load()
        self.clock = clock
        self.cluster: RedisCluster | None = None
        self._nodes: dict[str, Node] = {}
        self._by_address: dict[tuple[str, int], Node] = {}
        self._options = access.options() | {"redis_connect_func": _on_connect}

    def connect(self) -> None:
        """Find the primaries anew.

        Raises:
            ServerUnavailable: No answer, or not for all slots of a cluster.
            Refused: The URL, the login or the user's rights do not suffice.
        """
        self.close()
        scheme = _scheme(self.access)
        try:
            if scheme.endswith("+sentinel"):
                self._nodes = {SINGLE: self._node(SINGLE, _by_sentinel(self.access, self._options))}
                return
            client = redis.Redis.from_url(self.access.url, **self._options)
            node = self._node(SINGLE, client)
            if b"cluster_enabled:1" in node.one("INFO", "cluster"):
                client.close()
                self.cluster = RedisCluster.from_url(self.access.url, **self._cluster_options())
                self._find_primaries()
            else:
                self._nodes = {SINGLE: node}
        except (ServerUnavailable, Refused):
            raise
        except AWAY as error:
            raise ServerUnavailable(
                f"{self.access.shown} cannot be reached ({type(error).__name__})"
            ) from None
        except RedisClusterException:
            raise ServerUnavailable(
                f"the cluster at {self.access.shown} does not answer for all its slots"
            ) from None
        except RedisError as error:
            raise refused(error) from None
        except (ValueError, TypeError):
            raise Refused(f"{self.access.shown} cannot be used as a URL; write {_SCHEMES}") from None

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
        return {name: value for name, value in self._options.items() if name != "retry"} | {
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
        parts = urlsplit(self.access.url)
        login = parts.netloc.rpartition("@")[0]
        query = f"?{parts.query}" if parts.query else ""
        url = f"{parts.scheme}://{login + '@' if login else ''}{host}:{port}{query}"
        node = self._node("", redis.Redis.from_url(url, **self._options))
        node.name = node.one("CLUSTER", "MYID").decode()
        return self._by_address.setdefault((host, port), self._nodes.setdefault(node.name, node))

    def _node(self, name: str, client: "redis.Redis") -> Node:
        reach = self._at if self.cluster is not None else None
        return Node(name, client, self.scripts, reach=reach, clock=self.clock)


def _scheme(access: Access) -> str:
    scheme = urlsplit(access.url).scheme
    if scheme not in {"redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel"}:
        raise Refused(f"the Redis URL must begin with {_SCHEMES}")
    for name in (access.ca, access.certificate, access.key):
        if name and not Path(name).is_file():
            raise Refused(f"{name} is not there; the TLS flags name files in PEM form")
    return scheme


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
        Refused: The URL has another form.
        ServerUnavailable: No Sentinel knows the primary.
    """
    parts = urlsplit(access.url)
    login, _, hosts = parts.netloc.rpartition("@")
    master, _, db = parts.path.strip("/").partition("/")
    if not hosts or not master:
        raise Refused("a Sentinel URL has the form redis+sentinel://host:26379,host:26379/MASTER[/db]")
    user, _, password = login.partition(":")
    named = {"username": unquote(user), "password": unquote(password), "db": db or "0"}
    secure = parts.scheme.startswith("rediss")
    own = {name: value for name, value in options.items() if name.startswith(("ssl_", "socket_", "retry"))}
    own |= {"ssl": True} if secure else {}
    sentinel_login = {
        "username": os.environ.get("REDIS_SENTINEL_USERNAME"),
        "password": os.environ.get("REDIS_SENTINEL_PASSWORD"),
    }
    sentinel: Any = Sentinel(  # type: ignore[no-untyped-call]
        [
            (h.rpartition(":")[0] or h, int(h.rpartition(":")[2]) if ":" in h else 26379)
            for h in hosts.split(",")
        ],
        sentinel_kwargs=own | {"protocol": 2} | {k: v for k, v in sentinel_login.items() if v},
        **({name: value for name, value in named.items() if value} | options),
        **({"ssl": True} if secure else {}),
    )
    try:
        client: redis.Redis = sentinel.master_for(master)
        client.ping()
    except MasterNotFoundError:
        raise ServerUnavailable(f"no Sentinel at {access.shown} knows a primary by that name") from None
    return client
