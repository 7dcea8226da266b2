"""The generated scorer means what the plain description says, and what scikit-learn computes."""

import random
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadmodel_artifact import quickscorer
from leadmodel_artifact.compiler import CHUNK_NODES, make_coded_scorer, make_scorer
from leadmodel_artifact.lead import LeadError, coded, lead_values
from leadmodel_artifact.model import Calibration, Feature, FeatureKind, Linear, Tree, Trees
from leadmodel_artifact.scoring import explain_score, score
from support.small_models import FEATURES, leads, linear

numbers = st.one_of(st.none(), st.floats(-1e6, 1e6))
values = st.tuples(
    numbers,
    st.one_of(st.none(), st.sampled_from(["ads", "web", "fair", "x'); import os"])),
    st.one_of(st.none(), st.integers(0, 10**6)),
    st.one_of(st.none(), st.integers(0, 23)),
)


SMALL = linear()
unhurried = settings(deadline=None)  # compiling takes what a busy machine gives


def agree(artifact, *rows) -> bool:
    """Whether both generated scorers, made once, give each row the score of the plain description."""
    scorer, of_coded = make_scorer(artifact), make_coded_scorer(artifact)
    for row in rows:
        wanted, found = explain_score(artifact, row), (scorer(*row), of_coded(*coded(artifact.features, row)))
        if not all(abs(score - wanted) <= 1e-12 for score in found):
            return False
    return bool(rows)


@unhurried
@given(values)
def test_linear(row):
    assert agree(SMALL, row)


def grow(chance: random.Random, depth: int) -> Tree:
    nodes: list[list[object]] = []

    def add(level: int) -> int:
        at = len(nodes)
        feature = chance.randrange(4) if level and chance.random() < 0.9 else -1
        nodes.append(
            [
                feature,
                chance.gauss(20, 20),
                (0, 2) if feature == 1 else None,
                chance.random() < 0.5,
                0,
                0,
                chance.gauss(0, 1),
            ]
        )
        if feature >= 0:
            nodes[at][4] = add(level - 1)
            nodes[at][5] = add(level - 1)
        return at

    add(depth)
    return Tree(*(tuple(column) for column in zip(*nodes, strict=True)))


BARE = tuple(Feature(f.name, f.kind, f.source, levels=f.levels) for f in FEATURES)


@contextmanager
def at_most(mask_bytes: int) -> Iterator[None]:
    """Masks that take more are not made: nested conditionals stand in for them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quickscorer, "MAX_BYTES", mask_bytes)
        yield


@pytest.mark.parametrize("mask_bytes", [quickscorer.MAX_BYTES, 0], ids=["bits", "conditionals"])
@unhurried
@given(
    row=values,
    seed=st.integers(0, 50),
    defaults=st.sampled_from([(None, None), (30.0, "web"), (0.0, "unheard of")]),
)
def test_trees(mask_bytes, row, seed, defaults):
    chance = random.Random(seed)
    filled = [replace(f, default=default) for f, default in zip(BARE, defaults, strict=False)]
    artifact = replace(
        SMALL,
        features=(*filled, *BARE[2:]),
        model=Trees(0.1, tuple(grow(chance, 5) for _ in range(5))),
        calibration=Calibration(0.9, 0.1),
    )
    with at_most(mask_bytes):
        on_threshold = [
            tree.threshold[node] for tree in artifact.model.trees for node in range(len(tree.left))
        ]
        assert agree(artifact, row, *((number, *row[1:]) for number in on_threshold[:20]))


@pytest.mark.parametrize("leaves", [8, 16, 32, 64])
def test_trees_of_every_width(leaves):
    """A chain has as many leaves as it is deep; the last one fills the last bit."""
    model = Trees(0.1, tuple(chain(leaves, shift) for shift in range(5)))
    assert quickscorer.tree_lines(BARE, model, len, {})
    artifact = replace(SMALL, features=BARE, model=model)
    assert all(agree(artifact, (float(age), "web", 3, 5)) for age in range(-2, leaves + 8))


def test_trees_of_more_leaves_are_compiled():
    model = Trees(0.1, (chain(65, 0),))
    assert quickscorer.tree_lines(BARE, model, len, {}) == []
    artifact = replace(SMALL, features=BARE, model=model)
    assert all(agree(artifact, (float(age), "web", 3, 5)) for age in range(-2, 70))


def chain(leaves: int, shift: int) -> Tree:
    """The first feature against 0, 1, 2, …"""
    inner = range(leaves - 1)
    return Tree(
        feature=(0,) * (leaves - 1) + (-1,) * leaves,
        threshold=(*(float(i + shift) for i in inner), *(0.0,) * leaves),
        levels=(None,) * (2 * leaves - 1),
        missing_left=(False,) * (2 * leaves - 1),
        left=(*(leaves - 1 + i for i in inner), *(0,) * leaves),
        right=(*(i + 1 for i in inner[:-1]), 2 * leaves - 2, *(0,) * leaves),
        value=(*(0.0 for _ in inner), *(i / 7 for i in range(leaves))),
    )


def test_without_care_for_a_value_on_a_threshold_it_goes_the_wrong_way(monkeypatch):
    monkeypatch.setattr(quickscorer, "bisect_left", bisect_right)
    artifact = replace(SMALL, features=BARE, model=Trees(0.1, (chain(8, 0),)))
    assert agree(artifact, (2.5, "web", 3, 5))
    assert not agree(artifact, (2.0, "web", 3, 5))


@pytest.mark.slow
def test_many_trees_are_compiled_in_pieces():
    chance = random.Random(7)
    artifact = replace(SMALL, model=Trees(0.1, tuple(grow(chance, 6) for _ in range(80))))
    assert sum(len(tree.feature) for tree in artifact.model.trees) > 2 * CHUNK_NODES
    with at_most(0):
        assert agree(artifact, *(lead_values(artifact, lead) for lead in leads(50)))


def test_text_of_an_artifact_never_becomes_code():
    evil = "')]+[print('owned')]+[('"
    feature = Feature(evil, FeatureKind.CATEGORICAL, evil, levels=(evil, "b"))
    artifact = replace(linear(), features=(feature,), model=Linear(0.0, (1.0, 2.0, 3.0)))
    assert make_scorer(artifact)(evil) == pytest.approx(0.7310585786300049)


def test_now_stands_in_only_when_given():
    artifact = linear()
    lead = {k: v for k, v in leads(1)[0].items() if k != "created_at"}
    assert lead_values(artifact, lead)[3] is None
    from datetime import UTC, datetime

    assert lead_values(artifact, lead, now=datetime(2026, 1, 1, 5, tzinfo=UTC))[3] == 5


@pytest.mark.parametrize(
    "lead",
    [
        {"age": "old"},
        {"age": float("inf")},
        {"age": True},
        {"age": 151},
        {"source": ["ads"]},
        {"created_at": "soon"},
        {"created_at": 2026},
        {"created_at": 1767571200000},
        {"created_at": True},
        {"details": {"text": "x"}},
    ],
)
def test_bad_values_name_the_field(lead):
    with pytest.raises(LeadError) as caught:
        score(linear(), lead)
    assert caught.value.field in lead


def test_hours_are_utc():
    artifact = linear()
    assert lead_values(artifact, {"created_at": "2026-01-05T01:30:00+02:00"})[3] == 23
    assert lead_values(artifact, {"created_at": 1767571200 + 3600 * 5})[3] == 5
