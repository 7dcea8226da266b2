"""Events per second of a pod over real HTTP: signed requests in, until the ledger has them. Floors of the same run: a bare route, a bare XADD."""

import asyncio
import multiprocessing
import os
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

sys.path[:0] = [str(Path(__file__).parent.parent / "tests")]

import redis  # noqa: E402
import redis.asyncio  # noqa: E402
import uvicorn  # noqa: E402
from starlette.applications import Starlette  # noqa: E402
from starlette.responses import Response  # noqa: E402
from starlette.routing import Route  # noqa: E402

from leadmodel_followup.ledger.ledger import Ledger  # noqa: E402
from leadmodel_followup.ledger.records import ALWAYS, Conditions, FollowUp  # noqa: E402
from leadmodel_followup.planning.identity import plan_tag  # noqa: E402
from leadmodel_followup.webhooks.consumer import Events  # noqa: E402
from leadmodel_followup.webhooks.inbox import Inbox  # noqa: E402
from support import followup_webhooks as signed  # noqa: E402
from support.redis_servers import free_port  # noqa: E402

TENANT, CONNECTIONS, BATCH = "acme", 16, 50
STREAM = f"fu:{{{TENANT}}}:ev"
CHANNELS = ("sms", "email", "whatsapp")


def reference(channel: str, number: int) -> str:
    return f"{plan_tag('plan')}{channel}{number:0{12 - len(channel)}}"


def fill(client: "redis.Redis", count: int) -> None:
    """So many messages under way on each channel, each of a contact of its own."""
    client.flushall()
    ledger, now = Ledger(client, TENANT), time.time_ns() // 1_000_000
    for channel in CHANNELS:
        for number in range(count):
            name, who = reference(channel, number), f"{channel}-{number}"
            ledger.consent(who, channel, "address", now, "form")
            ledger.create(FollowUp(name, f"lead-{number}", who, channel, "step", now), now)
            ledger.begin(name, Conditions("address", ALWAYS, 10**9))


def pod(port: int, http: int, secrets: str) -> None:
    """A pod: routes, floors and a consumer in one process."""
    client, inbound = redis.Redis(port=port), redis.asyncio.Redis(port=port)
    ledger = Ledger(client, TENANT)
    hooks = signed.Webhooks(
        ledger, Inbox(inbound, TENANT), Path(secrets), lambda: time.time_ns() // 1_000_000
    )
    events = Events(client, ledger, list)

    def consume() -> None:
        while True:
            if not events.tick():
                time.sleep(0.01)

    async def bare(request):
        await request.body()
        return Response(status_code=204)

    async def add(request):
        body = await request.body()
        await inbound.xadd("bare", {"e": body})
        return Response(status_code=204)

    floors = [Route("/bare", bare, methods=["POST"]), Route("/xadd", add, methods=["POST"])]
    app = Starlette(routes=[*floors, *hooks.app.routes])
    threading.Thread(target=consume, daemon=True).start()
    # as in the image, which has neither httptools nor uvloop
    uvicorn.run(app, port=http, log_level="warning", access_log=False)


def raw(request: tuple[str, bytes, dict]) -> bytes:
    """A request as bytes on a connection that stays open."""
    path, body, headers = request
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {path} HTTP/1.1\r\nHost: pod\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body


def twilio(number: int, status: str) -> bytes:
    form = {"MessageSid": f"SM{number:032}", "MessageStatus": status, "To": "+4915112345678"}
    return raw(signed.twilio(f"/webhooks/sms/{reference('sms', number)}", form))


def whatsapp(number: int, status: str) -> bytes:
    one = {
        "id": f"wamid.{number}",
        "status": status,
        "timestamp": str(int(time.time())),
        "recipient_id": "4915112345678",
        "biz_opaque_callback_data": reference("whatsapp", number),
    }
    return raw(signed.whatsapp({"statuses": [one]}))


