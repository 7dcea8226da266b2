"""What most commands need: the settings of the plan, the Redis, and the key of contact hashes, from files and the environment of a pod."""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import redis
import redis.asyncio

from leadmodel_artifact.jsonnode import LayoutError
from leadmodel_followup.contacts.book import ContactBook
from leadmodel_followup.ledger.errors import LedgerUnavailable, UnsafeServer
from leadmodel_followup.ledger.ledger import Ledger
from leadmodel_followup.ledger.server_check import check_server
from leadmodel_followup.planning.identity import OTHER_KEY, ContactHasher
from leadmodel_followup.settings.live import changed
from leadmodel_followup.settings.reading import load
from leadmodel_followup.settings.settings import Settings

REDIS_URL = "LEADMODEL_REDIS_URL"
CALL_SECONDS = 5.0


class Unusable(Exception):  # noqa: N818  # an outcome
    """Arguments, settings, key or address of the Redis cannot be used; the message holds no value of any, `field` names the part."""

    def __init__(self, message: str, field: str = "settings") -> None:
        super().__init__(message)
        self.field = field


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add where the settings lie."""
    parser.add_argument(
        "--settings",
        type=Path,
        default=Path("/etc/leadmodel/followups/followups.json"),
        metavar="FILE",
        help="settings of the plan, as the operator writes them (default: %(default)s)",
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add where the settings, the key of contact hashes and the address of the Redis lie; without its file, LEADMODEL_REDIS_URL holds it."""
    add_settings(parser)
    parser.add_argument(
        "--redis-url",
        type=Path,
        default=Path("/etc/leadmodel/redis/url"),
        metavar="FILE",
        help=f"address of the Redis; without the file, {REDIS_URL} in the environment holds it (default: %(default)s)",
    )
    parser.add_argument(
        "--contact-key",
        type=Path,
        default=Path("/etc/leadmodel/contact-key/key"),
        metavar="FILE",
        help="secret key of the hashes of contacts, 16 bytes or more (default: %(default)s)",
    )


def read_settings(path: Path) -> Settings:
    """Read the settings file. Raises Unusable."""
    with _usable():
        return load(path)


def read_changed(path: Path, running: Settings) -> Settings | None:
    """Read the settings file where it is another than the one that runs, else None. Raises Unusable."""
    with _usable():
        return changed(path, running)


@contextmanager
def _usable() -> Iterator[None]:
    """Say what is wrong with settings as Unusable."""
    try:
        yield
    except OSError as error:
        raise Unusable(f"the settings cannot be read ({type(error).__name__})") from None
    except LayoutError as error:
        raise Unusable(f"the settings cannot be used: {error}") from None


def read_url(path: Path) -> str:
    """The address of the Redis: of a file, or where there is none, of the environment. Raises Unusable."""
    try:
        return path.read_text("ascii").strip() if path.exists() else os.environ.get(REDIS_URL, "")
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable(f"the address of the Redis cannot be read ({type(error).__name__})", "redis") from None


def connect(url: str) -> "redis.Redis":
    """A client of a Redis, whose calls end after some seconds. Raises Unusable."""
    try:
        return redis.Redis.from_url(url, socket_timeout=CALL_SECONDS, socket_connect_timeout=CALL_SECONDS)
    except ValueError:
        raise Unusable(
            "the Redis has no address such as rediss://user:password@host:6379/0", "redis"
        ) from None


@dataclass(frozen=True)
class Access:
    """The settings of a plan with the stores and the key behind them."""

    settings: Settings
    url: str = field(repr=False)
    hasher: ContactHasher

    @cached_property
    def client(self) -> "redis.Redis":
        """The client of this process."""
        return connect(self.url)

    def connect(self) -> "redis.Redis":
        """A client of its own for another process."""
        return connect(self.url)

    def connect_async(self) -> "redis.asyncio.Redis":
        """A client for an event loop of another process."""
        return redis.asyncio.Redis.from_url(
            self.url, socket_timeout=CALL_SECONDS, socket_connect_timeout=CALL_SECONDS
        )

    @property
    def ledger(self) -> Ledger:
        """The ledger of the tenant."""
        spec = self.settings.spec
        return Ledger(self.client, self.settings.tenant, spec.retention_ms, plan=spec.plan)

    @property
    def book(self) -> ContactBook:
        """The contact book of the tenant."""
        return ContactBook(self.client, self.settings.tenant)

    def has_its_key(self, *, keep: bool = False) -> bool:
        """Whether the key is the one with which the plan began, or one of a later generation; `keep` notes it. Raises LedgerUnavailable."""
        try:
            return self.ledger.fits_key(self.hasher.fingerprint, self.settings.spec.generation, keep=keep)
        finally:
            self.client.close()  # what is forked from here, or comes after, has connections of its own


def access(arguments: argparse.Namespace) -> Access:
    """Read the files that the arguments name. Raises Unusable."""
    settings = read_settings(arguments.settings)
    own = Access(settings, read_url(arguments.redis_url), read_key(settings.tenant, arguments.contact_key))
    connect(own.url)  # which says what is wrong with the address
    return own


def access_to_people(arguments: argparse.Namespace) -> Access:
    """The access of a command that names a person, by the key with which the plan began. Raises Unusable, LedgerUnavailable."""
    own = access(arguments)
    require_key(own)
    return own


def require_key(own: Access, *, keep: bool = False) -> None:
    """Raise Unusable where the key is another than the one with which the plan began: with it, nobody would have opted out."""
    if not own.has_its_key(keep=keep):
        raise Unusable(f"the contact key {OTHER_KEY}", "contactKey")


def read_key(tenant: str, path: Path) -> ContactHasher:
    """The key of contact hashes. Raises Unusable."""
    try:
        return ContactHasher(tenant, path.read_bytes().strip())
    except OSError as error:
        raise Unusable(
            f"the key of contact hashes cannot be read ({type(error).__name__})", "contactKey"
        ) from None
    except ValueError as error:
        raise Unusable(str(error), "contactKey") from None


def renewed(own: Access, arguments: argparse.Namespace) -> Access | None:
    """The access by the files as they are now; None where none changed.

    Another contact key is taken with a later generation alone, else the earlier one stays; `Problems` reports it.

    Raises:
        Unusable: What changed cannot take the place of what runs.
    """
    fresh = replace(own, settings=read_changed(arguments.settings, own.settings) or own.settings)
    url = read_url(arguments.redis_url)
    if url != own.url:
        fresh = replace(fresh, url=url)
        try:
            check_server(fresh.client)
            fresh.client.close()
        except (LedgerUnavailable, UnsafeServer) as error:
            if not (isinstance(error, UnsafeServer) and arguments.allow_unsafe_redis):
                raise Unusable(f"the changed address cannot be used: {error}", "redis") from None
    with suppress(Unusable, LedgerUnavailable):
        other = replace(fresh, hasher=read_key(own.settings.tenant, arguments.contact_key))
        if (other.hasher != own.hasher or fresh.settings != own.settings) and other.has_its_key(keep=True):
            fresh = other
    return None if fresh == own else fresh


def person(given: str) -> str:
    """The id of a person as an argument: `-` reads one line of standard input, so that no list of processes shows an id."""
    return sys.stdin.readline().strip() if given == "-" else given


def add_person(parser: argparse.ArgumentParser) -> None:
    """Add whom a command is for."""
    parser.add_argument("person", help="your id of the person; - reads the id from standard input")
