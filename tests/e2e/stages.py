"""The stages of `make e2e`: what runs beside each other, then what disturbs others.

Where clusters are ours, a second one takes a part of the second stage, at the same time; its output follows that of the first. Nothing
runs beside the last files: one compares everything on the machine before and after, one counts seconds, one reads what all others did.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if __name__ == "__main__":  # then this folder hides the one that is called `e2e`
    sys.path[0] = str(Path(__file__).parents[1])

from cluster.place import MOST, Place
from e2e.harness.cluster import PLACE, ROOT, SHARED, TARGET
from support import retry_alone

OPTIONS = ("--timeout", "900", "--maxfail", "8", "-rPfE")
SECOND = tuple(f"tests/e2e/{name}" for name in ("test_prometheus.py", "test_uninstall.py", "test_upgrade.py"))
LAST = tuple(f"tests/e2e/{name}" for name in ("test_cluster.py", "test_kill.py", "test_rbac.py"))


def pytest(*arguments: str) -> int:
    """Run tests on the first cluster; the exit code."""
    return retry_alone.run(*OPTIONS, *arguments)


@contextmanager
def on_a_second_cluster(*arguments: str) -> Iterator[list[int]]:
    """Run tests on a cluster beside the first during the block; afterwards the list holds their exit code."""
    place, codes = Place((PLACE.number + 1) % MOST), list[int]()
    environ = os.environ | {"LEADMODEL_CLUSTER": str(place.number)}
    SHARED.mkdir(parents=True, exist_ok=True)
    output = SHARED / f"{place.name}.txt"
    try:
        with output.open("wb") as file:
            command = [sys.executable, retry_alone.__file__, *OPTIONS, *arguments]
            tests = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=file, stderr=subprocess.STDOUT)
        try:
            yield codes
            codes.append(tests.wait())
        finally:
            tests.terminate()
            tests.wait()
        print(output.read_text(errors="replace"), flush=True)
    finally:
        subprocess.run(
            [sys.executable, "tests/cluster/cluster.py", "down"], cwd=ROOT, env=environ, check=False
        )


def main() -> int:
    """Run the stages; the exit code of the first that fails."""
    os.environ["LEADMODEL_E2E_SINCE"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    if code := pytest("tests/e2e", "-n", "3", "--dist", "loadfile", "-m", "not alone"):
        return code
    if not TARGET.own:
        return pytest("tests/e2e", "-m", "alone")
    with on_a_second_cluster(*SECOND, "-m", "alone") as codes:
        first = pytest("tests/e2e", *(f"--ignore={file}" for file in (*SECOND, *LAST)), "-m", "alone")
    last = pytest(*LAST, "-m", "alone")
    return first or codes[0] or last


if __name__ == "__main__":
    sys.exit(main())
