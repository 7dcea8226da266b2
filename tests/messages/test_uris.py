"""URIs are shown as they are written, without what may be secret."""

from pathlib import Path

import pytest

from leadmodel_messages.uris import show, uri_of


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("https://user:secret@Host.Example:81/Model.json?sig=secret#x", "https://Host.Example:81/Model.json"),
        ("https://[2001:db8::1]:8443/m", "https://[2001:db8::1]:8443/m"),
        ("s3://Bucket/key", "s3://Bucket/key"),
        ("s3://leads/Lead #1.csv", "s3://leads/Lead #1.csv"),
        ("az://leads/a#1?sig=secret#2", "az://leads/a#1"),
        ("https://host/m#?x", "https://host/m"),
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
    assert show(show("https://user:secret@HOST/m?x")) == show("https://user:secret@HOST/m?x")


def test_a_path_has_a_uri():
    assert uri_of("model.json") == (Path.cwd() / "model.json").as_uri()
    assert uri_of("s3://bucket/model.json") == "s3://bucket/model.json"
