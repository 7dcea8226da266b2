"""A real API server on loopback for benches: etcd and kube-apiserver, no controllers, no kubelet; gone when the bench ends."""

import contextlib
import os
import secrets
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from cluster import build
from cluster.pki import Pki


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@dataclass(frozen=True)
class ApiServer:
    """What runs."""

    folder: Path
    url: str

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "pki" / "admin.kubeconfig"

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def account(self) -> Path:
        """A folder as a pod finds it at the place of its service account; the account may do everything."""
        return self.folder / "account"

    def raw(self, path: str) -> str:
        """A GET as the administrator."""
        pki = self.folder / "pki"
        context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        context.load_cert_chain(pki / "admin.crt", pki / "admin.key")
        with urllib.request.urlopen(self.url + path, context=context, timeout=60) as answer:
            return str(answer.read().decode())

    def requests(self) -> dict[tuple[str, str], float]:
        """(verb, resource) → requests so far, as the API server counts them."""
        found: dict[tuple[str, str], float] = {}
        for line in self.raw("/metrics").splitlines():
            if line.startswith("apiserver_request_total{"):
                labels = dict(
                    part.split("=", 1) for part in line[24 : line.rindex("}")].split(",") if "=" in part
                )
                key = labels["verb"].strip('"'), labels["resource"].strip('"')
                found[key] = found.get(key, 0.0) + float(line.rsplit(" ", 1)[1])
        return found


def tools() -> Path:
    """The binaries, built the first time (minutes)."""
    folder = build.bin_dir()
    if not all((folder / name).exists() for name in ("server", "kube-apiserver")):
        folder = build.build({"kubernetes": build.MODULES["kubernetes"]})
    return folder


@contextlib.contextmanager
def api_server() -> Iterator[ApiServer]:
    folder = Path(tempfile.mkdtemp(prefix="leadmodel-api-"))
    etcd, peer, secure = free_port(), free_port(), free_port()
    found = ApiServer(folder, f"https://127.0.0.1:{secure}")
    Pki(folder / "pki", found.url, ("127.0.0.1",)).make()
    _make_account(folder)
    running = [_start(folder, "etcd", _etcd(folder, etcd, peer))]
    try:
        running.append(_start(folder, "apiserver", _api(folder, etcd, secure)))
        _wait(found)
        yield found
    finally:
        for process in reversed(running):
            process.terminate()
        for process in reversed(running):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _make_account(folder: Path) -> None:
    account, token = folder / "account", secrets.token_urlsafe(32)
    account.mkdir()
    (account / "token").write_text(token)
    shutil.copy(folder / "pki" / "ca.crt", account)
    (folder / "tokens.csv").write_text(f'{token},bench,bench,"system:masters"\n')


def _etcd(folder: Path, port: int, peer: int) -> list[str]:
    client = f"http://127.0.0.1:{port}"
    command = [f"{tools()}/server", f"--data-dir={folder}/etcd", "--unsafe-no-fsync"]
    command += [f"--listen-client-urls={client}", f"--advertise-client-urls={client}"]
    return [*command, f"--listen-peer-urls=http://127.0.0.1:{peer}", "--quota-backend-bytes=4294967296"]


def _api(folder: Path, etcd: int, port: int) -> list[str]:
    pki = folder / "pki"
    return [
        f"{tools()}/kube-apiserver",
        f"--etcd-servers=http://127.0.0.1:{etcd}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        f"--tls-cert-file={pki}/apiserver.crt",
        f"--tls-private-key-file={pki}/apiserver.key",
        f"--client-ca-file={pki}/ca.crt",
        f"--token-auth-file={folder}/tokens.csv",
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={pki}/sa.pub",
        f"--service-account-signing-key-file={pki}/sa.key",
        "--disable-admission-plugins=ServiceAccount",  # no controller makes the default account
        "--shutdown-delay-duration=0s",
        f"--cert-dir={folder}/certdir",
    ]


def _start(folder: Path, name: str, command: list[str]) -> subprocess.Popen[bytes]:
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ})


def _wait(found: ApiServer, limit: float = 300.0) -> None:
    end = time.monotonic() + limit
    while time.monotonic() < end:
        with contextlib.suppress(OSError, urllib.error.URLError):
            if found.raw("/readyz") == "ok":
                return
        time.sleep(0.2)
    raise TimeoutError(f"the API server does not become ready: see {found.folder}/apiserver.log")
