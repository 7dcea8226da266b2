"""Every format ever written loads for ever. A file in formats/ is never changed and never removed; new formats add files."""

import hashlib
from pathlib import Path

import pytest

from leadmodel_artifact.artifact import dump, load
from leadmodel_artifact.lead import lead_values
from leadmodel_artifact.model import Linear, Trees
from leadmodel_artifact.scoring import explain_score

FORMATS = Path(__file__).parent / "formats"
KNOWN = {
    "v1-linear-calibrated.json": "63209c11e9111da47d40d2308962859e822b8abef3358fd862aa5f4c7bc2b06c",
    "v1-linear.json": "1b27786cd6bf7729a062990c665d9cdbc0756e988d9ee85231c83955e01e4783",
    "v1-trees-calibrated.json": "6cede18985a1aca4ab3a9b59fe4f1c73c3f5da2a0b86e54e8ac1029c7f25c743",
    "v1-trees.json": "b4258cd19b9cac799e25add1f02b5859cb652563acc9b30628618e81cea6f3ee",
    "v2-linear-texts.json": "89fd9c0540cd384bc8863c9c1399028b12f07b8dfe6c8b1f9b7242c4d8f8ec26",
}


def test_none_is_missing():
    assert {path.name for path in FORMATS.iterdir()} == set(KNOWN)


@pytest.mark.parametrize("name", KNOWN)
def test_loads(name):
    raw = (FORMATS / name).read_bytes()
    assert hashlib.sha256(raw).hexdigest() == KNOWN[name], "a released file was changed"
    artifact = load(raw)  # its examples reproduce
    assert type(artifact.model) is (Trees if "trees" in name else Linear)
    assert (artifact.calibration is not None) is ("calibrated" in name)
    for example in artifact.examples:
        assert abs(explain_score(artifact, lead_values(artifact, example.lead)) - example.score) < 1e-12


@pytest.mark.parametrize("name", KNOWN)
def test_nothing_of_it_is_lost(name):
    raw = (FORMATS / name).read_bytes()
    assert load(dump(load(raw))) == load(raw)
    assert dump(load(raw)) == raw
