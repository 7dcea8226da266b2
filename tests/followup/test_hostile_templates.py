"""No template ends the process that reads it, however it was meant; Jinja2's sandbox alone does not hold that."""

import pytest

from support.hostile_templates import FORBIDDEN, HEAVY, outcomes, sources


@pytest.fixture(scope="module")
def ends():
    """How each source of the corpus ended, in one process that may grow by less than 100 MiB."""
    return {name: end for name, (_, end) in outcomes(list(sources())).items()}


def test_the_process_lives_to_the_end_of_the_corpus(ends):
    assert list(ends) == list(sources())
    assert len(FORBIDDEN) >= 60
    assert len(HEAVY) >= 20


def test_what_no_template_may_do_is_refused(ends):
    for part in ("txt", "html"):
        taken = [name for name in FORBIDDEN if not ends[f"{name} ({part})"].startswith("refused: ")]
        assert taken == []


def test_what_is_only_large_is_refused_or_of_bounded_length(ends):
    lengths = [int(end.removeprefix("rendered: ")) for end in ends.values() if end.startswith("rendered: ")]
    assert max(lengths) <= 200_000
    assert len(lengths) >= 10


def test_a_refusal_quotes_no_long_text(ends):
    assert max(map(len, ends.values())) <= 160


@pytest.mark.parametrize(
    "name",
    [
        "product of a text (txt)",
        "wide format (txt)",
        "filter center (txt)",
        "filter indent (txt)",
        "filter batch (txt)",
        "laughs (txt)",
    ],
)
def test_the_sandbox_alone_runs_out_of_memory(name):
    """The control: the same source in the same bounds, without the list."""
    assert outcomes([name, "one long word (txt)"], "sandbox") == {}


def test_the_sandbox_alone_renders_what_is_harmless():
    """The control of the control: the process of bounded memory can render."""
    assert outcomes(["one long word (txt)"], "sandbox")["one long word (txt)"][1] == "rendered: 8000"
