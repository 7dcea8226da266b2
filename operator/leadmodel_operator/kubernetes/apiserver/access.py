"""The way to an API server: its address, TLS, a proxy, and credentials that may be renewed while the process runs.

Every connection of the operator is made by `Access.session`: requests, watches, Kopf's event stream and scrapes through the API server.
"""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import aiohttp
from yarl import URL

AGENT = "leadmodel-operator"


class AccessError(Exception):
    """No usable way to an API server is configured; the message says in one line what is missing."""


class Credentials(Protocol):
    """Proof of identity, as a value of the Authorization header."""

    async def authorization(self) -> str:
        """Return the header's present value; empty where the TLS certificate is the proof, or nothing is."""

    def reject(self) -> None:
        """Note that the API server answered 401: the next call of `authorization` renews the credentials."""


@dataclass(frozen=True)
class NoCredentials:
    """No token: requests carry no Authorization header, because a TLS certificate is the proof or none is needed."""

    async def authorization(self) -> str:
        """Return the empty text, which sends no header."""
        return ""

    def reject(self) -> None:
        """Ignore the rejection: there is nothing to renew."""


@dataclass(frozen=True)
class TokenFile:
    """The token of a pod's service account; the kubelet renews the file, so each request reads the file anew."""

    path: Path

    async def authorization(self) -> str:
        """Return the token in the file as a bearer token."""
        return f"Bearer {self.path.read_text(encoding='utf-8').strip()}"  # a small file in memory: no thread is worth it

    def reject(self) -> None:
        """Ignore the rejection: each request reads the file anyway."""


@dataclass(frozen=True)
class Access:
    """Where the API server is and how the operator proves its identity there.

    `proxy` is the URL of an HTTP proxy; `server_name` replaces the host of `server` in TLS, for SNI and for the check of the
    server's certificate.
    """

    server: str
    context: ssl.SSLContext
    credentials: Credentials = field(default_factory=NoCredentials)
    proxy: str | None = None
    server_name: str | None = None

    def session(
        self,
        limit: int = 0,
        timeout: aiohttp.ClientTimeout | None = None,
        answers: type[aiohttp.ClientResponse] = aiohttp.ClientResponse,
    ) -> aiohttp.ClientSession:
        """Open a pool of at most `limit` connections (0: any number) whose requests carry the credentials of their moment.

        `answers` is the class of the answers.
        """
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self.context, limit=limit),
            timeout=timeout or aiohttp.ClientTimeout(),
            headers={"User-Agent": AGENT},
            middlewares=(self._authorize,),
            proxy=self.proxy,
            response_class=answers,
        )

    async def _authorize(
        self, request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        if request.url.origin() != URL(self.server).origin():  # a redirect elsewhere gets no token
            return await send(request)
        authorization = await self.credentials.authorization()
        if authorization:
            request.headers["Authorization"] = authorization
        request.server_hostname = self.server_name
        response = await send(request)
        if response.status == 401:
            self.credentials.reject()
        return response
