"""Every type on real servers: what is redacted, and what must be exactly as before."""

import json
import threading
import time

import pytest
import redis


def _text(seeds, words="write to {} soon"):
    return words.format(seeds.email())


def test_a_dry_run_changes_nothing(world, both):
    seeds = world.seeds
    both.set("chat:s", _text(seeds), ex=500)
    both.rpush("chat:l", _text(seeds), "clean")
    both.hset("chat:h", mapping={"text": _text(seeds)})
    both.zadd("chat:z", {_text(seeds): 1})
    both.xadd("chat:x", {"text": _text(seeds)})
    before = {key: both.dump(key) for key in both.keys("chat:*")}
    ran = world.run()
    assert ran.code == 0
    assert (ran.line["mode"], ran.line["outcome"], ran.line["found"], ran.line["changed"]) == (
        "DryRun",
        "Found",
        5,
        0,
    )
    assert {key: both.dump(key) for key in both.keys("chat:*")} == before


def test_strings_keep_their_life_and_every_other_byte(world, both):
    email = world.seeds.email()
    text = '[ {"text":"hi EMAIL", "n":1.50, "big":1e400, "n":2,"o":"ü"} ]'.replace("EMAIL", email)
    both.set("chat:s", text, px=500_000)
    life = both.pexpiretime("chat:s")
    both.set("chat:plain", _text(world.seeds))
    assert world.run("--apply").code == 0
    assert both.get("chat:s").decode() == text.replace(email, "[EMAIL]")
    assert both.pexpiretime("chat:s") == life
    assert both.get("chat:plain") == b"write to [EMAIL] soon"


def test_lists_keep_order_and_life(world, both):
    texts = [_text(world.seeds, f"{i} to {{}}") if i % 3 else f"{i} clean" for i in range(50)]
    both.rpush("chat:l", *texts)
    both.pexpire("chat:l", 500_000)
    life = both.pexpiretime("chat:l")
    assert world.run("--apply").line["changed"] == 33
    expected = [f"{i} to [EMAIL]" if i % 3 else f"{i} clean" for i in range(50)]
    assert [item.decode() for item in both.lrange("chat:l", 0, -1)] == expected
    assert both.pexpiretime("chat:l") == life


def test_hash_fields_named_and_not(world, both):
    email = world.seeds.email()
    value = json.dumps({"text": f"to {email}", "id": email})
    both.hset("chat:h", mapping={"text": f"to {email}", "other": f"to {email}", "doc": value})
    assert world.run("--apply", "--field", "text").line["changed"] == 2
    assert both.hget("chat:h", "text") == b"to [EMAIL]"
    assert both.hget("chat:h", "other").decode() == f"to {email}", "not a field that holds text"
    assert json.loads(both.hget("chat:h", "doc")) == {"text": "to [EMAIL]", "id": email}


def test_fields_of_a_hash_keep_their_own_life(world, valkey):
    """HSET alone would end it: the control."""
    valkey.hset("chat:h", mapping={"text": _text(world.seeds), "plain": _text(world.seeds)})
    valkey.execute_command("HPEXPIRE", "chat:h", 500_000, "FIELDS", 1, "text")
    valkey.expire("chat:h", 900)
    life = valkey.execute_command("HPEXPIRETIME", "chat:h", "FIELDS", 2, "text", "plain")
    assert life[0] > 0
    assert life[1] == -1
    assert world.run("--apply").line["changed"] == 2
    assert valkey.hgetall("chat:h") == {b"text": b"write to [EMAIL] soon", b"plain": b"write to [EMAIL] soon"}
    assert valkey.execute_command("HPEXPIRETIME", "chat:h", "FIELDS", 2, "text", "plain") == life
    valkey.hset("chat:h", "text", "again")
    assert valkey.execute_command("HPEXPIRETIME", "chat:h", "FIELDS", 1, "text") == [-1]


def test_sorted_sets_keep_scores_and_never_merge_members(world, both):
    one, two, same = (world.seeds.email() for _ in range(3))
    both.zadd("chat:z", {f"to {one}": 1.1, f"to {two}": 2.2, "clean": float("inf"), f"by {same}": 0.1 + 0.2})
    both.expire("chat:z", 500)
    ran = world.run("--apply")
    assert ran.line["changed"] == 3
    assert ran.line["residue"] == 0
    found = both.zrange("chat:z", 0, -1, withscores=True)
    assert found == [
        (b"by [EMAIL]", 0.1 + 0.2), (b"to [EMAIL]", 1.1), (b"to [EMAIL_2]", 2.2), (b"clean", float("inf")),
    ]  # fmt: skip
    assert both.ttl("chat:z") > 400
    assert world.run().line["found"] == 0


def _stream(world, client, *gone, entries=12):
    for i in range(entries):
        client.xadd("chat:x", {"text": _text(world.seeds, f"{i} to {{}}"), "n": i}, id=f"{i + 1}-{i}")
    client.xgroup_create("chat:x", "sales", "0")
    client.xreadgroup("sales", "ann", {"chat:x": ">"}, count=4)
    time.sleep(0.01)
    client.xreadgroup("sales", "bob", {"chat:x": ">"}, count=3)
    client.xclaim("chat:x", "sales", "bob", 0, ["2-1"])
    client.xack("chat:x", "sales", "1-0")
    client.xdel("chat:x", "3-2", *gone)
    client.xgroup_create("chat:x", "late", "$")
    client.pexpire("chat:x", 500_000)


