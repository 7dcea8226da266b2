"""Whatever building, testing and releasing fetches is checked by a hash that is written down here."""

import ast
import json
import re

import pytest
import yaml

from project.house import ROOT
from support.store_servers import SERVERS

SHELL = [ROOT / "Makefile", ROOT / ".ci" / "run", *ROOT.glob(".github/workflows/*.yml")]
PYTHON = [*ROOT.glob("images/**/*.py"), *ROOT.glob("tests/**/*.py"), *ROOT.glob("bench/**/*.py")]
WORKFLOWS = [*ROOT.glob(".github/workflows/*.yml"), *ROOT.glob("examples/github/*.yaml")]
DOCKERFILES = [*ROOT.glob("*/Dockerfile"), ROOT / "images" / "base" / "Dockerfile"]
# Not by a hash: today's newest uvicorn, which nothing but LEADMODEL_FULL=1 installs.
NEWEST = {"tests/predictor/test_uvicorn_versions.py"}


def lines_without_hash(text):
    """Lines of a shell or make file that install from a package index or npm whatever comes."""
    joined = text.replace("\\\n", " ").replace("$(HASHED)", "--require-hashes").splitlines()
    pip = [line for line in joined if "pip install" in line and "--require-hashes" not in line]
    own = "--no-deps --no-build-isolation --editable ."  # this folder, built by what was installed by hash
    return [line for line in pip if own not in line] + [line for line in joined if "npm install" in line]


def words_of(function):
    """The words of all strings in a function, without its docstring and without what its assertions compare."""
    left = function.body[ast.get_docstring(function) is not None :]
    words = set()
    while left:
        node = left.pop()
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            words |= set(node.value.split())
        if not isinstance(node, ast.Assert):
            left += ast.iter_child_nodes(node)
    return words


def functions_without_hash(text):
    """Functions of a program that run such a command."""
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    named = [(function.name, words_of(function)) for function in functions]
    pip = [name for name, words in named if {"pip", "install"} <= words and "--require-hashes" not in words]
    npm = [name for name, words in named if "npm" in words and "ci" not in words]
    return pip + npm + [name for name, words in named if "-mod=mod" in words]


@pytest.mark.parametrize("file", SHELL, ids=lambda file: file.name)
def test_commands_install_by_hash(file):
    assert lines_without_hash(file.read_text()) == []


def test_programs_install_by_hash():
    for file in PYTHON:
        name = str(file.relative_to(ROOT))
        if name not in NEWEST | {"tests/project/test_fetches.py"}:
            assert functions_without_hash(file.read_text()) == [], name


def test_an_install_without_hash_is_seen():
    assert lines_without_hash("install:\n\tuv pip install \\\n\t  kopf\n") != []
    assert lines_without_hash("npm install azurite@3.37.0\n") != []
    assert lines_without_hash("uv pip install --require-hashes -r dev.txt\n") == []
    assert functions_without_hash('def f():\n    run("uv", "pip", "install", "kopf")\n') == ["f"]
    assert functions_without_hash('def f():\n    run(*"npm install azurite".split())\n') == ["f"]
    assert functions_without_hash('def f():\n    run(*"npm ci".split())\n') == []
    assert functions_without_hash('def f():\n    go(env={"GOFLAGS": "-mod=mod"})\n') == ["f"]
    assert functions_without_hash('def f():\n    "Run pip install."\n    g()\n') == []


def test_every_package_of_a_lock_file_has_a_hash():
    locks = [
        *ROOT.glob("requirements/*.txt"),
        SERVERS / "fake-gcs-server.txt",
        ROOT / "privacy/names/requirements.txt",
        ROOT / "training/tables/requirements.txt",
        ROOT / "training/tables/check.txt",
    ]
    for lock in locks:
        blocks = re.split(r"\n(?=\S)", lock.read_text().strip())
        assert blocks
        for block in blocks:
            assert re.search(r"--hash=sha256:[0-9a-f]{64}", block), f"{lock.name}: {block.splitlines()[0]}"
    packages = json.loads((SERVERS / "azurite" / "package-lock.json").read_text())["packages"]
    assert len(packages) > 100
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_actions_are_named_by_commit(file):
    jobs = yaml.safe_load(file.read_text())["jobs"].values()
    used = [step["uses"] for job in jobs for step in job["steps"] if "uses" in step]
    assert used
    assert [name for name in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", name)] == []


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_images_fetch_nothing_while_they_are_built(file):
    steps = [line for line in file.read_text().splitlines() if line.startswith(("RUN", "ADD"))]
    assert steps in ([], ['RUN ["python3", "-I", "-B", "/prune.py", "/"]'])
