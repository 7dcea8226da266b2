"""The split of a long body: items are those of a JSON reader, what is no JSON is refused, and the work is cut into slices."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadmodel_predictor.http.errors import Refused
from leadmodel_predictor.http.json_items import EVERY, MAX_MARKS, member, split

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(), st.sampled_from(['"', "\\", '\\"', ",]}", "[{"])
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)), max_leaves=20
)


def pieces(body, limit=1000):
    """The items of a body, and how often the split rested."""
    rests = []

    async def rest():
        rests.append(1)

    return asyncio.run(split(body, limit, rest)), len(rests)


@given(st.lists(VALUES), st.sampled_from([None, 1]), st.booleans())
def test_items_of_a_list_are_those_of_a_reader(values, indent, plain):
    found, _ = pieces(json.dumps(values, indent=indent, ensure_ascii=plain).encode())
    assert [json.loads(item) for item in found] == values


@given(st.dictionaries(st.text(), VALUES), st.sampled_from([None, 1]))
def test_members_of_an_object_are_those_of_a_reader(values, indent):
    found, _ = pieces(json.dumps(values, indent=indent).encode())
    assert {json.loads(key): json.loads(value) for key, value in map(member, found)} == values


@given(st.text(alphabet='[]{},:"\\ a1\n', max_size=20))
def test_no_list_that_is_no_json_has_items_that_all_are(text):
    """What the split takes apart wrongly, the reader of an item refuses: together they take what a reader of the whole takes."""
    body = f"[{text}]".encode()
    try:
        found = [json.loads(item) for item in pieces(body)[0]]
    except (Refused, ValueError):
        found = None
    try:
        wanted = json.loads(body)
    except ValueError:
        wanted = None
    assert found == wanted


@pytest.mark.parametrize("body", [b"[1,2,3]", b'{"a":1,"b":2,"c":3}'])
def test_more_items_than_the_limit_are_refused(body):
    assert len(pieces(body, 3)[0]) == 3
    with pytest.raises(Refused, match="at most 2"):
        pieces(body, 2)


@pytest.mark.parametrize(
    "body", [b"[" * 10**6, b'["' + b'\\"' * 10**6, b"[" + b'"",' * 10**6, b"[[" + b"1," * 10**6]
)
def test_a_costly_body_ends_early(body):
    marks = []

    async def rest():
        marks.append(1)

    with pytest.raises(Refused):
        asyncio.run(split(body, 10**7, rest))
    assert len(marks) * EVERY <= MAX_MARKS + 2 * EVERY


def test_a_long_list_rests_often():
    _, rests = pieces(b"[" + b",".join([b'{"text":"a"}'] * 1000) + b"]")
    marks = 2 + 1000 * 4 + 999  # brackets, braces and strings of each item, commas
    assert rests == marks // EVERY + 1
