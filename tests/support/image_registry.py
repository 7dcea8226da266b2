"""A registry on a loopback port that serves image layouts, for tests of digests: real clients pull from it."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

INDEX = "application/vnd.oci.image.index.v1+json"


def sha256(content: bytes) -> str:
    """The digest of some bytes as registries write it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass
class Registry:
    """Blobs and manifests by digest, and what tags name now."""

    address: str = ""
    blobs: dict[str, bytes] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def add(self, tag: str, layout: Path) -> str:
        """Have a tag name an index, as official images do, over the image in an OCI layout; return the index's digest."""
        for blob in (layout / "blobs" / "sha256").iterdir():
            self.blobs[f"sha256:{blob.name}"] = blob.read_bytes()
        image = json.loads((layout / "index.json").read_text())["manifests"][0]
        entries = [
            {**image, "annotations": {}, "platform": {"os": "linux", "architecture": architecture}}
            for architecture in ("amd64", "arm64")
        ]
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}
        content = json.dumps(index).encode()
        self.tags[tag] = sha256(content)
        self.blobs[self.tags[tag]] = content
        return self.tags[tag]

    def get(self, path: str) -> tuple[str, bytes, str] | None:
        """Content type, bytes and digest of what a path names."""
        *_, kind, name = path.split("/")
        digest = self.tags.get(name, name)
        if digest not in self.blobs:
            return None
        content = self.blobs[digest]
        stated = (
            json.loads(content).get("mediaType", "") if kind == "manifests" else "application/octet-stream"
        )
        return stated, content, digest


@contextmanager
def registry() -> Iterator[Registry]:
    """A registry until the end of the block."""
    served = Registry()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            answer = ("application/json", b"{}", "") if self.path == "/v2/" else served.get(self.path)
            kind, content, digest = answer or ("application/json", b'{"errors": []}', "")
            self.send_response(200 if answer else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            if digest:
                self.send_header("Docker-Content-Digest", digest)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        do_HEAD = do_GET  # noqa: N815 (the base class finds methods by these names)

        def log_message(self, *_: Any) -> None:
            """Write no line per request to standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    served.address = f"127.0.0.1:{server.server_port}"
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
