"""Log lines for programs and for people; neither form breaks on a line end."""

import json
import logging

import pytest

from leadmodel_operator.kubernetes.process import logs


@pytest.fixture(autouse=True)
def as_before():
    """The handlers of the test run come back."""
    root = logging.getLogger()
    kept = (root.level, root.handlers[:])
    yield
    root.setLevel(kept[0])
    root.handlers[:] = kept[1]


def lines(capsys, **options: str) -> list[str]:
    logs.configure(**options)
    log = logging.getLogger("leadmodel")
    log.debug("small")
    log.warning("two\nlines", extra={"fields": {"leadmodel": "conversion", "why": 'a "b"\nc'}})
    return capsys.readouterr().err.splitlines()


def test_json_is_one_object_a_line(capsys):
    (line,) = lines(capsys)
    document = json.loads(line)
    assert (document["level"], document["message"], document["leadmodel"]) == (
        "warning",
        "two\nlines",
        "conversion",
    )


def test_text_is_one_line_for_people(capsys):
    (line,) = lines(capsys, style="text")
    assert line.endswith(' WARNING two\\nlines leadmodel="conversion" why="a \\"b\\"\\nc"')


def test_the_level_decides(capsys):
    assert len(lines(capsys, level="debug")) == 2
    assert lines(capsys, level="error") == []
