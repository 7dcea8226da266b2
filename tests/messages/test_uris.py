"""URIs are shown as they are written, without what may be secret."""

from pathlib import Path

import pytest

from leadmodel_messages.uris import place, show, uri_of


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        (
            "https://user:secret@Host.Example:81/Model.json?sig=secret#x",
            "https://Host.Example:81/Model.json?sig=…",
        ),
        ("https://[2001:db8::1]:8443/m", "https://[2001:db8::1]:8443/m"),
        ("s3://Bucket/key", "s3://Bucket/key"),
        ("s3://leads/Lead #1.csv", "s3://leads/Lead #1.csv"),
        ("az://leads/a#1?sig=secret#2", "az://leads/a#1?sig=…"),
        ("https://host/m#?x", "https://host/m"),
        ("https://host/m?versionId=7&sig=secret", "https://host/m?versionId=…&sig=…"),
        ("https://host/m?secret", "https://host/m?…"),
        ("https://host/m?c2VjcmV0==", "https://host/m?…"),
        ("https://host/m?a=1&&%73ecret=1&b=a=secret&c=1&d=secret", "https://host/m?a=…&…&…&b=…&…"),
        ("https://user:pass?word@host/m", "a URI that cannot be read"),
        ("https://user:pass/word@host/m", "a URI that cannot be read"),
        ("https://user:12/ab@host/m", "a URI that cannot be read"),
        ("https://user:12?ss@host/m", "a URI that cannot be read"),
        ("https://user:1#secret@host/m", "a URI that cannot be read"),
        ("https://user:/secret@host/m", "a URI that cannot be read"),
        ("s3://key:sec/ret@bucket/m", "a URI that cannot be read"),
        ("gs://key:se?cret=abc@bucket/m", "a URI that cannot be read"),
        ("redis://:12/ab@host/0", "a URI that cannot be read"),
        ("https://host/a@b", "https://host/a@b"),
        ("https://user:secret@host:81/a@b", "https://host:81/a@b"),
        ("pvc://claim/path", "pvc://claim/path"),
        ("file:///a/model.json", "file:///a/model.json"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock"),
        ("redis://:secret@host:6379/0", "redis://host:6379/0"),
        ("model.json", "model.json"),
        ("https://[secret/m", "a URI that cannot be read"),
    ],
)
def test_show(uri, shown):
    assert show(uri) == shown


def test_showing_twice_changes_nothing():
    for uri in ("https://user:secret@HOST/m?x", "https://host/m?a=1&secret&c=3&d=4&e=5"):
        assert show(show(uri)) == show(uri)


def test_a_long_query_takes_little_room_in_a_message():
    assert len(show(f"https://host/m?{'&'.join(f'a{i}=1' for i in range(200))}")) < 60


def test_what_programs_compare_has_no_query():
    """Each release shows a query in its own way; a poll that answers for the same place is an answer."""
    for uri in ("https://user:secret@HOST/m?x=1#f", show("https://user:secret@HOST/m?x=1#f")):
        assert place(uri) == "https://HOST/m"


def test_a_path_has_a_uri():
    assert uri_of("model.json") == (Path.cwd() / "model.json").as_uri()
    assert uri_of("s3://bucket/model.json") == "s3://bucket/model.json"
