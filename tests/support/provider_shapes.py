"""What Twilio, SendGrid and WhatsApp take and answer, in the shapes of their own OpenAPI files."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs

from starlette.responses import JSONResponse, Response

STOPPED = {"Twilio": 21610, "WhatsApp": 131050, "SendGrid": 0}
ACCOUNT = "AC" + "0" * 32


@dataclass(frozen=True)
class Seen:
    """One request as it came."""

    provider: str
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Taken:
    """One message that a provider took: `callback` is where it reports, `at_s` is in seconds since 1970."""

    provider: str
    id: str
    reference: str
    address: str
    text: str
    callback: str = ""
    at_s: float = field(default_factory=time.time)


def _id(prefix: str) -> str:
    return f"{prefix}{time.time_ns():032x}"


def sms(body: bytes) -> Taken:
    form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    callback = form.get("StatusCallback", "")
    return Taken("Twilio", _id("SM"), callback.rpartition("/")[2], form["To"], form["Body"], callback)


def mail(body: bytes) -> Taken:
    value = json.loads(body)
    person = value["personalizations"][0]
    text = value["content"][0]["value"]
    return Taken("SendGrid", _id("m"), person["custom_args"]["reference"], person["to"][0]["email"], text)


def template(body: bytes) -> Taken:
    value = json.loads(body)
    text = json.dumps(value["template"])
    return Taken("WhatsApp", _id("wamid."), value["biz_opaque_callback_data"], value["to"], text)


def success(taken: Taken) -> Response:
    if taken.provider == "SendGrid":
        return Response(status_code=202, headers={"X-Message-Id": taken.id})
    if taken.provider == "WhatsApp":
        contacts = [{"input": taken.address, "wa_id": taken.address.strip("+")}]
        messages = [{"id": taken.id, "message_status": "accepted"}]
        return JSONResponse({"messaging_product": "whatsapp", "contacts": contacts, "messages": messages})
    return JSONResponse(resource(taken), 201)


def refusal(provider: str, status: int, code: int) -> Response:
    text = "quillfeather: the provider repeats number and text here"
    if provider == "SendGrid":
        return JSONResponse({"errors": [{"message": text, "field": None, "help": None}]}, status)
    if provider == "WhatsApp":
        error = {"message": text, "type": "OAuthException", "code": code, "fbtrace_id": "A"}
        return JSONResponse({"error": error}, status)
    return JSONResponse({"code": code, "message": text, "more_info": "", "status": status}, status)


def resource(taken: Taken) -> dict[str, Any]:
    """A message as Twilio shows it; one that was just taken has no date of sending."""
    at = formatdate(taken.at_s)
    dates = {"date_created": at, "date_updated": at, "date_sent": None}
    state = {"status": "queued", "direction": "outbound-api", "account_sid": ACCOUNT, "error_code": None}
    return {"sid": taken.id, "to": taken.address, "body": taken.text, **dates, **state}
