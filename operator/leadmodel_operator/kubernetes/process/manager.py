"""One process of the operator: watches and keeps the cache warm at once, elects a leader, and lets the leader's queue work.

A standby does all but the passes, so that it acts as soon as it leads. Who loses the Lease leaves at once.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import kopf

from leadmodel_operator.kubernetes.apiserver.access import Access
from leadmodel_operator.kubernetes.apiserver.cache import (
    FULL,
    METADATA,
    Cache,
    DryRun,
    NullRecorder,
    WriteNeeded,
)
from leadmodel_operator.kubernetes.apiserver.client import TRANSIENT, ApiError, Client
from leadmodel_operator.kubernetes.apiserver.lease import Lease
from leadmodel_operator.kubernetes.apiserver.recorder import Recorder
from leadmodel_operator.kubernetes.apiserver.watch import Watch
from leadmodel_operator.kubernetes.applier import Images
from leadmodel_operator.kubernetes.observe.scrape import Scraper
from leadmodel_operator.kubernetes.observe.windows import WindowCache
from leadmodel_operator.kubernetes.port import ClusterPort
from leadmodel_operator.kubernetes.process.events import registry, settings
from leadmodel_operator.kubernetes.process.logs import new_pass
from leadmodel_operator.kubernetes.process.metrics import ModelMetrics, ProcessMetrics
from leadmodel_operator.kubernetes.process.web import Health, serve
from leadmodel_operator.kubernetes.process.workqueue import WorkQueue
from leadmodel_operator.planning.trace import Outcome
from leadmodel_operator.reconcile import Key, TraceReporter, reconcile
from leadmodel_operator.resource.vocabulary import API_VERSION, PLURAL

log = logging.getLogger("leadmodel")
SYNC_S, DRAIN_S, CRD_S = 60.0, 1.0, 2.0


@dataclass(frozen=True)
class Settings:
    """How this process is set up."""

    images: Images
    identity: str
    namespaces: tuple[str, ...] = ()
    lease_namespace: str = "default"
    lease_name: str = "leadmodel-operator"
    scrape: str = "pod"  # pod, proxy or off
    host: str = ""
    port: int = 8080


class Manager:
    """Everything that runs. Made inside a running loop."""

    def __init__(self, found: Access, given: Settings, clock: Callable[[], datetime]) -> None:
        self.given, self.cache, self.model_metrics = given, Cache(), ModelMetrics()
        self._stop, self._kopf_ready = asyncio.Event(), asyncio.Event()
        self.client, self.election = Client(found), Client(found)
        self.lease = Lease(self.election, given.lease_namespace, given.lease_name, given.identity, clock)
        self.client.may_write = self.lease.valid
        self.metrics = ProcessMetrics(self.client, self.model_metrics)
        self.queue = WorkQueue(self._pass, _log_failure, self.metrics)
        self.health = Health(self.queue, self.lease, self.metrics)
        self.health.synced = lambda: self.cache.ready(given.namespaces)
        self.scraper = Scraper(self.client, proxy=given.scrape == "proxy")
        self.traces = TraceReporter(_log_trace)
        self._ports(clock)

    def _ports(self, clock: Callable[[], datetime]) -> None:
        windows = WindowCache(self.scraper, scrapes=self.given.scrape != "off")
        recorder = Recorder(self.client, self.given.identity, self.metrics.decisions)
        images, taken = self.given.images, dict[Key, dict[str, str]]()
        refused = dict[Key, set[str]]()
        dry_run = DryRun(self.cache, self.client)
        self.dry_port = ClusterPort(dry_run, self.client, windows, NullRecorder(), images, clock, taken=taken)
        self.dry_port.refused = refused
        self.port = ClusterPort(self.client, self.client, windows, recorder, images, clock, taken=taken)
        self.port.refused = refused
        self.port.on_read = self._read
        self.port.on_conclusion = self.dry_port.on_conclusion = self.model_metrics.note

    # --- passes --------------------------------------------------------------------------------------------------------------

    async def _pass(self, key: Key) -> float | None:
        """Look at the cache; when something is to be done, or the cache does not know, look at the API server and do it."""
        new_pass()
        try:
            after = await self._dry_pass(key)
            if after is not None:
                return after
            self.queue.useful(key)
            after = await reconcile(self.port, key, self.traces.planner(key))
        finally:
            self.dry_port.settle(key)
            self.port.settle(key)
        if after is None:
            self.model_metrics.forget(key)
            self.traces.forget(key)
        return after

    async def _dry_pass(self, key: Key) -> float | None:
        known = self.cache.get(PLURAL, key.namespace, key.name) is not None
        if not known or not self.cache.ready(self.given.namespaces):
            return None
        try:
            after = await reconcile(self.dry_port, key, self.traces.planner(key))
        except WriteNeeded:
            return None
        self.metrics.passes.labels("idle").inc()
        return after

    # --- the life of the process -----------------------------------------------------------------------------------------------

    async def run(self) -> int:
        """Until told to stop, or the Lease is lost, or a part breaks; the exit code."""
        self._take_signals()
        runner = await serve(self.health, self.given.host, self.given.port)
        tasks = [
            asyncio.create_task(part)
            for part in (self._kopf(), self._keep_signals(), self._watches(), self.health.feel_lag())
        ]
        stopped = asyncio.create_task(self._stop.wait())
        try:
            return await self._lead(tasks, stopped)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=1)
            await runner.cleanup()
            await self.scraper.close()
            await self.client.close()
            await self.election.close()

    async def _lead(self, parts: list[asyncio.Task[None]], stopped: asyncio.Task[bool]) -> int:
        acquired = asyncio.create_task(self.lease.acquire())
        done, _ = await asyncio.wait({acquired, stopped, *parts}, return_when=asyncio.FIRST_COMPLETED)
        if acquired not in done:
            acquired.cancel()
            return 0 if stopped in done else _broken(parts)
        log.info("leading", extra={"fields": {"identity": self.lease.identity}})
        self.health.lead(leading=True)
        work, held = asyncio.create_task(self._work()), asyncio.create_task(self.lease.hold())
        done, _ = await asyncio.wait({work, held, stopped, *parts}, return_when=asyncio.FIRST_COMPLETED)
        self.health.lead(leading=False)
        if held in done and not held.cancelled():  # Kopf cancels whatever runs when it ends
            log.error("lease lost, leaving at once")
            os._exit(1)
        await self.queue.drain(DRAIN_S)
        for task in (work, held):
            task.cancel()
        await asyncio.wait({work, held}, timeout=0.5)
        await self.lease.release()
        return 0 if stopped in done else _broken([*parts, work])

    async def _work(self) -> None:
        """Let the cache fill first: a pass over it costs the API server nothing."""
        loop = asyncio.get_running_loop()
        end = loop.time() + SYNC_S
        while not self.health.synced() and loop.time() < end:  # noqa: ASYNC110  # once in a life
            await asyncio.sleep(0.05)
        await self.queue.run()

    async def _watches(self) -> None:
        async with asyncio.TaskGroup() as group:
            for namespace in self.given.namespaces or ("",):
                for resource in (*FULL, *METADATA, PLURAL):
                    watch = Watch(self.client, self.cache, resource, namespace, self.queue.add)
                    watch.follow = resource != PLURAL
                    group.create_task(watch.run())

    async def _kopf(self) -> None:
        """Kopf looks once for what there is to watch: wait until our kind is served."""
        while not await self._is_served():  # noqa: ASYNC110  # the kind lives on the server
            await asyncio.sleep(CRD_S)
        await kopf.operator(
            ready_flag=self._kopf_ready,
            registry=registry(self._told, self.queue.add, self.client.access),
            settings=settings(),
            standalone=True,
            clusterwide=not self.given.namespaces,
            namespaces=self.given.namespaces,
            identity=cast(
                Any, "leadmodel-operator"
            ),  # else it asks for a user name, which a bare uid does not have
        )

    async def _keep_signals(self) -> None:
        """Kopf takes the signals for itself when it starts; going in order is our business."""
        await self._kopf_ready.wait()
        self._take_signals()
        await asyncio.Event().wait()

    def _take_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._stop.set)

    async def _is_served(self) -> bool:
        try:
            found = await self.client.call("GET", f"/apis/{API_VERSION}")
        except (ApiError, *TRANSIENT):
            return False
        return any(resource["name"] == PLURAL for resource in found.get("resources") or [])

    def _read(self, found: dict[str, Any]) -> None:
        self.cache.put(PLURAL, found)

    def _told(self, kind: str | None, found: dict[str, Any]) -> bool:
        """Keep it. Of what is held already a list tells nothing new; an event of it is the echo of our write, which may go on."""
        about = found["metadata"]
        if kind == "DELETED":
            self.cache.drop(PLURAL, about["namespace"], about["name"])
            return True
        echo = kind is not None and self.cache.holds(PLURAL, found)
        return self.cache.put(PLURAL, found) or echo


def _broken(parts: list[asyncio.Task[None]]) -> int:
    for task in parts:
        if task.done() and not task.cancelled():
            why = type(task.exception()).__name__ if task.exception() else "it ended"
            log.error("the machinery stopped", extra={"fields": {"why": why}})
    return 1


def _log_trace(key: Key, trace: tuple[Outcome, ...]) -> None:
    """Log what the planner did and withheld, and why; a pass for which nothing was due is not logged."""
    if not trace:
        return
    steps = [{"step": outcome.step, "effect": outcome.effect, "reason": outcome.reason} for outcome in trace]
    log.info("planned", extra={"fields": {"namespace": key.namespace, "leadmodel": key.name, "steps": steps}})


def _log_failure(key: Key, error: BaseException) -> None:
    """What failed, in words that hold no value of ours: those of the API server were cut when they came."""
    said = str(error)[:200] if isinstance(error, ApiError) else ""
    fields = {"namespace": key.namespace, "leadmodel": key.name, "error": type(error).__name__, "why": said}
    log.warning("pass failed", extra={"fields": fields})
