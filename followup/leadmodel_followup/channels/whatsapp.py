"""Template messages over WhatsApp's Cloud API: the only kind that may leave when the recipient has not written for a day."""

import json
import re
from typing import Any, ClassVar

from leadmodel_followup.channels import checks
from leadmodel_followup.channels.channel import Message, ProviderTemplate
from leadmodel_followup.channels.http import Answer, Request
from leadmodel_followup.channels.http_channel import MEND_MS, Codes, HttpChannel
from leadmodel_followup.channels.secrets import MissingSecret

_API, _VERSION = "https://graph.facebook.com", "/v23.0"
_TEMPLATE, _LANGUAGE = re.compile(r"[a-z0-9_]{1,512}"), re.compile(r"[a-z]{2,3}(_[A-Z]{2,3})?")
_LONGEST_PARAMETER = 1024


class WhatsApp(HttpChannel):
    """Secrets: `accessToken`. WhatsApp cannot be asked for a message; its status reports echo the follow-up's id."""

    codes: ClassVar[Codes] = Codes(
        # one message per 6 s to one recipient (131056); calls of the app, the account, and messages of the number
        throttled={131056: 6_000, 130429: 1_000, 4: MEND_MS, 80007: MEND_MS, 131048: 3_600_000},
        opted_out=frozenset({131050}),
        account=frozenset({0, 3, 10, 190, 131005, 131031, 131042, 133010, *range(200, 300)}),
    )

    def request(self, message: Message) -> Request:
        """Return the JSON of one template message."""
        if message.template is None:
            raise checks.Unsendable("no-template")
        number = self.settings.phone_number_id or ""
        if not re.fullmatch(r"[0-9]{1,32}", number):
            raise checks.Unsendable("bad-phone-number-id")
        document = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": checks.phone(message.address),
            "type": "template",
            "template": _template(message.template),
            "biz_opaque_callback_data": message.reference,
        }
        headers = {"Authorization": f"Bearer {self._token()}", "Content-Type": "application/json"}
        return Request("POST", f"{self._base()}/{number}/messages", headers, json.dumps(document).encode())

    def taken(self, answer: Answer) -> str | None:
        """Return the id of the one message."""
        match answer.document().get("messages"):
            case [{"id": value}]:
                return checks.provider_id(value)
        return None

    def code(self, answer: Answer) -> int | None:
        """Return Meta's number of the error."""
        match answer.document().get("error"):
            case {"code": int(value)}:
                return value
        return None

    def _base(self) -> str:
        """The API with its version: an address without a path gets the version that this channel was written for."""
        base = (self.settings.api_url or _API).rstrip("/")
        return base if re.search("//[^/]+/", base) else base + _VERSION

    def _token(self) -> str:
        token = self.secrets.read("accessToken")
        if " " in token:
            raise MissingSecret("accessToken")
        return token


def _template(template: ProviderTemplate) -> dict[str, Any]:
    if not (_TEMPLATE.fullmatch(template.name) and _LANGUAGE.fullmatch(template.language)):
        raise checks.Unsendable("bad-template")
    value: dict[str, Any] = {"name": template.name, "language": {"code": template.language}}
    if template.parameters:
        texts = [_parameter(text) for text in template.parameters]
        parameters = [{"type": "text", "text": text} for text in texts]
        value["components"] = [{"type": "body", "parameters": parameters}]
    return value


def _parameter(text: str) -> str:
    """One line without runs of spaces: WhatsApp refuses others."""
    return checks.line(" ".join(text.split()), _LONGEST_PARAMETER, "bad-parameter")
