"""A real server of each kind with an append-only file, and the ledger of a tenant of its own for each test."""

import itertools

import pytest

from leadmodel_followup.ledger.ledger import Ledger
from leadmodel_followup.planning.identity import ContactHasher
from support.redis_servers import FLAVOURS, Server

TENANTS = itertools.count()
KEY = b"0123456789abcdef"


@pytest.fixture(scope="session", params=FLAVOURS)
def server(request, tmp_path_factory):
    started = Server(request.param, tmp_path_factory.mktemp(request.param), ("--appendonly", "yes")).start()
    yield started
    started.stop(kill=True)


@pytest.fixture
def client(server):
    with server.client() as connected:
        yield connected


class Clock:
    """Milliseconds that pass only when a test says so."""

    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock():
    return Clock(1_700_000_000_000)


@pytest.fixture
def ledger(client, clock):
    return Ledger(client, f"tenant-{next(TENANTS)}", clock=clock)


@pytest.fixture
def hasher(ledger):
    return ContactHasher(ledger.tenant, KEY)
