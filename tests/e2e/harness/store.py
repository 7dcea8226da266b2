"""A plain HTTP store with ETags that pods reach. It can be away, refuse, lie about sizes and take uploads."""

import hashlib
import http.server
import threading
from dataclasses import dataclass, field


@dataclass
class Store:
    """Files by path. `away` makes it answer 503; `lies` are Content-Lengths sent instead of the true ones."""

    files: dict[str, bytes] = field(default_factory=dict)
    lies: dict[str, int] = field(default_factory=dict)
    away: bool = False
    uploads: list[str] = field(default_factory=list)
    server: http.server.ThreadingHTTPServer | None = None

    def start(self, address: str, port: int = 0) -> None:
        """Serve on this port of this address (0: a free one)."""
        store = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # the library's name
                store.answer(self)

            def do_PUT(self) -> None:  # as above
                store.take(self)

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer((address, port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Serve no more."""
        assert self.server is not None
        self.server.shutdown()
        self.server.server_close()

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        """One request."""
        path = request.path.partition("?")[0]
        data = self.files.get(path)
        if self.away or data is None:
            request.send_error(503 if self.away else 404)
            return
        tag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
        if request.headers.get("If-None-Match") == tag:
            request.send_response(304)
            request.end_headers()
            return
        request.send_response(200)
        request.send_header("ETag", tag)
        request.send_header("Content-Length", str(self.lies.get(path, len(data))))
        request.end_headers()
        request.wfile.write(data)

    def take(self, request: http.server.BaseHTTPRequestHandler) -> None:
        """One upload."""
        data = request.rfile.read(int(request.headers["Content-Length"]))
        if self.away:
            request.send_error(503)
            return
        self.files[request.path] = data
        self.uploads.append(request.path)
        request.send_response(201)
        request.end_headers()

    def uri(self, name: str) -> str:
        """The URI of a file."""
        assert self.server is not None
        host, port = self.server.server_address[:2]
        return f"http://{host!s}:{port}{name}"
