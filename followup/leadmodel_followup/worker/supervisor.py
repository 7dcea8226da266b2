"""Starts the processes of a pod, starts again what dies, renews all when their work changed, and ends them when asked, each in its time."""

import gc
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping

_LOG = logging.getLogger(__name__)
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)
GRACE_S = 40.0  # for messages that are under way
_PAUSE_S = (
    1.0  # before one that died at once is started again, and between two looks whether the work changed
)
Work = Mapping[str, Callable[[], None]]


class Supervisor:
    """Processes by name. To be used by a process without threads, because each of them is a fork of it."""

    def __init__(
        self,
        work: Work,
        grace_s: float = GRACE_S,
        changed: Callable[[], Work | None] = lambda: None,
    ) -> None:
        """Take what each process does; a function that returns ends its process.

        `changed` is asked each second. Where it gives other work, each process ends after its message and is started with the new one.
        """
        self._work = work
        self._changed = changed
        self._grace_s = grace_s
        self._leaving: dict[int, float] = {}  # who was asked to end, and when patience ends
        self._running: dict[int, tuple[str, float]] = {}
        self._later: dict[str, float] = {}
        self._alive, self._mine = os.pipe()

    def run(self) -> bool:
        """Keep all processes running until SIGTERM or SIGINT. Returns whether all of them ended by themselves in time."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        gc.collect()
        gc.freeze()  # a collector that looks through what the forks share would copy its pages into each of them
        try:
            self._later = dict.fromkeys(self._work, 0.0)
            while not self._asked_to_stop():
                self._reap()
                self._renew()
                self._start()
            return self._end()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            os.close(self._alive)
            os.close(self._mine)

    def _asked_to_stop(self) -> bool:
        """Wait for a signal, or for the time at which a process is to be started."""
        wait_s = min([_PAUSE_S, *(at - time.monotonic() for at in self._later.values())])
        seen = signal.sigtimedwait(_SIGNALS, max(wait_s, 0.0))
        return seen is not None and seen.si_signo != signal.SIGCHLD

    def _start(self) -> None:
        now = time.monotonic()
        for name in [name for name, at in self._later.items() if at <= now]:
            del self._later[name]
            self._running[self._fork(name)] = (name, now)

    def _fork(self, name: str) -> int:
        child = os.fork()
        if child:
            return child
        code = 1
        try:
            os.setpgid(0, 0)  # a Ctrl-C reaches the supervisor, which passes it on once
            os.close(self._mine)
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            threading.Thread(target=self._end_with_parent, daemon=True).start()
            self._work[name]()
            code = 0
        except Exception as error:  # noqa: BLE001  # the supervisor starts another
            _LOG.warning("%s ended by %s", name, type(error).__name__)
        finally:
            os._exit(code)

    def _end_with_parent(self) -> None:
        """Stop where the supervisor was killed: its end of the pipe is closed then."""
        os.read(self._alive, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    def _reap(self) -> None:
        """Note which processes ended; a process that lived shorter than a pause is started again after one."""
        while self._running:
            child, status = os.waitpid(-1, os.WNOHANG)
            if child == 0:
                return
            name, since = self._running.pop(child)
            if self._leaving.pop(child, None) is not None:
                self._later |= {name: time.monotonic()} if name in self._work else {}
                continue
            _LOG.warning("%s ended (%d) and is started again", name, os.waitstatus_to_exitcode(status))
            self._later[name] = max(time.monotonic(), since + _PAUSE_S)

    def _renew(self) -> None:
        """Ask the processes to end where their work changed, and kill those that were asked and are not gone in time."""
        now = time.monotonic()
        for child in [child for child, until in self._leaving.items() if until < now]:
            os.kill(child, signal.SIGKILL)
        work = self._changed()
        if work is None:
            return
        running = {name for name, _ in self._running.values()}
        self._work = work
        self._later = {name: self._later.get(name, now) for name in work if name not in running}
        self._ask_to_end()

    def _ask_to_end(self) -> None:
        """Ask each process once: its time to end runs from then on."""
        until = time.monotonic() + self._grace_s
        for child in self._running.keys() - self._leaving.keys():
            os.kill(child, signal.SIGTERM)
            self._leaving[child] = until

    def _end(self) -> bool:
        """Ask all processes to stop, and kill those that are not gone in time."""
        self._ask_to_end()
        until = time.monotonic() + self._grace_s
        while self._running and time.monotonic() < until:
            signal.sigtimedwait((signal.SIGCHLD,), 0.2)
            self._forget_ended()
        for child, (name, _) in self._running.items():
            _LOG.warning("%s did not end in %.0f seconds and is killed", name, self._grace_s)
            os.kill(child, signal.SIGKILL)
        return not self._running

    def _forget_ended(self) -> None:
        for child in list(self._running):
            if os.waitpid(child, os.WNOHANG)[0]:
                del self._running[child]
