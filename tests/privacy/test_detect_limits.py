"""No text of 20,000 characters takes long. The limits are wide, for a busy machine: what they catch takes minutes.

`bench/privacy.py` prints the true figures.
"""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadmodel_privacy.detect import Detector

LENGTH = 20_000
WORST = [
    "1 ", "0 1 2 3 4 5 6 7 8 9 ", "0123456789 00", "+4912345678 ", "call 12345 ", "a.", "a@a.", "A ", "name is A ", "1.1.1.1 ", "::", "1/",
    "1 Main ", "12 aa aa ", "AB12 ", "4111111111111112 ", "passport 1 ", "born 1.1.2000 ", "a at b dot ", "\\u0040", "١", "1\u200b", "[PHONE] 1",
]  # fmt: skip


def seconds(text: str) -> float:
    started = time.process_time()
    Detector().redact(text)
    return time.process_time() - started


@pytest.mark.parametrize("unit", WORST)
def test_the_worst_texts_we_know(unit):
    assert seconds((unit * LENGTH)[:LENGTH]) < 5


def test_json_and_its_escapes():
    assert seconds('["' + "\\u0031 " * (LENGTH // 7) + '"]') < 5
    assert seconds('{"phone": ' * 900 + "1" + "}" * 900) < 5


def test_many_placeholders_are_hidden_at_once():
    """Where the text is copied for each placeholder, this takes a quarter of a minute."""
    assert seconds("[PHONE] " * 62_500) < 5


@settings(max_examples=10, deadline=None)
@given(
    st.lists(
        st.sampled_from([*WORST, *"a1 .-@:/(+,'\n", "call ", "Dear ", "www.", "://", "é"]),
        min_size=1,
        max_size=5,
    )
)
def test_any_mixture(units):
    assert seconds(("".join(units) * LENGTH)[:LENGTH]) < 5


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=st.sampled_from("a1 0.-@:/(+,'[]\nAé٣"), max_size=60))
def test_any_text_comes_to_rest(text):
    redacted, _ = Detector().redact(text)
    assert Detector().redact(redacted) == (redacted, {})
