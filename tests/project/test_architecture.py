"""docs/architecture.md: its picture is fresh, each room has a meaning, and the files it names exist."""

import re

import pytest

from project.architecture import MEANING, TARGET, draw, levels, rooms_of, shared_parts, wrap
from project.house import ROOT, House

PAGE = ROOT / "docs" / "architecture.md"
QUESTIONS = re.findall(r"^\| ([^|]+\?) \| `([^`]+)`", PAGE.read_text(), re.MULTILINE)


def test_the_picture_is_fresh():
    assert TARGET.read_text() == draw(), "run `make architecture`"


def test_each_part_and_room_has_a_meaning():
    house = House(ROOT)
    programs = set(house.parts) - set(shared_parts(house))
    rooms = {name for part in programs for row in rooms_of(house, part) for name in row}
    assert {*house.parts, *rooms} <= set(MEANING)
    assert set(MEANING) <= set(house.modules)
    assert "leadmodel_artifact" in shared_parts(house)


def test_ten_questions_have_an_answer():
    assert len(QUESTIONS) == 10


@pytest.mark.parametrize(("question", "file"), QUESTIONS, ids=[file for _, file in QUESTIONS])
def test_the_file_that_answers_exists(question, file):
    assert (ROOT / file).is_file(), question


def test_every_file_that_the_page_names_exists():
    named = re.findall(r"`([a-z]+/[a-z_/]+\.(?:py|md|yaml|toml|svg))`", PAGE.read_text())
    assert len(named) > 25
    assert [file for file in named if not (ROOT / file).is_file()] == []


def test_users_come_before_what_they_use():
    assert levels("abc", [("a", "b"), ("b", "c"), ("a", "c")]) == [["a"], ["b"], ["c"]]
    with pytest.raises(ValueError, match="circle"):
        levels("ab", [("a", "b"), ("b", "a")])


def test_text_is_wrapped_at_words():
    assert wrap("one two three", 8) == ["one two", "three"]


def test_the_glossary_stays_small():
    words = re.findall(r"^\| ([a-z ]+) \| ", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)
    assert words[0] == "word"
    assert 10 < len(words) - 1 <= 15
