"""Reads the URL of a Redis. No error holds any part of the URL, because a password may stand where the URL does not expect one."""

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from leadmodel_privacy.backfill.errors import Refused

SCHEMES = "redis://, rediss://, unix://, redis+sentinel:// or rediss+sentinel://"
_KNOWN = frozenset({"redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel"})
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^?#]*)(?:\?([^#]*))?(#.*)?", re.DOTALL)
_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.%\w]+\]|[\w.-]+)(?::(\d{1,5}))?")
_PORT, _SENTINEL_PORT = 6379, 26379
_READ = frozenset({"db", "username", "password", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile"})
_SAFE = {"ssl_cert_reqs": ("required",), "ssl_check_hostname": ("true", "yes", "1")}
_PASSED_OVER = frozenset(  # options of other clients; this program has settings of its own
    {
        "protocol",
        "client_name",
        "decode_responses",
        "encoding",
        "health_check_interval",
        "max_connections",
        "retry_on_timeout",
        "timeout",
    }
    | {"socket_timeout", "socket_connect_timeout", "socket_keepalive"}
)
_UNSAFE = (
    "ssl_cert_reqs",
    "ssl_check_hostname",
    "ssl_validate_ocsp",
    "ssl_ciphers",
    "ssl_exclude_verify_flags",
)
_ESCAPED = (
    "a password or user with any of / @ # ? % or a space must be percent-encoded (/ as %2F, @ as %40, # as %23, ? as %3F, % as %25), "
    "or given by itself with --password-file or REDIS_PASSWORD"
)


@dataclass(frozen=True)
class RedisUrl:
    """The parts of a URL, without percent escapes. Only `shown` may stand in messages.

    Attributes:
        scheme: One of those in `SCHEMES`.
        hosts: Host and port of the server, or of each Sentinel; empty for a socket.
        path: The socket's file, for `unix://`.
        master: The primary's name, for Sentinels.
        db: Number of the database.
        username: User; empty for none.
        password: Password; empty for none.
        ca: PEM file of the certificates to trust; empty for the system's.
        certificate: PEM file of the client's certificate; empty for none.
        key: PEM file of the certificate's key; empty for none.
    """

    scheme: str
    hosts: tuple[tuple[str, int], ...]
    path: str = ""
    master: str = ""
    db: int = 0
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    ca: str = ""
    certificate: str = ""
    key: str = field(default="", repr=False)

    @property
    def secure(self) -> bool:
        """True if the connection is encrypted."""
        return self.scheme.startswith("rediss")

    @property
    def shown(self) -> str:
        """The URL without user, password and options, for messages."""
        hosts = ",".join(f"{host}:{port}" for host, port in self.hosts)
        return f"{self.scheme}://{hosts}{self.path or f'/{self.master or self.db}'}"


def parse(url: str) -> RedisUrl:
    """Read a URL.

    Raises:
        Refused: The URL cannot be read with certainty, or has an option that would switch a check off.
    """
    match = _URL.fullmatch(url)
    if match is None or match[1].lower() not in _KNOWN:
        raise Refused(f"the Redis URL must begin with {SCHEMES}")
    scheme, authority, path, query, fragment = match.groups()
    if fragment is not None or "@" in path or "@" in (query or ""):
        raise Refused(f"the Redis URL has a character behind its host that cannot stand there; {_ESCAPED}")
    login, _, place = authority.rpartition("@")
    user, _, password = login.partition(":")
    options = _options(query or "")
    scheme = scheme.lower()
    return RedisUrl(
        scheme,
        _hosts(scheme, place),
        path=unquote(path) if scheme == "unix" else "",
        master=unquote(path.strip("/").partition("/")[0]) if scheme.endswith("sentinel") else "",
        db=_db(options.get("db") or _path_db(scheme, path)),
        username=options.get("username") or _decoded(user),
        password=options.get("password") or _decoded(password),
        ca=options.get("ssl_ca_certs", ""),
        certificate=options.get("ssl_certfile", ""),
        key=options.get("ssl_keyfile", ""),
    )


def _decoded(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise Refused(
            f"user or password of the Redis URL is not UTF-8 behind its percent escapes; {_ESCAPED}"
        ) from None


def _path_db(scheme: str, path: str) -> str:
    if scheme == "unix":
        return ""
    parts = path.strip("/").split("/")
    return (
        parts[1]
        if scheme.endswith("sentinel") and len(parts) > 1
        else ""
        if scheme.endswith("sentinel")
        else path.strip("/")
    )


def _db(text: str) -> int:
    if text and not (text.isascii() and text.isdigit() and len(text) < 6):
        raise Refused(f"the Redis URL ends with no number of a database, such as /0; {_ESCAPED}")
    return int(text or 0)


def _hosts(scheme: str, place: str) -> tuple[tuple[str, int], ...]:
    if scheme == "unix":
        if place:
            raise Refused("the URL of a socket has three slashes, as in unix:///run/redis.sock")
        return ()
    sentinel = scheme.endswith("sentinel")
    hosts = []
    for part in place.split(",") if sentinel else [place or "localhost"]:
        match = _ADDRESS.fullmatch(part)
        if match is None or int(match[2] or 1) > 65535:
            raise Refused(
                f"the Redis URL cannot be used as a URL: its host or port cannot be read; {_ESCAPED}"
            )
        hosts.append((match[1].strip("[]"), int(match[2] or (_SENTINEL_PORT if sentinel else _PORT))))
    return tuple(hosts)


def _options(query: str) -> dict[str, str]:
    """The database, login and TLS files in the query; an option that this program does not know is refused, without its text."""
    options = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name in _READ:
            options[name] = value
        elif name not in _PASSED_OVER and value.lower() not in _SAFE.get(name, ()):
            if name in _UNSAFE:
                raise Refused(
                    f"the Redis URL sets {name}, which would switch off a check of the server's certificate; remove the option, "
                    "and name the certificates to trust with --tls-ca"
                )
            raise Refused(
                "the Redis URL has an option that is not supported; write the database as /0, and name certificates with --tls-ca, "
                "--tls-cert and --tls-key"
            )
    return options
