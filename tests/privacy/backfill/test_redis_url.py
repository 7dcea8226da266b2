"""The URL of a Redis: read right, never shown, and no check of a certificate is switched off by it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadmodel_messages.uris import show
from leadmodel_privacy.backfill.errors import Refused
from leadmodel_privacy.backfill.redis_url import parse
from leadmodel_privacy.backfill.servers import Access


@pytest.mark.parametrize(
    ("url", "shown", "login"),
    [
        ("redis://localhost", "redis://localhost:6379/0", ("", "")),
        (
            "rediss://user:p%2Fa%40s%23s%25w%3Fo%20rd@h.example:6380/3",
            "rediss://h.example:6380/3",
            ("user", "p/a@s#s%w?o rd"),
        ),
        ("redis://:p@ss:word@h:1/2", "redis://h:1/2", ("", "p@ss:word")),
        ("redis://:a b@h/0?client_name=x", "redis://h:6379/0", ("", "a b")),
        ("redis://u%C3%BC:p%C3%A9@h", "redis://h:6379/0", ("u\u00fc", "p\u00e9")),
        ("redis://[::1]:6379/0", "redis://::1:6379/0", ("", "")),
        ("unix://u:p@/run/redis.sock?db=2", "unix:///run/redis.sock", ("u", "p")),
        ("redis+sentinel://u:p@a:1,b:2/main/4", "redis+sentinel://a:1,b:2/main", ("u", "p")),
        ("redis://h/5?ssl_cert_reqs=required&socket_timeout=3", "redis://h:6379/5", ("", "")),
    ],
)
def test_parts(url, shown, login):
    parts = parse(url)
    assert (parts.shown, (parts.username, parts.password)) == (shown, login)
    assert all(not secret or secret not in repr(parts) for secret in login if len(secret) > 2)


SECRETS = [
    "s3cr/t",
    "s3c?ret",
    "s3c#ret",
    "s3/c@r#e?t",
    "[s3cret",
    "s3c%ret",
    "s3/cret:1",
    "s3cret@x/y",
    "\u2100s3cret",
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "form",
    [
        "redis://:{}@h.example:6379/0",
        "redis://user:{}@h/0",
        "rediss://{}@h",
        "unix://:{}@/run/x",
        "redis://:{}",
    ],
)
def test_no_message_holds_a_password(world, secret, form):
    """Where the password can be read, the run fails for want of a server; where not, the run is refused. Neither says any of it."""
    ran = world.run("--redis", form.format(secret), "--wait", "0s")
    assert ran.code in {2, 75}
    told = ran.out + ran.err + (world.folder / "termination").read_text()
    assert "s3c" not in told
    assert "cret" not in told


def test_the_general_way_to_show_a_uri_would_tell():
    """The control: what shows other URIs takes a slash in a secret without a colon for the beginning of the path."""
    assert "ret" in show("redis://s3c/ret@h/0")


def told_of(url):
    try:
        parts = parse(url)
    except Refused as error:
        return str(error)
    return parts.shown + repr(parts)


@settings(max_examples=300, deadline=None)
@given(
    st.text(alphabet=st.sampled_from("Zq/@#?%:[] ,=&\u2100"), min_size=1, max_size=12),
    st.sampled_from(["redis", "rediss", "unix"]),
)
def test_any_password(password, scheme):
    told = told_of(f"{scheme}://:Zq{password}qZ@h.example:6379/0")
    assert "Zq" not in told
    assert "qZ" not in told


@pytest.mark.parametrize(
    "query",
    [
        "ssl_cert_reqs=none",
        "ssl_cert_reqs=optional",
        "ssl_check_hostname=false",
        "ssl_check_hostname=0",
        "ssl_ciphers=NULL",
        "db=0&ssl_cert_reqs=None",
    ],
)
def test_a_check_is_not_switched_off(world, query):
    ran = world.run("--redis", f"rediss://h/0?{query}")
    assert ran.code == 2
    assert "check of the server's certificate" in ran.err


def test_an_unknown_option_is_refused_without_its_text(world):
    ran = world.run("--redis", "redis://h/0?s3cret=1")
    assert ran.code == 2
    assert "s3cret" not in ran.err


def test_certificates_need_an_encrypted_url_and_come_in_pairs(tmp_path):
    file = tmp_path / "x.pem"
    file.write_text("")
    for access, words in (
        (Access("redis://h", ca=str(file)), "begin it with rediss://"),
        (Access("rediss://h", certificate=str(file)), "go together"),
        (Access("rediss://h/0?ssl_ca_certs=/nowhere.pem"), "is not there"),
    ):
        with pytest.raises(Refused, match=words):
            access.check()


def test_login_comes_from_the_environment(world, valkey, monkeypatch):
    valkey.execute_command("ACL", "SETUSER", "reader", "on", ">p/@#%", "~*", "&*", "+@all")
    valkey.set("chat:1", f"to {world.seeds.email()}")
    monkeypatch.setenv("REDIS_USERNAME", "reader")
    monkeypatch.setenv("REDIS_PASSWORD", "p/@#%\n")
    ran = world.run("--apply", "--changed-configuration")
    assert (ran.code, ran.line["changed"]) == (0, 1), ran.err
    monkeypatch.setenv("REDIS_PASSWORD", "wrong")
    assert world.run().code == 2
