"""Requests and answers of the hot path as raw ASGI: bodies within limits, JSON answers, refusals with a path. No model here."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from leadmodel_predictor.serving.decode import BadLead

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

JSON_TYPE = (b"content-type", b"application/json")


class Refused(Exception):  # noqa: N818  # what it is
    """A request is answered with an error; `field` is the JSON path of what is wrong, the message holds nothing of the request."""

    def __init__(self, code: int, field: str, message: str, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(message)
        self.code, self.field, self.headers = code, field, headers


class Gone(Exception):  # noqa: N818  # what it is
    """The client left before its request was whole."""


class Start(dict[str, Any]):
    """How an answer begins that is JSON, a 200, and one body of this length."""

    def __init__(self, length: int) -> None:
        headers = [JSON_TYPE, (b"content-length", b"%d" % length)]
        super().__init__(type="http.response.start", status=200, headers=headers)
        self.length = length


class Starts(dict[int, Start]):
    """Made once a length, for they are few."""

    def __missing__(self, length: int) -> Start:
        self[length] = Start(length)
        return self[length]


def error_body(field: str, message: str) -> bytes:
    """What every refusal says."""
    return json.dumps({"error": message, "field": field}).encode()


def refusal(error: Exception) -> Refused:
    """The answer to an error on the hot path."""
    match error:
        case Refused():
            return error
        case BadLead():
            return Refused(422, error.field, str(error))
        case _:
            raise error


async def refuse(send: Send, error: Refused) -> None:
    """An error with the path of what is wrong."""
    body = error_body(error.field, str(error))
    headers = [JSON_TYPE, (b"content-length", b"%d" % len(body)), *error.headers]
    await send({"type": "http.response.start", "status": error.code, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def read_body(scope: Scope, first: Message, receive: Receive, limit: int) -> bytes:
    """A body that came in more than one piece; refused as soon as it is known to be over the limit. Raises Refused, Gone."""
    too_large = Refused(413, "$", f"the body may have at most {limit} bytes")
    announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    if int(announced) > limit:
        raise too_large
    parts, size, message = [], 0, first
    while True:
        if message["type"] == "http.disconnect":
            raise Gone
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if size > limit:
            raise too_large
        if not message.get("more_body", False):
            return b"".join(parts)
        message = await receive()
