"""No pattern of the product runs long on a text that was made against it.

Each compiled pattern of a module runs on texts pumped from its own syntax tree, by the methods that the module calls. A pattern that
goes back over a run takes a time that grows with the square of the text, or worse. The limit is the processor's time of this process, so a
loaded machine changes little, and lies far above what a pattern takes that reads a text once.
"""

import importlib
import pkgutil
import re
import signal
from collections import deque
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from leadmodel_operator.resource.formats import Form
from support.pumped import pumped

PACKAGES = (
    "leadmodel_artifact", "leadmodel_messages", "leadmodel_operator", "leadmodel_predictor", "leadmodel_privacy",
    "leadmodel_statistics", "leadmodel_store", "leadmodel_text", "leadmodel_training",
)  # fmt: skip
LENGTH, LIMIT_S = 50_000, 1.0
LONGEST_FIELD = 1024  # characters of a field that has a form
SCANS = {"search", "finditer", "findall", "sub", "subn", "split"}
SLICES = {  # patterns that are never given more than this many characters, by `pos` and `endpos`
    "leadmodel_privacy.edits._RUN_BEFORE": 80,
    "leadmodel_privacy.number_lists._RUN": 28,
}


def inside(value: Any, depth: int = 0) -> Iterator[re.Pattern[Any]]:
    """Yield the compiled patterns in a value of a module, also those in its tables and dataclasses."""
    if isinstance(value, Form):
        yield re.compile(value)
    elif isinstance(value, re.Pattern):
        yield value
    elif depth < 4 and isinstance(value, list | tuple | set | frozenset | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from inside(item, depth + 1)
    elif depth < 4 and is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from inside(getattr(value, field.name, None), depth + 1)


def patterns() -> dict[str, re.Pattern[Any]]:
    """All compiled patterns by module and name, a number behind the name where one name has several."""
    named: dict[re.Pattern[Any], str] = {}
    for package in PACKAGES:
        for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            for name, value in vars(importlib.import_module(module.name)).items():
                for number, pattern in enumerate(inside(value)):
                    named.setdefault(pattern, f"{module.name}.{name}{f'-{number}' if number else ''}")
    return {name: pattern for pattern, name in named.items()}


PATTERNS = patterns()


def from_module(name: str) -> tuple[Any, str]:
    """The module of a pattern and the name of the variable."""
    module, _, variable = name.partition("-")[0].rpartition(".")
    return importlib.import_module(module), variable


def methods(name: str) -> list[str]:
    """How the module of a pattern runs the pattern: over the whole text, or from its beginning only."""
    module, variable = from_module(name)
    source = Path(module.__file__ or "").read_text(encoding="utf-8")
    used = set(re.findall(rf"\b{variable}\.({'|'.join([*SCANS, 'match', 'fullmatch'])})\b", source))
    only_matched = (used and not used & SCANS) or isinstance(getattr(module, variable), Form)
    return ["match", "fullmatch"] if only_matched else ["finditer"]


def longest(name: str) -> int:
    """Characters of the longest text on which a pattern is tried."""
    module, variable = from_module(name)
    return LONGEST_FIELD if isinstance(getattr(module, variable), Form) else SLICES.get(name, LENGTH)


class TooLongError(Exception):
    """A pattern ran longer than the limit."""


def run(pattern: re.Pattern[Any], how: str, text: Any) -> None:
    """Run a pattern over a text; `TooLongError` where that takes more of the processor's time than the limit."""

    def stop(*_: object) -> None:
        raise TooLongError

    former = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT_S)
    try:
        answer = getattr(pattern, how)(text)
        if how == "finditer":
            deque(answer, maxlen=0)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, former)


def too_long(pattern: re.Pattern[Any], hows: list[str], length: int = LENGTH) -> list[str]:
    """The first texts, cut, on which a pattern runs longer than the limit."""
    for text in pumped(pattern.pattern, pattern.flags, length):
        for how in hows:
            try:
                run(pattern, how, text)
            except TooLongError:
                return [f"{how}: {text[:30]!r}…{text[-3:]!r}"]
    return []


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_reads_a_text_made_against_it_once(name):
    assert too_long(PATTERNS[name], methods(name), longest(name)) == []


def test_most_patterns_have_texts_made_against_them():
    assert len(PATTERNS) > 150
    assert sum(bool(pumped(p.pattern, p.flags, 100)) for p in PATTERNS.values()) > len(PATTERNS) / 2
    assert set(SLICES) <= set(PATTERNS)


@pytest.mark.parametrize(
    ("pattern", "how"),
    [
        (r"[a-z]+@", "finditer"),  # the square of the text
        (r"(?:a+)+b", "match"),  # two to the power of the text
        (r"(?:\w|\w\w)*!", "fullmatch"),
        (r"x(?:\d+-?)*y", "finditer"),
        (rb"\s+$", "finditer"),
        (r"\S*\Z", "finditer"),
    ],
)
def test_control_a_pattern_that_goes_back_is_seen(pattern, how):
    assert too_long(re.compile(pattern), [how]) != []


def test_control_a_pattern_that_is_only_sliced_is_seen_on_a_whole_text():
    assert all(too_long(PATTERNS[name], ["finditer"]) for name in SLICES)
