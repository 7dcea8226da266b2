"""Long runs of one form, in what others write, are read once: not again from each of their places.

A limit of CPU time ends what reads a run again from each place: that takes minutes at least, reading once takes a second at most.
"""

import pytest

from leadmodel_operator.planning.facts import without_figures
from support.limited_process import peak_memory

LIMIT = 60  # seconds
SHORT_LIMIT = 2  # of the controls, which would go on for minutes
RUNS = {
    "backslashes in a text": "from leadmodel_privacy.detect import redact; redact('\\\\' * 1_000_000 + ' ')",
    "house numbers without a street": "from leadmodel_privacy.detect import redact; redact('weg 1 ' * 30_000)",
    "spaces before a word in a table": "from leadmodel_messages.numbers import begin_as_number; begin_as_number([' ' * 1_000_000 + 'a'])",
    "a message without a space": "from leadmodel_operator.planning.facts import without_figures; without_figures('a' * 1_000_000)",
}
AGAIN = {  # the same, as each would be read from each place
    "backslashes in a text": "import re; re.search(r'\\\\+(?:u[0-9A-Fa-f]{4}|[nrt])', '\\\\' * 1_000_000 + ' ')",
    "house numbers without a street": (
        "import re; street, text = re.compile('[A-Z][a-z]+ 1'), 'weg 1 ' * 30_000\n"
        "for place in range(0, len(text), 6): street.search(text, place)"
    ),
    "spaces before a word in a table": r"import re; re.match(r'\s*[+-]?\s*[0-9]', ' ' * 1_000_000 + 'a')",
    "a message without a space": r"import re; re.sub(r'\S*\d\S*', '#', 'a' * 1_000_000)",
}


@pytest.mark.parametrize("run", RUNS)
def test_a_run_is_read_once(run):
    assert peak_memory(RUNS[run], LIMIT) is not None


@pytest.mark.parametrize("run", AGAIN)
def test_the_limit_ends_what_reads_a_run_again_from_each_place(run):
    """The control: the same run does not end where the pattern may begin at each of its places."""
    assert peak_memory(AGAIN[run], SHORT_LIMIT) is None


def test_a_message_without_figures_keeps_its_words():
    assert without_figures("pod-7f9 of node 12: no space") == "# of node # no space"
