"""Numbers that a client sends as texts, read by the contract's rule: `"41"` is 41, and `"n/a"` is missing.

Decoding is strict and fast; only a body that it refuses comes here and is decoded once more.
"""

from collections.abc import Callable, Collection
from typing import Any

import msgspec

from leadmodel_artifact.values import number_of

Decode = Callable[[bytes], Any]


def forgiving(decode: Decode, fields: Collection[str]) -> Decode:
    """A decoder of one lead or many that takes texts for numbers in these fields, and refuses what `decode` refuses."""

    def read(body: bytes) -> Any:
        try:
            return decode(body)
        except msgspec.ValidationError:
            again = _rewritten(body, fields)
            if again is None:
                raise
        return decode(again)

    return read if fields else decode


def _rewritten(body: bytes, fields: Collection[str]) -> bytes | None:
    """The body with numbers in place of texts; None where no text became a number."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    leads = document if isinstance(document, list) else [document]
    changed = [_rewrite(lead, fields) for lead in leads if isinstance(lead, dict)]
    return msgspec.json.encode(document) if any(changed) else None


def _rewrite(lead: dict[str, Any], fields: Collection[str]) -> bool:
    """Replace the texts of a lead that are numbers, and tell whether there was one."""
    changed = False
    for field in fields:
        if isinstance(text := lead.get(field), str):
            number = number_or_text(text)
            lead[field], changed = number, changed or number is not text
    return changed


def number_or_text(text: str) -> float | str | None:
    """The number of a text, None for a word that means missing, the text itself where it is neither."""
    try:
        return number_of(text)
    except ValueError:
        return text
