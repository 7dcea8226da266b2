"""Answers /healthz (progress, not just an open port), /readyz and /metrics, on a standby too."""

import asyncio
import gzip
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from leadmodel_messages.negotiation import accepts_gzip
from leadmodel_operator.kubernetes.apiserver.lease import Lease
from leadmodel_operator.kubernetes.process.metrics import ProcessMetrics
from leadmodel_operator.kubernetes.process.workqueue import WorkQueue

STUCK_S = 300.0  # a pass that cannot be cut off, or keys that are due while none is worked on, for longer is no progress
LEASE_S = 120.0  # without an attempt to renew or acquire the Lease
LAG_S = 1.0


@dataclass
class Health:
    """State of the process, as probes and metrics show it. `synced` tells whether the cache is complete."""

    queue: WorkQueue
    lease: Lease
    metrics: ProcessMetrics
    leading: bool = False
    synced: Callable[[], bool] = field(default=lambda: False)

    def unhealthy_reason(self) -> str | None:
        """Say why the process makes no progress; None while it does. An API server that does not answer is no fault of the process."""
        now = asyncio.get_running_loop().time()
        if now - self.lease.tried > LEASE_S:
            return "the Lease is not asked for any more"
        if self.leading and self.queue.longest() > STUCK_S:
            return "a pass does not end"
        if self.leading and self.queue.stuck() > STUCK_S:
            return "keys are due and no pass begins or ends"
        return None

    def lead(self, *, leading: bool) -> None:
        """Note whether this process leads."""
        self.leading = leading
        self.metrics.leads.set(leading)

    async def measure_lag(self) -> None:
        """Measure once per second how late the event loop is."""
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            await asyncio.sleep(LAG_S)
            self.metrics.lag.set(max(0.0, loop.time() - began - LAG_S))


async def serve(health: Health, host: str, port: int) -> web.AppRunner:
    """Start the HTTP server; its runner, to be cleaned up at the end."""

    async def healthz(_: web.Request) -> web.Response:
        reason = health.unhealthy_reason()
        return web.Response(text="ok\n") if reason is None else web.Response(text=reason + "\n", status=500)

    async def readyz(_: web.Request) -> web.Response:
        if not health.synced():
            return web.Response(text="listing\n", status=503)
        return web.Response(text="leading\n" if health.leading else "standby\n")

    async def metrics(request: web.Request) -> web.Response:
        health.metrics.longest.set(health.queue.longest())
        health.metrics.depth.set(health.queue.depth())
        health.metrics.tasks.set(len(asyncio.all_tasks()))
        body, kind = health.metrics.text(_header(request, "Accept"))
        headers = {"Content-Type": kind, "Vary": "Accept, Accept-Encoding"}
        if accepts_gzip(_header(request, "Accept-Encoding")):
            body = await asyncio.to_thread(gzip.compress, body, 1)
            headers["Content-Encoding"] = "gzip"
        return web.Response(body=body, headers=headers)

    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host or None, port).start()
    return runner


def _header(request: web.Request, name: str) -> str:
    """The values of a header, joined as HTTP allows; empty where it is absent."""
    return ", ".join(request.headers.getall(name, []))
