"""A server that answers as a test says and remembers what it was asked, over HTTP or TLS with an authority of its own."""

import datetime as dt
import http.server
import ipaddress
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

MODIFIED = "Mon, 30 Nov 2026 00:00:00 GMT"


@dataclass
class Request:
    """One request, with the means to answer it."""

    method: str
    path: str
    headers: Any
    body: bytes
    handler: http.server.BaseHTTPRequestHandler = field(repr=False)

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Answer; underscores in the names of headers become hyphens."""
        self.handler.send_response(status)
        for name, value in headers.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.send_header("Content-Length", str(len(body)))
        self.handler.end_headers()
        if self.method != "HEAD":
            self.handler.wfile.write(body)

    def give(self, body: bytes) -> None:
        """Answer a request with an object and its ETag."""
        self.answer(200, body, ETag='"1"', Last_Modified=MODIFIED)

    def refuse(self, status: int, code: str, more: str = "") -> None:
        """Answer as S3 and Azure refuse."""
        self.answer(status, f"<Error><Code>{code}</Code><Message>no</Message>{more}</Error>".encode())


@dataclass
class Stub:
    """The address, and every request so far."""

    address: str
    requests: list[Request] = field(default_factory=list)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away, or that does not trust the certificate, is what some tests want."""


@contextmanager
def stub(
    answer: Callable[[Request], None], certificate: tuple[Path, Path] | None = None, host: str = "127.0.0.1"
) -> Iterator[Stub]:
    """A server until the end of the block; `certificate`: chain and key."""
    seen = Stub("")

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Request(self.command, self.path, self.headers, body, self)
            seen.requests.append(request)
            answer(request)

        do_GET = do_PUT = do_POST = do_HEAD = _any  # noqa: N815  # the library's names

        def log_message(self, *_: object) -> None:
            pass

    server = _Server((host, 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    seen.address = f"{'https' if certificate else 'http'}://{host}:{server.server_address[1]}"
    yield seen
    server.shutdown()
    server.server_close()


class Authority:
    """A certificate authority of a test, and the certificates it signs."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.key = folder, ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority of a test")])
        own = self._signed(self.name, self.key, 1, -1, 10).add_extension(x509.BasicConstraints(True, 0), True)
        self.pem = own.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
        self.file = folder / "authority.pem"
        self.file.write_text(self.pem)

    def sign(self, host: str = "127.0.0.1", *, begins: int = -1, ends: int = 10) -> tuple[Path, Path]:
        """A certificate for a host, valid between two days from today; chain and key as files."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a server")])
        try:
            shown: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
        except ValueError:
            shown = x509.DNSName(host)
        builder = self._signed(name, key, 2, begins, ends)
        signed = builder.add_extension(x509.SubjectAlternativeName([shown]), False).sign(
            self.key, hashes.SHA256()
        )
        chain, private = self.folder / f"{host}-{ends}.pem", self.folder / f"{host}-{ends}.key"
        chain.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return chain, private

    def _signed(self, name: x509.Name, key: Any, number: int, begins: int, ends: int) -> Any:
        now, day = dt.datetime.now(dt.UTC), dt.timedelta(days=1)  # noqa: TID251  # certificates are of today
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(self.name)
        builder = builder.public_key(key.public_key()).serial_number(number)
        return builder.not_valid_before(now + begins * day).not_valid_after(now + ends * day)