def _facts(client):
    """All of a stream but its texts and the radix tree's size."""
    found = client.xinfo_stream("chat:x", full=True)
    drop = ("radix-tree-keys", "radix-tree-nodes", "entries")
    order = [(ident, fields[b"n"]) for ident, fields in client.xrange("chat:x")]
    return {k: v for k, v in found.items() if k not in drop}, order


def test_streams_keep_ids_groups_pending_entries_and_life(world, both):
    _stream(world, both, "12-11")
    before, life = _facts(both), both.pexpiretime("chat:x")
    ran = world.run("--apply")
    assert ran.line["changed"] == 10
    assert _facts(both) == before
    assert both.pexpiretime("chat:x") == life
    texts = [fields[b"text"] for _, fields in both.xrange("chat:x")]
    assert all(text.endswith(b"to [EMAIL]") for text in texts)
    assert both.xadd("chat:x", {"text": "next"}, id="12-12") == b"12-12"
    with pytest.raises(redis.ResponseError, match="equal or smaller"):
        both.xadd("chat:x", {"text": "old"}, id="12-11")


def test_a_consumer_that_waits_goes_on_waiting(world, both):
    """Emptying a stream by DEL would throw it out: the control."""
    _stream(world, both)
    both.xreadgroup("sales", "bob", {"chat:x": ">"})
    got, thrown = [], []

    def wait():
        client = world.servers[0].client()
        try:
            got.append(client.xreadgroup("sales", "cy", {"chat:x": ">"}, block=20_000, count=1))
        except redis.ResponseError as error:
            thrown.append(str(error))

    def waiting():
        thread = threading.Thread(target=wait)
        thread.start()
        while not any(c["cmd"] == "xreadgroup" and "b" in c["flags"] for c in both.client_list()):
            time.sleep(0.01)
        return thread

    thread = waiting()
    assert world.run("--apply").line["changed"] == 11
    assert not got
    assert not thrown
    both.xadd("chat:x", {"text": "new"})
    thread.join(10)
    assert got[0][0][1][0][1] == {b"text": b"new"}
    thread = waiting()
    both.delete("chat:x")
    thread.join(10)
    assert thrown


def test_long_streams_are_left_for_a_person(world, both):
    for i in range(30):
        both.xadd("chat:x", {"text": _text(world.seeds)}, id=f"{i + 1}-0")
    before = both.dump("chat:x")
    ran = world.run("--apply", "--max-stream-entries", "20")
    assert ran.code == 3
    assert (ran.line["givenUp"], ran.line["residue"], ran.line["changed"]) == (1, 30, 0)
    assert both.dump("chat:x") == before


@pytest.mark.parametrize("kind", ["list", "zset", "hash", "stream"])
def test_big_keys_go_in_chunks(world, valkey, kind):
    both = valkey
    n = 1700
    texts = [_text(world.seeds, f"{i:05d} to {{}}") if i % 7 == 0 else f"{i:05d} clean" for i in range(n)]
    match kind:
        case "list":
            both.rpush("chat:big", *texts)
        case "zset":
            both.zadd("chat:big", {text: i // 3 for i, text in enumerate(texts)})
        case "hash":
            both.hset("chat:big", mapping={f"f{i}": text for i, text in enumerate(texts)})
        case "stream":
            for i, text in enumerate(texts):
                both.xadd("chat:big", {"text": text}, id=f"{i + 1}-0")
    dirty = (n + 6) // 7
    ran = world.run("--apply", "--max-stream-entries", "2000")
    assert ran.code == 0, ran.err
    assert ran.line["changed"] == dirty
    assert ran.line["scanned"] == n
    expected = [f"{i:05d} to [EMAIL]" if i % 7 == 0 else f"{i:05d} clean" for i in range(n)]
    match kind:
        case "list":
            found = both.lrange("chat:big", 0, -1)
        case "zset":
            found = both.zrange("chat:big", 0, -1)
        case "hash":
            found = [both.hget("chat:big", f"f{i}") for i in range(n)]
        case "stream":
            found = [fields[b"text"] for _, fields in both.xrange("chat:big")]
    assert [item.decode() for item in found] == expected


def test_types_that_are_not_read_are_counted(world, valkey):
    valkey.sadd("chat:set", _text(world.seeds))
    valkey.set("chat:s", "clean")
    ran = world.run("--apply")
    assert ran.code == 0
    assert ran.line["skippedTypes"] == {"set": 1}


def test_what_is_no_text_or_too_long_is_left_and_said(world, valkey):
    valkey.rpush("chat:l", b"\xff\xfe\x00", "clean")
    valkey.set("chat:long", "a" * 600 + " " + world.seeds.email())
    ran = world.run("--apply", "--max-message", "500")
    assert ran.code == 3
    assert ran.line["tooLong"] == 1
    report = json.loads(valkey.get(ran.line["report"]))
    assert report["notText"] == 1
    assert [entry["why"] for entry in report["left"]] == ["tooLong"]
    assert len(report["left"][0]["key"]) == 16


def test_keys_of_its_own_are_never_touched(world, valkey):
    valkey.set("chat:s", _text(world.seeds))
    assert world.run("--match", "*", "--apply").code == 0
    assert world.run("--match", "*", "--apply").line["keys"] == 1
