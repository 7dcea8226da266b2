"""The parts of a pod for one plan, made anew by each process after its fork."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import redis

from leadmodel_followup.channels.channel import Channel
from leadmodel_followup.contacts.book import ContactBook
from leadmodel_followup.dispatch.composer import Composer, no_page
from leadmodel_followup.dispatch.dispatcher import Dispatcher
from leadmodel_followup.dispatch.reconciler import Reconciler
from leadmodel_followup.dispatch.settings import DispatchSettings
from leadmodel_followup.ledger.ledger import Ledger
from leadmodel_followup.ledger.records import FollowUp
from leadmodel_followup.planning.identity import ContactHasher
from leadmodel_followup.settings.settings import OnUnknown, Settings
from leadmodel_followup.templates.templates import Templates
from leadmodel_followup.worker.bell import Bell
from leadmodel_followup.worker.crew import Member, run
from leadmodel_followup.worker.jobs import queue, worker
from leadmodel_messages.stopping import Stop

_CREW = 4  # workers of a process at most: more wait for each other, and all go where it dies
_AHEAD = 4  # jobs per worker that may wait in queues, so that no worker waits for the bell


@dataclass(frozen=True)
class Service:
    """One plan with its stores and channels.

    Attributes:
        settings: The plan.
        connect: Gives a client of the Redis; called once per process.
        hasher: Hashes of people and addresses.
        channels: Channels by name.
        templates: Gives the templates as they are now.
        times: Times of sending and looking up.
    """

    settings: Settings
    connect: Callable[[], "redis.Redis"] = field(repr=False)
    hasher: ContactHasher
    channels: Mapping[str, Channel]
    templates: Callable[[], Templates]
    times: DispatchSettings = field(default_factory=DispatchSettings)

    @cached_property
    def client(self) -> "redis.Redis":
        """The client of this process."""
        return self.connect()

    @cached_property
    def ledger(self) -> Ledger:
        """The tenant's ledger."""
        spec = self.settings.spec
        return Ledger(self.client, self.settings.tenant, spec.retention_ms, plan=spec.plan)

    @cached_property
    def book(self) -> ContactBook:
        """The tenant's contact book."""
        return ContactBook(self.client, self.settings.tenant)

    @property
    def composer(self) -> Composer:
        """Makes messages."""
        page = self._page if self.settings.public_url else no_page
        return Composer(self.settings, self.book, self.templates, page)

    def _page(self, follow_up: FollowUp, address: str) -> str:
        """The page that ends all messages to a person."""
        token = self.hasher.unsubscribe_token(follow_up.id, follow_up.contact, self.hasher.address(address))
        return f"{self.settings.public_url}/u/{token}"

    @property
    def dispatcher(self) -> Dispatcher:
        """Sends messages."""
        return Dispatcher(
            self.ledger, self.channels, self.composer, self.hasher, self.settings.spec, self.times
        )

    @property
    def reconciler(self) -> Reconciler:
        """Looks up attempts without an outcome."""
        resend = self.settings.on_unknown is OnUnknown.RESEND
        times = replace(self.times, give_up_ms=self.settings.reconcile_ms, resend=resend)
        return Reconciler(self.ledger, self.channels, self.composer, self.hasher, times)

    @property
    def bell(self) -> Bell:
        """Rings for what is due."""
        queues = {name: queue(self.client, self._queue(name)) for name in self.channels}
        depth = _AHEAD * len(self.worker_channels())
        slowest_ms = max((channel.timeout_ms for channel in self.channels.values()), default=0)
        longest_s = math.ceil(self.times.leave_ms(slowest_ms) / 1000)
        return Bell(self.ledger, queues, depth, longest_s, self.times, self.settings.suspend)

    def _queue(self, channel: str) -> str:
        """The name of the queue of a channel, which no other plan or tenant shares."""
        return f"{self.ledger.plan_key}:{channel}"

    def worker_channels(self) -> list[str]:
        """The channel of each worker: as many workers as the settings say, and at least one per channel."""
        names = list(self.channels)
        count = max(self.settings.concurrency, len(names)) if names else 0
        return [names[i % len(names)] for i in range(count)]

    def crews(self) -> list[list[str]]:
        """The channels of the workers of each process, of which each has about as many."""
        channels = self.worker_channels()
        processes = math.ceil(len(channels) / _CREW)
        return [channels[i::processes] for i in range(processes)]

    def work(self, channels: Iterable[str], send: Callable[[str], object], stop: Stop) -> None:
        """Run a worker per channel, each in a thread, until somebody asks to stop. Raises WorkerStuck."""
        run([self._member(channel, send) for channel in channels], stop)

    def _member(self, channel: str, send: Callable[[str], object]) -> Member:
        timeout_ms = self.channels[channel].timeout_ms
        stuck_s, leave_s = self.times.stuck_ms(timeout_ms) / 1000, self.times.leave_ms(timeout_ms) / 1000
        return Member(worker(self.client, self._queue(channel), send), stuck_s, leave_s)
