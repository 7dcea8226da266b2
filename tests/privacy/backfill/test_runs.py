"""A run as its operator meets it: gate, lease, exit codes, reports, audit, termination message, progress, pace."""

import json
import os
import subprocess
import sys
import time

import pytest

from leadmodel_privacy.backfill.nodes import AT_ONCE, Node
from leadmodel_privacy.backfill.run_context import RunContext
from leadmodel_privacy.backfill.state import State


def _fill(world, client, keys=5):
    for i in range(keys):
        client.rpush(f"chat:{i}", f"to {world.seeds.email()}", "clean")


# --- gate ----------------------------------------------------------------------------------------------------------------------------


def test_apply_is_refused_when_the_last_dry_run_had_another_configuration(world, valkey):
    _fill(world, valkey)
    assert world.run("--field", "text").code == 0
    ran = world.run("--apply", "--field", "details")
    assert ran.code == 2
    assert "another configuration" in ran.line["message"]
    assert not [i for i in range(5) if b"[EMAIL]" in valkey.lindex(f"chat:{i}", 0)]
    assert world.run("--max-keys", "1", "--field", "details").code == 0, (
        "a first look is no dry run of record"
    )
    assert world.run("--apply", "--field", "details").code == 2
    assert world.run("--apply", "--field", "details", "--changed-configuration").code == 0
    assert world.run("--field", "details").code == 0
    assert world.run("--apply", "--field", "details").code == 0


# --- lease -----------------------------------------------------------------------------------------------------------------------------


def test_one_run_at_a_time_the_other_waits_and_says_so(world, valkey):
    _fill(world, valkey, 40)
    first = world.start("--apply", "--page", "10", "--keys-per-second", "8", "--lease", "2")
    while not valkey.exists("leadmodel:{backfill:default}:lease"):
        time.sleep(0.02)
    ran = world.run("--apply", "--wait", "1s")
    assert ran.code == 75
    assert "holds the lease" in ran.line["message"]
    assert world.run("--name", "other").code == 0, "another name is another lease"
    assert world.ended(first).code == 0
    assert not valkey.exists("leadmodel:{backfill:default}:lease")
    assert world.run("--apply", "--wait", "1s").code == 0


def test_a_holder_that_slept_too_long_stops(world, valkey, monkeypatch):
    """Fenced: another took the lease and left meanwhile; the state is theirs."""
    _fill(world, valkey, 30)
    real, saves = State.save, []

    def save(self, *arguments, **more):
        saves.append(1)
        if len(saves) == 3:
            key = "leadmodel:{backfill:default}:"
            valkey.delete(f"{key}lease")
            valkey.hincrby(f"{key}state", "fence", 1)
        real(self, *arguments, **more)

    monkeypatch.setattr(State, "save", save)
    ran = world.run("--apply", "--page", "5")
    assert ran.code == 75
    assert "took the lease over" in ran.line["message"]
    monkeypatch.undo()
    assert world.run("--apply").code == 0


# --- errors ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--redis", "http://user:s3cret@h/"), "must begin with"),
        (("--redis", "redis+sentinel://user:s3cret@h:1"), "Sentinel URL"),
        (("--redis", "redis://user:s3cret@h:port/"), "cannot be used as a URL"),
        (("--sample", "0"), "--sample"),
        (("--page", "9999"), "--page"),
        (("--name", "a b"), "--name"),
        (("--report", "ftp://x"), "--report"),
        (("--redis", "rediss://user:s3cret@h", "--tls-ca", "/nowhere.pem"), "TLS flags"),
        (("--config", "/nowhere.json"), "cannot be read"),
    ],
)
def test_wrong_arguments_are_told_in_one_line(world, arguments, said):
    if "--redis" not in arguments:
        arguments += ("--redis", "redis://h")
    ran = world.run(*arguments)
    assert ran.code == 2
    assert said in ran.err
    assert ran.err.count("\n") == 1
    assert "s3cret" not in ran.err + ran.out
    assert json.loads((world.folder / "termination").read_text())["exitCode"] == 2


def test_a_server_that_is_away_is_waited_for_then_75(world):
    ran = world.run("--redis", "redis://user:s3cret@127.0.0.1:1/0", "--wait", "1s")
    assert ran.code == 75
    assert "cannot be reached" in ran.line["message"]
    assert "s3cret" not in ran.err + ran.out


