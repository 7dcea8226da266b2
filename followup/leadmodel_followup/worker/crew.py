"""The workers of one process, a thread each: they wait for answers most of the time, and threads copy no memory as processes do."""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import redis

from leadmodel_followup.worker.jobs import QueueWorker
from leadmodel_messages.stopping import Stop

_LOOK_S = 0.2


class WorkerStuck(Exception):  # noqa: N818  # an outcome
    """A message took longer than its channel allows; the process is to be started again, and the ledger says what was under way."""


@dataclass(frozen=True)
class Member:
    """A worker with the times of its channel.

    Attributes:
        worker: Takes jobs.
        stuck_s: A message that is under way for longer is not waited for.
        leave_s: No message is under way for longer: the process ends, whoever else is at work.
    """

    worker: QueueWorker
    stuck_s: float
    leave_s: float

    def is_stuck(self) -> bool:
        """Whether the message under way takes too long."""
        return self.worker.busy_s() > self.stuck_s

    def is_late(self) -> bool:
        """Whether the process may not go on, because somebody is about to look the message up."""
        return self.worker.busy_s() > self.leave_s

    def is_sending(self) -> bool:
        """Whether a message is under way and in time."""
        return 0 < self.worker.busy_s() <= self.stuck_s


def run(crew: Sequence[Member], stop: Stop) -> None:
    """Run workers until somebody asks to stop or one of them ends; each finishes its message.

    Raises:
        WorkerStuck: A message is stuck. The others are finished, or were under way when the process had to end.
    """
    threads = [
        threading.Thread(target=one.worker.work, kwargs={"logging_level": "WARNING"}, daemon=True)
        for one in crew
    ]
    for thread in threads:
        thread.start()
    while all(thread.is_alive() for thread in threads) and not any(one.is_stuck() for one in crew):
        if stop.wait(_LOOK_S):
            break
    for one in crew:
        one.worker.end()
    while not any(one.is_late() for one in crew) and any(
        thread.is_alive() and one.is_sending() for one, thread in zip(crew, threads, strict=True)
    ):
        time.sleep(0.02)
    if any(one.is_stuck() for one in crew):
        raise WorkerStuck
    with suppress(redis.RedisError):
        for one in crew:
            one.worker.be_forgotten()  # whose thread waits for a job and ends with the process
