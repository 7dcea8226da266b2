"""Each program of bench/ can be loaded: what it imports from the project is there."""

import importlib
from pathlib import Path

import pytest

PROGRAMS = sorted(file.stem for file in (Path(__file__).parents[2] / "bench").glob("*.py"))


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_finds_what_it_imports(name):
    assert importlib.import_module(name).__doc__


def test_control_a_name_that_is_gone():
    with pytest.raises(ImportError, match="no_such_name"):
        from leadmodel_training.features import no_such_name  # noqa: F401
