"""A file with a test that fails beside others runs once more alone; what fails then, too, and what fails in numbers, stays failed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.retry_alone import MOST

TESTS = Path(__file__).parents[1]

LATE = """
import os, pathlib, pytest
def test_a_story_begins():
    os.environ["BEGAN"] = "yes"
@pytest.mark.parametrize("number", range({many}))
def test_late(number):
    mark = pathlib.Path(__file__).with_name(f"{{number}}.ran")
    again = mark.exists()
    mark.touch()
    assert again and {passes} and os.environ["BEGAN"]
"""


def outcome(folder, many, *, passes=True):
    """The exit code and what was printed, of tests that fail the first time, and later as asked."""
    file = folder / "test_late.py"
    file.write_text(LATE.format(many=many, passes=passes))
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    call = f"import sys, pathlib; from support import retry_alone; sys.exit(retry_alone.run({str(file)!r}, root=pathlib.Path({str(folder)!r})))"
    done = subprocess.run(
        [sys.executable, "-c", call], cwd=TESTS, env=environ, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout


def test_what_passes_alone_passes_and_is_named(tmp_path):
    code, output = outcome(tmp_path, 2)
    assert code == 0
    assert "Passed only alone:" in output.splitlines()
    assert output.rstrip().endswith("test_late[1]")


@pytest.mark.parametrize(("many", "passes"), [(2, False), (MOST + 1, True)])
def test_what_fails_again_or_in_numbers_stays_failed(tmp_path, many, passes):
    code, output = outcome(tmp_path, many, passes=passes)
    assert code == 1
    assert "Passed only alone" not in output


def test_a_run_that_passes_runs_once(tmp_path):
    for number in range(2):
        (tmp_path / f"{number}.ran").touch()
    code, output = outcome(tmp_path, 2)
    assert (code, "once more alone" in output) == (0, False)
