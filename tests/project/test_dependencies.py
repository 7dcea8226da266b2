"""What an extra asks for is used by a program of that extra: each megabyte of an image has a reason."""

import ast
import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
SOURCES = {
    "operator": ("operator", "contract"),
    "predictor": ("predictor", "contract"),
    "training": ("training", "contract", "privacy"),
    "parquet": ("training", "contract"),
    "privacy": ("privacy", "contract"),
    "followup": ("followup", "contract"),
    "cli": ("cli", "operator"),
    "local": ("local", "cli"),
}
UNIMPORTED = {  # what another package of the extra takes up where it is installed
    "operator": {"tzdata"},  # zoneinfo
    "predictor": {"uvloop"},  # uvicorn
    "followup": {"hiredis", "httptools", "sniffio", "tzdata", "uvloop"},  # redis, uvicorn, httpx, zoneinfo
    "privacy": {"hiredis"},  # redis
}


def imported(folders):
    """The names of packages that the sources of some folders import, at the top or inside a function."""
    names = set()
    for folder in folders:
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Import):
                    names |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module:
                    names.add(node.module.split(".")[0])
    return names


def unused(wanted, folders):
    """The distributions of a list of requirements that none of some folders imports."""
    modules = packages_distributions()
    names = imported(folders)
    by_distribution = {}
    for module, distributions in modules.items():
        for distribution in distributions:
            by_distribution.setdefault(_plain(distribution), set()).add(module)
    projects = {_plain(re.match(r"[\w.-]+", requirement).group()) for requirement in wanted}
    return {project for project in projects if not by_distribution.get(project, set()) & names}


def _plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def test_each_extra_has_its_sources():
    assert SOURCES.keys() == EXTRAS.keys()


@pytest.mark.parametrize("extra", sorted(EXTRAS))
def test_each_requirement_of_an_extra_is_used(extra):
    assert unused(EXTRAS[extra], SOURCES[extra]) == UNIMPORTED.get(extra, set())


def test_control_a_requirement_that_nothing_imports():
    assert unused(["msgspec>=0.19", "phonenumbers>=9"], ("predictor", "contract")) == {"phonenumbers"}
