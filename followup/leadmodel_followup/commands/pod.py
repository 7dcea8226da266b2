"""All processes of a pod for one plan: one bell, one server, and the workers of each channel."""

import argparse
import logging
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from threading import Thread
from typing import Any

import prometheus_client as prometheus
import uvicorn
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.applications import Starlette

from leadmodel_followup.channels.channel import Channel
from leadmodel_followup.channels.console import Console
from leadmodel_followup.channels.http import preload
from leadmodel_followup.channels.make import make_channels, unknown_providers
from leadmodel_followup.commands.access import Access, Unusable, renewed
from leadmodel_followup.dispatch.dispatcher import wall_ms
from leadmodel_followup.dispatch.live_templates import LiveTemplates
from leadmodel_followup.dispatch.settings import DispatchSettings
from leadmodel_followup.http.intake_routes import IntakeRoutes
from leadmodel_followup.http.ops import LedgerCollector, Ops
from leadmodel_followup.http.token import Token
from leadmodel_followup.intake.intake import Intake
from leadmodel_followup.ledger.events import Kind, News
from leadmodel_followup.metrics import Metrics, counted_as
from leadmodel_followup.webhooks.consumer import Events
from leadmodel_followup.webhooks.inbox import Inbox
from leadmodel_followup.webhooks.routes import WebhookDeps
from leadmodel_followup.webhooks.routes import routes as webhooks
from leadmodel_followup.worker.loop import reached, repeat
from leadmodel_followup.worker.problems import Problems, SecretFiles
from leadmodel_followup.worker.service import Service
from leadmodel_followup.worker.supervisor import Supervisor, Work
from leadmodel_followup.worker.task import Send
from leadmodel_followup.worker.timed import TimedChannel
from leadmodel_messages.followups_report import FollowUpsProblem
from leadmodel_messages.stopping import Stop, set_by_signals

