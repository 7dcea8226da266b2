"""Killed, stopped, restarted: nothing is missed. A cursor used on another server process misses keys (the control)."""

import json
import os
import random
import signal
import time

import pytest

KILLS = 20 if os.environ.get("LEADMODEL_FULL") == "1" else 3
KEYS = 3000 if os.environ.get("LEADMODEL_FULL") == "1" else 600


def _fill(world, client, keys=KEYS):
    emails = [world.seeds.email() for _ in range(keys)]
    pipe = client.pipeline(transaction=False)
    for i, email in enumerate(emails):
        pipe.set(f"chat:{i}", json.dumps({"text": f"to {email}"}))
    pipe.execute()


def _dirty(client):
    keys = list(client.scan_iter("chat:*", count=1000))
    return sum(b"[EMAIL]" not in value for value in client.mget(keys)), len(keys)


def _persistent(world, flavour="valkey"):
    return world.server(flavour, "--appendonly", "yes", "--appendfsync", "always")


def test_killed_at_random_moments_with_restarts_between(world):
    server = _persistent(world)
    _fill(world, world.redis)
    rng, resumed = random.Random(7), 0
    slow = ("--apply", "--page", "10", "--keys-per-second", str(KEYS / 2), "--lease", "1", "--wait", "60s")
    for kill in range(KILLS):
        before = _dirty(world.redis)[0]
        process = world.start(*slow)
        while _dirty(world.redis)[0] > before - KEYS / (KILLS + 2):
            time.sleep(rng.uniform(0, 0.1))
        process.send_signal(signal.SIGKILL)
        resumed += "going on" in world.ended(process).err
        if kill % 2:
            server.stop(kill=True)
            server.start()
    ran = world.run("--apply", "--lease", "1", "--wait", "60s")
    assert ran.code == 0, ran.err
    assert _dirty(world.redis) == (0, KEYS)
    assert ran.line["keys"] >= KEYS
    resumed += "going on" in ran.err
    assert resumed > 0


def test_the_server_restarts_under_a_run(world):
    """The run waits, begins that server's scan anew, and ends well."""
    server = _persistent(world)
    _fill(world, world.redis)
    process = world.start("--apply", "--page", "20", "--keys-per-second", "400", "--wait", "60s")
    while _dirty(world.redis)[0] > 0.7 * KEYS:
        time.sleep(0.05)
    server.stop(kill=True)
    time.sleep(0.3)
    server.start()
    ran = world.ended(process)
    assert ran.code == 0, ran.err
    assert _dirty(world.redis) == (0, KEYS)
    assert json.loads(world.redis.get(ran.line["report"]))["scansBegunAnew"] == 1
    assert "trying again" in ran.err


def test_a_cursor_of_another_process_misses_keys(world, monkeypatch):
    """The control: the same, but the cursor is used although the server was replaced."""
    server = _persistent(world)
    _fill(world, world.redis, 3000)
    pages = []

    def stop_halfway(self, *_):
        pages.append(1)
        return len(pages) > 70

    from leadmodel_privacy.backfill.session import Session

    real = Session.save_progress

    def save(self):
        if len(pages) < 71:
            pages.append(1)
            real(self)
        else:
            self.stop.set()
            real(self)

    monkeypatch.setattr(Session, "save_progress", save)
    assert world.run("--apply", "--page", "20").code == 143
    server.stop(kill=True)
    server.start()
    monkeypatch.setattr(Session, "save_progress", real)
    monkeypatch.setattr("leadmodel_privacy.backfill.key_scan.run_id", lambda _info: "the same")
    client = world.redis
    mark = json.loads(client.hget("leadmodel:{backfill:default}:state", "checkpoint"))
    mark["nodes"]["primary"]["run"] = "the same"
    client.hset("leadmodel:{backfill:default}:state", "checkpoint", json.dumps(mark))
    world.run("--apply")
    assert _dirty(client)[0] > 0
    monkeypatch.undo()
    assert world.run("--apply").code == 0
    assert _dirty(client)[0] == 0


def test_sigterm_finishes_the_page_and_says_143(world, valkey):
    _fill(world, valkey)
    process = world.start("--apply", "--page", "20", "--keys-per-second", "200")
    while _dirty(valkey)[0] == KEYS:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    ran = world.ended(process)
    assert ran.code == 143
    assert ran.line["outcome"] == "Stopped"
    left = _dirty(valkey)[0]
    assert 0 < left < KEYS
    ran = world.run("--apply")
    assert "going on where the last run stopped" in ran.err
    assert ran.code == 0
    assert KEYS <= ran.line["keys"] <= KEYS + 100, "the rest, not all again"
    assert _dirty(valkey)[0] == 0


@pytest.mark.parametrize("changed", ["version"])
def test_a_checkpoint_of_another_kind_is_not_used(world, valkey, changed):
    _fill(world, valkey, 100)
    process = world.start("--apply", "--page", "10", "--keys-per-second", "50")
    while not valkey.hget("leadmodel:{backfill:default}:state", "checkpoint"):
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    world.ended(process)
    mark = json.loads(valkey.hget("leadmodel:{backfill:default}:state", "checkpoint"))
    mark[changed] = "other"
    valkey.hset("leadmodel:{backfill:default}:state", "checkpoint", json.dumps(mark))
    ran = world.run("--apply")
    assert "going on" not in ran.err
    assert ran.line["keys"] == 100
    assert _dirty(valkey)[0] == 0


def test_a_first_look_leaves_nothing_behind(world, valkey):
    _fill(world, valkey, 200)
    ran = world.run("--max-keys", "50", "--report", "none", "--audit", "none")
    assert (ran.line["keys"], ran.line["found"]) == (50, 50)
    ran = world.run("--sample", "0.3", "--report", "none", "--audit", "none")
    assert 20 < ran.line["keys"] < 110
    assert not valkey.keys("leadmodel*")
