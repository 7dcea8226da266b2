"""An API server that validates a status as the installed CRD asks, and names the fields it refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from leadmodel_operator.resource.schema import schema
from leadmodel_operator.resource.status import Status
from worlds.fake_api import Call, Refused

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


def violations(value: Any, node: dict[str, Any], path: str) -> Iterator[str]:
    """Paths of the fields below a value that its schema does not admit."""
    if not isinstance(value, _TYPES[node["type"]]) or (isinstance(value, bool) and node["type"] != "boolean"):
        yield path
        return
    if (isinstance(value, str) and not _fits_text(value, node)) or (
        isinstance(value, int | float) and not _fits_number(value, node)
    ):
        yield path
    elif isinstance(value, list):
        if len(value) > node.get("maxItems", len(value)):
            yield path
        for number, item in enumerate(value):
            yield from violations(item, node["items"], f"{path}[{number}]")
    elif isinstance(value, dict):
        yield from _below(value, node, path)


def _fits_text(value: str, node: dict[str, Any]) -> bool:
    if "enum" in node and value not in node["enum"]:
        return False
    short = len(value) <= node.get("maxLength", len(value))
    return short and ("pattern" not in node or re.fullmatch(node["pattern"], value) is not None)


def _fits_number(value: float, node: dict[str, Any]) -> bool:
    is_integer = node["type"] == "integer"
    return node.get("minimum", value) <= value <= node.get("maximum", value) and not (
        is_integer and abs(value) >= 2**63
    )


def _below(value: dict[str, Any], node: dict[str, Any], path: str) -> Iterator[str]:
    for name, item in value.items():
        below = node.get("properties", {}).get(name, node.get("additionalProperties"))
        if below is not None:  # the server drops what it does not know
            yield from violations(item, below, f"{path}.{name}")
    yield from (f"{path}.{name}" for name in node.get("required", []) if name not in value)


UNCHECKED = "<nil>"  # the field of the real server's note that it left CEL rules unchecked


class ValidatesStatus:
    """A hook: a status that the schema does not admit is refused. `narrower` cuts bounds: field → its longest text."""

    def __init__(self, **narrower: int) -> None:
        self.schema = schema(Status)
        self.refused: list[tuple[str, ...]] = []
        self._narrower = narrower
        self.conditions: set[str] = set()  # types that the CRD does not know

    async def __call__(self, call: Call, when: str) -> None:
        if when != "before" or call.resource != "leadmodels" or call.sub != "status":
            return
        status = call.body["status"]
        found = tuple(violations(status, self.schema, "status")) + tuple(self._too_long(status, "status"))
        found += tuple(
            f"status.conditions[{number}].type"
            for number, condition in enumerate(status.get("conditions", []))
            if condition["type"] in self.conditions
        )
        if found:
            self.refused.append(found)
            raise Refused(422, "Invalid", "the status is not valid", fields=(*found, UNCHECKED))

    def _too_long(self, value: Any, path: str) -> Iterator[str]:
        for name, item in value.items() if isinstance(value, dict) else ():
            below = f"{path}.{name}"
            if isinstance(item, str) and len(item) > self._narrower.get(name, len(item)):
                yield below
            yield from self._too_long(item, below)
