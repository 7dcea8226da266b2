"""Applications that write while it runs lose nothing; a rewrite without looking does (the control)."""

import itertools
import json
import threading
import time

import pytest
from conversations import Mix, World, Writers, blind

KEYS = 150
MIX = Mix(personal=0.4, decoys=0.2)


def _ready(server, keys=KEYS):
    there = World(server.port, keys, mix=MIX)
    there.fill()
    assert there.check({}, redacted=False) == {}
    return there


def test_appends_during_an_apply_are_all_kept(world):
    there = _ready(world.server("valkey"))
    with Writers(there, 1, per_second=1500) as writers:
        time.sleep(0.3)
        for _ in range(2):
            assert world.run("--apply").code == 0
        appended = writers.end()
    assert sum(appended.values()) > 200
    assert there.check(appended) == {}
    assert world.run("--apply").code == 0
    assert world.run().line["found"] == 0


def test_a_blind_rewrite_loses_appends_and_lives(world):
    there = _ready(world.server("valkey"))
    with Writers(there, 1, per_second=1500) as writers:
        time.sleep(0.3)
        blind(there, think=0.02)  # dozens of appends fall between reading and writing
        appended = writers.end()
    faults = there.check(appended)
    assert faults["lost"] > 0
    assert faults["life"] > 0


def _hot(client, stop, lists, *, keep):
    """A list that never holds still: appended at one end, cut at the other."""
    for n in itertools.count():
        if stop.is_set():
            return
        pipe = client.pipeline()
        for key in lists:
            pipe.rpush(key, f"{n:08d} write to hot{n}@example.org")
            pipe.ltrim(key, -keep, -1)
        pipe.execute()
        time.sleep(0.001)


@pytest.mark.parametrize("keep", [60, 1500])
def test_capped_lists_under_fire_are_not_given_up(world, valkey, keep):
    lists = [f"chat:hot{i}" for i in range(5)]
    for key in lists:
        valkey.rpush(key, *(f"00000000 old{i}@example.org" for i in range(keep)))
    stop = threading.Event()
    thread = threading.Thread(
        target=_hot, args=(world.servers[0].client(), stop, lists), kwargs={"keep": keep}
    )
    thread.start()
    try:
        ran = world.run("--apply")
    finally:
        stop.set()
        thread.join()
    assert ran.code == 0
    assert ran.line["givenUp"] == 0
    for key in lists:
        items = [item.decode() for item in valkey.lrange(key, 0, -1)]
        assert len(items) == keep
        assert not [item for item in items if "old" in item]
        numbers = [int(item[:8]) for item in items]
        assert numbers == sorted(numbers)
    world.seeds.values += ["hot1@example.org", "old1@example.org"]


def test_the_verify_pass_finds_what_an_application_wrote_back(world, valkey, monkeypatch):
    """An application reads, thinks, and writes the old text over the redacted one."""
    from leadmodel_privacy.backfill.session import Session

    emails = [world.seeds.email() for _ in range(50)]
    for i, email in enumerate(emails):
        valkey.set(f"chat:{i}", json.dumps({"text": f"to {email}"}))
    old = {key: valkey.get(key) for key in valkey.keys("chat:*")}
    real = Session.verify

    def write_back_first(self):
        for key in sorted(old)[:22]:
            valkey.set(key, old[key])
        real(self)

    monkeypatch.setattr(Session, "verify", write_back_first)
    ran = world.run("--apply")
    assert (ran.code, ran.line["returned"], ran.line["changed"]) == (0, 22, 72)
    assert all(b"[EMAIL]" in valkey.get(key) for key in old)
    monkeypatch.setattr(Session, "verify", lambda self: None)  # the control
    valkey.mset(old)
    monkeypatch.setattr(
        Session, "finish", lambda self: [valkey.set(key, old[key]) for key in sorted(old)[:22]]
    )
    world.run("--apply")
    assert sum(b"[EMAIL]" not in valkey.get(key) for key in old) == 22


def test_a_key_that_changes_type_or_goes_away(world, valkey, monkeypatch):
    from leadmodel_privacy.backfill.worker import Worker

    for i in range(6):
        valkey.rpush(f"chat:{i}", f"to {world.seeds.email()}")
    real = Worker.process_batch

    def meanwhile(self, node, batch):
        valkey.delete("chat:0", "chat:1", "chat:2")
        valkey.set("chat:1", f"now a string for {world.seeds.email()}")
        real(self, node, batch)

    monkeypatch.setattr(Worker, "process_batch", meanwhile)
    assert world.run("--apply").code == 0
    assert valkey.get("chat:1") == b"now a string for [EMAIL]"
    assert valkey.exists("chat:0") == 0
    assert valkey.lrange("chat:5", 0, -1) == [b"to [EMAIL]"]
