"""A login to an `https://` source: by token or by user and password, shown to the host of the source alone."""

import base64

import pytest

from leadmodel_messages import credentials
from leadmodel_messages.credentials import Source, environment
from leadmodel_store import web
from leadmodel_store.store import StoreError, StoreReason, check, fetch, put
from support.checking_stub import Authority, Request, stub

TOKEN = {"HTTP_BEARER_TOKEN": "a-token"}
USER = {"HTTP_USERNAME": "models", "HTTP_PASSWORD": "pass:wörd"}
HEADERS = {
    "token": (TOKEN, "Bearer a-token"),
    "token with a line end": ({"HTTP_BEARER_TOKEN": " a-token\n"}, "Bearer a-token"),
    "password": (USER, "Basic " + base64.b64encode("models:pass:wörd".encode()).decode()),
}


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def only(header: str):
    """A server that gives its model to who shows this header."""

    def answer(request: Request) -> None:
        if request.headers.get("Authorization") == header:
            request.give(b"model")
        else:
            request.answer(401)

    return answer


@pytest.mark.parametrize("way", HEADERS)
def test_a_login_reads_and_writes(authority, way):
    login, header = HEADERS[way]
    with stub(only(header), authority.sign()) as server:
        environ = {**login, "SSL_CERT_FILE": authority.pem}
        assert fetch(f"{server.address}/model.json", max_bytes=100, environ=environ).data == b"model"
        put(f"{server.address}/model.json", b"model", environ=environ)
        for wrong in ({}, {"HTTP_BEARER_TOKEN": "another"}):
            with pytest.raises(StoreError, match="check the Secret") as refused:
                fetch(f"{server.address}/x", max_bytes=100, environ={**wrong, "SSL_CERT_FILE": authority.pem})
            assert refused.value.reason is StoreReason.FORBIDDEN
            assert "another" not in str(refused.value)


@pytest.mark.parametrize(
    ("uri", "login", "says"),
    [
        ("http://127.0.0.1:9/x", TOKEN, "HTTP_BEARER_TOKEN is sent to https:// only"),
        ("http://127.0.0.1:9/x", USER, "HTTP_USERNAME is sent to https:// only"),
        ("https://127.0.0.1:9/x", {"HTTP_USERNAME": "a"}, "are needed together"),
        ("https://127.0.0.1:9/x", {"HTTP_PASSWORD": "a"}, "are needed together"),
        ("https://127.0.0.1:9/x", {"HTTP_USERNAME": "a:b", "HTTP_PASSWORD": "c"}, "must not hold a colon"),
        ("https://127.0.0.1:9/x", {"HTTP_BEARER_TOKEN": "two\r\nX-Lines: 1"}, "holds a line break"),
    ],
)
def test_a_login_that_cannot_be_used_is_refused_before_anybody_is_asked(uri, login, says):
    asked = (
        lambda: check(uri, environ=login),
        lambda: fetch(uri, max_bytes=100, environ=login),
        lambda: put(uri, b"", environ=login),
    )
    for ask in asked:
        with pytest.raises(StoreError, match=says) as refused:
            ask()
        assert refused.value.reason is StoreReason.FORBIDDEN


def shown_after_redirect(authority: Authority) -> list[str | None]:
    """What a server is shown to which another one redirects, and then the first one itself, by another path."""
    with stub(lambda request: request.give(b"model"), authority.sign()) as other:

        def answer(request: Request) -> None:
            if request.path == "/away":
                request.answer(302, Location=f"{other.address}/model.json")
            elif request.path == "/here":
                request.answer(302, Location="/model.json")
            else:
                request.give(b"model")

        with stub(answer, authority.sign()) as server:
            for path in ("away", "here"):
                fetch(
                    f"{server.address}/{path}",
                    max_bytes=100,
                    environ={**TOKEN, "SSL_CERT_FILE": authority.pem},
                )
            return [seen.requests[-1].headers.get("Authorization") for seen in (other, server)]


def test_another_host_is_not_shown_the_token(authority):
    assert shown_after_redirect(authority) == [None, "Bearer a-token"]


def test_control_a_login_for_every_origin(authority, monkeypatch):
    monkeypatch.setattr(web, "origin", lambda _uri: ("", None, None))
    assert shown_after_redirect(authority) == ["Bearer a-token"] * 2


def of_holdout() -> dict[str, str]:
    """What counts for a holdout without a Secret, beside an artifact with one."""
    return environment(
        Source.HOLDOUT, {f"ARTIFACT_STORE_{n}": v for n, v in {**TOKEN, "AWS_REGION": "x"}.items()}
    )


def test_a_source_without_a_secret_does_not_show_anothers_token():
    assert of_holdout() == {"AWS_REGION": "x"}


def test_control_a_token_that_counts_for_every_source(monkeypatch):
    monkeypatch.setattr(credentials, "WEB_LOGIN", ())
    assert "HTTP_BEARER_TOKEN" in of_holdout()
