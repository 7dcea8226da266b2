"""RQ jobs: what the bell rings for is sent by its id, and a job written by somebody else runs nothing and calls nobody."""

import json
import subprocess
import sys
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.webhook import Webhook

from followup.conftest import KEY
from leadmodel_followup.channels.console import Console
from leadmodel_followup.dispatch.dispatcher import wall_ms
from leadmodel_followup.dispatch.settings import DispatchSettings
from leadmodel_followup.ledger.errors import LedgerUnavailable
from leadmodel_followup.ledger.records import FollowUp
from leadmodel_followup.planning.identity import ContactHasher, follow_up_id
from leadmodel_followup.settings.reading import parse
from leadmodel_followup.worker.bell import Bell
from leadmodel_followup.worker.jobs import queue, ring
from leadmodel_followup.worker.service import Service
from support.followup_settings import WHOLE
from support.redis_servers import free_port

TESTS = Path(__file__).parents[1]


def worker(kind: str, port: int) -> str:
    """What a worker printed until the queue was empty."""
    command = [sys.executable, "-m", "support.followup_jobs", kind, str(port)]
    ended = subprocess.run(
        command, env={"PYTHONPATH": str(TESTS)}, capture_output=True, text=True, timeout=60, check=True
    )
    return ended.stdout


@pytest.fixture
def empty(server, client):
    client.flushall()
    return server


@pytest.fixture
def touched(tmp_path):
    return tmp_path / "touched"


@pytest.fixture
def calls():
    """A server that counts requests."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            """Stay quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield listening.server_address[1], seen
        listening.shutdown()
        thread.join()


def forged(client, touched, port):
    """A job as somebody with access to the server may write one: a function, a callback and a webhook of their choice."""
    Queue("sms", connection=client, serializer=JSONSerializer).enqueue(
        "os.system",
        f"touch {touched}",
        webhooks=[Webhook(f"http://127.0.0.1:{port}/hook", status) for status in ("finished", "failed")],
    )


def test_a_job_that_names_no_task_runs_nothing_and_calls_nobody(empty, client, touched, calls):
    port, seen = calls
    forged(client, touched, port)
    ring(queue(client, "sms"), ["id-1"], 30)
    assert worker("own", empty.port).split() == ["id-1"]
    assert not touched.exists()
    assert seen == []


def test_control_the_json_serializer_alone_runs_any_function_and_calls_any_url(empty, client, touched, calls):
    port, seen = calls
    forged(client, touched, port)
    worker("plain", empty.port)
    assert touched.exists()
    assert seen == ["/hook"]


def test_a_callback_of_a_job_is_not_run(empty, client, touched):
    job = Job.create("send", ("id-1",), connection=client, serializer=JSONSerializer, result_ttl=0)
    job.origin = "sms"
    job.save()
    client.hset(job.key, mapping={"success_callback_name": "os.system", "failure_callback_name": "os.system"})
    Queue("sms", connection=client, serializer=JSONSerializer).push_job_id(job.id)
    assert worker("own", empty.port).split() == ["id-1"]
    assert client.keys("rq:job:*") == []


def test_what_was_sent_leaves_no_job(empty, client):
    ring(queue(client, "sms"), ["id-1", "id-2"], 30)
    assert sorted(worker("own", empty.port).split()) == ["id-1", "id-2"]
    assert client.keys("rq:job:*") + client.keys("rq:results:*") == []


def bell(ledger, client, **more):
    queues = {"sms": queue(client, "sms"), "mail": queue(client, "mail")}
    return Bell(ledger, queues, **{"depth": 4, "timeout_s": 30, **more})


def name(ledger, channel, i=0):
    return follow_up_id(ledger.tenant, f"{channel}-{i}", "plan", 1, "step-1")


def waiting(ledger, clock, count, channel="sms"):
    for i in range(count):
        ledger.create(
            FollowUp(name(ledger, channel, i), f"lead-{i}", f"contact-{i}", channel, "step-1", clock.now),
            clock.now,
        )


def test_the_bell_rings_once_per_lease_in_the_queue_of_the_channel(empty, client, ledger, clock):
    waiting(ledger, clock, 1, "sms")
    waiting(ledger, clock, 1, "mail")
    ringing = bell(ledger, client)
    assert not ringing.tick()
    assert [job.args for job in ringing.queues["sms"].jobs] == [[name(ledger, "sms")]]
    assert [job.args for job in ringing.queues["mail"].jobs] == [[name(ledger, "mail")]]
    ringing.tick()
    assert len(ringing.queues["sms"]) == 1
    clock.now += DispatchSettings().claim_ms
    ringing.tick()
    assert len(ringing.queues["sms"]) == 2


