"""Answers beside messages: what is written for each type, for how long, and what is left alone."""

import json
import re
import shlex
from pathlib import Path

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.crc import key_slot

from leadmodel_privacy.__main__ import main as redact
from leadmodel_privacy.backfill.side_keys import is_side_key, side_key
from support.redis_answers import TEXTS, answers, conversations, expected, fill, read, sha

DOCS = Path(__file__).parents[4] / "docs" / "enrichment.md"


def test_a_dry_run_writes_nothing_beside_its_report(world, both):
    fill(both)
    before = conversations(both)
    ran = world.run()
    assert (ran.code, ran.line["outcome"], ran.line["changed"]) == (0, "Found", 0)
    assert ran.line["found"] == sum(map(len, expected(both).values()))
    others = {key for key in both.keys("*") if not key.startswith(b"leadmodel:{enrich:default}:")}
    assert others == {*before}
    assert conversations(both) == before


def test_control_an_apply_writes_what_serving_answers_and_no_message_changes(world, both):
    fill(both)
    before = conversations(both)
    ran = world.run("--apply")
    assert (ran.code, ran.line["outcome"]) == (0, "Answered"), ran.err
    assert read(answers(both)) == expected(both)
    assert ran.line["changed"] == sum(map(len, expected(both).values())) > 30
    assert conversations(both) == before


def test_a_language_that_is_given_is_taken(world, valkey):
    fill(valkey, 5)
    assert world.run("--apply", "--language=en", "--want=intent").code == 0
    wanted = expected(valkey, language="en")
    assert read(answers(valkey)) == {
        key: {field: {"intent": answer["intent"]} for field, answer in fields.items()}
        for key, fields in wanted.items()
    }


def test_answers_hold_no_text_and_the_report_counts_labels(world, valkey):
    valkey.set(
        "chat:1", json.dumps({"text": "How much would quillfeather@example.org pay for zanzibar seats?"})
    )
    ran = world.run("--apply")
    kept = repr(answers(valkey)) + ran.out + ran.err + world.kept()
    assert "quillfeather" not in kept
    assert "zanzibar" not in kept
    assert ran.line["entities"]["language en"] == 1


def test_what_has_an_answer_is_left_alone(world, both):
    fill(both)
    assert world.run("--apply").code == 0
    before, ends = answers(both), {key: both.pexpiretime(key) for key in answers(both)}
    ran = world.run("--apply")
    assert (ran.code, ran.line["outcome"], ran.line["found"], ran.line["changed"]) == (0, "Clean", 0, 0)
    assert answers(both) == before
    assert {key: both.pexpiretime(key) for key in before} == ends


def test_control_another_question_is_answered_anew_and_its_old_answers_go(world, both):
    fill(both)
    assert world.run("--apply").code == 0
    ran = world.run("--apply", "--want=intent", "--changed-configuration")
    assert ran.line["changed"] == sum(map(len, expected(both).values()))
    for fields in read(answers(both)).values():
        assert all({*answer} == {"intent"} for answer in fields.values())


def test_answers_of_messages_that_are_gone_go_too(world, both):
    fill(both)
    assert world.run("--apply").code == 0
    both.ltrim("chat:0", 1, -1)
    both.rpush("chat:0", json.dumps({"content": "One question more"}))
    both.set("chat:1", "An other text, which is not JSON")
    assert world.run("--apply").line["changed"] == 2
    sides = answers(both)
    assert {*sides[b"{chat:0}:leadtext"]} == {b"model", *map(sha, both.lrange("chat:0", 0, -1))}
    assert {*sides[b"{chat:1}:leadtext"]} == {b"model", sha("An other text, which is not JSON")}


def test_answers_live_as_long_as_asked_and_no_longer_than_their_key(world, valkey):
    fill(valkey, 3)
    valkey.expire("chat:1", 100)
    assert world.run("--apply", "--ttl=2h").code == 0
    assert 7000 < valkey.ttl("{chat:0}:leadtext") <= 7200
    assert 0 < valkey.ttl("{chat:1}:leadtext") <= 100
    assert world.run("--apply", "--ttl=0").code == 2


