"""What the endpoints of texts and batches read of a request: a whole body within a limit, and flags of the query."""

from urllib.parse import parse_qs

from leadmodel_predictor.http.errors import ClientDisconnected, Refused
from leadmodel_predictor.http.types import Message, Receive, Scope


async def read_body(scope: Scope, first: Message, receive: Receive, limit: int) -> bytes:
    """Read a body in as many parts as it comes.

    Raises:
        Refused: the body is over the limit of bytes, as announced or as it came.
        ClientDisconnected: the client left before the body was whole.
    """
    too_large = Refused(413, "$", f"the body may have at most {limit} bytes")
    announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    if int(announced) > limit:
        raise too_large
    parts, size, message = [], 0, first
    while True:
        if message["type"] == "http.disconnect":
            raise ClientDisconnected
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if size > limit:
            raise too_large
        if not message.get("more_body", False):
            return b"".join(parts)
        message = await receive()


def flag(query: bytes, name: str) -> bool:
    """Whether the query sets a flag: `true` or `false`, at most once; absent: false. Raises Refused."""
    if not query:
        return False
    try:
        parameters = parse_qs(query.decode("latin-1"), keep_blank_values=True, max_num_fields=100)
    except ValueError:
        parameters = {name: [""]}
    match parameters.get(name, ["false"]):
        case ["true"]:
            return True
        case ["false"]:
            return False
    raise Refused(422, name, f"{name} must be true or false, once")