def test_the_bell_leaves_in_the_ledger_what_the_queues_have_no_room_for(empty, client, ledger, clock):
    waiting(ledger, clock, 9)
    ringing = bell(ledger, client)
    assert ringing.tick()
    assert not ringing.tick()
    assert len(ringing.queues["sms"]) == 4
    ringing.queues["sms"].empty()
    assert ringing.tick()
    assert len(ringing.queues["sms"]) == 4


@pytest.mark.parametrize(("ahead_ms", "taken"), [(5000, 1), (5001, 0)])
def test_a_pod_whose_clock_is_seconds_behind_rings_in_time(empty, client, ledger, clock, ahead_ms, taken):
    waiting(ledger, clock, 1)
    ringing = bell(ledger, client, now=lambda: clock.now - ahead_ms)
    ringing.tick()
    assert len(ringing.queues["sms"]) == taken


def test_a_bell_rings_for_nothing_before_it_is_due(empty, client, ledger, clock):
    waiting(ledger, clock, 1)
    clock.now -= 1
    ringing = bell(ledger, client, now=clock)
    ringing.tick()
    assert len(ringing.queues["sms"]) == 0


def test_a_suspended_bell_takes_nothing(empty, client, ledger, clock):
    waiting(ledger, clock, 1)
    ringing = bell(ledger, client, suspended=True)
    assert not ringing.tick()
    assert len(ringing.queues["sms"]) == 0
    assert len(ledger.claim(1, 1000)) == 1


def test_a_follow_up_of_a_channel_that_is_gone_ends_once_all_pods_know(empty, client, ledger, clock):
    waiting(ledger, clock, 1, "fax")
    clock.now += DispatchSettings().reload_ms - 1
    bell(ledger, client, now=clock).tick()
    assert ledger.read(name(ledger, "fax"))["state"] == "waiting"
    clock.now += DispatchSettings().claim_ms
    bell(ledger, client, now=clock).tick()
    assert (ledger.read(name(ledger, "fax"))["state"], ledger.read(name(ledger, "fax"))["why"]) == (
        "cancelled",
        "no-channel",
    )


def one_plan(client, hasher, plan):
    """A plan with one lead that is due, in a process that several plans share."""
    settings = parse(json.dumps(WHOLE | {"tenant": hasher.tenant, "plan": plan, "suspend": False}).encode())
    service = Service(settings, lambda: client, hasher, {"sms": Console()}, no_templates)
    due = FollowUp(
        follow_up_id(hasher.tenant, "lead", plan, 1, "hello"), "lead", "contact", "sms", "hello", 1
    )
    service.ledger.create(due, wall_ms())
    return service, due.id


def no_templates():
    raise AssertionError("nothing is composed")


def test_plans_and_tenants_take_no_jobs_of_each_other(empty, client, hasher):
    elsewhere = ContactHasher(f"{hasher.tenant}-b", KEY)
    made = [one_plan(client, *one) for one in ((hasher, "north"), (hasher, "south"), (elsewhere, "north"))]
    for service, _ in made:
        service.bell.tick()
    for service, own in made:
        assert [job.args for job in service.bell.queues["sms"].jobs] == [[own]]
        taken, stop = [], threading.Event()
        service.work(["sms"], lambda one, taken=taken, stop=stop: end_after(taken, one, stop), stop)
        assert taken == [own]


def end_after(taken, one, stop):
    """Note one job and ask the workers to stop after it."""
    taken.append(one)
    stop.set()


def test_control_queues_named_by_channel_alone_hold_the_jobs_of_all(empty, client, hasher):
    made = [one_plan(client, hasher, plan) for plan in ("north", "south")]
    for service, _ in made:
        bells = replace(service.bell, queues={"sms": queue(client, "sms")})
        bells.tick()
    assert {job.args[0] for job in queue(client, "sms").jobs} == {own for _, own in made}


def test_a_server_that_is_gone_is_an_outcome_of_the_bell(ledger, clock, empty):
    import redis

    gone = redis.Redis(port=free_port(), retry=None)
    waiting(ledger, clock, 1)
    with pytest.raises(LedgerUnavailable):
        bell(ledger, gone).tick()
