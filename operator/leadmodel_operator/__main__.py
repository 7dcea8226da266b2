"""`leadmodel-operator`: arguments → a process that watches, elects a leader and reconciles. The only place that reads the clock."""

import argparse
import asyncio
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast
from uuid import uuid4

import kopf
from aiohttp import web

from leadmodel_operator.kubernetes.client import Access, Client, access
from leadmodel_operator.kubernetes.events import registry, settings
from leadmodel_operator.kubernetes.lease import Lease
from leadmodel_operator.kubernetes.port import ClusterPort, Images
from leadmodel_operator.kubernetes.recorder import Recorder
from leadmodel_operator.kubernetes.scrape import Scraper
from leadmodel_operator.kubernetes.web import Health, serve
from leadmodel_operator.kubernetes.workqueue import WorkQueue
from leadmodel_operator.reconcile import Key, reconcile

log = logging.getLogger("leadmodel")


def parser() -> argparse.ArgumentParser:
    """What the program takes."""
    p = argparse.ArgumentParser(
        prog="leadmodel-operator",
        description="The LeadModel operator, in a cluster or beside one (KUBECONFIG).",
    )
    p.add_argument("--predictor-image", required=True, help="image that serves, validates and polls")
    p.add_argument("--training-image", default="", help="image of the nightly retraining")
    p.add_argument("--privacy-image", default="", help="image of the PII backfill")
    p.add_argument(
        "--namespace",
        action="append",
        default=[],
        help="watch only this namespace (may be given again); default: all",
    )
    p.add_argument(
        "--lease-namespace",
        default=os.environ.get("POD_NAMESPACE", "default"),
        help="namespace of the leader's Lease",
    )
    p.add_argument("--lease-name", default="leadmodel-operator", help="name of the leader's Lease")
    p.add_argument(
        "--scrape",
        choices=["pod", "proxy"],
        default="pod",
        help="ask pods directly, or through the API server",
    )
    p.add_argument("--host", default="", help="address of /healthz, /readyz and /metrics (default: all)")
    p.add_argument("--port", type=int, default=8080, help="their port (default: 8080)")
    return p


def now() -> datetime:
    """The clock."""
    return datetime.now(UTC)  # noqa: TID251  # outermost layer


class JsonLines(logging.Formatter):
    """One JSON object a line; of an exception its class and where it came from, never its text."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage()[:500],
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
        return json.dumps(line)


def configure_logs() -> None:
    """JSON lines on stderr; Kopf only when something is wrong, for its DEBUG shows whole objects."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in ("kopf", "aiohttp", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; the exit code."""
    given = parser().parse_args(arguments)
    configure_logs()
    try:
        found = access()
    except (OSError, KeyError, ValueError) as error:
        print(f"leadmodel-operator: no access to a cluster: {error}", file=sys.stderr)
        return 2
    return asyncio.run(_run(given, found))


async def _run(given: argparse.Namespace, found: Access) -> int:
    client = Client(found)
    scraper = Scraper(client, proxy=given.scrape == "proxy")
    identity = f"{socket.gethostname()}-{uuid4().hex[:8]}"
    images = Images(given.predictor_image, given.training_image, given.privacy_image)
    port = ClusterPort(client, scraper, Recorder(client, identity), images, now)
    queue = WorkQueue(lambda key: reconcile(port, key), _log_failure)
    health = Health(queue, client)
    runner = await serve(health, given.host, given.port)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    lease = Lease(client, given.lease_namespace, given.lease_name, identity, now)
    try:
        return await _lead(given, lease, queue, health, client, stop)
    finally:
        await _close(runner, scraper, client)


def _log_failure(key: Key, error: BaseException) -> None:
    fields = {
        "namespace": key.namespace,
        "leadmodel": key.name,
        "error": type(error).__name__,
        "why": str(error)[:200],
    }
    log.warning("pass failed", extra={"fields": fields})


async def _lead(  # noqa: PLR0917  # the whole process meets here
    given: argparse.Namespace,
    lease: Lease,
    queue: WorkQueue,
    health: Health,
    client: Client,
    stop: asyncio.Event,
) -> int:
    acquired = asyncio.create_task(lease.acquire())
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({acquired, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if not acquired.done():
        acquired.cancel()
        return 0
    log.info("leading", extra={"fields": {"identity": lease.identity}})
    health.leading = True
    source = asyncio.create_task(_watch(given, queue, client, health))
    work = asyncio.create_task(queue.run())
    held = asyncio.create_task(lease.hold())
    done, _ = await asyncio.wait({source, work, held, stopped}, return_when=asyncio.FIRST_COMPLETED)
    health.leading = False
    for task in done & {source, work}:
        why = type(task.exception()).__name__ if not task.cancelled() and task.exception() else "it ended"
        log.error("the machinery stopped", extra={"fields": {"why": why}})
    if held in done:
        log.error("lease lost, leaving at once")
        os._exit(1)
    for task in (source, work, held):
        task.cancel()
    await asyncio.wait({source, work, held}, timeout=3)
    await lease.release()
    return 0 if stopped in done else 1


async def _watch(given: argparse.Namespace, queue: WorkQueue, client: Client, health: Health) -> None:
    ready = asyncio.Event()
    watcher = asyncio.create_task(
        kopf.operator(
            registry=registry(queue.add, client.access),
            settings=settings(),
            standalone=True,
            clusterwide=not given.namespace,
            namespaces=given.namespace or (),
            ready_flag=ready,
            identity=cast(
                Any, "leadmodel-operator"
            ),  # else it asks for a user name, which a bare uid does not have
        )
    )
    flag = asyncio.create_task(ready.wait())
    await asyncio.wait({watcher, flag}, return_when=asyncio.FIRST_COMPLETED)
    health.watching = not watcher.done()
    flag.cancel()
    await watcher


async def _close(runner: web.AppRunner, scraper: Scraper, client: Client) -> None:
    await runner.cleanup()
    await scraper.close()
    await client.close()


if __name__ == "__main__":
    sys.exit(main())
