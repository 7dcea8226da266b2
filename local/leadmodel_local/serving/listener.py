"""Sockets on the loopback interface: one public port per LeadModel, shared by all of its predictors and by nobody else."""

import errno
import os
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from leadmodel_local.state import children, files
from leadmodel_local.state.files import ModelFolder

HOST = "127.0.0.1"
LAST_PORT = 65535
ATTEMPTS = 20  # free ports that another runtime may take between the look and the lock


class PortTaken(OSError):  # noqa: N818  # a state, not an error of the program
    """A port belongs to another program, or to another `leadmodel local up`."""

    def __init__(self, number: int) -> None:
        super().__init__(
            f"port {number} is taken by another program; end that program or choose another port with --port"
        )


@dataclass(frozen=True)
class _Held:
    """A bound socket, and the lock that keeps other runtimes away from the port: the kernel would let them share the port."""

    socket: socket.socket
    lock: IO[bytes] | None

    @property
    def number(self) -> int:
        """Give the number of the held port."""
        return int(self.socket.getsockname()[1])

    def close(self) -> None:
        """Give the held port back to the system."""
        self.socket.close()
        if self.lock is not None:
            self.lock.close()


class Listener:
    """Holds the public port of each LeadModel. The runtime only binds the port; predictors listen and accept.

    So the port stays when every predictor is gone, and predictors that outlived a crash share the port (SO_REUSEPORT).
    """

    def __init__(self, first_port: int = 0) -> None:
        """Give the LeadModels the ports from `first_port` on in the order in which they are named; 0: a free port, then kept."""
        self.first_port = first_port
        self._held: dict[Path, _Held] = {}

    def socket_of(self, folder: ModelFolder) -> socket.socket:
        """Return the socket of a LeadModel; its port stays the same over restarts. Raises PortTaken."""
        held = self._held.get(folder.folder)
        if held is None:
            held = self._held[folder.folder] = self._take(folder)
            files.write(folder.port, f"{held.number}\n")
        return held.socket

    def port_of(self, folder: ModelFolder) -> int:
        """Return the number of the public port of a LeadModel. Raises PortTaken."""
        number: int = self.socket_of(folder).getsockname()[1]
        return number

    def close(self, folder: ModelFolder | None = None) -> None:
        """Close the socket of one LeadModel, or all sockets."""
        for path in [folder.folder] if folder else list(self._held):
            held = self._held.pop(path, None)
            if held is not None:
                held.close()

    def _take(self, folder: ModelFolder) -> _Held:
        used = {held.number for held in self._held.values()}
        if self.first_port:
            return _hold(next(n for n in range(self.first_port, LAST_PORT + 2) if n not in used), folder)
        kept = _kept(folder)
        return _hold(kept, folder) if kept and kept not in used else _hold_free()


def _kept(folder: ModelFolder) -> int:
    try:
        return int(folder.port.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 0


def _hold(number: int, folder: ModelFolder) -> _Held:
    """Hold a port that nobody listens on, apart from predictors of this LeadModel that outlived a runtime. Raises PortTaken."""
    if number > LAST_PORT:
        raise PortTaken(number)
    try:
        lock = lock_port(number)
    except files.Busy:
        raise PortTaken(number) from None
    try:
        if not any(children.is_alive(pod) for pod in (folder.folder / "pods").glob("*")):
            bind(number).close()
        return _Held(bind(number, shared=True), lock)
    except OSError:
        if lock is not None:
            lock.close()
        raise


def _hold_free() -> _Held:
    for _ in range(ATTEMPTS):
        probe = bind(0)
        number = int(probe.getsockname()[1])
        probe.close()
        try:
            lock = lock_port(number)
        except files.Busy:
            continue
        try:
            return _Held(bind(number, shared=True), lock)
        except PortTaken:
            if lock is not None:
                lock.close()
    raise OSError("no free port was to be had; name one with --port")


def free_port(kept: int = 0) -> int:
    """Return the port of the last time if nobody has taken it, else one that is free now."""
    for number in (kept, 0):
        try:
            with bind(number) as free:
                return int(free.getsockname()[1])
        except PortTaken:
            continue
    raise OSError("no free port was to be had")


def lock_port(number: int) -> IO[bytes] | None:
    """The lock of a port among the runtimes of one user; None where no lock can be kept. Raises Busy."""
    folder = Path(tempfile.gettempdir()) / f"leadmodel-ports-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        return files.hold(folder / str(number))
    except OSError:  # no folder for temporary files that can be written to
        return None


def bind(port: int, *, shared: bool = False) -> socket.socket:
    """Bind a port without listening; 0 takes a free one.

    Args:
        port: The number of the port.
        shared: Whether other sockets of this user that are shared too may bind the same port.

    Raises:
        PortTaken: Another program has the port.
    """
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        bound.bind((HOST, port))
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(port) from None
        raise OSError(f"port {port} cannot be bound: {error.strerror}; choose another with --port") from None
    return bound
