"""Faults during a run over a Redis: no message is lost, no answer is that of another message. Each protection has a control."""

import hashlib
import json
import random
import signal
import time

import pytest
import redis

from leadmodel_privacy.backfill import servers
from leadmodel_privacy.backfill.beside import Answer
from leadmodel_privacy.backfill.scripts import Script, load
from leadmodel_privacy.backfill.session import Session
from leadmodel_privacy.backfill.worker import Worker
from support.redis_answers import TEXTS, answers, conversations, expected, fill, read, sha
from support.redis_cluster import Cluster

KEYS = 400


def persistent(world):
    """A server that has what it has acknowledged after a kill, too."""
    server = world.server("valkey", "--appendonly", "yes", "--appendfsync", "always")
    fill(world.redis, KEYS)
    return server


def test_killed_at_random_moments_the_end_is_the_same(world):
    server, chance, kept = persistent(world), random.Random(5), []
    before = conversations(world.redis)
    slow = ("--apply", "--page=10", f"--keys-per-second={KEYS / 2}", "--lease=1", "--wait=60s")
    for kill in range(3):
        process = world.start(*slow)
        more = len(answers(world.redis)) + chance.randint(30, 100)
        while len(answers(world.redis)) < more:
            time.sleep(chance.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        world.ended(process)
        kept.append(len(answers(world.redis)))
        if kill == 1:
            server.stop(kill=True)
            server.start()
    ran = world.run("--apply", "--lease=1", "--wait=60s")
    assert (ran.code, "going on" in ran.err) == (0, True), ran.err
    assert 0 < kept[0] < kept[1] < kept[2] < KEYS
    assert read(answers(world.redis)) == expected(world.redis)
    assert conversations(world.redis) == before


def test_control_a_killed_run_alone_is_not_the_end(world):
    persistent(world)
    process = world.start("--apply", "--page=10", f"--keys-per-second={KEYS / 2}", "--lease=1")
    while len(answers(world.redis)) < 50:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    world.ended(process)
    assert 50 <= len(answers(world.redis)) < KEYS


def meanwhile(monkeypatch, change):
    """Do something once, after messages are read and before their answers are written."""
    real, times = Worker.write_batch, []

    def write_batch(self, node, writes):
        if not times:
            times.append(1)
            change()
        real(self, node, writes)

    monkeypatch.setattr(Worker, "write_batch", write_batch)


def without_comparison(monkeypatch):
    """The same script, but what is requested is written, whatever the key holds."""
    scripts = load()
    text = scripts["beside"].text.replace(b"if present[ARGV[i + 1]] then", b"if true then")
    assert text != scripts["beside"].text
    changed = Script(text, hashlib.sha1(text, usedforsecurity=False).hexdigest())
    monkeypatch.setattr(servers, "load", lambda: {**scripts, "beside": changed})


NEW = json.dumps({"text": "Is somebody there?"})


def changed_meanwhile(world, client, monkeypatch):
    """One message is changed, one is deleted, a list shifts; what stands beside them after the run."""
    fill(client, 10)
    old = client.get("chat:1")

    def change():
        client.set("chat:1", NEW)
        client.delete("chat:6", "chat:2")
        client.lpush("chat:0", json.dumps({"content": "Is anybody there?"}))

    meanwhile(monkeypatch, change)
    ran = world.run("--apply")
    assert ran.code == 0, ran.err
    return old, answers(client)


def test_a_changed_message_gets_no_old_answer_and_a_deleted_one_none(world, both, monkeypatch):
    _, sides = changed_meanwhile(world, both, monkeypatch)
    assert {*sides[b"{chat:1}:leadtext"]} == {b"model", sha(NEW)}
    assert read(sides) == expected(both)
    assert len(sides) == 8


def test_control_without_comparison_old_answers_and_orphans_stay(world, both, monkeypatch):
    without_comparison(monkeypatch)
    monkeypatch.setattr(
        Session, "verify", lambda _self: None
    )  # which reads changed keys again and drops old answers
    old, sides = changed_meanwhile(world, both, monkeypatch)
    assert sha(old) in sides[b"{chat:1}:leadtext"]
    assert b"{chat:6}:leadtext" in sides
    assert read(sides) != expected(both)


def test_a_replica_is_written_nothing_and_the_run_is_tried_again(world):
    world.server("valkey")
    replica = world.server("valkey")
    fill(world.redis)
    replica.client().execute_command("REPLICAOF", "127.0.0.1", world.servers[0].port)
    while replica.client().dbsize() < 12:
        time.sleep(0.05)
    ran = world.run("--apply", "--redis", replica.url, "--wait=0s")
    assert (ran.code, "replica" in ran.line["message"]) == (75, True)
    assert answers(replica.client()) == answers(world.redis) == {}
    assert world.run("--apply").code == 0  # the control: its primary takes them
    assert read(answers(world.redis)) == expected(world.redis)


def test_memory_that_fills_up_is_named_and_loses_nothing(world, both, monkeypatch):
    fill(both, 200)
    before = conversations(both)
    meanwhile(monkeypatch, lambda: both.config_set("maxmemory", 1))
    ran = world.run("--apply", "--page=50", "--wait=0s")
    assert (ran.code, "(OutOfMemoryError)" in ran.line["message"]) == (75, True)
    assert answers(both) == {}
    assert conversations(both) == before
    both.config_set("maxmemory", 0)
    assert world.run("--apply", "--page=50").code == 0
    assert read(answers(both)) == expected(both)


def test_control_a_script_that_asks_for_no_memory_writes_into_full_memory(both):
    both.set("chat:1", NEW)
    both.config_set("maxmemory", 1)
    text = load()["beside"].text
    call = (2, "chat:1", "{chat:1}:leadtext", "model", 1000, 500, 0, -1, 0, sha(NEW), "answer")
    with pytest.raises(redis.exceptions.OutOfMemoryError):
        both.eval(text, *call)
    assert both.eval(text.replace(b"#!lua\n", b"#!lua flags=allow-oom\n"), *call) == [1, 0]


def evicting(world, client):
    """A server of which nine tenths are used and which evicts keys when it is full; what a run left of the conversations."""
    for i in range(3000):
        client.set(f"chat:{i}", json.dumps({"text": f"{TEXTS[i % 4]} {'x ' * 2000}"}))
    client.config_set("maxmemory-policy", "allkeys-random")
    client.config_set("maxmemory", int(client.info("memory")["used_memory"] * 1.05))
    client.set("chat:next", json.dumps({"text": TEXTS[0]}))
    before = {*conversations(client)}
    return (
        world.run("--apply", "--wait=0s", "--report=none", "--audit=none"),
        before,
        {*conversations(client)},
    )


def test_nobody_is_evicted_for_an_answer(world, both):
    ran, before, after = evicting(world, both)
    assert (ran.code, "evicts keys" in ran.line["message"]) == (75, True)
    assert after == before
    assert answers(both) == {}


def test_control_answers_evict_conversations(world, both, monkeypatch):
    monkeypatch.setattr(Answer, "check_room", lambda _self, _node: None)
    ran, before, after = evicting(world, both)
    assert ran.code in {0, 75}
    assert after < before


def test_answers_lie_in_the_slot_of_their_messages_in_a_cluster(world):
    cluster = Cluster(world, "valkey")
    client = redis.RedisCluster(host="127.0.0.1", port=cluster.servers[0].port)
    for i in range(60):
        client.set(f"chat:{i}", json.dumps({"text": TEXTS[i % 4]}))
        client.rpush(f"chat:{{user{i}}}:log", TEXTS[i % 4])
    client.close()
    process = world.start(
        "--redis", cluster.url, "--apply", "--page=5", "--keys-per-second=120", "--wait=60s"
    )
    while sum(len(answers(one)) for one in cluster.clients) < 10:
        time.sleep(0.05)
    cluster.move(range(1200), 0, 2)
    ran = world.ended(process)
    assert ran.code == 0, ran.err
    for one in cluster.clients:
        assert {*answers(one)} == {*expected(one)}
    assert sum(len(answers(one)) for one in cluster.clients) == 120


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_run_says_so_and_goes_on(world, valkey, stop):
    fill(valkey, KEYS)
    process = world.start("--apply", "--page=10", f"--keys-per-second={KEYS / 2}")
    while len(answers(valkey)) < 20:
        time.sleep(0.02)
    process.send_signal(stop)
    ran = world.ended(process)
    assert (ran.code, ran.line["outcome"]) == (143, "Stopped")
    assert len(answers(valkey)) < KEYS
    assert "going on" in world.run("--apply").err
    assert read(answers(valkey)) == expected(valkey)
