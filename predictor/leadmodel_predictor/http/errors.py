"""Refusals: one exception and one JSON body for every request that is answered with an error."""

import json

from leadmodel_predictor.http.types import Header, Send
from leadmodel_predictor.serving.decode import BadLead

JSON_TYPE = (b"content-type", b"application/json")


class Refused(Exception):  # noqa: N818  # an answer, not a failure
    """Ends a request with an error answer; neither `field` nor the message holds a value of the request.

    Attributes:
        code: the HTTP status.
        field: the JSON path of the wrong value, `$` for the request as a whole, or the name of a query parameter.
        headers: headers beside those of every JSON answer.
    """

    def __init__(self, code: int, field: str, message: str, *headers: Header) -> None:
        super().__init__(message)
        self.code, self.field, self.headers = code, field, headers


class ClientDisconnected(Exception):  # noqa: N818  # nobody is left to read an error
    """Ends a request whose client left before the body was whole."""


def error_body(field: str, message: str) -> bytes:
    """The JSON body of every refusal."""
    return json.dumps({"error": message, "field": field}).encode()


def refusal(error: Exception) -> Refused:
    """The answer to an error of a scoring endpoint; an error without an answer is raised again."""
    match error:
        case Refused():
            return error
        case BadLead():
            return Refused(422, error.field, str(error))
        case _:
            raise error


async def send_refusal(send: Send, error: Refused) -> None:
    """Send a refusal as an ASGI response."""
    body = error_body(error.field, str(error))
    headers = [JSON_TYPE, (b"content-length", b"%d" % len(body)), *error.headers]
    await send({"type": "http.response.start", "status": error.code, "headers": headers})
    await send({"type": "http.response.body", "body": body})
