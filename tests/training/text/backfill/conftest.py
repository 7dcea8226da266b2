"""A real server with conversations, and a way to run `leadmodel-enrich backfill` on it."""

import pytest

from leadmodel_training.text.command import main
from support.redis_servers import FLAVOURS
from support.redis_world import World


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path, main, "leadmodel_training.text.command")
    (tmp_path / "termination").write_text("")
    yield world
    world.close()


@pytest.fixture(params=FLAVOURS)
def both(world, request):
    world.server(request.param)
    return world.redis


@pytest.fixture
def valkey(world):
    world.server("valkey")
    return world.redis
