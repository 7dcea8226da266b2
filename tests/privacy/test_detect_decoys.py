"""At most one in a hundred texts without personal data is altered, whatever its numbers look like."""

import pytest

from leadmodel_privacy import network, quantities
from leadmodel_privacy.detect import Detector, redact
from support.privacy_decoys import KINDS, decoys, kind_of

ROUNDS = 22 * 60


@pytest.fixture(scope="module")
def altered():
    detector, hits = Detector(), dict.fromkeys((kind.__name__ for kind in KINDS), 0)
    for i, message in enumerate(decoys(20_26, ROUNDS)):
        hits[kind_of(i)] += bool(detector.detect(message.text))
    return hits


def test_decoys_of_another_structure(altered):
    assert sum(altered.values()) <= 0.01 * ROUNDS, altered


@pytest.mark.parametrize("kind", [kind.__name__ for kind in KINDS])
def test_no_kind_is_altered_often(altered, kind):
    assert altered[kind] <= 0.06 * ROUNDS / len(KINDS)


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.1",
        "8.8.8.8",
        "server 1.2.3.4",
        "from 4.3.2.1",
        "connect to 12.4.3.1 now",
        "see asp.net.example.org",
        "visit example.net",
        "call DHL hotline 0228 4333112",
    ],
)
def test_what_looks_like_a_decoy_is_found(text):
    assert redact(text)[1]


def test_the_rules_are_needed(monkeypatch):
    """The control: without the rules for outlines, code and ranges the decoys are altered."""
    monkeypatch.setattr(network, "is_outline", lambda _address: False)
    monkeypatch.setattr(network, "is_code", lambda _name, _rest: False)
    monkeypatch.setattr(quantities, "is_range", lambda _token: False)
    hits = sum(bool(Detector().detect(message.text)) for message in decoys(20_26, ROUNDS))
    assert hits > 0.02 * ROUNDS
