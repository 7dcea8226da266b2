"""A predictor in a process of its own, as a pod has it."""

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
from pathlib import Path


class Replica:
    """A predictor process on a port of its own that can be started again."""

    def __init__(self, artifact: Path, *flags: str, log: Path = Path(os.devnull)) -> None:
        self.log = log  # of standard error
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.command = [
            sys.executable, "-m", "leadmodel_predictor", "--artifact", str(artifact), "--port", str(self.port), *flags,
        ]  # fmt: skip
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, stderr=log)
        deadline = time.monotonic() + 240  # a busy machine starts slowly
        while not self.ready():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        return False
