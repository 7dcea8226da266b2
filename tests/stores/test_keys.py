"""Keys of objects with every kind of character, on a real S3 server and through the programs."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from leadmodel_messages.commands import Program
from leadmodel_store import objects
from leadmodel_store.store import StoreError, StoreReason, fetch, put
from leadmodel_training.synth import main as synth
from stores.test_s3 import run
from support.object_stores import s3

KEYS = {  # in a URI → in the bucket
    "Lead #1.csv": "Lead #1.csv",
    "Lead%20Scoring.csv": "Lead Scoring.csv",
    "Lead Scoring.csv": "Lead Scoring.csv",
    "what?.csv": "what?.csv",
    "100%25.csv": "100%.csv",
    "100% sure.csv": "100% sure.csv",
    "%23.csv": "#.csv",
    "a+b.csv": "a+b.csv",
    "a&b=c;d,e.csv": "a&b=c;d,e.csv",
    "a'b\"c`.csv": "a'b\"c`.csv",
    "[1]{2}(3)<4>.csv": "[1]{2}(3)<4>.csv",
    "a:b@c$d!e*f~g^h|i.csv": "a:b@c$d!e*f~g^h|i.csv",
    "a\\b.csv": "a\\b.csv",
    "größe/日本/😀.csv": "größe/日本/😀.csv",
    "gr%C3%B6%C3%9Fe.csv": "größe.csv",
    "e\u0301.csv": "e\u0301.csv",
    ".hidden/..a/b..c": ".hidden/..a/b..c",
    " a/ b /c ": " a/ b /c ",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, str], Path]]:
    """The login to a server whose bucket `leads` is the folder."""
    folder = tmp_path_factory.mktemp("keys")
    with s3(folder, "leads") as login:
        yield login, folder / "leads"


@pytest.mark.parametrize("written", KEYS)
def test_a_key_means_what_is_written(server, written):
    login, bucket = server
    put(f"s3://leads/{written}", b"leads", environ=login)
    (file,) = (path for path in bucket.rglob("*") if path.is_file())
    try:
        assert str(file.relative_to(bucket)) == KEYS[written]
        assert fetch(f"s3://leads/{written}", max_bytes=9, environ=login).data == b"leads"
    finally:
        file.unlink()


def test_control_a_key_that_is_read_as_an_address(server, monkeypatch):
    monkeypatch.setattr(objects, "place_of", lambda uri: ("leads", urlsplit(uri).path.lstrip("/")))
    for written in ("Lead #1.csv", "what?.csv", "Lead%20Scoring.csv"):
        with pytest.raises(AssertionError):
            test_a_key_means_what_is_written(server, written)


@pytest.mark.parametrize("written", ["a\tb", "a\x00b", "a//b", "a/../b", "%FF", "%0A"])
def test_a_key_that_no_store_takes_is_refused(server, written):
    login, _ = server
    for ask in (
        lambda: fetch(f"s3://leads/{written}", max_bytes=9, environ=login),
        lambda: put(f"s3://leads/{written}", b"", environ=login),
    ):
        with pytest.raises(StoreError) as refused:
            ask()
        assert refused.value.reason is StoreReason.BAD_URI


def test_training_validation_poll_and_predictor_take_such_keys(server, tmp_path):
    """As a definition of the resource takes them, too: there a blank is `%20`."""
    login, bucket = server
    leads = tmp_path / "leads.csv.gz"
    assert synth(["--seed", "1", "--days", "20", "--per-day", "200", "--out", str(leads)]) == 0
    put("s3://leads/Lead #1 [größe] 100%.csv.gz", leads.read_bytes(), environ=login)
    ended = run(
        Program.TRAIN,
        "--leads=s3://leads/Lead%20#1%20[größe]%20100%25.csv.gz",
        "--out=s3://leads/A & B #2?",
        **login,
    )
    assert ended.returncode == 0, ended.stderr
    assert {path.name for path in (bucket / "A & B #2?").iterdir()} >= {"model.json", "holdout.csv.gz"}
    base = "s3://leads/A%20&%20B%20#2?"
    sources = (f"--artifact={base}/model.json", f"--holdout={base}/holdout.csv.gz")
    polled = json.loads(run(Program.POLL, *sources, **login).stdout)
    assert polled["digest"] == json.loads(ended.stdout)["digest"]
    report = json.loads(run(Program.VALIDATE, *sources, **login).stdout)
    assert (report["outcome"], report["artifact"]["digest"]) == ("Measured", polled["digest"])
    served = run(Program.PREDICTOR, f"--artifact={base}/model.json", "--min-auc=0.99", **login)
    assert "is below 0.99" in served.stderr
