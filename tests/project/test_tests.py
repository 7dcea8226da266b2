"""The tests keep their own promises: each asserts something, and none reaches for a private name of the programs."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TypeGuard

import pytest

TESTS = Path(__file__).parents[1]
RAISES = {"raises", "warns", "fail"}  # of pytest
FAILURES = {"AssertionError", "Broken"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def parsed(path: Path) -> ast.Module:
    """Parse a file once."""
    return ast.parse(path.read_text())


def files_with_tests() -> list[Path]:
    """List all files with tests."""
    return sorted(TESTS.rglob("test_*.py"))


def functions(tree: ast.AST) -> Iterator[Function]:
    """List all functions and methods, nested ones too."""
    return (node for node in ast.walk(tree) if isinstance(node, Function))


# --- each test asserts something ---------------------------------------------------------------------------------------------


def asserts(function: Function, helpers: frozenset[str]) -> bool:
    """Tell whether a function can fail by itself: by an assertion, by pytest, or by a helper that asserts."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Raise) and node.exc is not None and called(node.exc) in FAILURES:
            return True
        if isinstance(node, ast.Call) and called(node) in RAISES | helpers:
            return True
    return False


def called(node: ast.AST) -> str:
    """Give the bare name of what is called."""
    function = node.func if isinstance(node, ast.Call) else node
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def imported(tree: ast.Module) -> set[Path]:
    """List the helper modules of tests/ that a file imports."""
    names = {
        part
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for part in (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))
    }
    files = {TESTS / f"{name.replace('.', '/')}.py" for name in names}
    return {file for file in files if file.exists()}


@cache
def helpers_of(path: Path) -> frozenset[str]:
    """Name the helpers that assert, out of a file, the modules it imports and the fixtures beside it."""
    sources = {
        path,
        *imported(parsed(path)),
        *(p / "conftest.py" for p in path.parents if p.is_relative_to(TESTS)),
    }
    known = [
        f for source in sources if source.exists() for f in functions(parsed(source)) if f.name[:5] != "test_"
    ]
    names: frozenset[str] = frozenset()
    while (more := frozenset(f.name for f in known if asserts(f, names))) != names:
        names = more
    return names


def test_every_test_asserts_something():
    silent = [
        f"{path.relative_to(TESTS)}::{function.name}"
        for path in files_with_tests()
        for function in functions(parsed(path))
        if function.name.startswith("test_")
        if not asserts(function, helpers_of(path))
    ]
    assert silent == []


def test_control_a_test_without_an_assertion_is_found():
    (silent,) = functions(ast.parse("def test_it():\n    prepare()\n"))
    assert not asserts(silent, frozenset())
    assert asserts(silent, frozenset({"prepare"}))


# --- no test reaches for a private name --------------------------------------------------------------------------------------

PRIVATE = re.compile(r"(leadmodel_[\w.]+\.)?_[a-zA-Z]\w*")


def private_names(tree: ast.Module) -> Iterator[str]:
    """List the private names of the programs that a file imports, or names to have them replaced."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("leadmodel_"):
            yield from (alias.name for alias in node.names if PRIVATE.fullmatch(alias.name))
        named = node.elts if isinstance(node, ast.Tuple) else node.args if is_patch(node) else ()
        for argument in named:
            if isinstance(argument, ast.Constant) and PRIVATE.fullmatch(str(argument.value)):
                yield argument.value


def is_patch(node: ast.AST) -> TypeGuard[ast.Call]:
    """Tell whether a call replaces an attribute by its name."""
    return isinstance(node, ast.Call) and called(node) in {"setattr", "delattr"}


def test_no_test_replaces_or_imports_a_private_name():
    """Access as an attribute is ruff's business (SLF001)."""
    files = sorted(TESTS.rglob("*.py"))
    reached = {str(file.relative_to(TESTS)): list(private_names(parsed(file))) for file in files}
    assert {file: names for file, names in reached.items() if names} == {}