def mail(number: int, event: str) -> dict:
    return {
        "event": event,
        "timestamp": int(time.time()),
        "email": "ada@example.com",
        "reference": reference("email", number),
        "sg_message_id": f"m{number}.filter",
        "sg_event_id": f"{event}{number}",
    }


def requests(channel: str, count: int) -> list[bytes]:
    """Three events per message, doubled and shuffled."""
    chance = Random(1)
    if channel == "email":
        events = [mail(n, event) for n in range(count) for event in ("processed", "delivered", "open")] * 2
        chance.shuffle(events)
        batches = [events[at : at + BATCH] for at in range(0, len(events), BATCH)]
        return [raw(signed.sendgrid(batch, int(time.time()))) for batch in batches]
    make = twilio if channel == "sms" else whatsapp
    sent = [make(n, status) for n in range(count) for status in ("sent", "delivered", "read")] * 2
    chance.shuffle(sent)
    return sent


async def fire(port: int, sent: Sequence[bytes]) -> None:
    """Send all over some connections, one request after the other on each. Each must be answered 2xx."""

    async def one(share: Sequence[bytes]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in share:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 2"), head
        writer.close()

    await asyncio.gather(*(one(sent[i::CONNECTIONS]) for i in range(CONNECTIONS)))


@dataclass
class Load:
    """What loads a pod: a client of its Redis and the port of its HTTP server."""

    client: "redis.Redis"
    port: int
    process: int

    def cpu(self) -> float:
        """Seconds of processor time that the pod has used."""
        fields = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rate(self, sent: Sequence[bytes], events: int) -> dict:
        """Events per second until all are answered and the stream is empty, and the pod's processor time per event."""
        began, used = time.perf_counter(), self.cpu()
        asyncio.run(fire(self.port, sent))
        while self.client.xlen(STREAM):
            time.sleep(0.005)
        took, used = time.perf_counter() - began, self.cpu() - used
        return {"perSecond": round(events / took), "cpuUs": round(used / events * 1e6)}

    def ready(self) -> None:
        """Wait until the pod answers."""
        for _ in range(600):
            try:
                asyncio.run(fire(self.port, [raw(("/bare", b"", {}))]))
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise TimeoutError("the pod does not answer")


def measure(load: Load, count: int) -> dict:
    """Events per second by channel beside the floors; and whether the ledger ends as it has to."""
    body = raw(("/bare", b"x" * 200, {}))
    floors = [body.replace(b"/bare", path) for path in (b"/bare", b"/xadd")]
    figures: dict = {
        name: load.rate([one] * count * 3, count * 3)
        for name, one in zip(("bare", "xadd"), floors, strict=True)
    }
    for channel in CHANNELS:
        figures[channel] = load.rate(requests(channel, count), count * 6)
        last = {"sms": "read", "email": "opened", "whatsapp": "read"}[channel]
        ledger = Ledger(load.client, TENANT)
        ends = [ledger.read(reference(channel, n)) for n in range(count)]
        figures[channel]["wrong"] = sum((end["state"], end.get("reach")) != ("sent", last) for end in ends)
        figures[channel]["xaddsOfCpu"] = round(figures[channel]["cpuUs"] / figures["xadd"]["cpuUs"], 2)
    return figures


def webhooks(port: int, given) -> dict:
    """Start a pod beside a server, load it, end it."""
    client, http = redis.Redis(port=port), free_port()
    fill(client, given.events)
    with tempfile.TemporaryDirectory() as folder:
        secrets = signed.write_secrets(Path(folder))
        # the key of the events is made by each process: the pod reads the one of this process
        served = multiprocessing.get_context("spawn").Process(target=pod, args=(port, http, str(secrets)))
        served.start()
        try:
            load = Load(client, http, served.pid or 0)
            load.ready()
            return {"messages": given.events, "connections": CONNECTIONS, **measure(load, given.events)}
        finally:
            served.kill()
            served.join()
