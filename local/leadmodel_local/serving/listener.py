"""Sockets on the loopback interface: one public port per LeadModel, shared by all of its predictors."""

import socket
from pathlib import Path

from leadmodel_local.state import files
from leadmodel_local.state.files import ModelFolder

HOST = "127.0.0.1"


class Listener:
    """Holds the public port of each LeadModel. The runtime only binds the port; predictors listen and accept.

    So the port stays when every predictor is gone, and predictors that outlived a crash share the port (SO_REUSEPORT).
    """

    def __init__(self) -> None:
        self._sockets: dict[Path, socket.socket] = {}

    def socket_of(self, folder: ModelFolder, wanted: int = 0) -> socket.socket:
        """Return the socket of a LeadModel; its port stays the same over restarts. `wanted` 0 takes a free port at first."""
        bound = self._sockets.get(folder.folder)
        if bound is not None:
            return bound
        try:
            number = int(folder.port.read_text())
        except (OSError, ValueError):
            number = wanted
        bound = bind(number)
        files.write(folder.port, f"{bound.getsockname()[1]}\n")
        self._sockets[folder.folder] = bound
        return bound

    def port_of(self, folder: ModelFolder, wanted: int = 0) -> int:
        """Return the number of the public port of a LeadModel."""
        number: int = self.socket_of(folder, wanted).getsockname()[1]
        return number

    def close(self, folder: ModelFolder | None = None) -> None:
        """Close the socket of one LeadModel, or all sockets."""
        for path in [folder.folder] if folder else list(self._sockets):
            bound = self._sockets.pop(path, None)
            if bound is not None:
                bound.close()


def bind(port: int) -> socket.socket:
    """Bind a port without listening; 0 takes a free one. Raises OSError with a sentence when the port is taken."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        bound.bind((HOST, port))
    except OSError:
        bound.close()
        raise OSError(f"port {port} is taken; choose another with --port") from None
    return bound
