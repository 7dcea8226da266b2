"""Bytes by URI: conditional requests, limits that hold against a store that lies, messages without secrets."""

import http.server
import os
import threading
from collections.abc import Iterator
from typing import ClassVar
from urllib.parse import quote

import pytest

from leadmodel_local import work
from leadmodel_messages.uris import show, uri_of
from leadmodel_store import files
from leadmodel_store.store import StoreError, StoreReason, fetch, put

SECRET = "s3cr3t"


class Handler(http.server.BaseHTTPRequestHandler):
    stored: ClassVar[dict[str, bytes]] = {}

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/file")
            self.end_headers()
        elif path == "/loop":
            self.send_response(302)
            self.send_header("Location", "/loop")
            self.end_headers()
        elif path in {"/file", "/lies"}:
            self.answer(b"x" * 1000, lies=path == "/lies")
        elif path == "/broken-off":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"x" * 500)
        else:
            self.send_error({"/forbidden": 403, "/broken": 500}.get(path, 404))

    def answer(self, data: bytes, *, lies: bool) -> None:
        if self.headers.get("If-None-Match") == '"1"':
            self.send_response(304)
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("ETag", '"1"')
        if not lies:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        for _ in range(1000 if lies else 1):
            try:
                self.wfile.write(data)
            except OSError:
                return

    def do_PUT(self) -> None:
        self.stored[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    found = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=found.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{found.server_address[1]}"
    found.shutdown()
    found.server_close()


def test_conditional_get(server):
    first = fetch(f"{server}/file", max_bytes=1000, environ={})
    assert (len(first.data), first.etag, first.not_modified) == (1000, '"1"', False)
    assert fetch(f"{server}/file", max_bytes=1000, etag=first.etag, environ={}).not_modified
    assert fetch(f"{server}/moved", max_bytes=1000, environ={}).data == first.data


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/absent", StoreReason.NOT_FOUND),
        ("/forbidden", StoreReason.FORBIDDEN),
        ("/broken", StoreReason.UNREACHABLE),
        ("/loop", StoreReason.UNREACHABLE),
        ("/broken-off", StoreReason.UNREACHABLE),  # else half an artifact would be judged, and refused
    ],
)
def test_reasons_without_secrets(server, path, reason):
    uri = server.replace("http://", f"http://user:{SECRET}@") + f"{path}?token={SECRET}"
    with pytest.raises(StoreError) as caught:
        fetch(uri, max_bytes=1000, environ={})
    assert caught.value.reason is reason
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("path", ["/file", "/lies"])
def test_too_large(server, path):
    with pytest.raises(StoreError) as caught:
        fetch(f"{server}{path}", max_bytes=999, environ={})
    assert caught.value.reason is StoreReason.TOO_LARGE


def test_files(tmp_path):
    uri = (tmp_path / "a").as_uri()
    put(uri, b"one", environ={})
    first = fetch(uri, max_bytes=3, environ={})
    assert first.data == b"one"
    assert fetch(uri, max_bytes=3, etag=first.etag, environ={}).not_modified
    put(uri, b"two!", environ={})
    with pytest.raises(StoreError, match="more than 3 bytes"):
        fetch(uri, max_bytes=3, etag=first.etag, environ={})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a"]


NAMES = [
    "Lead Scoring.csv",
    "Größe.csv",
    "a#b",
    "50%",
    "50%41",
    "a?b",
    "a[1]",
    "a]",
    "100%25",
    "a;b",
    "日本",
    "a&b=c",
    "~",
    "x" * 250,
]


@pytest.mark.parametrize(("mask", "mode"), [(0o077, 0o600), (0o022, 0o644), (0o002, 0o664)])
def test_a_written_file_is_as_readable_as_the_umask_says(tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        put(uri_of(str(tmp_path / "holdout.csv.gz")), b"x", environ={})
    finally:
        os.umask(before)
    assert [(file.name, file.stat().st_mode & 0o777) for file in tmp_path.iterdir()] == [
        ("holdout.csv.gz", mode)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_may_have_any_name(tmp_path, name, monkeypatch):
    uri = uri_of(str(tmp_path / name))
    put(uri, b"leads", environ={})
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert fetch(uri, max_bytes=9, environ={}).data == b"leads"
    assert work.file_of(uri) == tmp_path / name
    monkeypatch.setattr(files, "PVC_ROOT", tmp_path.parent)
    assert fetch(f"pvc://{tmp_path.name}/{quote(name)}", max_bytes=9, environ={}).data == b"leads"
    monkeypatch.setattr(files, "unquote", lambda text, **_: text)  # control: quoted names stay quoted
    if quote(name) != name:
        with pytest.raises(StoreError, match="is not there"):
            fetch(uri, max_bytes=9, environ={})


def test_a_person_may_leave_a_name_unquoted(tmp_path):
    put(uri_of(str(tmp_path / "a #1?.csv")), b"leads", environ={})
    assert fetch(f"file://{tmp_path}/a #1?.csv", max_bytes=9, environ={}).data == b"leads"


@pytest.mark.parametrize(
    "uri",
    [
        "file:///a%00b",
        "pvc://claim/%2e%2e/%2e%2e/etc/passwd",
        "ftp://x/y",
        "nothing",
        "pvc://claim/../../etc/passwd",
        "pvc:///x",
        "file://host/x",
        "s3://bucket",
    ],
)
def test_bad_uris(uri):
    with pytest.raises(StoreError) as caught:
        fetch(uri, max_bytes=10, environ={})
    assert caught.value.reason in {StoreReason.BAD_URI, StoreReason.NOT_FOUND}


def test_show():
    assert show(f"https://user:{SECRET}@host:81/path?sig={SECRET}#x") == "https://host:81/path?sig=…"


def test_put_over_http(server):
    put(f"{server}/new", b"x", environ={})
    assert Handler.stored == {"/new": b"x"}
