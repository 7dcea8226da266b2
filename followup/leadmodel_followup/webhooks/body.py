"""Reads the body of a request up to a limit."""

from starlette.requests import ClientDisconnect, Request

from leadmodel_followup.webhooks.incoming import Refused


async def read_body(request: Request, longest: int) -> bytes:
    """The body as it came. Raises Refused for one of more than `longest` bytes or one that broke off."""
    given = request.headers.get("content-length", "0")
    if not given.isdecimal() or len(given) > 12 or int(given) > longest:
        raise Refused(413, "too-large")
    parts, size = [], 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > longest:
                raise Refused(413, "too-large")
            parts.append(part)
    except ClientDisconnect:
        raise Refused(400, "broken-off") from None
    return b"".join(parts)
