"""Servers as they are run: a user with few rights, TLS, Sentinel, a cluster whose slots move, full memory, eviction."""

import datetime as dt
import ipaddress
import json
import re
import shlex
import subprocess
import time
from pathlib import Path

import pytest
import redis

from support.redis_cluster import Cluster
from support.redis_servers import REDIS, Server, binary, free_port

DOCS = Path(__file__).parents[3] / "docs" / "backfill.md"
needs_redis = pytest.mark.skipif(REDIS is None, reason="redis-server is not installed")


def _fill(world, client, keys=12, prefix="chat"):
    for i in range(keys):
        key = f"{prefix}:{i}"
        match i % 5:
            case 0:
                client.rpush(key, f"to {world.seeds.email()}")
            case 1:
                client.set(key, f"to {world.seeds.email()}")
            case 2:
                client.hset(key, "text", f"to {world.seeds.email()}")
            case 3:
                client.zadd(key, {f"to {world.seeds.email()}": 1})
            case 4:
                client.xadd(key, {"text": f"to {world.seeds.email()}"})


# --- a user with few rights --------------------------------------------------------------------------------------------------------------


def make_documented_user(client, *more: str) -> None:
    """Run the commands of the docs as they print them; what an older server does not know is in a second block."""
    blocks = re.findall(r"```(?:sh|text)\n((?:redis-cli ACL SETUSER [^`]*?)+)```", DOCS.read_text())
    lines = "".join(blocks).replace("\\\n", " ").replace("PASSWORD", "s3cret").splitlines()
    assert len(lines) == 3
    first, newer, _json = (shlex.split(line)[1:] for line in lines)
    client.execute_command(*first)
    if "valkey_version" in client.info("server"):
        client.execute_command(*newer)
    if more:
        client.execute_command("ACL", "SETUSER", "backfill", *more)


def test_the_documented_user_can_do_it_and_nothing_more(world, both):
    _fill(world, both)
    make_documented_user(both)
    url = f"redis://backfill:s3cret@127.0.0.1:{world.servers[0].port}/0"
    assert world.run("--redis", url, "--stamps").line["found"] == 12
    ran = world.run("--redis", url, "--apply", "--stamps")
    assert (ran.code, ran.line["changed"]) == (0, 12), ran.err
    limited = redis.Redis.from_url(url)
    for command in (
        ("FLUSHALL",),
        ("KEYS", "*"),
        ("GET", "other"),
        ("CONFIG", "GET", "*"),
        ("DEL", "chat:1"),
    ):
        with pytest.raises(redis.exceptions.NoPermissionError):
            limited.execute_command(*command)
    assert "s3cret" not in ran.out + ran.err + world.kept()


@pytest.mark.parametrize("missing", ["xadd", "zremrangebyrank", "set", "lset"])
def test_a_missing_right_is_named_and_nothing_is_lost(world, valkey, missing):
    _fill(world, valkey)
    kept = [key for key in valkey.keys("chat:*") if valkey.type(key) in {b"stream", b"zset"}]
    make_documented_user(valkey, f"-{missing}")
    url = f"redis://backfill:s3cret@127.0.0.1:{world.servers[0].port}/0"
    ran = world.run("--redis", url, "--apply")
    assert ran.code == 2, "it would not help to try again"
    said = "a command or a key" if missing in {"set", "hset"} else f"the command {missing};"
    assert f"may not use {said}" in ran.line["message"]
    if missing[0] in "xz":
        assert all(valkey.zcard(k) if valkey.type(k) == b"zset" else valkey.xlen(k) for k in kept)


def test_a_wrong_password_is_a_matter_of_configuration(world, valkey):
    valkey.config_set("requirepass", "right")
    world.servers[0].locked = True
    ran = world.run("--redis", f"redis://:wr0ng@127.0.0.1:{world.servers[0].port}/0")
    assert ran.code == 2
    assert "wr0ng" not in ran.out + ran.err


# --- TLS ---------------------------------------------------------------------------------------------------------------------------------


