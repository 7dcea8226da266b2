"""Text from outside, fit for a terminal or a log: names, labels and messages of others never move the cursor or hide a line."""

from __future__ import annotations

import unicodedata

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

# control characters, those that turn the direction of a text round, and line and paragraph separators
_HIDDEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs", "Co"})
_KEPT = frozenset("\n\t\u200d")  # an emoji of several characters is joined by the last one


def visible(text: str) -> str:
    """Write every character that a terminal would act upon as its hexadecimal code; line breaks and tabs stay."""
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    return "".join(_shown(character) for character in text)


def visible_document(value: Any) -> Any:
    """Make every text of a JSON document visible, its keys too."""
    match value:
        case str():
            return visible(value)
        case dict():
            return {visible(str(key)): visible_document(item) for key, item in value.items()}
        case list() | tuple():
            return [visible_document(item) for item in value]
        case _:
            return value


def _shown(character: str) -> str:
    if character in _KEPT or unicodedata.category(character) not in _HIDDEN:
        return character
    return character.encode("unicode_escape").decode()
