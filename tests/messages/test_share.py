"""The share of a challenger: a file beside it, read strictly, and what became of its leads, which adds up over processes."""

import json
from dataclasses import replace

import pytest

from leadmodel_artifact.jsonnode import LayoutError
from leadmodel_messages import share
from leadmodel_messages.errors import ErrorWord
from leadmodel_messages.share import Share
from leadmodel_messages.window import ShareWindow, Window
from leadmodel_messages.window_document import dump, parse
from leadmodel_messages.window_sums import merge

DIGEST, OTHER = (f"sha256:{digit * 64}" for digit in "12")
SEEN = ShareWindow(DIGEST, 5, 40, 1, 2, 0.5, 760, 4.0)


def window(boot="a", part=SEEN, error=None):
    return Window(
        boot, 1.0, None, None, takes_challenger=True, share=part and replace(part), share_error=error
    )


def written(**changes):
    return json.dumps({"schema": share.SCHEMA, "digest": DIGEST, "weight": 5} | changes)


@pytest.mark.parametrize("weight", [1, 5, 100])
def test_a_share_reads_as_it_was_written(weight):
    whole = Share(DIGEST, weight)
    assert share.parse(share.dump(whole)) == whole
    assert share.parse(share.dump(whole).encode()) == whole
    assert whole.buckets == 100 * weight


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": "leadmodel.share/v2"},
        {"schema": None},
        {"digest": "sha256:1"},
        {"digest": None},
        {"weight": 0},
        {"weight": 101},
        {"weight": -5},
        {"weight": 5.5},
        {"weight": True},
        {"weight": "5"},
        {"weight": None},
    ],
)
def test_what_is_no_share_is_refused(changes):
    assert share.parse(written(addedLater=[1])) == Share(DIGEST, 5)  # control
    with pytest.raises(LayoutError):
        share.parse(written(**changes))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "5", b"\xff", "[" * 100_000])
def test_what_is_no_object_is_refused(text):
    with pytest.raises((ValueError, RecursionError)):
        share.parse(text)


def test_a_window_tells_of_the_share():
    for whole in (window(), window(part=None, error=ErrorWord.DIGEST_MISMATCH), window(part=None)):
        assert parse(json.loads(json.dumps(dump(whole)))) == whole
    assert not {"share", "shareError"} & dump(window(part=None)).keys()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("digest", "sha256:1"),
        ("weight", 0),
        ("weight", 101),
        ("answered", -1),
        ("answered", 1.5),
        ("failed", True),
        ("refused", "2"),
        ("seconds", -0.1),
        ("seconds", float("nan")),
        ("championAnswered", 10**13),
        ("championSeconds", None),
    ],
)
def test_a_hostile_share_in_a_window_is_refused(key, value):
    document = dump(window())
    assert parse(document).share == SEEN  # control
    with pytest.raises(LayoutError, match=key):
        parse(document | {"share": document["share"] | {key: value}})


def test_shares_add_up():
    whole = merge([window("a"), window("b", replace(SEEN, answered=1))]).share
    assert whole == ShareWindow(DIGEST, 5, 41, 2, 4, 1.0, 1520, 8.0)
    assert merge([window("a", None), window("b", None)]).share is None


@pytest.mark.parametrize("odd", [None, replace(SEEN, weight=20), replace(SEEN, digest=OTHER)])
def test_processes_that_do_not_have_the_same_share_do_not_agree(odd):
    """The control is three processes with one share."""
    assert merge([window("a"), window("b"), window("c")]).share.is_agreed
    whole = merge([window("a"), window("b"), window("c", odd, ErrorWord.SCHEMA_MISMATCH)])
    assert not whole.share.is_agreed
    assert (whole.share.digest, whole.share.weight) == (DIGEST, 5)
    assert whole.share.answered == (120 if odd and odd.digest == DIGEST else 80)
    assert whole.share_error is ErrorWord.SCHEMA_MISMATCH