@pytest.mark.parametrize(
    "line",
    [
        "from leadmodel_operator.planning.gate import _chain",
        'monkeypatch.setattr(gate, "_chain", ())',
        'monkeypatch.setattr("leadmodel_operator.planning.gate._chain", ())',
        'FAULTS = ((gate, "_chain", all_pass),)',
    ],
)
def test_control_a_private_name_is_found(line):
    assert list(private_names(ast.parse(line)))


# --- tests on a real cluster are chosen by feature ----------------------------------------------------------------------------

FEATURES = {
    "smoke",
    "gate",
    "rollout",
    "drift",
    "self_healing",
    "schedules",
    "lifecycle",
    "security",
    "privacy",
    "monitoring",
    "gitops",
    "docs",
    "infrastructure",
}


@pytest.mark.parametrize("path", sorted((TESTS / "e2e").glob("test_*.py")), ids=lambda path: path.stem)
def test_each_file_on_a_real_cluster_has_one_feature(path):
    marks = set(re.findall(r"pytest\.mark\.(\w+)", path.read_text()))
    assert len(marks & FEATURES) == 1


# --- the workers of one run collect the same tests in the same order -----------------------------------------------------------


def unordered(tree: ast.AST) -> list[int]:
    """List the lines on which a test is parametrized by a set, whose order differs from process to process."""
    return [
        argument.lineno
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and called(call) == "parametrize"
        for argument in (*call.args, *(keyword.value for keyword in call.keywords))
        if isinstance(argument, ast.Set | ast.SetComp) or called(argument) in {"set", "frozenset"}
    ]


@pytest.mark.parametrize("path", files_with_tests(), ids=lambda path: str(path.relative_to(TESTS)))
def test_no_test_is_parametrized_by_a_set(path):
    assert unordered(parsed(path)) == []


@pytest.mark.parametrize(
    "cases", ["{1, 2}", "{c for c in CASES}", "set(CASES)", "frozenset(CASES)", "argvalues={1}"]
)
def test_a_set_of_cases_is_noticed(cases):
    assert unordered(ast.parse(f'@pytest.mark.parametrize("case", {cases})\ndef test_x(case): ...')) == [1]


def test_ordered_cases_are_no_set():
    assert (
        unordered(ast.parse('@pytest.mark.parametrize("case", sorted({1, 2}))\ndef test_x(case): ...')) == []
    )


def stamped(tree: ast.Module) -> list[int]:
    """Lines that pack a value with gzip and the time of today while the file is imported: as a case its name differs between workers."""
    inside = {
        id(node)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for node in ast.walk(outer.body if isinstance(outer, ast.Lambda) else ast.Module(outer.body, []))
    }
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and id(node) not in inside]
    packs = [call for call in calls if ast.unparse(call.func) == "gzip.compress"]
    return [call.lineno for call in packs if not any(keyword.arg == "mtime" for keyword in call.keywords)]


@pytest.mark.parametrize("path", files_with_tests(), ids=lambda path: str(path.relative_to(TESTS)))
def test_no_case_holds_the_time(path):
    assert stamped(parsed(path)) == []


def test_a_case_with_the_time_is_noticed():
    assert stamped(ast.parse('CASES = [gzip.compress(b"")]\ndef test_x(): gzip.compress(b"")')) == [1]
    assert stamped(ast.parse('CASES = [gzip.compress(b"", mtime=0), lambda: gzip.compress(b"")]')) == []


@pytest.mark.skipif(os.environ.get("LEADMODEL_FULL") != "1", reason="LEADMODEL_FULL=1: a minute")
def test_every_process_collects_the_same_tests():
    """Workers that collect different tests run none; a name must hold neither the time nor the order of a set."""
    collected = []
    for seed in ("1", "2"):
        command = [sys.executable, "-m", "pytest", "--collect-only", "--quiet", "-p", "no:cacheprovider"]
        env = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=TESTS.parent, env=env)
        collected.append([line for line in done.stdout.splitlines() if "::" in line])
    first, second = collected
    assert len(first) > 1000
    assert [pair for pair in zip(first, second, strict=True) if pair[0] != pair[1]] == []
