"""Signals that ask a process to stop, at any moment of its wait: none of them holds it up."""

import signal
import subprocess
import sys
import time

import pytest

STORM_S = 4
WAITS = """
import os, time
from threading import Event
from leadmodel_followup.worker.loop import repeat
from leadmodel_messages.stopping import Stop, set_by_signals

stop, until = set_by_signals({kind}()), time.monotonic() + {seconds}
print("waits", flush=True)
while time.monotonic() < until:
    stop = set_by_signals({kind}())
    repeat(lambda: False, 0.001, stop)
os._exit(0)
"""


def ends_in_a_storm(kind):
    """Whether a process that waits again and again, and is asked to stop some thousand times in a second, ends by itself."""
    code = WAITS.format(kind=kind, seconds=STORM_S)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"waits\n"
        until = time.monotonic() + 4 * STORM_S
        while process.poll() is None and time.monotonic() < until:
            process.send_signal(signal.SIGTERM)
            time.sleep(0.0002)
        ended = process.poll() == 0
        process.kill()
    return ended


@pytest.mark.parametrize(("kind", "ends"), [("Stop", True), ("Event", False)])
def test_a_storm_of_signals_ends_what_waits_and_control_with_a_lock_it_hangs(kind, ends):
    assert ends_in_a_storm(kind) is ends
