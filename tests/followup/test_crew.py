"""Workers of one process, a thread each: all send at once, each finishes its message, and one that is stuck ends the process."""

import threading
import time
from itertools import count

import pytest
from rq.serializers import JSONSerializer
from rq.worker import SimpleWorker

from leadmodel_followup.dispatch.settings import DispatchSettings
from leadmodel_followup.worker.crew import Member, WorkerStuck, run
from leadmodel_followup.worker.jobs import SEND, QueueWorker, job_class, queue, ring, worker
from leadmodel_messages.stopping import Stop
from support.followup_pod import until

CHANNELS = count()


@pytest.fixture
def channel(client):
    """A queue of its own per test, because a worker that waits for a job stays for a second."""
    client.flushall()
    return f"channel-{next(CHANNELS)}"


@pytest.fixture
def stop():
    """Ends whatever a test leaves running."""
    asked = Stop()
    yield asked
    asked.set()


def crew(client, channel, size, task, stuck_s=30, leave_s=40):
    return [Member(worker(client, channel, task), stuck_s, leave_s) for _ in range(size)]


def started(members, stop):
    """Run workers beside the test. Returns the thread in which they are kept, and what ended them but a stop."""
    ends = []

    def keep():
        try:
            run(members, stop)
        except WorkerStuck as error:
            ends.append(type(error))

    thread = threading.Thread(target=keep, daemon=True)
    thread.start()
    return thread, ends


@pytest.mark.parametrize(("workers", "together"), [(8, True), (7, False)])
def test_each_worker_sends_while_the_others_wait_for_an_answer(channel, client, stop, workers, together):
    at_once = threading.Barrier(8)

    def task(_):
        at_once.wait(2)
        stop.set()

    ring(queue(client, channel), [f"id-{i}" for i in range(8)], 30)
    threading.Timer(4, stop.set).start()
    run(crew(client, channel, workers, task), stop)
    assert at_once.broken is not together


def test_a_message_under_way_is_finished_and_an_idle_worker_ends(channel, client, stop):
    begun, done = threading.Event(), []

    def task(name):
        begun.set()
        time.sleep(4)
        done.append(name)

    keeping, _ = started(crew(client, channel, 2, task), stop)
    ring(queue(client, channel), ["id-1"], 30)
    assert begun.wait(10)
    stop.set()
    keeping.join(30)
    assert done == ["id-1"]
    assert client.keys("rq:job:*") + client.keys("*intermediate*") == []


def test_a_message_that_never_ends_ends_the_process_after_the_others(channel, client, stop):
    forever, done = threading.Event(), []

    def task(name):
        if name == "stuck":
            forever.wait()
        time.sleep(3)
        done.append(name)

    ring(queue(client, channel), ["stuck", "slow"], 30)
    with pytest.raises(WorkerStuck):
        run(crew(client, channel, 2, task, 5), stop)
    assert done == ["slow"]
    assert not stop.is_set()
    forever.set()


def test_control_without_a_limit_nobody_notices_the_message_that_never_ends(channel, client, stop):
    forever = threading.Event()
    ring(queue(client, channel), ["stuck"], 30)
    keeping, _ = started(crew(client, channel, 1, lambda _: forever.wait(), 600, 600), stop)
    keeping.join(6)
    assert keeping.is_alive()
    stop.set()
    forever.set()
    keeping.join(30)
    assert not keeping.is_alive()


def test_the_server_knows_no_worker_of_a_process_that_left(channel, client, stop):
    keeping, _ = started(crew(client, channel, 3, print), stop)
    until(lambda: client.scard("rq:workers") == client.scard(f"rq:workers:{channel}") == 3)
    stop.set()
    keeping.join(30)
    assert client.keys("rq:workers*") == []


def test_a_worker_that_ends_by_itself_ends_the_others(channel, client, stop):
    members = crew(client, channel, 2, print)
    keeping, _ = started(members, stop)
    members[0].worker.end()
    keeping.join(30)
    assert not keeping.is_alive()
    assert not stop.is_set()


