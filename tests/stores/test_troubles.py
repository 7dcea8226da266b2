"""What goes wrong between this program and an object store reads differently for each cause, says what to do, and holds no secret."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from leadmodel_store import aws, objects, trouble
from leadmodel_store.store import StoreError, StoreReason, fetch, put
from leadmodel_store.variables import Variables
from support.checking_stub import MODIFIED, Authority, Request, Stub, stub

SECRET = "neverToBeShown"
URI = "s3://leads/conversion/model.json"
LOGIN = {"AWS_ACCESS_KEY_ID": "KEYID", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "eu-central-1"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more try, and a second between two pieces of an answer: the bounds are the same kind, only shorter."""
    monkeypatch.setattr(objects, "RETRIES", {**objects.RETRIES, "max_retries": 1})
    monkeypatch.setattr(objects, "READ_TIMEOUT", "1s")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def failure(address: str, **more: str) -> StoreError:
    with pytest.raises(StoreError) as caught:
        fetch(URI, max_bytes=1000, environ={**LOGIN, "AWS_ENDPOINT_URL": address, **more}, seconds=20)
    assert SECRET not in str(caught.value)
    assert "Error" not in str(caught.value).replace("InternalError", "")
    return caught.value


REFUSALS = [
    (404, "NoSuchKey", StoreReason.NOT_FOUND, "is not there"),
    (404, "NoSuchBucket", StoreReason.NOT_FOUND, "leads does not exist"),
    (
        403,
        "AccessDenied",
        StoreReason.FORBIDDEN,
        "may not be read by the key of AWS_ACCESS_KEY_ID (403 AccessDenied)",
    ),
    (403, "InvalidAccessKeyId", StoreReason.FORBIDDEN, "does not know the key"),
    (403, "SignatureDoesNotMatch", StoreReason.FORBIDDEN, "AWS_SECRET_ACCESS_KEY does not belong"),
    (403, "RequestTimeTooSkewed", StoreReason.FORBIDDEN, "set this machine's clock"),
    (400, "ExpiredToken", StoreReason.FORBIDDEN, "have expired; renew the Secret"),
    (400, "InvalidToken", StoreReason.FORBIDDEN, "renew the Secret"),
    (401, "Unauthorized", StoreReason.FORBIDDEN, "(401 Unauthorized)"),
    (503, "SlowDown", StoreReason.UNREACHABLE, "503 SlowDown: too many requests"),
    (429, "TooManyRequests", StoreReason.UNREACHABLE, "too many requests"),
    (500, "InternalError", StoreReason.UNREACHABLE, "the store itself is in trouble"),
    (502, "BadGateway", StoreReason.UNREACHABLE, "the store itself is in trouble"),
    (400, "AuthorizationHeaderMalformed", StoreReason.UNREACHABLE, "set AWS_REGION"),
    (301, "PermanentRedirect", StoreReason.UNREACHABLE, "set AWS_REGION"),
    (400, "Other", StoreReason.UNREACHABLE, "answered 400 Other"),
    (409, "OperationAborted", StoreReason.UNREACHABLE, "by somebody else"),
    (407, "ProxyAuthenticationRequired", StoreReason.UNREACHABLE, "the proxy wants a login"),
    (403, "InvalidObjectState", StoreReason.FORBIDDEN, "lies in an archive; restore it"),
    (409, "BlobArchived", StoreReason.FORBIDDEN, "lies in an archive; restore it"),
    (412, "PreconditionFailed", StoreReason.UNREACHABLE, "by somebody else"),
]


@pytest.mark.parametrize(("status", "code", "reason", "says"), REFUSALS)
def test_a_refusal_has_a_reason_and_a_remedy(status, code, reason, says):
    with stub(lambda request: request.refuse(status, code)) as server:
        told = failure(server.address)
    assert (told.reason, says in str(told)) == (reason, True), str(told)
    assert str(told).startswith(URI)
    assert len(str(told)) < 256


def test_every_cause_reads_differently():
    sentences = set()
    for status, code, _, _ in REFUSALS:
        with stub(lambda request, s=status, c=code: request.refuse(s, c)) as server:
            sentences.add(str(failure(server.address)))
    assert len(sentences) >= len(REFUSALS) - 3  # two pairs and one triple mean the same


def silent(request: Request) -> None:
    time.sleep(3)


def slow(request: Request) -> None:
    """One byte in a while: each piece comes in time, the whole does not."""
    headers(request, 1000)
    for _ in range(60):
        request.handler.wfile.write(b"x")
        request.handler.wfile.flush()
        time.sleep(0.3)


