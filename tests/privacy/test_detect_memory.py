"""Escapes need memory in proportion to the text, however often a character was escaped again."""

import pytest

from leadmodel_privacy.detect import Detector
from support.limited_process import peak_memory

SHORT, LONG = 200_000, 1_000_000
MOST, MOST_OF_REPEATS = (
    24,
    12,
)  # bytes for each further character; the text is held several times, with one byte or four for each
CPU_SECONDS = 60  # of which reading once takes less than one
READ = "from leadmodel_privacy.detect import Detector\nDetector().redact({text})"
SEARCH = "import re\nre.search({pattern!r}, {text})"
FORMS = {
    "percent": "'%' + '25' * ({n} // 2)",
    "ampersand": "'&' + 'amp;' * ({n} // 4)",
    "one escape in a long text": "'%20' + 'ab cd ' * ({n} // 6)",
    "one escape in a long string of JSON": "'\"\\\\n' + 'ab cd ' * ({n} // 6) + '\"'",
    "invisible": "'a\\u200b' * ({n} // 2)",
    "quoted-printable": "'=\\n' + '=41' * ({n} // 3)",
}
KEPT = {  # patterns of the same forms whose repeats the engine may take back
    "percent": r"%(?:25)*(?:[2-6][0-9A-Fa-f]|7[0-9A-Ea-e]|0[9AaDd])",
    "ampersand": r"&(?:amp;)*(?:quot|amp);",
}


def growth(program: str, form: str, **other: str) -> float:
    """Bytes for each further character of a text of this form."""
    short, long = (
        peak_memory(program.format(text=FORMS[form].format(n=n), **other), CPU_SECONDS) for n in (SHORT, LONG)
    )
    assert short is not None
    assert long is not None
    return (long - short) / (LONG - SHORT)


@pytest.mark.parametrize("form", FORMS)
def test_memory_grows_with_the_text(form):
    assert growth(READ, form) < (MOST_OF_REPEATS if form in KEPT else MOST)


@pytest.mark.parametrize("form", KEPT)
def test_the_measure_sees_a_repeat_that_is_kept(form):
    """The control: a repeat that the engine may take back needs more memory than all of the detector."""
    assert growth(SEARCH, form, pattern=KEPT[form]) > MOST_OF_REPEATS


def test_the_measure_sees_the_place_of_each_character():
    """The control: a list with the place of each character needs more memory than the bound of a text with one escape."""
    form = "one escape in a long text"
    assert growth("places = list(range(len({text})))", form) > MOST


def test_escapes_that_were_escaped_again_are_read_to_their_end():
    escapes = ("%40", "%2540", "%252540", "&#64;", "&amp;#64;", "&amp;amp;commat;", "\\u0040", "\\\\\\u0040")
    for escape in escapes:
        assert Detector().detect(f"jane{escape}example.org") == [(0, 15 + len(escape), "EMAIL")], escape
