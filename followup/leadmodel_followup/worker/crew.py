"""The workers of one process, a thread each: they wait for answers most of the time, and threads copy no memory as processes do."""

import threading
import time
from collections.abc import Sequence

from leadmodel_followup.worker.jobs import QueueWorker
from leadmodel_followup.worker.loop import Stop

_LOOK_S = 0.2
_LEAVE_S = 0.1  # for a job that was taken in this moment; who waits for one is left behind


class WorkerStuck(Exception):  # noqa: N818  # an outcome
    """A message took longer than its channel allows; the process is to be started again, and the ledger says what was under way."""


def run(workers: Sequence[QueueWorker], longest_s: float, stop: Stop) -> None:
    """Run workers until somebody asks to stop or one of them ends; each finishes its message.

    Raises:
        WorkerStuck: A message has been under way for longer than `longest_s`; the others are finished.
    """
    threads = [
        threading.Thread(target=one.work, kwargs={"logging_level": "WARNING"}, daemon=True) for one in workers
    ]
    for thread in threads:
        thread.start()
    while all(thread.is_alive() for thread in threads) and not _stuck(workers, longest_s):
        if stop.wait(_LOOK_S):
            break
    for one in workers:
        one.end()
    until = time.monotonic() + _LEAVE_S
    while any(
        thread.is_alive() and (0 < one.busy_s() < longest_s or time.monotonic() < until)
        for one, thread in zip(workers, threads, strict=True)
    ):
        time.sleep(0.02)
    if _stuck(workers, longest_s):
        raise WorkerStuck


def _stuck(workers: Sequence[QueueWorker], longest_s: float) -> bool:
    return any(one.busy_s() > longest_s for one in workers)