def test_a_long_list_is_answered_in_chunks(world, valkey):
    texts = [f"{TEXTS[i % 4]} {chr(97 + i // 26 % 26)}{chr(97 + i % 26)} {i // 676}" for i in range(1700)]
    valkey.rpush("chat:1", *texts)
    assert world.run("--apply").code == 0
    assert {*answers(valkey)[b"{chat:1}:leadtext"]} == {b"model", *map(sha, texts)}
    assert world.run("--apply").line["found"] == 0


def test_a_long_list_that_moves_on_does_not_pile_up_answers(world, valkey):
    for turn in range(4):
        valkey.rpush(
            "chat:1",
            *(f"{TEXTS[i % 4]} {'abcd'[turn]} {chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(600)),
        )
        valkey.ltrim("chat:1", -600, -1)
        assert world.run("--apply").code == 0
    assert {*map(sha, valkey.lrange("chat:1", 0, -1))} <= {*answers(valkey)[b"{chat:1}:leadtext"]}
    assert valkey.hlen("{chat:1}:leadtext") <= 2 * 600 + 500 + 100


def test_side_keys_are_read_by_no_run(world, valkey):
    fill(valkey, 5)
    valkey.set("chat:{7}:x", TEXTS[0])
    for _ in range(2):
        assert world.run("--match=*", "--apply").code == 0
    before = answers(valkey)
    assert len(before) == 6
    assert b"chat:{7}:x:leadtext" in before
    url = world.servers[0].url
    assert (
        redact(["backfill", f"--redis={url}", "--match=*", "--apply", "--report=none", "--audit=none"]) == 0
    )
    assert answers(valkey) == before
    assert world.run("--match=*").line["skippedTypes"]["leadtext"] == 6


def test_a_key_of_somebody_else_is_not_written_over(world, both):
    fill(both, 2)
    both.set("{chat:0}:leadtext", "mine")
    both.hset("{chat:1}:leadtext", "also", "mine")
    ran = world.run("--apply")
    assert (ran.code, ran.line["givenUp"]) == (3, 2)
    assert both.get("{chat:0}:leadtext") == b"mine"
    assert both.hgetall("{chat:1}:leadtext") == {b"also": b"mine"}


def test_a_key_without_a_slot_for_another_is_counted(world, valkey):
    valkey.set("chat:}", TEXTS[0])
    ran = world.run("--apply")
    assert (ran.code, ran.line["skippedTypes"]) == (0, {"noSideKey": 1})
    assert answers(valkey) == {}


def documented_user(client):
    """The user of the docs, as the docs print its command."""
    block = re.search(r"```sh\n(redis-cli ACL SETUSER [^`]*)```", DOCS.read_text())
    command = shlex.split(block[1].replace("\\\n", " ").replace("PASSWORD", "s3cret"))
    client.execute_command(*command[1:])


def test_the_documented_user_answers_and_changes_no_message(world, both):
    fill(both)
    both.set("chat:{7}", TEXTS[0])
    documented_user(both)
    url = f"redis://enrich:s3cret@127.0.0.1:{world.servers[0].port}/0"
    for _ in range(2):
        ran = world.run("--redis", url, "--apply", "--want=intent", "--changed-configuration")
        assert ran.code == 0, ran.err
        ran = world.run("--redis", url, "--apply", "--changed-configuration")
        assert ran.code == 0, ran.err
    limited = redis.Redis.from_url(url)
    assert len(answers(both)) == 13
    for command in (
        "SET chat:1 x",
        "DEL chat:1",
        "HSET chat:2 text x",
        "LPUSH chat:0 x",
        "FLUSHALL",
        "GET other",
    ):
        with pytest.raises(redis.exceptions.NoPermissionError):
            limited.execute_command(*command.split())
    limited.close()


@settings(max_examples=500)
@given(st.text(alphabet="ab{}:é", max_size=12).map(str.encode))
def test_a_side_key_is_another_key_of_the_same_slot(key):
    side = side_key(key)
    assert side is None or (side != key and is_side_key(side) and key_slot(side) == key_slot(key))
    assert side is not None or b"}" in key or not key


@pytest.mark.parametrize(
    "raw", [b"\xff\xfe", b"", b"   ", b'{"role": "user"}', b'a:1:{s:4:"text";s:2:"hi";}', b"[1, 2]"]
)
def test_what_has_no_text_has_no_answer(world, valkey, raw):
    valkey.set("chat:1", raw)
    ran = world.run("--apply")
    assert (ran.code, ran.line["found"]) == (0, 0)
    assert answers(valkey) == {}
