"""The page behind an unsubscribe link, and the one-click request of mail programs (RFC 8058).

Opening the link changes nothing, because programs that scan mail for harmful links open every link. Nothing but the token says who it is.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from leadmodel_followup.ledger.errors import LedgerUnavailable
from leadmodel_followup.ledger.events import Event, Kind, News
from leadmodel_followup.ledger.ledger import Ledger
from leadmodel_followup.planning.identity import ContactHasher
from leadmodel_followup.webhooks.body import read_body

CHANNEL = "unsubscribe"
_LONGEST = 4096
_YES = re.compile(
    rb'(?:^|&)(?:List-Unsubscribe=One-Click|confirm=yes)(?:&|\s*$)|name="List-Unsubscribe"\r\n\r\nOne-Click\r\n'
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Messages</title>
<style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:30rem;margin:15vh auto;padding:0 1rem}}
button{{font:inherit;padding:.6rem 1.2rem}}</style></head><body>{}</body></html>
"""
_ASK = """<p>Do you want no more messages from us?</p>
<form method="post"><input type="hidden" name="confirm" value="yes"><button>Stop all messages</button></form>"""
_DONE = "<p>Done. We will send you no more messages.</p>"
_BROKEN = "<p>This link is not complete. Please open the link of the message again.</p>"
_LATER = "<p>This did not work. Please try again in a minute.</p>"


@dataclass(frozen=True)
class Unsubscribe:
    """Page and one-click request of one tenant.

    Attributes:
        ledger: The tenant's ledger.
        hasher: Gives the hasher that made the tokens.
        news: Told what was new.
        now: Milliseconds UTC.
    """

    ledger: Ledger
    hasher: Callable[[], ContactHasher]
    news: Callable[[Iterable[News]], None]
    now: Callable[[], int]

    async def page(self, request: Request) -> Response:
        """Ask whether to stop. Changes nothing."""
        known = self.hasher().unsubscribed(request.path_params["token"])
        return _page(_ASK) if known else _page(_BROKEN, 404)

    async def post(self, request: Request) -> Response:
        """Stop all channels of the person, whether or not anything else is kept of them, and any number of times."""
        known = self.hasher().unsubscribed(request.path_params["token"])
        if known is None:
            return _page(_BROKEN, 404)
        if not _YES.search(await read_body(request, _LONGEST)):
            return _page(_ASK, 400)
        follow_up, contact, address = known
        try:
            await run_in_threadpool(self._stop, follow_up, contact, address)
        except LedgerUnavailable:
            return _page(_LATER, 503)
        return _page(_DONE)

    def _stop(self, follow_up: str, contact: str, address: str) -> None:
        channel = self.ledger.read(follow_up).get("channel", CHANNEL)
        event = Event(channel, Kind.OPTED_OUT, self.now(), follow_up, address, contact)
        self.news(self.ledger.apply(event))


def _page(text: str, status: int = 200) -> Response:
    return HTMLResponse(_PAGE.format(text), status, _HEADERS)
