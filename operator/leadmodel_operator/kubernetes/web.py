"""/healthz (progress, not just the port), /readyz and /metrics of the operator, on standby too."""

import asyncio
from dataclasses import dataclass

from aiohttp import web

from leadmodel_operator.kubernetes.client import Client
from leadmodel_operator.kubernetes.workqueue import WorkQueue

STUCK_S = 900.0


@dataclass
class Health:
    """What the process is doing."""

    queue: WorkQueue
    client: Client
    leading: bool = False
    watching: bool = False

    def alive(self) -> bool:
        """Not stuck: keys that are due are worked on."""
        last = self.queue.counts.last_pass
        waits = self.queue.depth() > 0
        return not (waits and last and asyncio.get_running_loop().time() - last > STUCK_S)

    def metrics(self) -> str:
        """In Prometheus' text format, under the names that operators commonly use."""
        counts = self.queue.counts
        rows = (
            ("leader_election_master_status", "gauge", int(self.leading), '{name="leadmodel-operator"}'),
            ("workqueue_depth", "gauge", self.queue.depth(), '{name="leadmodel"}'),
            ("workqueue_adds_total", "counter", counts.passes, '{name="leadmodel"}'),
            ("workqueue_retries_total", "counter", counts.failures + counts.conflicts, '{name="leadmodel"}'),
            ("leadmodel_api_writes_total", "counter", self.client.writes, ""),
        )
        return "".join(
            f"# TYPE {name} {kind}\n{name}{labels} {value}\n" for name, kind, value, labels in rows
        )


async def serve(health: Health, host: str, port: int) -> web.AppRunner:
    """Start answering."""

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok") if health.alive() else web.Response(text="stuck", status=500)

    async def readyz(_: web.Request) -> web.Response:
        return web.Response(text="leading" if health.leading else "standby")

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(text=health.metrics(), content_type="text/plain")

    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host or None, port).start()
    return runner
