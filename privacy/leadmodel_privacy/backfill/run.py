"""A run from end to end: connect, take the lease, scan from the checkpoint on, verify; begun again whenever the server went away."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TextIO

from leadmodel_messages.stopping import Stop
from leadmodel_privacy.backfill.capabilities import probe_servers
from leadmodel_privacy.backfill.errors import BackfillError, ServerUnavailable, Stopped
from leadmodel_privacy.backfill.scan_progress import ScanProgress
from leadmodel_privacy.backfill.servers import Access, Servers
from leadmodel_privacy.backfill.session import Session
from leadmodel_privacy.backfill.settings import Settings
from leadmodel_privacy.backfill.state import State
from leadmodel_privacy.backfill.tally import Tally

_PAUSE_S = 1.0


@dataclass
class Run:
    """One run of the program; `tally` and `state` serve the report even after a failure."""

    settings: Settings
    access: Access
    out: TextIO
    log: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    stop: Stop = field(default_factory=Stop)
    owner: str = field(
        default_factory=lambda: f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{secrets.token_hex(4)}"
    )
    tally: Tally = field(default_factory=Tally)
    state: State | None = None

    def __post_init__(self) -> None:
        self.servers = Servers(self.access, self.clock)
        self.progress = ScanProgress(self.out, self.clock)

    def run_until_done(self) -> None:
        """Open sessions until one finishes, waiting up to `settings.wait_s` seconds for a server or a lease.

        Raises:
            ServerUnavailable: The wait is over.
            BackfillError: The run cannot go on.
        """
        waited_from = self.clock()
        last_message = ""
        while True:
            session: Session | None = None
            try:
                session = self._session()
                session.work()
            except ServerUnavailable as error:
                if session is not None and session.has_progressed:
                    waited_from = self.clock()
                if self.clock() - waited_from > self.settings.wait_s:
                    raise
                if str(error) != last_message:
                    last_message = str(error)
                    self.log(f"{last_message}; trying again for up to {self.settings.wait_s:.0f} s")
                self._pause(_PAUSE_S)
            else:
                return

    def _session(self) -> Session:
        self.servers.connect()
        capabilities = probe_servers(self.servers)
        self.state = State(
            self.servers, self.settings.name, self.owner, self.settings.lease_s, self.settings.task.prefix
        )
        session = Session(
            settings=self.settings,
            servers=self.servers,
            state=self.state,
            capabilities=capabilities,
            progress=self.progress,
            log=self.log,
            clock=self.clock,
            stop=self.stop,
        )
        session.prepare()
        self.tally = session.context.tally
        return session

    def _pause(self, seconds: float) -> None:
        if self.stop.wait(seconds):
            raise Stopped("stopped while waiting")

    def close(self) -> None:
        """Release the lease, if the server can be reached, and close the connections."""
        try:
            if self.state is not None and self.state.fence:
                self.state.release()
        except BackfillError:
            pass  # the lease ends by itself
        self.servers.close()