_BELL_S, _EVENTS_S, _LOOK_S = 0.2, 0.2, 1.0
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pod:
    """What `leadmodel-followup run` runs."""

    own: Access
    arguments: argparse.Namespace

    def run(self) -> bool:
        """Run until SIGTERM or SIGINT. Returns whether all processes ended in time.

        Raises:
            Unusable: Nobody may listen on the port.
        """
        listening = _listen(self.arguments.host, self.arguments.port)
        watch = _Watch(self, listening)
        preload()
        return Supervisor(self.work_of(listening), changed=watch).run()

    def changed(self) -> "Pod | None":
        """The pod by its files as they are now; None where they are as this pod read them. Raises Unusable."""
        own = renewed(self.own, self.arguments)
        if own is None:
            return None
        unknown = () if self.arguments.console else unknown_providers(own.settings.channels)
        for _, reason in unknown:
            raise Unusable(reason)
        return replace(self, own=own)

    def refused(self) -> FollowUpsProblem | None:
        """Why what changed in the files cannot take the place of what runs; None where it can."""
        try:
            self.changed()
        except Unusable as error:
            return FollowUpsProblem(error.field, str(error))
        return None

    def channels(self) -> dict[str, Channel]:
        """What each channel of the settings sends through, by its name; with `--console`, the log alone."""
        settings = self.own.settings
        if self.arguments.console:
            return dict.fromkeys(settings.channels, Console())
        return make_channels(settings.channels, self.arguments.channels, settings.public_url)

    def work_of(self, listening: socket.socket) -> Work:
        """What each process does, by name."""
        service = self._service(
            Metrics(prometheus.CollectorRegistry())
        )  # what is wrong ends the program before any fork
        work: dict[str, Callable[[], None]] = {"server": partial(self._serve, listening), "bell": self._ring}
        for i, channels in enumerate(service.crews()):
            work[f"workers {i}"] = partial(self._work, channels)
        _LOG.info("plan %s: %d workers", self.own.settings.spec.plan, len(service.worker_channels()))
        return {name: partial(counted_as, name, one) for name, one in work.items()}

    def _service(self, metrics: Metrics) -> Service:
        return Service(
            self.own.settings,
            self.own.connect,
            self.own.hasher,
            {name: TimedChannel(name, channel, metrics) for name, channel in self.channels().items()},
            LiveTemplates(self.arguments.templates),
            times=_times(self.arguments.times),
        )

    def _work(self, channels: Sequence[str]) -> None:
        """Take jobs, one worker for each of the channels, and send their messages until a signal asks to stop."""
        stop = set_by_signals(Stop())
        metrics = Metrics(prometheus.CollectorRegistry())
        service = self._service(metrics)
        if reached(service.client.ping, stop):
            service.work(channels, Send(service.dispatcher, metrics, service.settings.suspend), stop)

    def _ring(self) -> None:
        """Ring for what is due, look up what has no outcome, and apply what providers told."""
        stop = set_by_signals(Stop())
        metrics = Metrics(prometheus.CollectorRegistry())
        looking, ringing = self._service(metrics), self._service(metrics)
        looks = Thread(target=repeat, args=(looking.reconciler.tick, _LOOK_S, stop))
        looks.start()
        applying = self._service(metrics)
        events = Events(applying.client, applying.ledger, partial(_count, metrics), skipped=metrics.skip)
        applies = Thread(target=repeat, args=(events.tick, _EVENTS_S, stop))
        applies.start()
        repeat(ringing.bell.tick, _BELL_S, stop)
        looks.join()
        applies.join()

    def _hooks(self, service: Service, metrics: Metrics) -> WebhookDeps:
        """What the webhooks of providers and the unsubscribe page need."""
        return WebhookDeps(
            service.settings,
            self.arguments.channels,
            lambda: service.hasher,
            Inbox(self.own.connect_async(), service.settings.tenant),
            service.ledger,
            lambda channel, reason: metrics.rejected.labels(channel, reason).inc(),
            metrics.skip,
            partial(_count, metrics),
        )

    def _serve(self, listening: socket.socket) -> None:
        """Serve intake, webhooks, reports and metrics until a signal asks to stop."""
        metrics = Metrics(prometheus.CollectorRegistry())
        service = self._service(metrics)
        seen = prometheus.CollectorRegistry()
        MultiProcessCollector(seen)  # type: ignore[no-untyped-call]  # prometheus_client has no types here
        settings = service.settings
        seen.register(LedgerCollector(service.ledger, wall_ms, settings.spec.arms))
        intake = Intake(service.ledger, service.book, service.hasher, settings.spec, wall_ms, metrics)
        channels = None if self.arguments.console else self.arguments.channels
        secrets = SecretFiles(
            channels, self.arguments.contact_key, self.arguments.intake_token, self.own.hasher
        )
        problems = Problems(settings, LiveTemplates(self.arguments.templates), secrets, self.refused)
        ops = Ops(service.ledger, settings.digest, settings.spec.arms, problems, seen, wall_ms)
        hooks = webhooks(self._hooks(service, metrics))
        routes = [*ops.routes(), *IntakeRoutes(intake, Token(self.arguments.intake_token)).routes(), *hooks]
        config = uvicorn.Config(
            Starlette(routes=routes),
            access_log=False,  # paths name people
            log_level="warning",
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=10,
        )
        uvicorn.Server(config).run(sockets=[listening])


@dataclass
class _Watch:
    """Looks whether the settings, the address of the Redis or the contact key changed; to be asked for the work of each process by a new one."""

    pod: Pod
    listening: socket.socket
    _trouble: str = ""

    def __call__(self) -> Work | None:
        """The work by the new settings; None where nothing changed, or what changed cannot be used."""
        try:
            fresh, trouble = self.pod.changed(), ""
        except Unusable as error:
            fresh, trouble = None, str(error)
        if trouble and trouble != self._trouble:
            _LOG.warning("%s; the earlier ones go on", trouble)
        self._trouble = trouble
        if fresh is None:
            return None
        self.pod = fresh
        return fresh.work_of(self.listening)


def _count(metrics: Metrics, news: Iterable[News]) -> None:
    for one in news:
        metrics.happened(one.channel, one.step, "undelivered" if one.kind is Kind.FAILED else one.kind.value)


def _times(text: str) -> DispatchSettings:
    """Other times than those of a pod, `claim_ms=1000,…`, so that tests need not wait."""
    pairs = (pair.partition("=") for pair in text.split(",") if pair)
    changes: dict[str, Any] = {name: int(value) for name, _, value in pairs}
    return replace(DispatchSettings(), **changes)


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket: on one address, or on all of IPv4 and IPv6. Bound before any fork, so that a new server goes on with it."""
    both = not host and socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if both or ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=512, dualstack_ipv6=both)
    except OSError as error:
        raise Unusable(f"nobody may listen on port {port} ({error.strerror})") from None