def test_the_server_forgets_who_took_a_job_once_the_job_expired(channel, client):
    waits = queue(client, channel)
    ring(waits, ["id-1", "id-2"], 30)
    gone, lives = waits.job_ids
    client.rpush(waits.intermediate_queue.key, gone, lives)
    client.delete(f"rq:job:{gone}")
    (one,) = crew(client, channel, 1, print)
    one.worker.clean_registries()
    assert waits.intermediate_queue.get_job_ids() == [lives]


def test_a_task_that_raises_leaves_no_job_and_no_text_in_the_log(channel, client, stop, caplog):
    def task(_):
        stop.set()
        raise ValueError("+4915112345678")

    ring(queue(client, channel), ["id-1"], 30)
    run(crew(client, channel, 1, task), stop)
    assert client.keys("rq:job:*") == []
    assert "ValueError" in caplog.text
    assert "+49" not in caplog.text


@pytest.mark.parametrize("timeout_ms", [1, 2_000, 10_000, 60_000])
def test_a_process_with_a_stuck_message_ends_before_anybody_looks_the_message_up(timeout_ms):
    times = DispatchSettings()
    longest_ms = times.start_ms + timeout_ms
    assert (
        longest_ms
        < times.stuck_ms(timeout_ms)
        < times.leave_ms(timeout_ms)
        < times.look_ms(timeout_ms) - 3_000
    )


def one_stuck_one_slow(client, channel, stop, leave_s):
    """A message that never ends beside one that ends when the test says so. Returns what keeps them, what ended it, and how to end."""
    finish, forever = threading.Event(), threading.Event()
    other = f"{channel}-other"
    members = crew(client, channel, 1, lambda _: forever.wait(60), 2, leave_s)
    members += crew(client, other, 1, lambda _: finish.wait(60), 600, 600)
    for name in (channel, other):
        ring(queue(client, name), ["id-1"], 30)
    return *started(members, stop), finish, forever


def test_a_stuck_message_ends_the_process_in_time_though_another_is_under_way(channel, client, stop):
    keeping, ends, finish, forever = one_stuck_one_slow(client, channel, stop, 3)
    keeping.join(30)
    assert ends == [WorkerStuck]
    finish.set()
    forever.set()


def test_control_without_a_time_to_leave_the_stuck_message_lives_as_long_as_the_other(channel, client, stop):
    keeping, ends, finish, forever = one_stuck_one_slow(client, channel, stop, 600)
    keeping.join(6)
    assert (keeping.is_alive(), ends) == (True, [])
    finish.set()
    keeping.join(30)
    assert ends == [WorkerStuck]
    forever.set()


class Held(QueueWorker):
    """Holds between taking a job and the note that one is under way."""

    def __init__(self, client, channel, done):
        self.taken, self.go_on, self.left = (threading.Event() for _ in range(3))
        tasks = {SEND: done.append}
        super().__init__(
            [queue(client, channel, tasks)],
            connection=client,
            serializer=JSONSerializer,
            job_class=job_class(tasks),
            worker_ttl=16,
        )

    def heartbeat(self, timeout=None, pipeline=None):
        if self.queues[0].intermediate_queue.get_job_ids() and not self.taken.is_set():
            self.taken.set()
            self.go_on.wait(30)

    def execute_job(self, job, queue):
        super().execute_job(job, queue)
        self.left.set()

    def teardown(self):
        super().teardown()
        self.left.set()


class Unasked(Held):
    """Does not look again whether it is to end."""

    def dequeue_job_and_maintain_ttl(self, timeout, max_idle_time=None):
        if self.left.is_set():
            return None
        return SimpleWorker.dequeue_job_and_maintain_ttl(self, timeout, max_idle_time)


@pytest.mark.parametrize(("kind", "sent"), [(Held, []), (Unasked, ["id-1"])])
def test_a_job_taken_while_the_process_leaves_is_not_begun_and_control(channel, client, stop, kind, sent):
    done = []
    one = kind(client, channel, done)
    keeping, _ = started([Member(one, 30, 40)], stop)
    ring(queue(client, channel), ["id-1"], 30)
    assert one.taken.wait(20)
    stop.set()
    keeping.join(20)
    assert not keeping.is_alive()
    assert done == []
    one.go_on.set()
    assert one.left.wait(20)
    assert done == sent
