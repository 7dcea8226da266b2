"""Requests to providers against the vendors' own OpenAPI files, tightened: as shipped they take misspelt fields and free-form numbers.

The files lie in `openapi` of the folder that LEADMODEL_DATA names; they are no part of this project.
"""

import gzip
import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from werkzeug.datastructures import Headers, ImmutableMultiDict

from support.provider_shapes import Seen

Spec = dict[str, Any]
E164 = r"^\+[1-9][0-9]{6,14}$"
NUMBER_OR_NAME = r"^(\+[1-9][0-9]{6,14}|[0-9]{3,8}|[A-Za-z0-9 ]{1,11})$"
EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
URLS = {
    "twilio": "https://api.twilio.com",
    "sendgrid": "https://api.sendgrid.com",
    "whatsapp": "https://graph.facebook.com",
}


def _form(spec: Spec) -> Spec:
    post = spec["paths"]["/2010-04-01/Accounts/{AccountSid}/Messages.json"]["post"]
    return post["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]


def _mail(spec: Spec) -> Spec:
    return spec["components"]["requestBodies"]["PostMailSend"]["content"]["application/json"]["schema"]


def _schemas(spec: Spec) -> Spec:
    return spec["components"]["schemas"]


def _objects(schema: Any) -> Iterator[Spec]:
    """Every schema of an object with named fields within a schema."""
    if isinstance(schema, dict):
        if schema.get("type") == "object" and isinstance(schema.get("properties"), dict):
            yield schema
        for value in schema.values():
            yield from _objects(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _objects(value)


def twilio_closed(spec: Spec) -> None:
    _form(spec)["additionalProperties"] = False


def twilio_to(spec: Spec) -> None:
    _form(spec)["properties"]["To"]["pattern"] = E164


def twilio_from(spec: Spec) -> None:
    _form(spec)["properties"]["From"]["pattern"] = NUMBER_OR_NAME


def twilio_callback(spec: Spec) -> None:
    _form(spec)["properties"]["StatusCallback"]["pattern"] = "^https?://[^/ ]+/"


def twilio_body(spec: Spec) -> None:
    _form(spec)["properties"]["Body"] |= {"minLength": 1, "maxLength": 1600}


def twilio_sender(spec: Spec) -> None:
    _form(spec)["anyOf"] = [{"required": ["From"]}, {"required": ["MessagingServiceSid"]}]


def twilio_content(spec: Spec) -> None:
    _form(spec)["allOf"] = [{"anyOf": [{"required": [name]} for name in ("Body", "MediaUrl", "ContentSid")]}]


def sendgrid_closed(spec: Spec) -> None:
    for schema in [*_objects(_mail(spec)), *_objects(_schemas(spec))]:
        schema["additionalProperties"] = False


def sendgrid_email(spec: Spec) -> None:
    for name in ("MailTo", "MailFrom"):
        _schemas(spec)[name]["properties"]["email"]["pattern"] = EMAIL


def sendgrid_content(spec: Spec) -> None:
    _mail(spec)["anyOf"] = [{"required": ["content", "subject"]}, {"required": ["template_id"]}]


def sendgrid_people(spec: Spec) -> None:
    _mail(spec)["properties"]["personalizations"]["minItems"] = 1


def whatsapp_policy(spec: Spec) -> None:
    language = _schemas(spec)["LanguageObject"]
    language["required"].remove("policy")
    del language["properties"]["policy"]


def whatsapp_closed(spec: Spec) -> None:
    schemas = _schemas(spec)
    schemas["BaseMessageProperties"]["properties"]["biz_opaque_callback_data"] = {
        "type": "string",
        "maxLength": 512,
    }
    schemas["TemplateMessage"]["unevaluatedProperties"] = False
    for name in ("TemplateObject", "TemplateComponent", "LanguageObject"):
        schemas[name]["additionalProperties"] = False


def whatsapp_to(spec: Spec) -> None:
    _schemas(spec)["BaseMessageProperties"]["properties"]["to"]["pattern"] = E164


def whatsapp_product(spec: Spec) -> None:
    _schemas(spec)["BaseMessageProperties"]["properties"]["messaging_product"]["enum"] = ["whatsapp"]


def whatsapp_parameters(spec: Spec) -> None:
    text = {"type": "string", "minLength": 1, "maxLength": 1024, "pattern": r"^[^\n\t]+$"}
    item = {
        "type": "object",
        "additionalProperties": False,
        "required": ["type", "text"],
        "properties": {"type": {"enum": ["text"]}, "text": text},
    }
    _schemas(spec)["TemplateComponent"]["properties"]["parameters"]["items"] = item


TIGHTENINGS: dict[str, tuple[Callable[[Spec], None], ...]] = {
    "twilio": (
        twilio_closed,
        twilio_to,
        twilio_from,
        twilio_callback,
        twilio_body,
        twilio_sender,
        twilio_content,
    ),
    "sendgrid": (sendgrid_closed, sendgrid_email, sendgrid_content, sendgrid_people),
    "whatsapp": (whatsapp_policy, whatsapp_closed, whatsapp_to, whatsapp_product, whatsapp_parameters),
}


@dataclass(frozen=True)
class _Request:
    """What openapi-core reads of a request."""

    host_url: str
    path: str
    method: str
    body: bytes | None
    content_type: str
    parameters: RequestParameters


class VendorSpecs:
    """The three files, tightened by all but the tightenings that a control leaves out."""

    def __init__(self, folder: Path, without: tuple[str, ...] = ()) -> None:
        self._specs = {}
        self._fields: Spec = {}
        for name, tightenings in TIGHTENINGS.items():
            spec = deepcopy(
                json.loads(gzip.decompress((folder / "openapi" / f"{name}.json.gz").read_bytes()))
            )
            for tighten in tightenings:
                if tighten.__name__ not in without:
                    tighten(spec)
            self._specs[name] = OpenAPI.from_dict(spec)
            if name == "twilio":
                self._fields = _form(spec)

    def breaches(self, seen: Seen) -> list[str]:
        """What a vendor's file has against a request, by kind of error."""
        name = seen.provider.lower()
        kind = seen.headers.get("content-type", "")
        pairs = [part.split("=", 1) for part in seen.query.split("&") if part]
        parameters = RequestParameters(
            query=ImmutableMultiDict(pairs), header=Headers(dict(seen.headers)), cookie=ImmutableMultiDict()
        )
        request = _Request(URLS[name], seen.path, seen.method.lower(), seen.body or None, kind, parameters)
        errors = [f"{name}: {_reason(error)}" for error in self._specs[name].iter_request_errors(request)]
        return errors + (self._misspelt(seen) if name == "twilio" else [])

    def _misspelt(self, seen: Seen) -> list[str]:
        """Fields of a form that the schema does not have: openapi-core drops them before it looks."""
        closed = self._fields.get("additionalProperties") is False
        unknown = set(parse_qs(seen.body.decode())) - set(self._fields["properties"])
        return [f"twilio: no field {name}" for name in sorted(unknown) if closed]


def _reason(error: BaseException) -> str:
    causes = [str(cause) for cause in getattr(error.__cause__, "schema_errors", ())]
    return "; ".join([type(error).__name__, *causes])[:500]
