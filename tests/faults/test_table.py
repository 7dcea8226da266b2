"""docs/reliability.md names faults and tests: each test exists, and the classes are many."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (\d+|\+) \|(.*)\|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def rows() -> list[tuple[str, str]]:
    return ROW.findall((ROOT / "docs" / "reliability.md").read_text())


def defined(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text())
    return {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}


def test_every_named_test_exists():
    named = [found for _, text in rows() for found in TEST.findall(text)]
    assert len(named) >= 40
    assert [f"{file}::{name}" for file, name in named if name not in defined(file)] == []


def test_every_row_names_a_test():
    assert [number for number, text in rows() if not TEST.search(text)] == []


def test_enough_classes_are_covered():
    classes = [int(number) for number, _ in rows() if number != "+"]
    assert len(classes) == len(set(classes)) >= 34


def test_every_file_of_faults_has_a_control():
    files = {file for _, text in rows() for file, _ in TEST.findall(text)}
    faults = [f for f in files if f.startswith("tests/faults/") and "writers" not in f and "process" not in f]
    without = [f for f in faults if not any(name.startswith("test_control") for name in defined(f))]
    assert without == []
