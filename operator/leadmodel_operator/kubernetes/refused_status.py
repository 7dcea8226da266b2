"""A status that the API server refuses in part: what is left of it is written, so that one field never stops everything else. Pure.

The server validates a status by the schema of the installed CRD, which may be older than the operator, and names the fields it refuses.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from leadmodel_operator.kubernetes.render.names import Object
from leadmodel_operator.resource.schema import schema
from leadmodel_operator.resource.status import Status

# Parts that objects are rendered from: without them nothing may be done, so that none of them is ever left out.
DECIDES = frozenset(
    {
        "inputs",
        "requested",
        "candidate",
        "champion",
        "previous",
        "rollout",
        "best",
        "decision",
        "quarantine",
        "challenger",
    }
)
_CONDITION = re.compile(r"status[.]conditions\[(\d+)\]")
FOR_PEOPLE = frozenset({"message", "evidence"})  # leaves of these parts that no decision reads


def accepted_part(status: Object, stored: Object, refused: Sequence[str]) -> Object | None:
    """Return the status without what the server refused; None where nothing can be left out.

    An optional field is dropped alone, and so is a condition: the others go on to tell the truth. Of another list or map the stored
    value stays.

    Args:
        status: What the server refused.
        stored: The status that stands.
        refused: Paths of the fields that the server named, such as `status.poll.etag`.
    """
    rest: Object = dict(status)
    if conditions := other_conditions(status, refused):
        rest["conditions"] = conditions
    for field in (name for name in refused if not conditions or not _CONDITION.match(name)):
        root, *path = field.split(".")
        part = path[0].partition("[")[0] if path else ""
        if root != "status" or part not in status:
            return None
        leaf = path[-1]
        if part in DECIDES and leaf not in FOR_PEOPLE:
            return None
        if _is_optional(path):
            rest = _without(rest, path)
        elif part in stored:
            rest[part] = stored[part]
        else:
            rest.pop(part, None)
    return rest if refused else None


def other_conditions(status: Object, refused: Sequence[str]) -> list[Object]:
    """Return the conditions of which the server refused no field; empty if there are none of these."""
    numbers = {int(match[1]) for name in refused if (match := _CONDITION.match(name))}
    return [item for number, item in enumerate(status.get("conditions") or []) if number not in numbers]


@cache
def _schema() -> dict[str, Any]:
    return schema(Status)


def _is_optional(path: Sequence[str]) -> bool:
    """Tell whether a path goes through objects alone to a field that may be absent."""
    node = _schema()
    for name in path:
        if name not in node.get("properties", {}):
            return False
        parent, node = node, node["properties"][name]
    return bool(path) and path[-1] not in parent.get("required", [])


def _without(value: Object, path: Sequence[str]) -> Object:
    name, *below = path
    if name not in value:
        return value
    if below:
        return {**value, name: _without(value[name], below)}
    return {key: item for key, item in value.items() if key != name}
