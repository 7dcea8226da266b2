"""E-mail over SendGrid's v3 API: text and HTML, with the headers of one-click unsubscribing (RFC 8058)."""

import json
from typing import Any, ClassVar

from leadmodel_followup.channels import checks
from leadmodel_followup.channels.channel import Message
from leadmodel_followup.channels.http import Answer, Request
from leadmodel_followup.channels.http_channel import Codes, HttpChannel

_API = "https://api.sendgrid.com"
_LONGEST_SUBJECT, _LONGEST_TEXT = 998, 1 << 20


class SendGrid(HttpChannel):
    """Secrets: `apiKey`. SendGrid cannot be asked for a message; its events echo the follow-up's id."""

    codes: ClassVar[Codes] = Codes(account=frozenset({403}))  # no right to send, or not from this address

    def request(self, message: Message) -> Request:
        """Return the JSON of one e-mail to one address."""
        name, address = checks.sender(self.settings.sender)
        content = [{"type": "text/plain", "value": checks.body(message.body, _LONGEST_TEXT)}]
        if message.html:
            html = checks.body(message.html, _LONGEST_TEXT, "bad-html")
            content.append({"type": "text/html", "value": html})
        document: dict[str, Any] = {
            "personalizations": [
                {
                    "to": [{"email": checks.email(message.address)}],
                    "custom_args": {"reference": message.reference},
                }
            ],
            "from": {"email": address, **({"name": name} if name else {})},
            "subject": checks.line(message.subject, _LONGEST_SUBJECT, "bad-subject"),
            "content": content,
        }
        if message.unsubscribe:
            document |= _unsubscribing(checks.url(message.unsubscribe, "bad-unsubscribe"))
        headers = {
            "Authorization": f"Bearer {self.secrets.read('apiKey')}",
            "Content-Type": "application/json",
        }
        url = (self.settings.api_url or _API).rstrip("/") + "/v3/mail/send"
        return Request("POST", url, headers, json.dumps(document).encode())

    def taken(self, answer: Answer) -> str | None:
        """Return `X-Message-Id`; the body is empty."""
        return checks.provider_id(answer.headers.get("x-message-id"))

    def code(self, answer: Answer) -> int | None:
        """Return the status: SendGrid has no codes of its own, only texts."""
        return answer.status


def _unsubscribing(url: str) -> dict[str, Any]:
    """The headers of RFC 8058, and SendGrid's own way to unsubscribe off, which would put other headers in their place."""
    headers = {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    return {"headers": headers, "tracking_settings": {"subscription_tracking": {"enable": False}}}