def test_an_error_of_the_program_tells_its_place_not_its_text(world, valkey, monkeypatch):
    secret = world.seeds.email()

    def fail(*_):
        raise ValueError(f"did not find {secret}")

    monkeypatch.setattr("leadmodel_privacy.backfill.worker.Worker.page", fail)
    valkey.set("chat:s", secret)
    ran = world.run("--apply")
    assert ran.code == 75
    assert "ValueError at test_runs.py" in ran.line["message"]


def test_others_get_a_word_in_between(world, valkey, monkeypatch):
    """A server answers nobody else while it works on what it was sent together: a page goes to it in small parts."""
    _fill(world, valkey, 120)
    real, sent = Node.exchange, []

    def seen(self, commands):
        sent.append(len(commands))
        return real(self, commands)

    monkeypatch.setattr(Node, "exchange", seen)
    assert world.run("--apply").code == 0
    assert max(sent) == AT_ONCE
    assert sum(sent) > 3 * 120, "a glance, a reading and a write for each"


# --- what is left behind ---------------------------------------------------------------------------------------------------------------


def test_the_report_is_kept_in_redis_for_thirty_days(world, valkey):
    _fill(world, valkey)
    ran = world.run("--apply")
    assert 30 * 86400 - 60 < valkey.ttl(ran.line["report"]) <= 30 * 86400
    report = json.loads(valkey.get(ran.line["report"]))
    assert report["entities"] == {"EMAIL": 5}
    assert report["messagesByType"] == {"list": 5}
    assert report["shapes"] == {"EMAIL aaaa9999@aaaa.aaa": 5}
    assert (report["keys"], report["dirtyKeys"], report["verifiedKeys"]) == (5, 5, 5)
    assert 0 < report["redisShare"] < 1


def test_the_report_goes_to_a_folder_and_old_ones_go(world, valkey):
    _fill(world, valkey)
    folder = world.folder / "reports"
    folder.mkdir()
    old, other = folder / "backfill-old.json", folder / "other.json"
    for path in (old, other):
        path.write_text("{}")
        os.utime(path, (time.time() - 7200,) * 2)
    uri = f"file://{folder}"
    ran = world.run("--report", uri, "--audit", uri, "--retention", "1h")
    assert not old.exists()
    assert other.exists()
    assert ran.line["report"].startswith(uri)
    assert json.loads(next(folder.glob("backfill-*.json")).read_text())["found"] == 5
    world.run("--apply", "--report", uri, "--audit", uri)
    records = [json.loads(line) for line in (folder / "audit.jsonl").read_text().splitlines()]
    assert [record["mode"] for record in records] == ["DryRun", "Apply"]


def test_the_audit_record_has_no_end(world, valkey):
    _fill(world, valkey)
    world.run("--triggered-by", "ann", "--image", "privacy:1")
    world.run("--apply")
    key = "leadmodel:{backfill:default}:audit"
    records = [json.loads(fields[b"record"]) for _, fields in valkey.xrange(key)]
    assert [record["outcome"] for record in records] == ["Found", "Redacted"]
    assert records[0]["triggeredBy"] == "ann"
    assert records[0]["image"] == "privacy:1"
    assert {"detector", "config", "started", "ended"} <= records[0].keys()
    assert valkey.ttl(key) == -1


def test_a_report_that_cannot_be_written_is_no_success(world, valkey):
    _fill(world, valkey)
    ran = world.run("--report", "file:///nowhere/at/all")
    assert ran.code == 75
    assert "the report cannot be written" in ran.line["message"]


def test_the_termination_message_is_one_short_line(world, valkey):
    for i in range(60):
        valkey.sadd(f"chat:s{i}", "x")
    _fill(world, valkey)
    ran = world.run("--apply")
    text = (world.folder / "termination").read_text()
    assert text == ran.out.strip()
    assert len(text.encode()) <= 4096
    assert json.loads(text)["outcome"] == "Redacted"


def test_progress_is_json_lines_where_there_is_no_terminal(world, valkey):
    _fill(world, valkey, 60)
    from leadmodel_privacy.backfill import scan_progress

    scan_progress.EVERY_S[False] = 0.0
    try:
        ran = world.run("--page", "10")
    finally:
        scan_progress.EVERY_S[False] = 10.0
    lines = [json.loads(line) for line in ran.err.splitlines()]
    assert all(line["event"] == "progress" for line in lines)
    assert lines[-1]["found"] == 60


