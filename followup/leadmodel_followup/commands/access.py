"""What most commands need: the settings of the plan, the Redis, and the key of contact hashes, from files and the environment of a pod."""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import redis
import redis.asyncio

from leadmodel_artifact.jsonnode import LayoutError
from leadmodel_followup.contacts.book import ContactBook
from leadmodel_followup.ledger.ledger import Ledger
from leadmodel_followup.planning.identity import ContactHasher
from leadmodel_followup.settings.live import changed
from leadmodel_followup.settings.reading import load
from leadmodel_followup.settings.settings import Settings

REDIS_URL = "LEADMODEL_REDIS_URL"
CALL_SECONDS = 5.0


class Unusable(Exception):  # noqa: N818  # an outcome
    """Arguments, settings, key or address of the Redis cannot be used; the message holds no value of any."""


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
    """Add where the settings and the key of contact hashes lie; the address of the Redis comes from LEADMODEL_REDIS_URL alone."""
    add_settings(parser)
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


def connect_async() -> "redis.asyncio.Redis":
    """A client as of `connect` for an event loop. Raises Unusable."""
    connect()  # which says what is wrong with the address
    return redis.asyncio.Redis.from_url(
        os.environ[REDIS_URL], socket_timeout=CALL_SECONDS, socket_connect_timeout=CALL_SECONDS
    )


def connect() -> "redis.Redis":
    """A client of the Redis in LEADMODEL_REDIS_URL, whose calls end after some seconds. Raises Unusable."""
    url = os.environ.get(REDIS_URL, "")
    try:
        client = redis.Redis.from_url(url, socket_timeout=CALL_SECONDS, socket_connect_timeout=CALL_SECONDS)
    except ValueError:
        raise Unusable(f"{REDIS_URL} is no address such as rediss://user:password@host:6379/0") from None
    return client


@dataclass(frozen=True)
class Access:
    """The settings of a plan with the stores and the key behind them."""

    settings: Settings
    client: "redis.Redis" = field(repr=False)
    hasher: ContactHasher

    def connect(self) -> "redis.Redis":
        """A client of its own for another process."""
        return connect()

    def connect_async(self) -> "redis.asyncio.Redis":
        """A client for an event loop of another process."""
        return connect_async()

    @property
    def ledger(self) -> Ledger:
        """The ledger of the tenant."""
        spec = self.settings.spec
        return Ledger(self.client, self.settings.tenant, spec.retention_ms, plan=spec.plan)

    @property
    def book(self) -> ContactBook:
        """The contact book of the tenant."""
        return ContactBook(self.client, self.settings.tenant)


def access(arguments: argparse.Namespace) -> Access:
    """Read the files that the arguments name. Raises Unusable."""
    settings = read_settings(arguments.settings)
    try:
        hasher = ContactHasher(settings.tenant, arguments.contact_key.read_bytes().strip())
    except OSError as error:
        raise Unusable(f"the key of contact hashes cannot be read ({type(error).__name__})") from None
    except ValueError as error:
        raise Unusable(str(error)) from None
    return Access(settings, connect(), hasher)


def person(given: str) -> str:
    """The id of a person as an argument: `-` reads one line of standard input, so that no list of processes shows an id."""
    return sys.stdin.readline().strip() if given == "-" else given


def add_person(parser: argparse.ArgumentParser) -> None:
    """Add whom a command is for."""
    parser.add_argument("person", help="your id of the person; - reads the id from standard input")
