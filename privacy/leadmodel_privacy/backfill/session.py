"""The part of a run within one connection: gate, lease, checkpoint, scan, verify pass, end."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from leadmodel_messages.stopping import Stop
from leadmodel_privacy.backfill.capabilities import Capabilities, rebuilds_streams
from leadmodel_privacy.backfill.errors import Refused, ServerUnavailable, Stopped
from leadmodel_privacy.backfill.fingerprints import Fingerprints, of_key
from leadmodel_privacy.backfill.globs import compiled, server_match
from leadmodel_privacy.backfill.key_scan import KeyScan
from leadmodel_privacy.backfill.nodes import Node
from leadmodel_privacy.backfill.rate_limit import RateLimiter
from leadmodel_privacy.backfill.redis_types import RedisType
from leadmodel_privacy.backfill.run_context import RunContext
from leadmodel_privacy.backfill.scan_progress import ScanProgress
from leadmodel_privacy.backfill.servers import Servers
from leadmodel_privacy.backfill.settings import Settings
from leadmodel_privacy.backfill.shapes import ShapeCounter
from leadmodel_privacy.backfill.side_keys import SIDE, is_side_key
from leadmodel_privacy.backfill.state import BESIDE_PREFIX, PREFIX, Checkpoint, State
from leadmodel_privacy.backfill.tally import Tally
from leadmodel_privacy.backfill.worker import Worker

_OWN = PREFIX.encode(), BESIDE_PREFIX.encode()
_SPREAD = 1 << 64


class _EnoughError(Exception):
    """The first look has seen `max_keys` keys."""


@dataclass
class Session:
    """One connection's work; `has_progressed` is true after the first page, so that a new wait begins from there."""

    settings: Settings
    servers: Servers
    state: State
    capabilities: Capabilities
    progress: ScanProgress
    log: Callable[[str], None]
    clock: Callable[[], float]
    stop: Stop
    has_progressed: bool = False
    _renewed_at: float = 0
    _began: float = 0
    _selected: Fingerprints = field(default_factory=Fingerprints)

    @property
    def leases(self) -> bool:
        """True if the session takes the lease; a first look without writes leaves nothing behind but its report."""
        return not self.settings.partial or self.settings.apply

    def prepare(self) -> None:
        """Pass the gate, take the lease, read the checkpoint.

        Raises:
            Refused: The last dry run had another configuration.
            ServerUnavailable: Another run holds the lease.
        """
        settings = self.settings
        self._gate()
        if self.leases and (held := self.state.acquire()) > 0:
            raise ServerUnavailable(
                f"another run of {settings.name!r} holds the lease, for {held:.0f} s more"
            )
        self._renewed_at = self.clock()
        shape_counter = ShapeCounter()
        self.context = RunContext(
            settings=settings,
            types=self._types(),
            reader=settings.task.reader(settings.limits, shape_counter),
            version=f"{settings.task.version}/{settings.digest}".encode(),
            salt=self.state.salt() if self.leases else os.urandom(16),
            heartbeat=self._heartbeat,
        )
        self.checkpoint = self._checkpoint()
        self.context.tally.shapes = shape_counter.shapes = self.context.tally.shapes

    def _types(self) -> dict[str, RedisType]:
        task = self.settings.task
        types = task.types(self.settings.limits, self.capabilities)
        if (
            self.settings.apply
            and task.rebuilds
            and not rebuilds_streams(self.servers, self.state.key("probe"))
        ):
            self.log("this server does not let streams be rebuilt; they are left and counted as skipped")
            del types["stream"]
        return types

    def _gate(self) -> None:
        """Refuse to apply a configuration other than that of the last dry run."""
        settings = self.settings
        if not settings.apply or settings.changed_configuration:
            return
        dry_run = self.state.fields().get("dry_run_config")
        if dry_run is not None and dry_run != settings.digest:
            raise Refused(
                "the last dry run had another configuration; run once without --apply and read its report, or add"
                " --changed-configuration"
            )

    def _checkpoint(self) -> Checkpoint:
        """The checkpoint of an unfinished run with the same settings, or a new checkpoint."""
        settings, context = self.settings, self.context
        fresh = Checkpoint(settings.task.version, settings.digest, settings.mode, started=time.time())
        if settings.partial:
            return fresh
        if settings.stamps:
            context.known = self.state.fingerprints("stamps").sorted_copy()
        context.with_digests = len(context.known) > 0
        saved = self.state.checkpoint()
        if saved is None or not saved.continues(fresh):
            self.state.save(fresh, context.changed, context.clean, anew=True)
            return fresh
        self.log("going on where the last run stopped")
        context.tally = Tally.load(saved.tally)
        context.changed = self.state.fingerprints("changed")
        context.clean = self.state.fingerprints("clean")
        return saved

    # --- work ----------------------------------------------------------------------------------------------------------------------

    def work(self) -> None:
        """Scan all keys; after an apply also verify; then finish.

        Raises:
            Stopped: A signal asked the run to stop; the checkpoint is saved.
            BackfillError: The session cannot go on.
        """
        self._began = self.clock()
        self.servers.take_waited()
        try:
            if not self.checkpoint.verifying:
                self._scan("scan", self.context.tally)
                if self.settings.apply:
                    self.checkpoint.verifying, self.checkpoint.nodes, self.checkpoint.slots = True, {}, ""
                    self.context.tally.forget_given_up()  # the verify pass tries each of them again
                    self.save_progress()
            if self.settings.apply:
                self.verify()
        finally:
            self._time()
            self.progress.end()
        self.finish()

    def _scan(self, phase: str, tally: Tally) -> None:
        settings, patterns = self.settings, compiled(self.settings.patterns)
        worker = Worker(self.context)
        limiter = RateLimiter(
            settings.limits.keys_per_second, settings.limits.server_share, self.clock, self._sleep
        )
        self.progress.begin(phase, self.capabilities.keys)

        def page(node: Node, keys: list[bytes]) -> None:
            began, waited = self.clock(), self.servers.waited_s
            wanted = [key for key in keys if patterns.fullmatch(key) and self._is_wanted(key)]
            if settings.max_keys and not self.context.verifying:
                wanted = wanted[: settings.max_keys - tally.keys]
            if wanted and settings.apply:
                settings.task.check_room(node)
            if wanted:
                worker.page(node, wanted)
            self.progress.step(len(keys), tally)
            if settings.max_keys and tally.keys >= settings.max_keys and not self.context.verifying:
                raise _EnoughError
            limiter.after_page(len(wanted), self.servers.waited_s - waited, began)

        scan = KeyScan(
            self.servers,
            self.checkpoint,
            server_match(settings.patterns),
            settings.limits.page,
            page,
            self.save_progress,
            self._restarted,
        )
        try:
            scan.run()
        except _EnoughError:
            return

    def _is_wanted(self, key: bytes) -> bool:
        if key.startswith(_OWN):
            return False
        if is_side_key(key):
            self.context.tally.skipped[SIDE] += not self.context.verifying
            return False
        if self.context.verifying:
            fingerprint = of_key(key)
            return fingerprint in self._selected or fingerprint < self.settings.recheck * _SPREAD
        return self.settings.sample >= 1 or of_key(key) < self.settings.sample * _SPREAD

    def verify(self) -> None:
        """Read the changed keys again and a sample of the others: an application may have written old text back."""
        context = self.context
        context.verifying, context.with_digests = True, True
        context.known = context.clean.sorted_copy()
        self._selected = context.changed.sorted_copy()
        self._scan("verify", context.tally)

    def finish(self) -> None:
        """Drop the checkpoint, and write the fields that later runs read; a first look leaves nothing."""
        settings = self.settings
        if settings.partial:
            return
        fields = {"last_run": f"{time.time():.0f}"}
        if not settings.apply:
            fields |= {"dry_run_config": settings.digest, "dry_run_at": fields["last_run"]}
        self.state.finish(stamps=settings.stamps, fields=fields)

    # --- between pages -------------------------------------------------------------------------------------------------------------

    def save_progress(self) -> None:
        """Save the checkpoint after a page; a first look only renews its lease.

        Raises:
            Stopped: A signal asked the run to stop.
            LeaseLost: Another run has taken the lease.
        """
        self._time()
        self.has_progressed = True
        if not self.settings.partial:
            self.checkpoint.tally = self.context.tally.dump()
            self.state.save(self.checkpoint, self.context.changed, self.context.clean)
            self._renewed_at = self.clock()
        else:
            self._heartbeat()
        if self.stop.is_set():
            raise Stopped("stopped after a checkpoint; the next run goes on from there")

    def _time(self) -> None:
        now = self.clock()
        self.context.tally.seconds += now - self._began
        self.context.tally.redis_seconds += self.servers.take_waited()
        self._began = now

    def _heartbeat(self) -> None:
        """Renew the lease during long work."""
        if self.leases and self.clock() - self._renewed_at > self.settings.lease_s / 4:
            self.state.renew()
            self._renewed_at = self.clock()

    def _sleep(self, seconds: float) -> None:
        until = self.clock() + seconds
        while (left := until - self.clock()) > 0 and not self.stop.wait(min(left, self.settings.lease_s / 4)):
            self._heartbeat()

    def _restarted(self) -> None:
        self.context.tally.restarts += 1
