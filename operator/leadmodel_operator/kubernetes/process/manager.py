"""One process of the operator: fills its cache at once, elects a leader, and lets the leader's queue make passes.

A standby does everything but passes, so that a new leader acts at once. A process that loses the Lease exits at once.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from leadmodel_messages.exits import OperatorExit
from leadmodel_operator.kubernetes.apiserver.access import Access
from leadmodel_operator.kubernetes.apiserver.cache import Cache
from leadmodel_operator.kubernetes.apiserver.cached_fields import METADATA_ONLY, WHOLE
from leadmodel_operator.kubernetes.apiserver.client import ApiError, Client
from leadmodel_operator.kubernetes.apiserver.dry_run import DryRun, NullRecorder, WriteNeeded
from leadmodel_operator.kubernetes.apiserver.lead_models import Resync
from leadmodel_operator.kubernetes.apiserver.lease import Lease
from leadmodel_operator.kubernetes.apiserver.recorder import Recorder
from leadmodel_operator.kubernetes.apiserver.watch import Watch
from leadmodel_operator.kubernetes.observe.scrape import Scraper
from leadmodel_operator.kubernetes.observe.windows import WindowCache
from leadmodel_operator.kubernetes.port import ClusterPort
from leadmodel_operator.kubernetes.process.events import EventStream
from leadmodel_operator.kubernetes.process.logs import new_pass
from leadmodel_operator.kubernetes.process.metrics import ProcessMetrics
from leadmodel_operator.kubernetes.process.model_metrics import ModelMetrics
from leadmodel_operator.kubernetes.process.web import Health, serve
from leadmodel_operator.kubernetes.process.webhook import Webhook, WebhookSettings
from leadmodel_operator.kubernetes.process.workqueue import WorkQueue
from leadmodel_operator.kubernetes.render.images import Images
from leadmodel_operator.planning.observed import Refusal
from leadmodel_operator.planning.trace import Outcome
from leadmodel_operator.reconcile import Key, TraceReporter, reconcile
from leadmodel_operator.resource.vocabulary import PLURAL

log = logging.getLogger("leadmodel")
SYNC_S, DRAIN_S = 60.0, 1.0


@dataclass(frozen=True)
class Settings:
    """Settings of one process, as its command line gives them."""

    images: Images
    identity: str
    namespaces: tuple[str, ...] = ()  # none: all
    lease_namespace: str = "default"
    lease_name: str = "leadmodel-operator"
    scrape: str = "pod"  # pod, proxy or off
    host: str = ""
    port: int = 8080
    webhook: WebhookSettings | None = None


class Manager:
    """Every part of the process. Must be made inside a running event loop."""

    def __init__(self, access: Access, settings: Settings, clock: Callable[[], datetime]) -> None:
        self.settings, self.cache, self.model_metrics = settings, Cache(), ModelMetrics()
        self._stop = asyncio.Event()
        self.client, self.election = Client(access), Client(access)
        self.lease = Lease(
            self.election, settings.lease_namespace, settings.lease_name, settings.identity, clock
        )
        self.client.may_write = self.lease.valid
        self.metrics = ProcessMetrics(self.client, self.model_metrics)
        self.webhook = Webhook(settings.webhook, self.metrics.webhook, clock) if settings.webhook else None
        self.queue = WorkQueue(self._pass, self._fail, self.metrics)
        self.health = Health(self.queue, self.lease, self.metrics)
        self.health.synced = lambda: self.cache.ready(settings.namespaces)
        self.model_metrics.listed = lambda: (
            self.cache.count(PLURAL) if self.cache.listed(PLURAL, settings.namespaces) else None
        )
        self.scraper = Scraper(self.client, proxy=settings.scrape == "proxy")
        self.events = EventStream(
            self.client, self.cache, self.queue.add, settings.namespaces, self._take_signals
        )
        self.traces = TraceReporter(_log_trace)
        self._make_ports(clock)

    def _make_ports(self, clock: Callable[[], datetime]) -> None:
        """Make the port over live objects and the one over the cache; what both remember of a LeadModel is shared."""
        windows = WindowCache(self.scraper, scrapes=self.settings.scrape != "off")
        notify = self.webhook.offer if self.webhook is not None else None
        recorder = Recorder(self.client, self.settings.identity, self.metrics.decisions, notify)
        images, taken = self.settings.images, dict[Key, dict[str, str]]()
        refused = dict[Key, tuple[Refusal, ...]]()
        dry_run = DryRun(self.cache, self.client)
        self.dry_port = ClusterPort(dry_run, self.client, windows, NullRecorder(), images, clock, taken=taken)
        self.dry_port.refused = refused
        self.port = ClusterPort(self.client, self.client, windows, recorder, images, clock, taken=taken)
        self.port.refused, self.port.cached = refused, dry_run
        self.port.job_events = self.dry_port.job_events
        self.port.on_read = self._keep
        self.port.on_conclusion = self.dry_port.on_conclusion = self.model_metrics.note

    def _keep(self, lead_model: dict[str, Any]) -> None:
        self.cache.put(PLURAL, lead_model)

    # --- passes --------------------------------------------------------------------------------------------------------------

    async def _pass(self, key: Key) -> float | None:
        """Make a pass over the cache; where that would write, or the cache is not complete, make a pass on live objects."""
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
        """Seconds after which to look again; None where a pass on live objects is needed."""
        known = self.cache.get(PLURAL, key.namespace, key.name) is not None
        if not known or not self.cache.ready(self.settings.namespaces):
            return None
        try:
            after = await reconcile(self.dry_port, key, self.traces.planner(key))
        except WriteNeeded:
            return None
        self.metrics.passes.labels("idle").inc()
        return after

    def _fail(self, key: Key, error: BaseException) -> None:
        self.model_metrics.count_error(key)
        _log_failure(key, error)

    # --- the life of the process -----------------------------------------------------------------------------------------------

    async def run(self) -> int:
        """Run until a signal, the loss of the Lease, or the end of a part; the exit code."""
        self._take_signals()
        runner = await serve(self.health, self.settings.host, self.settings.port)
        parts = [self.events.run(), self._watches(), self.health.measure_lag()]
        parts += [self.webhook.run()] if self.webhook is not None else []
        tasks = [asyncio.create_task(part) for part in parts]
        stopped = asyncio.create_task(self._stop.wait())
        try:
            return await self._lead(tasks, stopped)
        finally:
            if self.webhook is not None:
                await self.webhook.drain(DRAIN_S)
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
            return OperatorExit.STOPPED if stopped in done else _log_broken(parts)
        log.info("leading", extra={"fields": {"identity": self.lease.identity}})
        self.health.lead(leading=True)
        work, held = asyncio.create_task(self._work()), asyncio.create_task(self.lease.hold())
        done, _ = await asyncio.wait({work, held, stopped, *parts}, return_when=asyncio.FIRST_COMPLETED)
        self.health.lead(leading=False)
        if held in done and not held.cancelled():  # Kopf cancels whatever runs when it ends
            log.error("lease lost, leaving at once")
            os._exit(OperatorExit.BROKEN)
        await self.queue.drain(DRAIN_S)
        for task in (work, held):
            task.cancel()
        await asyncio.wait({work, held}, timeout=0.5)
        await self.lease.release()
        return OperatorExit.STOPPED if stopped in done else _log_broken([*parts, work])

    async def _work(self) -> None:
        """Wait up to a minute for a complete cache, for passes over the cache cost the API server nothing; then make passes."""
        loop = asyncio.get_running_loop()
        end = loop.time() + SYNC_S
        while not self.health.synced() and loop.time() < end:  # noqa: ASYNC110  # once in a life
            await asyncio.sleep(0.05)
        await self.queue.run()

    async def _watches(self) -> None:
        async with asyncio.TaskGroup() as group:
            for namespace in self.settings.namespaces or ("",):
                for resource in (*WHOLE, *METADATA_ONLY):
                    watch = Watch(self.client, self.cache, resource, namespace, self.queue.add)
                    group.create_task(watch.run())
                resync = Resync(self.client, self.cache, namespace, self.queue.add)
                group.create_task(resync.run())

    def _take_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._stop.set)


def _log_broken(parts: list[asyncio.Task[None]]) -> int:
    """Log why a part that should run for ever ended; the exit code."""
    for task in parts:
        if task.done() and not task.cancelled():
            why = type(task.exception()).__name__ if task.exception() else "it ended"
            log.error("the machinery stopped", extra={"fields": {"why": why}})
    return OperatorExit.BROKEN


def _log_trace(key: Key, trace: tuple[Outcome, ...]) -> None:
    """Log what the planner did and withheld, and why; a pass for which nothing was due is not logged."""
    if not trace:
        return
    steps = [{"step": outcome.step, "effect": outcome.effect, "reason": outcome.reason} for outcome in trace]
    log.info("planned", extra={"fields": {"namespace": key.namespace, "leadmodel": key.name, "steps": steps}})


def _log_failure(key: Key, error: BaseException) -> None:
    """Log a failed pass. Only messages of the API server are logged, which `ApiError` keeps free of rendered values."""
    why = str(error)[:200] if isinstance(error, ApiError) else ""
    fields = {"namespace": key.namespace, "leadmodel": key.name, "error": type(error).__name__, "why": why}
    log.warning("pass failed", extra={"fields": fields})