def _certificates(folder: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.fromtimestamp(time.time(), dt.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    found = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(found.public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(private)


@needs_redis
def test_tls_with_a_certificate_and_a_user_of_few_rights(world):
    folder = world.folder / "servercerts"
    folder.mkdir()
    _certificates(folder)
    files = {"ca": f"{folder}/cert.pem", "cert": f"{folder}/cert.pem", "key": f"{folder}/key.pem"}
    options = (
        "--tls-cert-file",
        files["cert"],
        "--tls-key-file",
        files["key"],
        "--tls-ca-cert-file",
        files["ca"],
    )
    server = Server("redis", world.folder / "server0", options, tls=True)
    (world.folder / "server0").mkdir()
    world.servers.append(server)
    secure = {
        "ssl": True,
        "ssl_ca_certs": files["ca"],
        "ssl_certfile": files["cert"],
        "ssl_keyfile": files["key"],
    }
    client = server.start(**secure).client(**secure)
    make_documented_user(client)
    _fill(world, client)
    (world.folder / "password").write_text("s3cret\n")
    arguments = [
        "--redis", f"rediss://127.0.0.1:{server.port}/0", "--username", "backfill",
        "--password-file", str(world.folder / "password"),
        "--tls-ca", files["ca"], "--tls-cert", files["cert"], "--tls-key", files["key"],
    ]  # fmt: skip
    ran = world.run(*arguments, "--apply")
    assert (ran.code, ran.line["changed"]) == (0, 12), ran.err
    assert client.lindex("chat:0", 0) == b"to [EMAIL]"
    ran = world.run("--redis", f"rediss://127.0.0.1:{server.port}/0", "--wait", "1s")
    assert ran.code in {2, 75}, "a certificate that nobody vouches for"
    assert "found" not in ran.line or ran.line["found"] == 0


# --- Sentinel ------------------------------------------------------------------------------------------------------------------------------


@needs_redis
def test_the_primary_is_found_by_sentinel(world):
    server = world.server("redis")
    _fill(world, world.redis)
    config = world.folder / "server0" / "sentinel.conf"
    port = free_port()
    config.write_text(f"port {port}\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 {server.port} 1\n")
    process = subprocess.Popen(
        [binary("redis"), str(config), "--sentinel"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        ran = world.run("--redis", f"redis+sentinel://127.0.0.1:{port}/main/0", "--apply")
        assert (ran.code, ran.line["changed"]) == (0, 12), ran.err
        ran = world.run("--redis", f"redis+sentinel://127.0.0.1:{port}/other/0", "--wait", "1s")
        assert ran.code == 75
    finally:
        process.kill()
        process.wait()


# --- a cluster -----------------------------------------------------------------------------------------------------------------------------


def _left(cluster) -> tuple[int, int]:
    dirty = total = 0
    for client in cluster.clients:
        for key in client.scan_iter("chat:*", count=1000):
            total += 1
            dirty += b"[EMAIL]" not in client.get(key)
    return dirty, total


def _fill_cluster(world, cluster, keys):
    client = redis.RedisCluster(host="127.0.0.1", port=cluster.servers[0].port)
    for i in range(keys):
        client.set(f"chat:{i}", f"to {world.seeds.email()}")
    client.close()


def test_a_cluster_whose_slots_move_during_the_scan(world, flavour):
    cluster = Cluster(world, flavour)
    _fill_cluster(world, cluster, 600)
    process = world.start("--redis", cluster.url, "--apply", "--page", "10", "--keys-per-second", "250")
    while _left(cluster)[0] > 500:
        time.sleep(0.05)
    last, first = (2, 0) if cluster.ids[0] < cluster.ids[2] else (0, 2)
    start = {0: 0, 2: 10923}[last]
    cluster.move(
        range(start, start + 400), last, first, 0.001
    )  # from a node not scanned yet to one that is or was
    ran = world.ended(process)
    assert ran.code == 0, ran.err
    assert _left(cluster) == (0, 600)
    report = json.loads(
        redis.RedisCluster(host="127.0.0.1", port=cluster.servers[0].port).get(ran.line["report"])
    )
    assert report["scansBegunAnew"] >= 1


def test_a_scan_that_does_not_look_at_slots_again_misses_keys(world, monkeypatch):
    """The control, made sure of: slots move to a node whose scan is over."""
    from leadmodel_privacy.backfill import topology
    from leadmodel_privacy.backfill.key_scan import KeyScan

    cluster = Cluster(world, "valkey")
    _fill_cluster(world, cluster, 300)
    order = sorted(range(3), key=lambda i: cluster.ids[i])
    ranges, real, done = {0: 0, 1: 5461, 2: 10923}, KeyScan.scan_node, []

    def node(self, found):
        real(self, found)
        if not done:
            done.append(1)
            start = ranges[order[2]]
            cluster.move(range(start, start + 1500), order[2], order[0])

    monkeypatch.setattr(KeyScan, "scan_node", node)
    with monkeypatch.context() as patch:
        patch.setattr(topology, "nodes_to_rescan", lambda *_: set())
        world.run("--redis", cluster.url, "--apply", "--lease", "1")
    assert _left(cluster)[0] > 0
    monkeypatch.undo()
    assert world.run("--redis", cluster.url, "--apply", "--lease", "1").code == 0
    assert _left(cluster) == (0, 300)


# --- memory ----------------------------------------------------------------------------------------------------------------------------------


def test_full_memory_stops_it_before_anything_is_taken_away(world, both):
    """Without their first line the scripts would write on into full memory: the control."""
    _fill(world, both, 30)
    entries = both.xlen("chat:4")
    both.config_set("maxmemory", 1)
    ran = world.run("--apply", "--wait", "0s")
    assert ran.code == 75
    assert "cannot serve" in ran.line["message"]
    assert both.xlen("chat:4") == entries
    assert both.zcard("chat:3") == 1
    script = "redis.call('XTRIM', KEYS[1], 'MAXLEN', 0) redis.call('XADD', KEYS[1], '*', 'a', 'b')"
    both.eval(script, 1, "chat:4")
    with pytest.raises(redis.exceptions.OutOfMemoryError):
        both.eval(f"#!lua\n{script}", 1, "chat:4")
    both.config_set("maxmemory", 0)
    assert world.run("--apply").code == 0


def test_reading_leaves_no_trace_for_eviction(world, valkey):
    """CLIENT NO-TOUCH, which Redis 7.0 lacks; the control reads without it."""
    valkey.rpush("chat:a", "clean")
    time.sleep(2.1)
    assert world.run("--apply").code == 0
    assert valkey.object("idletime", "chat:a") >= 2
    valkey.lrange("chat:a", 0, -1)
    assert valkey.object("idletime", "chat:a") < 2


def test_raw_values_are_in_no_slow_log(world, both):
    """The slow log keeps arguments; old values are named by digest. The control sends one."""
    both.config_set("slowlog-log-slower-than", 0)
    both.config_set("slowlog-max-len", 1000)
    emails = [world.seeds.email() for _ in range(5)]
    for i, email in enumerate(emails):
        both.rpush(f"chat:{i}", f"to {email}")
        both.zadd(f"chat:z{i}", {f"by {email}": 1})
        both.xadd(f"chat:x{i}", {"text": f"by {email}"})
    both.slowlog_reset()
    assert world.run("--apply").line["changed"] == 15
    logged = repr(both.slowlog_get(1000))
    assert "EVALSHA" in logged
    assert not [email for email in emails if email in logged]
    both.lpos("chat:0", emails[0])
    assert emails[0] in repr(both.slowlog_get(1000))


def test_scripts_are_loaded_again_when_the_server_forgot_them(world, valkey, monkeypatch):
    from leadmodel_privacy.backfill.worker import Worker

    _fill(world, valkey)
    real = Worker.process_batch

    def forget(self, node, batch):
        valkey.script_flush()
        real(self, node, batch)

    monkeypatch.setattr(Worker, "process_batch", forget)
    assert world.run("--apply").line["changed"] == 12