def test_pace(world, valkey):
    _fill(world, valkey, 60)
    began = time.monotonic()
    assert world.run("--page", "10", "--keys-per-second", "60").line["keys"] == 60
    assert time.monotonic() - began > 0.8
    assert world.run("--server-share", "0.5").line["keys"] == 60


# --- stamps ----------------------------------------------------------------------------------------------------------------------------


def test_stamps_skip_what_did_not_change_and_nothing_else(world, both):
    _fill(world, both, 20)
    both.set("chat:s", f"to {world.seeds.email()}")
    both.hset("chat:h", mapping={"text": f"to {world.seeds.email()}"})
    both.zadd("chat:z", {f"to {world.seeds.email()}": 1.5})
    both.xadd("chat:x", {"text": f"to {world.seeds.email()}"})
    assert world.run("--apply", "--stamps").line["changed"] == 24
    ran = world.run("--apply", "--stamps")
    assert ran.line["scanned"] == 0
    assert json.loads(both.get(ran.line["report"]))["unchangedKeys"] == 24
    same_length = world.seeds.email()
    both.lset("chat:3", 1, same_length[:5])
    both.lset("chat:4", 1, f"to {same_length}")
    both.set("chat:s", f"to {world.seeds.email()}")
    ran = world.run("--apply", "--stamps")
    assert ran.line["changed"] == 2
    assert ran.line["scanned"] == 5
    assert world.run("--apply", "--stamps").line["scanned"] == 0
    assert world.run("--apply", "--stamps", "--max-message", "5000").line["scanned"] == 44, (
        "another configuration"
    )


def test_stamps_hold_for_long_texts_and_long_conversations_until_one_word_changes(world, both):
    texts = [f"message {i:04d} of a long conversation" for i in range(500)]
    both.set("chat:s", "we liked the offer " * 100)
    both.set("chat:t", "we liked the offer " * 100 + world.seeds.email())
    both.rpush("chat:l", *texts[:-1], f"to {world.seeds.email()}")
    both.hset("chat:h", mapping={str(i): text for i, text in enumerate(texts[:300])})
    both.zadd("chat:z", {text: i for i, text in enumerate(texts[:300])})
    for text in texts:
        both.xadd("chat:x", {"text": text})
    both.set("chat:over", "we liked the offer " * 4000)  # over 64 KB: read each time
    both.rpush("chat:longer", *texts, "one more than has a mark")
    assert world.run("--apply", "--stamps").line["changed"] == 2
    assert world.run("--apply", "--stamps").line["scanned"] == 1 + 501
    both.setrange("chat:s", 19, "quillfeather@example.org")
    both.lset("chat:l", 250, f"to {world.seeds.email()}")
    ran = world.run("--apply", "--stamps")
    assert (ran.line["changed"], ran.line["scanned"]) == (2, 1 + 500 + 1 + 501)
    assert both.getrange("chat:s", 19, 25) == b"[EMAIL]"
    assert both.lindex("chat:l", 250) == b"to [EMAIL]"
    assert world.run("--apply", "--stamps").line["scanned"] == 1 + 501


def test_marks_are_asked_for_only_where_they_can_be_known(world, valkey, monkeypatch):
    """A mark costs the server a reading of the whole key."""
    _fill(world, valkey)
    asked, real = [], RunContext.overviews

    def spy(self, node, keys):
        asked.append((self.verifying, self.with_digests))
        return real(self, node, keys)

    monkeypatch.setattr(RunContext, "overviews", spy)
    world.run("--apply", "--stamps")
    assert asked == [(False, False), (True, True)]
    asked.clear()
    world.run("--apply", "--stamps")
    assert asked[0] == (False, True)


def test_a_run_that_finds_all_unchanged_loads_no_tables_of_phone_numbers(world, valkey):
    said = "import sys; from leadmodel_privacy.__main__ import main; code = main(sys.argv[1:]); print('phonenumbers' in sys.modules)"

    def loaded() -> str:
        command = [sys.executable, "-c", said, *world.arguments("--apply", "--stamps")]
        ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        return ended.stdout.splitlines()[-1]

    valkey.rpush("chat:1", "or +44 20 7946 0958 then")
    assert loaded() == "True", "the control"
    assert loaded() == "False"
