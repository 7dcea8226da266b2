"""RedisJSON documents, where its module is at hand: LEADMODEL_REJSON names rejson.so. Elsewhere they are counted as not read."""

import json
import os

import pytest

from support.redis_servers import REDIS

MODULE = os.environ.get("LEADMODEL_REJSON", "")


@pytest.mark.skipif(
    not (MODULE and REDIS), reason="LEADMODEL_REJSON names no module, or redis-server is not installed"
)
def test_documents_are_redacted_in_place(world):
    world.server("redis", "--loadmodule", MODULE)
    client = world.redis
    seeds = world.seeds
    for i in range(5):
        document = {
            "n": 1.5,
            "big": 2**53 - 1,
            "messages": [{"text": f"to {seeds.email()}"}, {"text": "clean ü"}],
        }
        client.execute_command("JSON.SET", f"chat:{i}", "$", json.dumps(document))
    client.pexpire("chat:1", 500_000)
    life = client.pexpiretime("chat:1")
    assert world.run().line["found"] == 5
    assert world.run("--apply").line["changed"] == 5
    for i in range(5):
        found = json.loads(client.execute_command("JSON.GET", f"chat:{i}", "."))
        assert found == {
            "n": 1.5, "big": 2**53 - 1, "messages": [{"text": "to [EMAIL]"}, {"text": "clean ü"}],
        }  # fmt: skip
    assert client.pexpiretime("chat:1") == life
    assert world.run().line["found"] == 0


@pytest.mark.skipif(
    not (MODULE and REDIS), reason="LEADMODEL_REJSON names no module, or redis-server is not installed"
)
def test_a_document_that_changed_is_read_again(world, monkeypatch):
    from leadmodel_privacy.backfill.worker import Worker

    world.server("redis", "--loadmodule", MODULE)
    client = world.redis
    client.execute_command("JSON.SET", "chat:a", "$", json.dumps({"text": f"to {world.seeds.email()}"}))
    real = Worker.write_batch

    def meanwhile(self, node, writes):
        client.execute_command("JSON.SET", "chat:a", "$.more", json.dumps(f"and {world.seeds.email()}"))
        real(self, node, writes)

    monkeypatch.setattr(Worker, "write_batch", meanwhile)
    assert world.run("--apply").line["conflicts"] == 1
    found = json.loads(client.execute_command("JSON.GET", "chat:a", "."))
    assert found == {"text": "to [EMAIL]", "more": "and [EMAIL]"}
