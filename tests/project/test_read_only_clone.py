"""`make install` in a clone of somebody else, which may only be read, says what to do."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from project.house import ROOT

NOBODY = 65534


@pytest.fixture
def clone() -> Iterator[Path]:
    """The files that the rule names, in a folder that everybody may enter."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in ("Makefile", "pyproject.toml", "requirements/dev.txt"):
            (folder / file).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / file, folder / file)
        folder.chmod(0o755)
        yield folder


def install(folder: Path) -> str:
    """What `make install` says to a user without privileges; no environment is made, for PYTHON is a program that refuses."""
    command = ["make", "install", "PYTHON=false"]
    user = NOBODY if os.geteuid() == 0 else None
    ended = subprocess.run(
        command, check=False, cwd=folder, user=user, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode != 0
    return ended.stderr


def test_a_clone_that_may_only_be_read_is_to_be_copied(clone):
    clone.chmod(0o555)
    assert "copy it and go on there: cp -R . ~/leadmodel" in install(clone)


def test_control_a_folder_that_may_be_written_is_installed_into(clone):
    clone.chmod(0o777)
    assert "copy it" not in install(clone)
