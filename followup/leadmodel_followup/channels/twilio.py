"""SMS over Twilio: one form per message, and a look-up by the recipient's number that compares texts.

Twilio keeps no key of the sender's own that a look-up could ask for, so the text itself is the key.
"""

import base64
import re
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from leadmodel_followup.channels import checks
from leadmodel_followup.channels.channel import Message
from leadmodel_followup.channels.http import Answer, Request
from leadmodel_followup.channels.http_channel import Codes, HttpChannel
from leadmodel_followup.channels.outcomes import Absent, Present, Trace, Undecided
from leadmodel_followup.channels.secrets import MissingSecret

_API = "https://api.twilio.com"
_LONGEST_BODY = 1600
_FORM = "application/x-www-form-urlencoded"
_PAGE, _PAGES, _LONGEST_PAGE = 100, 10, 1 << 20
_CLOCKS_MS = 60_000  # by which two clocks may differ
_ACCOUNT = re.compile(r"AC[0-9a-fA-F]{32}")


class Twilio(HttpChannel):
    """Secrets: `accountSid` with `authToken`, or with `apiKeySid` and `apiKeySecret` in its place."""

    codes: ClassVar[Codes] = Codes(
        throttled={20429: 1_000, 14107: 1_000, 63018: 1_000, 21611: 60_000, 63038: 3_600_000},
        opted_out=frozenset({21610}),
        account=frozenset({20003, 20005, 20006}),
    )

    def request(self, message: Message) -> Request:
        """Return the form with number, text and the address for reports, which names the follow-up."""
        settings = self.settings
        form = {
            "To": checks.phone(message.address),
            "Body": checks.body(message.body, _LONGEST_BODY),
        }
        if settings.messaging_service_sid:
            form["MessagingServiceSid"] = settings.messaging_service_sid
        else:
            form["From"] = checks.line(settings.sender or "", 64, "bad-from")
        if self.public_url:
            path = f"/webhooks/{quote(settings.name, safe='')}/{quote(message.reference, safe='')}"
            form["StatusCallback"] = self.public_url.rstrip("/") + path
        headers = {"Authorization": self._login(), "Content-Type": _FORM}
        return Request("POST", self._url(), headers, urlencode(form).encode())

    def taken(self, answer: Answer) -> str | None:
        """Return the message's `sid`."""
        return checks.provider_id(answer.document().get("sid"))

    def code(self, answer: Answer) -> int | None:
        """Return Twilio's number of the error."""
        value = answer.document().get("code")
        return value if isinstance(value, int) else None

    def look_up(self, message: Message, since_ms: int) -> Trace:
        """Look through all messages to the number. Absent only where all of them were read and each has another text.

        No date narrows the list: a message that still waits at Twilio has no date of sending, and a list by that date leaves it out.
        """
        try:
            url = f"{self._url()}?{urlencode({'To': checks.phone(message.address), 'PageSize': _PAGE})}"
            headers = {"Authorization": self._login()}
        except (checks.Unsendable, MissingSecret):
            return Undecided()
        for _ in range(_PAGES):
            answer = self.http.exchange(Request("GET", url, headers), _LONGEST_PAGE)
            page = answer.document() if isinstance(answer, Answer) and answer.status == 200 else {}
            messages, following = page.get("messages"), page.get("next_page_uri")
            if not isinstance(messages, list):
                return Undecided()
            for one in messages:
                trace = _compare(one, message, since_ms)
                if trace is not None:
                    return trace
            if following is None:
                return Absent()
            url = self._base() + str(following)
            if not url.startswith(self._url() + "?"):  # the login goes nowhere else
                return Undecided()
        return Undecided()

    def _base(self) -> str:
        return (self.settings.api_url or _API).rstrip("/")

    def _url(self) -> str:
        account = self.secrets.read("accountSid")
        if not _ACCOUNT.fullmatch(account):
            raise MissingSecret("accountSid")
        return f"{self._base()}/2010-04-01/Accounts/{account}/Messages.json"

    def _login(self) -> str:
        key = self.secrets.find("apiKeySid")
        pair = (
            (self.secrets.read("accountSid"), self.secrets.read("authToken"))
            if key is None
            else (key, self.secrets.read("apiKeySecret"))
        )
        return "Basic " + base64.b64encode(":".join(pair).encode()).decode()


def _compare(one: Any, message: Message, since_ms: int) -> Trace | None:
    """What one message of Twilio's list tells; None where it is certainly another message."""
    if not isinstance(one, dict) or one.get("direction") == "inbound":
        return None
    created_ms = _created_ms(one)
    if created_ms is not None and created_ms < since_ms - _CLOCKS_MS:
        return None
    body = one.get("body")
    if not isinstance(body, str) or not body:
        return Undecided()  # the account keeps no texts
    sid = checks.provider_id(one.get("sid"))
    if sid is None:
        return Undecided()
    return Present(sid) if _plain(message.body) in _plain(body) else None


def _created_ms(one: dict[str, Any]) -> int | None:
    try:
        return round(parsedate_to_datetime(one["date_created"]).timestamp() * 1000)
    except (KeyError, TypeError, ValueError):
        return None


def _plain(text: str) -> str:
    """Letters and digits alone: Twilio may exchange punctuation for shorter forms and put words around a text."""
    return "".join(c for c in text.casefold() if c.isalnum())
