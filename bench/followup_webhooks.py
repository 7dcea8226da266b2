"""Events per second of a pod, `leadmodel-followup run`: signed requests in over real HTTP, until the ledger has them.

Floors of the same run: a bare route, and a bare XADD per request, in a server of the same kind.
"""

import asyncio
import multiprocessing
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

sys.path[:0] = [str(Path(__file__).parent.parent / "tests")]

import redis  # noqa: E402
import redis.asyncio  # noqa: E402
import uvicorn  # noqa: E402
from followup_pods import cpu_s  # noqa: E402
from starlette.applications import Starlette  # noqa: E402
from starlette.responses import Response  # noqa: E402
from starlette.routing import Route  # noqa: E402

from leadmodel_followup.ledger.ledger import Ledger  # noqa: E402
from leadmodel_followup.ledger.records import ALWAYS, Conditions, FollowUp  # noqa: E402
from leadmodel_followup.planning.identity import plan_tag  # noqa: E402
from support import followup_webhooks as signed  # noqa: E402
from support.followup_pod import FAST, Pod, settings, until  # noqa: E402
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
            ledger.consent(who, channel, who, now, "form")
            ledger.create(FollowUp(name, f"lead-{number}", who, channel, "step", now), now)
            ledger.begin(name, Conditions(who, ALWAYS, 10**9))


def floors(port: int, http: int) -> None:
    """A server with a route that does nothing and one that does an XADD."""
    inbound = redis.asyncio.Redis(port=port)

    async def bare(request):
        await request.body()
        return Response(status_code=204)

    async def add(request):
        await inbound.xadd("bare", {"e": await request.body()})
        return Response(status_code=204)

    app = Starlette(
        routes=[Route("/bare", bare, methods=["POST"]), Route("/xadd", add, methods=["POST"])],
    )
    uvicorn.run(app, port=http, log_level="warning", access_log=False)


def pod(folder: Path, port: int) -> Pod:
    """A pod with the three channels and one worker each, which have nothing to do."""
    signed.write_secrets(folder / "channels")
    channels = [
        {"name": "sms", "provider": "Twilio", "from": "+15550100", **FAST},
        {"name": "email", "provider": "SendGrid", "from": "a@example.com", **FAST},
        {"name": "whatsapp", "provider": "WhatsApp", "phoneNumberId": signed.NUMBER_ID, **FAST},
    ]
    return Pod(folder, f"redis://127.0.0.1:{port}/0", settings(channels=channels, publicUrl=signed.PUBLIC))


def raw(request: tuple[str, bytes, dict]) -> bytes:
    """A request as bytes on a connection that stays open."""
    path, body, headers = request
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {path} HTTP/1.1\r\nHost: pod\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body


def twilio(number: int, status: str) -> bytes:
    form = {"MessageSid": f"SM{number:032}", "MessageStatus": status, "To": f"+4915{number:09}"}
    return raw(signed.twilio(f"/webhooks/sms/{reference('sms', number)}", form))


def whatsapp(number: int, status: str) -> bytes:
    one = {
        "id": f"wamid.{number}",
        "status": status,
        "timestamp": str(int(time.time())),
        "recipient_id": f"4915{number:09}",
        "biz_opaque_callback_data": reference("whatsapp", number),
    }
    return raw(signed.whatsapp({"statuses": [one]}))


def mail(number: int, event: str) -> dict:
    return {
        "event": event,
        "timestamp": int(time.time()),
        "email": f"ada{number}@example.com",
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
    """What loads a server: a client of its Redis, its HTTP port, and the processes whose time counts."""

    client: "redis.Redis"
    port: int
    processes: Sequence[int]

    def rate(self, sent: Sequence[bytes], events: int) -> dict:
        """Events per second until all are answered and the stream is empty, and processor time per event, of each process."""
        began, used = time.perf_counter(), [cpu_s(one) for one in self.processes]
        asyncio.run(fire(self.port, sent))
        while self.client.xlen(STREAM):
            time.sleep(0.005)
        took = time.perf_counter() - began
        spent = [
            round((cpu_s(one) - before) / events * 1e6)
            for one, before in zip(self.processes, used, strict=True)
        ]
        return {"perSecond": round(events / took), "cpuUs": spent}


def measure_floors(client: "redis.Redis", count: int) -> dict:
    """Events per second of the bare routes."""
    http = free_port()
    served = multiprocessing.get_context("spawn").Process(
        target=floors, args=(client.connection_pool.connection_kwargs["port"], http)
    )
    served.start()
    try:
        load, body = Load(client, http, [served.pid or 0]), raw(("/bare", b"x" * 200, {}))
        until(lambda: answers(http), 60)
        return {
            name: load.rate([body.replace(b"/bare", b"/" + name.encode())] * count, count)
            for name in ("bare", "xadd")
        }
    finally:
        served.kill()
        served.join()


def answers(port: int) -> bool:
    """Whether a server takes connections on a port of this machine."""
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def measure(load: Load, count: int) -> dict:
    """Events per second by channel; and whether the ledger ends as it has to."""
    figures: dict = {}
    for channel in CHANNELS:
        figures[channel] = load.rate(requests(channel, count), count * 6)
        last = {"sms": "read", "email": "opened", "whatsapp": "read"}[channel]
        ledger = Ledger(load.client, TENANT)
        ends = [ledger.read(reference(channel, n)) for n in range(count)]
        figures[channel]["wrong"] = sum((end["state"], end.get("reach")) != ("sent", last) for end in ends)
    return figures


def webhooks(port: int, given) -> dict:
    """Load a pod beside a server, and the floors; `cpuUs` of a channel is that of HTTP server and bell."""
    client = redis.Redis(port=port)
    figures = measure_floors(client, given.events * 3)
    fill(client, given.events)
    with tempfile.TemporaryDirectory() as folder:
        one = pod(Path(folder), port).start()
        try:
            load = Load(client, one.port, one.children()[:2])
            figures |= measure(load, given.events)
        finally:
            one.stop()
    for channel in CHANNELS:
        figures[channel]["ofXadd"] = round(figures[channel]["perSecond"] / figures["xadd"]["perSecond"], 2)
    return {"messages": given.events, "connections": CONNECTIONS, **figures}
