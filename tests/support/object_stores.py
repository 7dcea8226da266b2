"""Real object stores for tests, each a process on a free port: S3 from its wheel, Azure and Google where their servers are installed."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

KEY, SECRET = "LEADMODELKEY", "a secret of the tests"
OTHER_KEY, OTHER_SECRET = "ANOTHERKEY", "another secret of the tests"


def rclone() -> str:
    """The program of the S3 server, which its wheel puts beside Python."""
    beside = Path(sys.executable).with_name("rclone")
    return str(beside) if beside.exists() else "rclone"


def s3_command(folder: Path, address: str, *keys: str) -> list[str]:
    """The command of an S3 server whose buckets are the folders of `folder`; each key as `ID,SECRET`."""
    logins = [f"--auth-key={key}" for key in keys or (f"{KEY},{SECRET}",)]
    options = ["--vfs-cache-mode=off", "--dir-cache-time=0s", "--config=/dev/null"]
    return [rclone(), "serve", "s3", *logins, f"--addr={address}", *options, str(folder)]


def free_port(host: str = "127.0.0.1") -> int:
    """A port nobody listens on."""
    with socket.socket() as s:
        s.bind((host, 0))
        return int(s.getsockname()[1])


@contextmanager
def running(command: list[str], port: int, host: str = "127.0.0.1", **more: str) -> Iterator[str]:
    """A server process until the end of the block; the address it answers on."""
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdout=quiet, stderr=quiet, stdin=quiet, env={**os.environ, **more})
    try:
        _wait(host, port, process)
        yield f"http://{host}:{port}"
    finally:
        end(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    """End a server; one that does not want to go is killed."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait(host: str, port: int, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 180  # Node.js starts slowly on a busy machine
    while True:
        try:
            socket.create_connection((host, port), 1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{process.args!s:.200} did not start") from None
            time.sleep(0.05)
        else:
            return


@contextmanager
def s3(
    folder: Path, *buckets: str, keys: tuple[str, ...] = (), host: str = "127.0.0.1"
) -> Iterator[dict[str, str]]:
    """An S3 server with these buckets; the variables that log in to it with the first of its keys, each `ID,SECRET`.

    Every key reads every bucket: who must not read another's files needs a server of their own.
    """
    for bucket in buckets:
        (folder / bucket).mkdir(parents=True, exist_ok=True)
    port = free_port(host)
    with running(s3_command(folder, f"{host}:{port}", *keys), port, host) as address:
        key, _, secret = (*keys, f"{KEY},{SECRET}")[0].partition(",")
        yield {"AWS_ENDPOINT_URL": address, "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
