"""A tied child ends with the process that started it, however that process ends; the control is a child that is not tied."""

import signal
import subprocess
import sys
import time

import pytest

from leadmodel_local.state import children

PARENT = """
import sys, time
from pathlib import Path
from leadmodel_local.state.children import Children
Children().start(Path(sys.argv[1]), ["sleep", "60"], tied=sys.argv[2] == "tied")
print("started", flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
@pytest.mark.parametrize("how", ["tied", "free"])
def test_a_tied_child_ends_with_its_parent(tmp_path, how):
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path), how], stdout=subprocess.PIPE)
    try:
        assert parent.stdout.readline() == b"started\n"
        until = time.monotonic() + 30
        while not _is_sleeping(tmp_path) and time.monotonic() < until:
            time.sleep(0.02)
        parent.kill()
        parent.wait()
        until = time.monotonic() + (30 if how == "tied" else 1)
        while children.is_alive(tmp_path) and time.monotonic() < until:
            time.sleep(0.02)
        assert children.is_alive(tmp_path) is (how == "free")
    finally:
        parent.stdout.close()
        children.stop(tmp_path, signal.SIGKILL)


def _is_sleeping(folder) -> bool:
    """Whether the child has become its command."""
    group = children.process_group(folder)
    if group is None:
        return False
    done = subprocess.run(
        ["ps", "-o", "comm=", "-g", str(group)], capture_output=True, text=True, check=False
    )
    return "sleep" in done.stdout
