"""Fields that several messages share, each read within the bounds that the status of a LeadModel can hold."""

from __future__ import annotations

from leadmodel_artifact.jsonnode import LayoutError, Node, as_integer
from leadmodel_messages.texts import one_line

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

DIGEST_LENGTH = len("sha256:") + 64
_HEX = frozenset("0123456789abcdef")


def is_digest(text: str) -> bool:
    """Tell whether a text is `sha256:` and 64 lower-case hexadecimal digits."""
    return len(text) == DIGEST_LENGTH and text.startswith("sha256:") and _HEX.issuperset(text[7:])


def digest(node: Node, key: str) -> str:
    """Read the digest of an artifact or a holdout."""
    text = node.text(key)
    if not is_digest(text):
        raise LayoutError(f"{node.at(key)} must be sha256: and 64 digits 0-9a-f")
    return text


def between(node: Node, key: str, low: float, high: float) -> float:
    """Read a number from `low` to `high`."""
    value = node.number(key)
    if not low <= value <= high:
        raise LayoutError(f"{node.at(key)} must be a number from {low:g} to {high:g}")
    return value


def count(node: Node, key: str, limit: int) -> int:
    """Read a whole number from 0 to `limit`."""
    return as_count(node.get(key), node.at(key), limit)


def counts(node: Node, key: str, length: int, limit: int) -> tuple[int, ...]:
    """Read a list of at most `length` whole numbers, each from 0 to `limit`."""
    return tuple(as_count(value, node.at(key), limit) for value in node.items(key, length))


def as_count(value: Any, path: str, limit: int) -> int:
    """Check that `value` is a whole number from 0 to `limit`; raises LayoutError with the path."""
    number = as_integer(value, path)
    if number > limit:
        raise LayoutError(f"{path} must be at most {limit}")
    return number


def share(node: Node, key: str) -> float:
    """Read a number from 0 to 1, such as an AUC."""
    return between(node, key, 0, 1)


def sentence(node: Node, key: str, limit: int) -> str:
    """Read a text for people as one printable line of at most `limit` characters."""
    return one_line(node.text(key, limit), limit)
