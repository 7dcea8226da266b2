"""CHANGELOG.md keeps its form: known sections in their order, one line per change, no change twice."""

import re

from project.house import ROOT

SECTIONS = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]
TEXT = (ROOT / "CHANGELOG.md").read_text()


def test_sections_are_known_and_in_order():
    for release in re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]:
        titles = re.findall(r"^### (.+)$", release, re.MULTILINE)
        assert titles == [title for title in SECTIONS if title in titles]


def test_one_line_per_change_and_no_change_twice():
    lines = [line for line in TEXT.splitlines() if line and not line.startswith("#")][1:]
    assert [line for line in lines if not line.startswith("- ")] == []
    assert len(lines) == len(set(lines)) > 50
