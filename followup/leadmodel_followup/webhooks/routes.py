"""The routes of webhooks and of the unsubscribe page. A request that cannot be verified changes nothing and is counted by its reason."""

import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from leadmodel_followup.channels.secrets import MissingSecret, SecretFolder
from leadmodel_followup.ledger.errors import LedgerUnavailable
from leadmodel_followup.ledger.events import News
from leadmodel_followup.ledger.ledger import Ledger
from leadmodel_followup.planning.identity import ContactHasher
from leadmodel_followup.settings.settings import ChannelSettings, Provider, Settings
from leadmodel_followup.webhooks import sendgrid, twilio, whatsapp
from leadmodel_followup.webhooks.body import read_body
from leadmodel_followup.webhooks.inbox import Inbox
from leadmodel_followup.webhooks.incoming import Batch, Incoming, Refused, reference
from leadmodel_followup.webhooks.unsubscribe import Unsubscribe

Handler = Callable[[Request], Awaitable[Response]]
_LONGEST: dict[str, int] = {
    Provider.TWILIO: 64 << 10,
    Provider.SENDGRID: 4 << 20,
    Provider.WHATSAPP: 4 << 20,
}  # bytes


def wall_ms() -> int:
    """Return the present time in milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class WebhookDeps:
    """What the routes need.

    Attributes:
        settings: Channels, and the public URL over which providers call.
        secrets: Folder with a folder of secrets per channel.
        hasher: Gives the hasher of addresses.
        inbox: The stream for events.
        ledger: For opt-outs by the unsubscribe page, which are recorded before the answer.
        rejected: Counts a refused request by channel and reason.
        skipped: Counts an event that cannot be read, of a request that was taken, by channel and reason.
        news: Counts first events of follow-ups.
        now: Milliseconds UTC.
    """

    settings: Settings
    secrets: Path
    hasher: Callable[[], ContactHasher]
    inbox: Inbox
    ledger: Ledger
    rejected: Callable[[str, str], None]
    skipped: Callable[[str, str], None]
    news: Callable[[Iterable[News]], None]
    now: Callable[[], int] = wall_ms


def routes(deps: WebhookDeps) -> list[Route]:
    """All routes, without a token: signatures guard them."""
    webhooks = Webhooks(deps)
    page = Unsubscribe(deps.ledger, deps.hasher, deps.news, deps.now)
    return [
        Route("/webhooks/{channel}", webhooks.post, methods=["POST"]),
        Route("/webhooks/{channel}/{reference}", webhooks.post, methods=["POST"]),
        Route("/webhooks/{channel}", webhooks.challenge, methods=["GET"]),
        Route("/u/{token}", page.page, methods=["GET"]),
        Route("/u/{token}", webhooks.guarded(page.post, "unsubscribe"), methods=["POST"]),
    ]


@dataclass(frozen=True)
class Webhooks:
    """Takes requests of providers."""

    deps: WebhookDeps

    async def post(self, request: Request) -> Response:
        """Verify a request, put its events into the stream, answer."""
        channel = self._channel(request)
        if channel is None:
            return PlainTextResponse("no such channel", 404)
        return await self.guarded(lambda asked: self._take(asked, channel), channel.name)(request)

    async def challenge(self, request: Request) -> Response:
        """Answer Meta's question whether the address is ours."""
        channel = self._channel(request)
        if channel is None or channel.provider is not Provider.WHATSAPP:
            return PlainTextResponse("no such channel", 404)

        async def answer(asked: Request) -> Response:
            return PlainTextResponse(whatsapp.challenge(asked.query_params, self._secrets(channel)))

        return await self.guarded(answer, channel.name)(request)

    def guarded(self, handler: Handler, channel: str) -> Handler:
        """The handler with an answer, and a count, for each way to be refused."""

        async def guard(request: Request) -> Response:
            try:
                return await handler(request)
            except Refused as refused:
                status, reason = refused.status, refused.reason
            except MissingSecret as missing:
                status, reason = 503, f"no-{missing.key}"
            except LedgerUnavailable:
                status, reason = 503, "ledger"
            self.deps.rejected(channel, reason)
            return PlainTextResponse(reason, status)

        return guard

    async def _take(self, request: Request, channel: ChannelSettings) -> Response:
        body = await read_body(request, _LONGEST[channel.provider])
        incoming = Incoming(
            channel=channel.name,
            url=self._public_url(request),
            headers=request.headers,
            body=body,
            reference=reference(request.path_params.get("reference")),
            received_ms=self.deps.now(),
        )
        batch = self._events(incoming, channel)
        if not await self.deps.inbox.post(batch.posted):
            raise Refused(503, "full")
        for reason in batch.skipped:
            self.deps.skipped(channel.name, reason)
        return Response(status_code=204)

    def _events(self, incoming: Incoming, channel: ChannelSettings) -> Batch:
        """The events of a request that its signature proves. Raises Refused, MissingSecret."""
        secrets, hasher = self._secrets(channel), self.deps.hasher()
        match channel.provider:
            case Provider.TWILIO:
                if not self.deps.settings.public_url:
                    raise Refused(503, "no-publicUrl")
                twilio.verify(incoming, secrets)
                return twilio.events(incoming, hasher)
            case Provider.SENDGRID:
                sendgrid.verify(incoming, secrets)
                return sendgrid.events(incoming, hasher)
            case _:
                whatsapp.verify(incoming, secrets)
                return whatsapp.events(incoming, hasher, channel.phone_number_id)

    def _public_url(self, request: Request) -> str:
        """What the provider called: proxies in between may have changed all of the address but its end."""
        query = request.scope["query_string"].decode("latin-1")
        host = (self.deps.settings.public_url or "").rstrip("/")
        return f"{host}{request.scope['path']}{'?' if query else ''}{query}"

    def _channel(self, request: Request) -> ChannelSettings | None:
        channel = self.deps.settings.channels.get(request.path_params["channel"])
        return channel if channel is not None and channel.provider in _LONGEST else None

    def _secrets(self, channel: ChannelSettings) -> SecretFolder:
        return SecretFolder(self.deps.secrets / channel.name)
