"""The Redis is away, or takes no writes: the processes of a pod and their workers outlast it, and leave no files behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from rq import Queue
from rq.serializers import JSONSerializer
from rq.worker import SimpleWorker

from leadmodel_followup.worker.jobs import QueueWorker, queue, ring, worker
from support.followup_pod import Pod, clock_time, lead, until
from support.redis_servers import Server, free_port

COUNTS = """
import os, sys
import prometheus_client as prometheus
from leadmodel_followup.metrics import Metrics, counted_as

def work():
    Metrics(prometheus.CollectorRegistry()).sent.labels("sms", "hello").inc()

for _ in range(5):
    if not os.fork():
        {call}
        os._exit(0)
    os.wait()
registry = prometheus.CollectorRegistry()
from prometheus_client.multiprocess import MultiProcessCollector
MultiProcessCollector(registry)
print(registry.get_sample_value("leadmodel_followup_sent_total", {{"channel": "sms", "step": "hello"}}))
"""


@pytest.fixture
def own(tmp_path):
    """A server that a test may end."""
    started = Server("valkey", tmp_path, ("--appendonly", "yes", "--appendfsync", "always")).start()
    yield started
    started.stop(kill=True)


@pytest.fixture
def pod(own, tmp_path):
    started = Pod(tmp_path / "pod", f"redis://127.0.0.1:{own.port}/0").start()
    yield started
    if started.process.poll() is None:
        started.stop()


def counter_files(pod):
    """The files into which the processes of a pod count."""
    maps = Path(f"/proc/{pod.children()[0]}/maps").read_text().split()
    folder = next(Path(word).parent for word in maps if "leadmodel-followup-" in word)
    return sorted(file.name for file in folder.iterdir())


def sent(pod):
    """Messages of the pod so far, by its metrics."""
    lines = pod.call("GET", "/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("leadmodel_followup_sent_total"))


@pytest.mark.slow
def test_processes_that_start_while_the_redis_is_away_wait_for_it_and_go_on_with_their_files(own, pod):
    assert pod.call("POST", "/followups", lead(1, clock_time(-1))).status_code == 200
    until(lambda: sent(pod) == 1)
    files = counter_files(pod)
    own.stop(kill=True)
    for child in pod.children():
        os.kill(child, signal.SIGKILL)
    time.sleep(6)
    ended = pod.log.read_text().count("workers 0 ended")
    own.start()
    pod.wait_ready()
    assert pod.call("POST", "/followups", lead(2, clock_time(-1))).status_code == 200
    until(lambda: sent(pod) == 2)
    assert (ended, counter_files(pod)) == (1, files)
    assert pod.stop() == 0


@pytest.mark.parametrize(("call", "files"), [("counted_as('workers 0', work)", 1), ("work()", 5)])
def test_a_process_started_again_counts_into_its_file_and_control_by_its_id_into_another(
    tmp_path, call, files
):
    environ = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    code = COUNTS.format(call=call)
    ran = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True, timeout=60
    )
    assert float(ran.stdout) == 5
    assert len(list(tmp_path.glob("counter_*.db"))) == files


class Plain(QueueWorker):
    """Takes jobs as a worker of RQ does."""

    def dequeue_job_and_maintain_ttl(self, timeout, max_idle_time=None):
        return SimpleWorker.dequeue_job_and_maintain_ttl(self, timeout, max_idle_time)


def plain(client, channel, _):
    waits = Queue(channel, connection=client, serializer=JSONSerializer)
    return Plain([waits], connection=client, serializer=JSONSerializer, worker_ttl=16)


@pytest.mark.parametrize(("kind", "lives"), [(worker, True), (plain, False)])
def test_a_worker_outlasts_a_server_that_takes_no_writes_and_control_one_of_rq_ends(own, kind, lives):
    with own.client() as client:
        done = threading.Event()
        one = kind(client, "sms", lambda _: done.set())
        thread = threading.Thread(target=one.work, kwargs={"logging_level": "CRITICAL"}, daemon=True)
        thread.start()
        until(lambda: client.scard("rq:workers") == 1)
        client.replicaof("127.0.0.1", free_port())
        thread.join(6)
        assert thread.is_alive() is lives
        client.replicaof("NO", "ONE")
        ring(queue(client, "sms"), ["id-1"], 30)
        assert done.wait(6) is lives
        if lives:
            one.end()
            thread.join(10)