def broken_off(request: Request) -> None:
    headers(request, 1000)
    request.handler.wfile.write(b"x")
    request.handler.close_connection = True


def headers(request: Request, length: int) -> None:
    request.handler.send_response(200)
    for name, value in (("ETag", '"1"'), ("Last-Modified", MODIFIED), ("Content-Length", str(length))):
        request.handler.send_header(name, value)
    request.handler.end_headers()


@pytest.mark.parametrize(
    ("answer", "says"),
    [(silent, "in time"), (slow, "in time"), (broken_off, "broke off")],
    ids=["silent", "slow", "broken off"],
)
def test_no_whole_answer_ends_in_bounded_time(answer, says):
    begun = time.monotonic()
    with stub(answer) as server, pytest.raises(StoreError, match=says) as caught:
        fetch(URI, max_bytes=10_000, environ={**LOGIN, "AWS_ENDPOINT_URL": server.address}, seconds=4)
    assert caught.value.reason is StoreReason.UNREACHABLE
    assert time.monotonic() - begun < 15


def test_the_same_over_http():
    with stub(slow) as server, pytest.raises(StoreError, match="in time"):
        fetch(f"{server.address}/x", max_bytes=10_000, environ={}, seconds=2)


def test_a_storm_of_errors_passes(monkeypatch):
    """A store that comes back within the tries is read as if nothing had been."""
    monkeypatch.setattr(objects, "RETRIES", {**objects.RETRIES, "max_retries": 5})
    left = iter([503, 500, 503])

    def answer(request: Request) -> None:
        status = next(left, 200)
        request.give(b"model") if status == 200 else request.refuse(status, "SlowDown")

    with stub(answer) as server:
        assert (
            fetch(URI, max_bytes=100, environ={**LOGIN, "AWS_ENDPOINT_URL": server.address}).data == b"model"
        )
    assert len(server.requests) == 4


# --- TLS ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("schemes", ["s3", "https"])
def test_a_certificate_is_trusted_by_the_authority_that_the_secret_names(authority, schemes):
    with stub(lambda request: request.give(b"model"), authority.sign()) as server:
        uri = URI if schemes == "s3" else f"{server.address}/model.json"
        for variable in ("AWS_CA_BUNDLE", "SSL_CERT_FILE")[schemes == "https" :]:
            for value in (authority.pem, str(authority.file)):
                login = {**LOGIN, "AWS_ENDPOINT_URL": server.address, variable: value}
                assert fetch(uri, max_bytes=100, environ=login).data == b"model"
        with pytest.raises(
            StoreError, match="is not trusted; name its authority in AWS_CA_BUNDLE or SSL_CERT_FILE"
        ):
            fetch(uri, max_bytes=100, environ={**LOGIN, "AWS_ENDPOINT_URL": server.address})


@pytest.mark.parametrize("scheme", ["s3", "https"])
@pytest.mark.parametrize(
    ("made", "says"),
    [
        ({"host": "example.com"}, "another host name"),
        ({"begins": -9, "ends": -2}, "has expired"),
        ({"begins": 2}, "not valid yet"),
    ],
)
def test_a_wrong_certificate_says_in_which_way(authority, scheme, made, says):
    with stub(lambda request: request.give(b"model"), authority.sign(**made)) as server:
        uri = URI if scheme == "s3" else f"{server.address}/model.json"
        login = {**LOGIN, "AWS_ENDPOINT_URL": server.address, "SSL_CERT_FILE": authority.pem}
        with pytest.raises(StoreError, match=says):
            fetch(uri, max_bytes=100, environ=login)


def test_a_server_without_tls(authority):
    with stub(lambda request: request.give(b"model")) as server:
        for uri in (URI, server.address.replace("http:", "https:") + "/x"):
            login = {**LOGIN, "AWS_ENDPOINT_URL": server.address.replace("http:", "https:")}
            with pytest.raises(StoreError, match="speaks no TLS"):
                fetch(uri, max_bytes=100, environ=login)


