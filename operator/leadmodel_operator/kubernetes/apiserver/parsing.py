"""JSON of the API server → objects whose metadata is no larger than a careful person writes it.

Kubernetes bounds the annotations of an object (256 KiB), and its labels, owners, finalizers and managed fields only by what etcd takes:
1.5 MB of JSON, which Python would hold in 25 MB. Whoever may write one object could fill the operator's memory that way, so what no pass
reads is dropped as soon as it is parsed, object by object, before the next one of a list is.
"""

import json
from typing import Any

import aiohttp

from leadmodel_operator.kubernetes.render import names
from leadmodel_operator.kubernetes.render.names import MANAGED_BY, scales
from leadmodel_operator.resource.vocabulary import ADOPT, GROUP, PAUSED, Command

MANY = 64  # labels, annotations, owners, finalizers or managers that are kept of one object
READ = frozenset(
    {
        *(names.LABEL, names.ROLE, names.MANAGED_LABEL, names.DIGEST, names.DECISION, names.RENDERED),
        *(names.CLAIMED, names.CHAMPION, names.PREVIOUS, names.TEMPLATE),
        *(f"{GROUP}/{word}" for word in (*Command, PAUSED, ADOPT)),
    }
)  # labels and annotations that a pass reads, which no other crowds out
MANY_FIELDS = 512  # managed fields beside each other; a container or a spec has fewer


def parse(text: str | bytes) -> Any:
    """Parse an answer or an event of the API server; the items of a list one after the other.

    Python's parser holds every key of a document until it has read the whole of it, trimmed or not. So each item is a document here.

    Raises:
        ValueError: the text is no JSON.
    """
    text = text if isinstance(text, str) else text.decode()
    try:
        return _parse_list(text)
    except _NoListError:
        return json.loads(text, object_hook=_trim)


class _NoListError(Exception):
    """A text is not read as a list: it is one object, or no JSON, which the whole parser then says."""


def _parse_list(text: str) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    at = _expect(text, 0, "{")
    while True:
        key, at = _value(text, at)
        at = _expect(text, at, ":")
        if key == "items":
            answer["items"], at = _items(text, at)
        elif key in {"kind", "apiVersion", "metadata"}:
            answer[key], at = _value(text, at)
        else:
            raise _NoListError
        if text.startswith("}", at):
            break
        at = _expect(text, at, ",")
    if "items" not in answer or _space(text, at + 1) != len(text):
        raise _NoListError
    return answer


def _items(text: str, at: int) -> tuple[list[Any], int]:
    """Read a list from its bracket to after its other bracket."""
    items: list[Any] = []
    at = _expect(text, at, "[")
    while not text.startswith("]", at):
        item, at = _value(text, _expect(text, at, ",") if items else at)
        items.append(item)
    return items, _space(text, at + 1)


def _value(text: str, at: int) -> tuple[Any, int]:
    """Read the value that begins here; the value, and where the next thing begins."""
    try:
        value, at = _DECODER.raw_decode(text, at)
    except ValueError as error:
        raise _NoListError from error
    return value, _space(text, at)


def _expect(text: str, at: int, sign: str) -> int:
    if not text.startswith(sign, at):
        raise _NoListError
    return _space(text, at + 1)


def _space(text: str, at: int) -> int:
    """Return where the next thing after spaces begins."""
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def trim(item: dict[str, Any]) -> None:
    """Trim the metadata of an object that someone else parsed, in place."""
    metadata = item.get("metadata")
    if isinstance(metadata, dict):
        _trim(metadata)


def _trim(value: dict[str, Any]) -> dict[str, Any]:
    """Trim metadata of a stored object, which alone have both a UID and a version; empty an excess of managed fields."""
    if "resourceVersion" in value and "uid" in value:
        for name in ("labels", "annotations"):
            if isinstance(notes := value.get(name), dict) and len(notes) > MANY:
                value[name] = dict(sorted(filter(_is_own, notes.items()), key=_turn)[:MANY])
        for name in ("ownerReferences", "finalizers"):
            if isinstance(items := value.get(name), list) and len(items) > MANY:
                value[name] = items[:MANY]
        if isinstance(entries := value.get("managedFields"), list) and len(entries) > MANY:
            value["managedFields"] = [entry for entry in entries if _is_read(entry)][:MANY]
    elif len(value) > MANY_FIELDS and next(iter(value)).startswith(("f:", "k:", "v:")):
        return {}
    return value


def _is_own(note: tuple[str, Any]) -> bool:
    return note[0].startswith(f"{GROUP}/") or note[0] in READ


def _turn(note: tuple[str, Any]) -> tuple[bool, str]:
    """Put labels and annotations that a pass reads before all others."""
    return note[0] not in READ, note[0]


def _is_read(entry: Any) -> bool:
    """Tell whether a pass reads an entry of the managed fields: the operator's own, and those of whoever scales."""
    return isinstance(entry, dict) and (entry.get("manager") == MANAGED_BY or scales(entry))


class TrimmedResponse(aiohttp.ClientResponse):
    """An answer of the API server whose JSON is trimmed while it is parsed, for callers that parse by themselves.

    A page of a gateway in another encoding is an answer that is no JSON, and no error that its reader does not expect.
    """

    async def text(self, encoding: str | None = None, errors: str = "replace") -> str:
        """Return the body; what cannot be decoded is replaced."""
        return await super().text(encoding, errors)

    async def json(self, **_: Any) -> Any:
        """Parse the body; ValueError when it is no JSON."""
        return parse(await self.text())


_DECODER = json.JSONDecoder(object_hook=_trim)
