"""The program that sends the follow-ups of one LeadModel: a child process in the place of a cluster's pods."""

import hashlib
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from leadmodel_local.followups import keys
from leadmodel_local.followups.valkey import NoServer, Valkey
from leadmodel_local.serving.listener import HOST, free_port
from leadmodel_local.serving.predictors import http_get
from leadmodel_local.state import children, files
from leadmodel_local.state.children import Children
from leadmodel_local.state.files import ModelFolder
from leadmodel_messages.commands import Program
from leadmodel_messages.followups_report import LEDGER_OK, FollowUpsReport
from leadmodel_operator.planning.observed import Fault, FaultKind, FollowUpsPod, FollowUpsSeen
from leadmodel_operator.planning.planned import FollowUpsWork
from leadmodel_operator.planning.scraping import REPORT_LIMIT, REPORT_TARGET, read_report
from leadmodel_operator.resource.spec_followups import FollowUps

ASK_S, TIMEOUT_S = 1.0, 1.0  # between two questions, and for one
RESTARTS_S = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
STOP_S = 45.0  # as a cluster's pods have; longer than a call to a provider may take
_LINE = 200  # characters of what a program says last


@dataclass
class Sender:
    """What sends for one LeadModel. `channels` is the folder with the keys of providers; None: each channel only logs, as Console does."""

    folder: ModelFolder
    children: Children
    valkey: Valkey
    channels: Path | None = None
    _report: FollowUpsReport | None = None
    _fault: Fault | None = None
    _asked_at: float = float("-inf")
    _started_at: float = float("-inf")
    _stopping_since: float | None = None
    _failures: int = 0
    _said: str = ""

    @property
    def process(self) -> Path:
        """The folder of the child."""
        return self.folder.follow_ups / "process"

    @property
    def settings(self) -> Path:
        """The settings document as last rendered; a missing file means that nothing is to be sent."""
        return self.folder.follow_ups / "followups.json"

    def port(self) -> int:
        """Return the port of intake and report, which stays the same over restarts where it can; 0 before the first start."""
        try:
            return int((self.folder.follow_ups / "port").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return 0

    def token(self, spec: FollowUps) -> Path:
        """Return the file with the token of the intake."""
        return keys.keep(
            self.folder.root, self.folder.key.namespace, spec.intake.secret_name, spec.intake.key
        )

    # --- what should be --------------------------------------------------------------------------------------------------

    def render(self, work: FollowUpsWork | None) -> None:
        """Write the settings that the plan wants; the running program takes a change up by itself."""
        if work is None:
            self.settings.unlink(missing_ok=True)
            return
        spec, kept = work.spec, (self.folder.root, self.folder.key.namespace)
        files.write_json(
            self.folder.follow_ups / "secrets.json",
            {
                "contact-key": str(keys.keep(*kept, spec.contact_key.secret_name, spec.contact_key.key)),
                "intake-token": str(self.token(spec)),
            },
        )
        if not self.settings.exists() or self.settings.read_text(encoding="utf-8") != work.settings:
            files.write(self.settings, work.settings)
        if work.evict:
            self._ask_to_end()

    def step(self) -> None:
        """Take one step towards what was rendered, and ask the program how things are when that is due."""
        alive, wanted = children.is_alive(self.process), self.settings.exists()
        has_server = wanted and self._has_server()
        if not alive:
            self._note_end()
            if has_server:
                self._start()
            return
        if self._stopping_since is not None:
            if time.monotonic() - self._stopping_since > STOP_S:
                children.stop(self.process, signal.SIGKILL)
        elif not wanted or self._mark() != files.read_json(self.folder.follow_ups / "mark.json"):
            self._ask_to_end()
        self._ask()

    def _has_server(self) -> bool:
        """Start the Valkey where it does not run. Returns whether it runs."""
        try:
            self.valkey.ensure()
        except NoServer as error:
            self._fault = Fault(FaultKind.WAITING, "NoServer", message=str(error))
        return self.valkey.is_alive()

    def _ask_to_end(self) -> None:
        """Send one SIGTERM: a worker that is asked twice drops its message."""
        if self._stopping_since is None and children.process_group(self.process) is not None:
            self._stopping_since = time.monotonic()
            children.stop(self.process)

    def _note_end(self) -> None:
        """Remember once how the program ended, if nobody asked for that."""
        self._report = None
        was_asked, self._stopping_since = self._stopping_since is not None, None
        if was_asked or self._started_at == float("-inf") or not children.was_started(self.process):
            return
        code = children.exit_code(self.process)
        if code:
            self._fault = Fault(FaultKind.TERMINATED, "Error", code, _last_line(self.process / "stderr"))

    def _start(self) -> None:
        """Start the program behind its Valkey, after a wait that grows with each failure."""
        if time.monotonic() - self._started_at < RESTARTS_S[min(self._failures, len(RESTARTS_S) - 1)]:
            return
        files.write(self.folder.follow_ups / "port", f"{free_port(self.port())}\n")
        mark = self._mark()
        files.write_json(self.folder.follow_ups / "mark.json", mark)
        self._started_at, self._failures = time.monotonic(), self._failures + 1
        environ = {"LEADMODEL_REDIS_URL": self.valkey.url()}
        self.children.start(self.process, self._command(), environ=environ)

    def _command(self) -> list[str]:
        at = files.read_json(self.folder.follow_ups / "secrets.json")
        return [
            sys.executable,
            "-m",
            Program.FOLLOWUP.module,
            "run",
            f"--settings={self.settings}",
            f"--templates={self.folder.templates}",
            *(f"--{name}={path}" for name, path in at.items()),
            *([f"--channels={self.channels}"] if self.channels else ["--console"]),
            f"--host={HOST}",
            f"--port={self.port()}",
        ]

    def _mark(self) -> str:
        """Return what changes when the program has to be started anew; a digest, because the address holds a password."""
        return hashlib.sha256(repr((self._command(), self.valkey.url())).encode()).hexdigest()

    # --- what is -----------------------------------------------------------------------------------------------------------

    def _ask(self) -> None:
        """Ask for the report once per second; without an answer there is none."""
        if time.monotonic() - self._asked_at < ASK_S:
            return
        self._asked_at = time.monotonic()
        self._report = read_report(http_get(self.port(), REPORT_TARGET, REPORT_LIMIT, TIMEOUT_S))
        if self._report is not None and self._report.ledger == LEDGER_OK:
            self._failures, self._fault = 0, None

    def seen(self) -> FollowUpsSeen:
        """Describe the program for the planner as the one pod of a cluster."""
        present = self.settings.exists()
        if not present and not children.is_alive(self.process):
            return FollowUpsSeen()
        ready = self._report is not None and self._report.ledger == LEDGER_OK
        pod = FollowUpsPod(f"{self.folder.key.name}-followups-0", ready, self._report, self._fault)
        return FollowUpsSeen(pods=(pod,), present=True, asked=True)

    def news(self) -> str:
        """Say, once, where leads are taken, or why nothing is sent; empty where there is nothing new to say."""
        words = ""
        if self._fault is not None:
            words = f"sends no follow-ups: {self._fault.message or self._fault.reason}"
        elif self._report is not None:
            token = files.read_json(self.folder.follow_ups / "secrets.json")["intake-token"]
            out = "by its providers" if self.channels else "to the log, and nothing leaves this machine"
            words = f"takes follow-ups at http://{HOST}:{self.port()}/followups with the token in {token}; it sends {out}"
        if words in {"", self._said}:
            return ""
        self._said = words
        return words


def _last_line(path: Path) -> str:
    """Return what a program said last: programs of follow-ups never write a name, an address or a text."""
    with suppress(OSError):
        lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1][:_LINE] if lines else ""
    return ""