def test_a_proxy_that_is_away_is_named(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert "and the proxy of HTTP_PROXY" in str(failure("http://store.invalid"))


# --- places and settings -----------------------------------------------------------------------------------------------------


@pytest.fixture
def bucket_elsewhere() -> Iterator[Stub]:
    """A bucket that lies in eu-west-3, as S3 tells everybody."""

    def answer(request: Request) -> None:
        if "/eu-west-3/" in request.headers.get("Authorization", ""):
            request.give(b"model")
        else:
            request.answer(301, x_amz_bucket_region="eu-west-3")

    with stub(answer) as server:
        yield server


def test_without_a_region_the_bucket_is_read_where_it_lies(bucket_elsewhere):
    login = {**LOGIN, "AWS_REGION": "", "AWS_ENDPOINT_URL": bucket_elsewhere.address}
    assert fetch(URI, max_bytes=100, environ=login).data == b"model"
    put(URI, b"new", environ=login)


def test_a_wrong_region_is_told_instead_of_guessed(bucket_elsewhere):
    assert "set AWS_REGION" in str(failure(bucket_elsewhere.address))


def test_a_bucket_in_the_path():
    with stub(lambda request: request.give(b"model")) as server:
        assert fetch(URI, max_bytes=100, environ={**LOGIN, "AWS_ENDPOINT_URL": f"{server.address}/"}).data
    assert server.requests[0].path == "/leads/conversion/model.json"


@pytest.mark.parametrize("endpoint", ["https://store.example.com/", "https://leads.store.example.com"])
def test_a_bucket_in_the_host_is_put_there_once(endpoint):
    login = {"AWS_ENDPOINT_URL": endpoint, "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "true", **LOGIN}
    chosen = aws.login(Variables(login), "leads")
    assert chosen.place["endpoint"] == "https://leads.store.example.com"
    assert chosen.place["virtual_hosted_style_request"] == "true"


def test_an_etag_that_no_header_takes_asks_without_condition():
    with stub(lambda request: request.give(b"model")) as server:
        login = {**LOGIN, "AWS_ENDPOINT_URL": server.address}
        for uri in (URI, f"{server.address}/x"):
            for etag in ('"a\nb"', "ü", ""):
                assert fetch(uri, max_bytes=100, etag=etag, environ=login).data == b"model"
    assert not any(request.headers.get("If-None-Match") for request in server.requests)


def test_a_panic_of_the_library_is_an_error_like_others(monkeypatch):
    """Its exception is no `Exception`, so that a program would end with a traceback."""
    monkeypatch.setattr(objects, "open_store", _panicking)
    with pytest.raises(StoreError, match="cannot be asked with these settings"):
        fetch(URI, max_bytes=100, environ=LOGIN)


def _panicking(*_: object) -> None:
    from obstore.store import from_url

    from_url("s3://leads", config={"aws_allow_http": "true", "aws_region": "x"})  # type: ignore[call-overload]


PYTHONS = [
    FileNotFoundError,
    PermissionError,
    FileExistsError,
    NotImplementedError,
    ValueError,
    TimeoutError,
    OSError,
    RuntimeError,
]


@pytest.mark.parametrize("kind", PYTHONS)
def test_every_exception_that_the_library_may_raise_becomes_one_of_ours(kind, monkeypatch):
    def raising(*_: object) -> None:
        raise kind(f"s3://{SECRET}")

    monkeypatch.setattr(objects, "open_store", raising)
    told = failure("http://127.0.0.1:9")
    wanted = {
        FileNotFoundError: StoreReason.NOT_FOUND,
        PermissionError: StoreReason.FORBIDDEN,
        ValueError: StoreReason.BAD_URI,
    }
    assert told.reason is wanted.get(kind, StoreReason.UNREACHABLE)


def test_control_without_the_explanation_the_librarys_own_error_comes_through(monkeypatch):
    def unexplained(error: BaseException, *_: object, **__: object) -> trouble.Trouble:
        raise error

    monkeypatch.setattr(trouble, "of", unexplained)
    with stub(lambda request: request.refuse(404, "NoSuchKey")) as server, pytest.raises(FileNotFoundError):
        fetch(URI, max_bytes=100, environ={**LOGIN, "AWS_ENDPOINT_URL": server.address})


def test_a_pipe_is_read_where_a_program_reads_once_and_refused_where_it_looks_again(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = Thread(target=pipe.write_bytes, args=(b"data",), daemon=True)
    writer.start()
    assert fetch(pipe.as_uri(), max_bytes=9, environ={}).data == b"data"
    writer.join(30)
    with pytest.raises(StoreError, match="is no regular file") as caught:
        fetch(pipe.as_uri(), max_bytes=9, environ={}, pipes=False)
    assert caught.value.reason is StoreReason.UNREACHABLE
    pipe.unlink()
    pipe.write_bytes(b"data")
    assert fetch(pipe.as_uri(), max_bytes=9, environ={}, pipes=False).data == b"data"
