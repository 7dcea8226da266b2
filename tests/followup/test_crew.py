"""Workers of one process, a thread each: all send at once, each finishes its message, and one that is stuck ends the process."""

import threading
import time
from itertools import count

import pytest

from leadmodel_followup.worker.crew import WorkerStuck, run
from leadmodel_followup.worker.jobs import queue, ring, worker

CHANNELS = count()


@pytest.fixture
def channel(client):
    """A queue of its own per test, because a worker that waits for a job stays for a second."""
    client.flushall()
    return f"channel-{next(CHANNELS)}"


@pytest.fixture
def stop():
    """Ends whatever a test leaves running."""
    event = threading.Event()
    yield event
    event.set()


def crew(client, channel, size, task):
    return [worker(client, channel, task) for _ in range(size)]


def started(workers, longest_s, stop):
    """Run workers beside the test. Returns the thread in which they are kept."""
    thread = threading.Thread(target=run, args=(workers, longest_s, stop), daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize(("workers", "together"), [(8, True), (7, False)])
def test_each_worker_sends_while_the_others_wait_for_an_answer(channel, client, stop, workers, together):
    at_once = threading.Barrier(8)

    def task(_):
        at_once.wait(2)
        stop.set()

    ring(queue(client, channel), [f"id-{i}" for i in range(8)], 30)
    threading.Timer(4, stop.set).start()
    run(crew(client, channel, workers, task), 30, stop)
    assert at_once.broken is not together


def test_a_message_under_way_is_finished_and_an_idle_worker_ends(channel, client, stop):
    begun, done = threading.Event(), []

    def task(name):
        begun.set()
        time.sleep(4)
        done.append(name)

    keeping = started(crew(client, channel, 2, task), 30, stop)
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
        run(crew(client, channel, 2, task), 5, stop)
    assert done == ["slow"]
    assert not stop.is_set()
    forever.set()


def test_control_without_a_limit_nobody_notices_the_message_that_never_ends(channel, client, stop):
    forever = threading.Event()
    ring(queue(client, channel), ["stuck"], 30)
    keeping = started(crew(client, channel, 1, lambda _: forever.wait()), 600, stop)
    keeping.join(6)
    assert keeping.is_alive()
    stop.set()
    forever.set()
    keeping.join(30)
    assert not keeping.is_alive()


def test_a_worker_that_ends_by_itself_ends_the_others(channel, client, stop):
    workers = crew(client, channel, 2, print)
    keeping = started(workers, 30, stop)
    workers[0].end()
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
    one.clean_registries()
    assert waits.intermediate_queue.get_job_ids() == [lives]


def test_a_task_that_raises_leaves_no_job_and_no_text_in_the_log(channel, client, stop, caplog):
    def task(_):
        stop.set()
        raise ValueError("+4915112345678")

    ring(queue(client, channel), ["id-1"], 30)
    run(crew(client, channel, 1, task), 30, stop)
    assert client.keys("rq:job:*") == []
    assert "ValueError" in caplog.text
    assert "+49" not in caplog.text
