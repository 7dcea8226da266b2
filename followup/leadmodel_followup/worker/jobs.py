"""RQ jobs that name a task of a short list and carry one id. A lost, late or doubled job changes nothing: the ledger decides.

RQ imports whatever function a job names, also with its JSON serializer, and opens whatever URL a job gives as its webhook. Whoever can
write to the server could run `os.system`; jobs of this module run what is on the list and nothing else.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import redis
from rq import Queue, worker_registration
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.utils import now
from rq.worker import SimpleWorker

_LOG = logging.getLogger(__name__)
SEND = "send"
Tasks = Mapping[str, Callable[[str], object]]
_KEEP_S = 60  # how long a job that nobody takes, or that failed, is kept; the bell rings again anyway
_WORKER_TTL_S = 16  # an idle worker looks up this often less 15 seconds
_BEAT_S = 10.0  # how often a worker notes that it lives
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
    """Runs jobs of one queue in a thread, and comes back within seconds after the server was away.

    It keeps no books of jobs, which would be most of its work: what became of a follow-up stands in the ledger. Nobody commands it over the
    server.
    """

    max_connection_wait_time = _PATIENCE_S

    def __init__(self, *arguments: Any, **more: Any) -> None:
        """Take what a worker of RQ takes."""
        self._ending, self._beat_s, self._began_s = threading.Event(), 0.0, 0.0
        super().__init__(*arguments, **more)

    def end(self) -> None:
        """Ask to end after the job under way, or within a second or two, if the server answers."""
        self._ending.set()

    def busy_s(self) -> float:
        """For how many seconds a job has been under way; 0 between jobs."""
        began_s = self._began_s
        return time.monotonic() - began_s if began_s else 0.0

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run the task of a job and forget the job, whatever comes of it; one that the server keeps expires."""
        try:
            job.perform()
        except Exception as error:  # noqa: BLE001  # the bell rings again for what still waits
            _LOG.warning("a job is dropped (%s)", type(error).__name__)
        with suppress(redis.RedisError), self.connection.pipeline(transaction=False) as pipe:
            pipe.delete(job.key)
            pipe.lrem(queue.intermediate_queue.key, 1, job.id)
            pipe.execute()
        self._began_s = 0.0

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> tuple[Job, Queue] | None:
        """The next job; None where somebody asks to end or, in a burst, the queue is empty.

        A job that was taken while somebody asked to end is left: the bell rings again for what waits in the ledger.
        """
        while not self._ending.is_set():
            try:
                job = super().dequeue_job_and_maintain_ttl(timeout, timeout or max_idle_time)
            except redis.RedisError as error:  # such as the refusal of a server that became a replica
                _LOG.warning("a worker takes no jobs (%s) and tries again", type(error).__name__)
                self._ending.wait(_PATIENCE_S)
                continue
            if job is not None:
                self._began_s = time.monotonic()  # before the look: who asks to end sees the job, or is seen
                if not self._ending.is_set():
                    return job
                self._began_s = 0.0
            elif timeout is None:
                return None
        return None

    def clean_registries(self) -> None:
        """Forget jobs that ended with their worker, once they expired, and workers that are gone."""
        for queue in self.queues:
            taken = queue.intermediate_queue
            for job_id in taken.get_job_ids():
                if queue.fetch_job(job_id) is None:
                    taken.remove(job_id)
            worker_registration.clean_worker_registry(queue)
        self.last_cleaned_at = now()  # type: ignore[assignment]  # RQ says None and means a time

    def heartbeat(self, timeout: int | None = None, pipeline: "redis.client.Pipeline | None" = None) -> None:
        """Note from time to time that the worker lives."""
        if time.monotonic() - self._beat_s > _BEAT_S:
            self._beat_s = time.monotonic()
            with suppress(redis.RedisError):
                super().heartbeat(timeout, pipeline)

    def run_maintenance_tasks(self) -> None:
        """Clean up, now or when the server answers again."""
        with suppress(redis.RedisError):
            super().run_maintenance_tasks()  # type: ignore[no-untyped-call]  # RQ has no types here

    def register_death(self) -> None:
        """Have the server forget the worker, or let the worker's key expire where the server is away."""
        with suppress(redis.RedisError):
            self.be_forgotten()

    def be_forgotten(self) -> None:
        """Have the server forget the worker, also while its thread waits for a job. Raises RedisError."""
        super().register_death()  # type: ignore[no-untyped-call]  # RQ has no types here

    def set_state(self, state: str, pipeline: "redis.client.Pipeline | None" = None) -> None:
        """Keep to itself whether it is idle."""

    def check_for_suspension(self, burst: bool) -> None:
        """Hold nothing up: the settings of the plan have `suspend`."""

    def subscribe(self) -> None:
        """Open no subscription: commands of RQ, such as those that suspend workers, are not taken."""

    def _install_signal_handlers(self) -> None:
        """None: signals come to the process, which may have several workers."""


def worker(client: "redis.Redis", channel: str, send: Callable[[str], object]) -> QueueWorker:
    """A worker that sends what the bell rings for on one channel.

    One queue per worker: with more, RQ loses a job whose worker dies between taking and starting it.
    """
    tasks = {SEND: send}
    return QueueWorker(
        [queue(client, channel, tasks)],
        connection=client,
        serializer=JSONSerializer,
        job_class=job_class(tasks),
        worker_ttl=_WORKER_TTL_S,
        maintenance_interval=_KEEP_S,
        default_result_ttl=0,
        log_job_description=False,
    )
