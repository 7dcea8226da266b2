"""Why a body is no JSON, and what to send instead: one sentence that holds no text of the body."""

import re
from collections.abc import Callable
from typing import NamedTuple

_PLACE = re.compile(r"\(byte (\d+)\)$")
_FORM = re.compile(rb"[\w.%+\[\]-]+=[^\s{}]*\Z")
_TABLE = re.compile(rb"(?=[^\n{}\[\],;\t]*+[,;\t])[^\n{}\[\]]*+\n")  # never tries a separator twice
_NO_NUMBER = re.compile(rb"[+-]?(nan|inf)", re.IGNORECASE)
_PYTHON = re.compile(rb"(None|True|False|')")
_HIGH, _LOW = rb"\\u[dD][89abAB][0-9a-fA-F]{2}", rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_HALF = re.compile(rb"(?<!\\)(?:\\\\)*+" + _HIGH + rb"(?!" + _LOW + rb")")  # of a character in two escapes
_HTML_OR_XML = re.compile(rb"\s*<")


class Wanted(NamedTuple):
    """What an endpoint takes: an example, the name of one, and the path that takes many."""

    example: str
    one: str
    many: str

    @property
    def send(self) -> str:
        """The sentence that says what to send."""
        return f"send a JSON object in UTF-8, such as {self.example}"


LEAD = Wanted('{"details": "please call"}', "lead", "/predict/batch")
TEXT = Wanted('{"text": "please call"}', "text", "/enrich/batch")

# the first signature that fits the body names its format
_FORMATS: tuple[tuple[str, Callable[[bytes], object]], ...] = (
    ("the body is empty", lambda body: not body.strip()),
    ("the body is compressed", lambda body: body.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK"))),
    (
        "the body is UTF-16 or UTF-32",
        lambda body: body.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in body[:4],
    ),
    ("the body begins with a byte-order mark", lambda body: body.startswith(b"\xef\xbb\xbf")),
    ("the body is a multipart form", lambda body: body.startswith(b"--")),
    ("the body is XML or HTML", _HTML_OR_XML.match),
    ("the body is a form", lambda body: _FORM.match(body[:4096].strip())),
    ("the body is CSV", _TABLE.match),
)


def why_no_json(error: Exception, body: bytes, wanted: Wanted = LEAD) -> str:
    """Say why a decoder took no JSON from a body, and what to send."""
    if isinstance(error, RecursionError):
        return f"the body is nested too deeply; a {wanted.one} is a flat JSON object"
    for sentence, fits in _FORMATS:
        if fits(body):
            return f"{sentence}; {wanted.send}"
    if isinstance(error, UnicodeDecodeError):
        return f"the body is not UTF-8; {wanted.send}"
    return _malformed(str(error), body, wanted)


def _malformed(error: str, body: bytes, wanted: Wanted) -> str:
    place = _PLACE.search(error)
    if "surrogate" in error or (place is None and _HALF.search(body)):
        return f"a text of the body holds half of a character, as if cut within an emoji; cut texts between characters; {wanted.send}"
    if place is None:
        return f"the body ends within its JSON; {wanted.send}"
    at = int(place[1])
    # the decoder points at the byte that no number or word goes on with
    if any(_NO_NUMBER.match(body, max(at - back, 0)) for back in range(5)):
        return f"the body is not JSON at byte {at}: JSON has no NaN and no infinity; send null for a missing number"
    if any(_PYTHON.match(body, max(at - back, 0)) for back in range(2)):
        return f"the body is not JSON at byte {at}: this is Python's way to write; encode the {wanted.one} with json.dumps"
    if "trailing characters" in error:
        return f"the body goes on behind its JSON at byte {at}; send one {wanted.one}, or a list to {wanted.many}"
    return f"the body is not JSON at byte {at}; {wanted.send}"
