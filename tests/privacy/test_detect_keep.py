"""Words under `keep` are never taken for a name, whatever surrounds them."""

import pytest

from leadmodel_privacy.configuration import Config
from leadmodel_privacy.detect import Detector

KEEP = ("Acme", "Walker Cloud", "1&1")


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Dear Acme,", "Dear Acme,"),
        ("Dear ACME, my name is Jo Walker", "Dear ACME, my name is [NAME]"),
        ("my name is Jo Acme", "my name is [NAME] Acme"),
        ("my name is Walker", "my name is [NAME]"),
        ("my name is Walker Cloud", "my name is Walker Cloud"),
        ("my name is Walker Clouds", "my name is [NAME]"),
        ("Dear Acmesson,", "Dear [NAME],"),
    ],
)
def test_kept_words_stay(text, redacted):
    detector = Detector(Config(keep=KEEP))
    assert detector.redact(text)[0] == redacted
    assert detector.redact(redacted) == (redacted, {})


def test_without_the_list_they_go():
    """The control: the list is what keeps the words."""
    assert Detector().redact("Dear Acme,")[0] == "Dear [NAME],"


def test_kept_words_hide_nothing_but_names():
    assert Detector(Config(keep=("jane",))).redact("jane@example.org")[0] == "[EMAIL]"


def test_the_order_of_kept_words_means_nothing():
    assert Detector(Config(keep=("A", "B"))).version == Detector(Config(keep=("B", "A"))).version
    assert Detector(Config(keep=("A",))).version != Detector().version


def test_a_long_list_costs_little():
    import time

    detector = Detector(Config(keep=tuple(f"a{' a' * (n % 60)} {n}" for n in range(256))))
    started = time.process_time()
    detector.redact("a " * 10_000)
    assert time.process_time() - started < 5
