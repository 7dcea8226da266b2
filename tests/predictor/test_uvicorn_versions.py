"""The predictor serves with the oldest uvicorn that pyproject.toml allows and with the newest there is.

Some tests of this folder run once more, in a process that imports the other uvicorn. The oldest is installed from the registry
once, by its hash; without a registry these tests are skipped. The newest has no hash that anybody looked at, so that it is
installed with LEADMODEL_FULL=1 alone.
"""

import importlib.metadata
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ESSENTIALS = [
    "test_guard.py::test_pipelined_answers_come_in_order",
    "test_guard.py::test_what_follows_the_last_request_is_not_heard",
    "test_guard.py::test_expect_100_continue",
    "test_server.py::test_predict_answers_what_the_artifact_means",
    "test_server.py::test_sigterm_drains",
    "test_shutdown.py::test_what_is_in_flight_is_finished",
]


OLDEST = """uvicorn==0.23.0 \\
    --hash=sha256:479599b2c0bb1b9b394c6d43901a1eb0c1ec72c7d237b5bafea23c5b2d4cdf10 \\
    --hash=sha256:d38ab90c0e2c6fe3a054cddeb962cfd5d0e0e6608eaaff4a01d5c36a67f3168c
"""


def installed(folder: Path, *requirements: str) -> dict[str, str]:
    """The environment of a process that imports this uvicorn."""
    uv = Path(sys.executable).with_name("uv")
    command = [uv, "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--target", folder]
    done = subprocess.run([*command, *requirements], check=False, capture_output=True, text=True, timeout=120)
    assert "hash" not in done.stderr.lower(), done.stderr
    if done.returncode:
        pytest.skip(f"{requirements} could not be installed: is there a package registry?")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return {**kept, "PYTHONPATH": str(folder)}


def version(environment: dict[str, str]) -> str:
    program = "import uvicorn; print(uvicorn.__version__)"
    command = [sys.executable, "-c", program]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.strip()


def run_essentials(environment: dict[str, str], names: list[str] = ESSENTIALS) -> None:
    tests = [str(ROOT / "tests/predictor" / name) for name in names]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, cwd=ROOT)
    assert done.returncode == 0, done.stdout[-5000:]
    assert "skipped" not in done.stdout


def test_the_oldest_uvicorn_serves(tmp_path):
    allowed = re.search(r'^    "uvicorn>=([\d.]+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert allowed, "pyproject.toml names no oldest uvicorn, or excludes newer ones"
    assert OLDEST.startswith(f"uvicorn=={allowed[1]}"), (
        "name the oldest that pyproject.toml allows, with its hashes"
    )
    (tmp_path / "oldest.txt").write_text(OLDEST)
    environment = installed(
        tmp_path / "site", "--require-hashes", "--requirement", str(tmp_path / "oldest.txt")
    )
    assert version(environment).startswith(allowed[1])
    run_essentials(environment)


@pytest.mark.skipif(
    "LEADMODEL_FULL" not in os.environ, reason="LEADMODEL_FULL=1 tries today's newest uvicorn"
)
def test_the_newest_uvicorn_serves(tmp_path):
    environment = installed(tmp_path / "site", "uvicorn")
    if version(environment) == importlib.metadata.version("uvicorn"):
        pytest.skip("the newest uvicorn is the one that all tests run with")
    run_essentials(environment)


def test_another_uvicorn_is_really_imported(tmp_path):
    """The control: a uvicorn without a server."""
    (tmp_path / "uvicorn").mkdir()
    (tmp_path / "uvicorn/__init__.py").write_text("")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    with pytest.raises(AssertionError, match="uvicorn"):
        run_essentials({**environment, "PYTHONPATH": str(tmp_path)}, ESSENTIALS[:1])
