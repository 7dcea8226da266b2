"""RQ jobs that name a task of a short list and carry one id. A lost, late or doubled job changes nothing: the ledger decides.

RQ imports whatever function a job names, also with its JSON serializer, and opens whatever URL a job gives as its webhook. Whoever can
write to the server could run `os.system`; jobs of this module run what is on the list and nothing else.
"""

from collections.abc import Callable, Mapping
from typing import Any

import redis
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import SimpleWorker

SEND = "send"
Tasks = Mapping[str, Callable[[str], object]]
_KEEP_S = 60  # how long a job that nobody takes, or that failed, is kept; the bell rings again anyway
_WORKER_TTL_S = 20  # an idle worker looks up this often less 15 seconds
_PATIENCE_S = 2.0  # longest pause between two attempts to reach the server


class UnknownTask(Exception):  # noqa: N818  # an outcome
    """A job names something that is no task; it was not written by a bell."""


def job_class(tasks: Tasks) -> type[Job]:
    """The class of jobs that run these tasks and nothing else: no other function, no callback, no webhook."""

    class FollowUpJob(Job):
        """A job whose function is looked up in the list of tasks."""

        @property
        def func(self) -> Any:
            """The task that the job names. Raises UnknownTask."""
            task = tasks.get(str(self.func_name))
            if task is None:
                raise UnknownTask("the job names no task of follow-ups")
            return task

        @property
        def success_callback(self) -> Any:
            """None: whoever writes a job may not name a function."""
            return None

        @property
        def failure_callback(self) -> Any:
            """None, as after a success."""
            return None

        @property
        def stopped_callback(self) -> Any:
            """None, as after a success."""
            return None

        def send_webhooks(self, *_: Any, **__: Any) -> None:
            """Call nobody: whoever writes a job may not name a URL."""

    return FollowUpJob


def queue(client: "redis.Redis", channel: str, tasks: Tasks | None = None) -> Queue:
    """The queue of one channel."""
    return Queue(channel, connection=client, serializer=JSONSerializer, job_class=job_class(tasks or {}))


def ring(to: Queue, ids: list[str], timeout_s: int) -> None:
    """Put one job per id into a queue; a task may take `timeout_s`."""
    to.enqueue_many(
        Queue.prepare_data(
            SEND,
            (one,),
            timeout=timeout_s,
            result_ttl=0,
            ttl=_KEEP_S,
            failure_ttl=_KEEP_S,
            description="follow-up",
        )
        for one in ids
    )


class QueueWorker(SimpleWorker):
    """Runs jobs in its own process, without a fork per job, and comes back within seconds after the server was away."""

    max_connection_wait_time = _PATIENCE_S


def work(client: "redis.Redis", channel: str, send: Callable[[str], object], *, burst: bool = False) -> None:
    """Send what the bell rings for on one channel, until a signal asks to stop or, in a burst, the queue is empty.

    A message under way is finished.

    One queue per worker: with more, RQ loses a job whose worker dies between taking and starting it.
    """
    tasks = {SEND: send}
    QueueWorker(
        [queue(client, channel, tasks)],
        connection=client,
        serializer=JSONSerializer,
        job_class=job_class(tasks),
        worker_ttl=_WORKER_TTL_S,
        maintenance_interval=_KEEP_S,
        default_result_ttl=0,
        log_job_description=False,
    ).work(burst=burst, logging_level="WARNING")
