"""The world of the backfill, and the rule that holds in every test: no seeded value gets out."""

import os

import pytest
import redis

from leadmodel_privacy.__main__ import main
from support.redis_servers import FLAVOURS, Server
from support.redis_world import World, files_of

FULL = os.environ.get("LEADMODEL_FULL") == "1"


@pytest.fixture
def world(tmp_path, capfd, caplog):
    found = World(tmp_path, main, "leadmodel_privacy")
    (tmp_path / "termination").write_text("")
    yield found
    try:
        outside = "\n".join(
            [*found.said, found.kept(), caplog.text, *capfd.readouterr(), *files_of(tmp_path)]
        )
    finally:
        found.close()
    leaked = [value for value in found.seeds.values if value in outside or value.partition("@")[0] in outside]
    assert not leaked, f"{len(leaked)} seeded values got out"


@pytest.fixture(params=FLAVOURS)
def flavour(request) -> str:
    return request.param


@pytest.fixture
def valkey(world) -> "redis.Redis":
    world.server("valkey")
    return world.redis


@pytest.fixture
def both(world, flavour) -> "redis.Redis":
    world.server(flavour)
    return world.redis


@pytest.fixture(scope="session")
def shared_valkey(tmp_path_factory) -> "redis.Redis":
    """A server for tests that hold no personal data."""
    server = Server("valkey", tmp_path_factory.mktemp("valkey")).start()
    yield server.client()
    server.stop()
