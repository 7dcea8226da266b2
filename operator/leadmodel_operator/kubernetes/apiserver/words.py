"""The API server's sentence about a refused object, for people: printable, bounded, and without a dump of the object. Pure.

The server repeats what it refuses. A short quoted text or a number is kept, for it says what to mend. A whole object is not, nor the value
of a variable or an argument: a pod template holds the environment of a container.
"""

import re
from collections.abc import Mapping
from typing import Any

LENGTH, FIELDS = 400, 3  # characters that are kept, and fields that are named
_VALUE = re.compile(r"(?:Invalid|Duplicate|Unsupported|Too long|Too many)(?: value)?: ")
_SHORT = re.compile(r"(?:\"(?:[^\"\\]|\\.){0,64}\"|-?[0-9]+)(?=: |$)", re.DOTALL)
_REMEDY = re.compile(r"[})\]\"]: ([^{}\[\]()\"']{1,200})$", re.DOTALL)
_PRIVATE = re.compile(r"[.](?:value|args|command)\b")


def words_of(answer: Mapping[str, Any]) -> str:
    """Take the sentence out of a Status: field by field where the server names fields, else its message."""
    causes = (answer.get("details") or {}).get("causes") or []
    fields = [f"{cause['field']}: {cause.get('message', '')}" for cause in causes if cause.get("field")]
    text = "; ".join(_without_dump(part) for part in fields[:FIELDS] or [str(answer.get("message", ""))])
    printable = "".join(sign if sign.isprintable() else " " for sign in text[: 4 * LENGTH])
    return " ".join(printable.split())[:LENGTH]


def _without_dump(text: str) -> str:
    match = _VALUE.search(text)
    if match is None:
        return text
    head, value = text[: match.end()], text[match.end() :]
    if (short := _SHORT.match(value)) and not _PRIVATE.search(head):
        following = _VALUE.search(value, short.end())
        return head + (value[: following.start()] if following else value)
    remedy = _REMEDY.search(value)
    return head.removesuffix(": ") + (f": {remedy[1]}" if remedy else "")
