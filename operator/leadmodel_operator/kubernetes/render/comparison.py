"""Whether an object on the server is what was rendered. Pure.

A hash of the rendering stands in an annotation; as long as the hash is the same, and every rendered value is still on the server, no
write is needed. Values other people added are theirs.
"""

import hashlib
import json
from typing import Any

from leadmodel_operator.kubernetes.render.names import MANAGED_BY, RENDERED, Object

_EXACT = {"selector", "podSelector", "matchLabels", "rules"}  # one more key selects something else
_NORMALISED = {
    "resources",
    "resourceVersion",
    "uid",
    "sizeLimit",
}  # rewritten by the server: the hash covers them


def add_hash(body: Object) -> str:
    """Write the hash of a rendered object into its annotations; the hash."""
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]
    body["metadata"].setdefault("annotations", {})[RENDERED] = digest
    return digest


def is_as_rendered(item: Object, body: Object, digest: str) -> bool:
    """Tell whether an object has the hash of a rendering and all of its values. Items of lists do not name their kind."""
    annotations = item["metadata"].get("annotations") or {}
    unnamed = {key: value for key, value in body.items() if key not in {"apiVersion", "kind"}}
    return annotations.get(RENDERED) == digest and covers(item, unnamed)


def covers(live: Any, wanted: Any) -> bool:
    """Tell whether every wanted value is live. Empty values count as absent, lists must agree item by item."""
    if isinstance(wanted, dict):
        return isinstance(live, dict) and all(
            key in live and _field_covers(key, live[key], value)
            for key, value in wanted.items()
            if not _is_empty(value)
        )
    if isinstance(wanted, list):
        return isinstance(live, list) and len(live) == len(wanted) and all(map(covers, live, wanted))
    return bool(live == wanted)


def _field_covers(key: str, live: Any, wanted: Any) -> bool:
    if key in _NORMALISED:
        return True
    return bool(live == wanted) if key in _EXACT else covers(live, wanted)


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, dict | list | str) and not value)


def is_posted(entry: Object) -> bool:
    """Tell whether an entry of managedFields stands for the operator's own POST."""
    manager = entry.get("manager"), entry.get("operation"), entry.get("subresource")
    return manager == (MANAGED_BY, "Update", None)


def applied_fields(item: Object) -> list[Object] | None:
    """Rewrite managedFields so that what the operator POSTed counts as applied; None where nothing is to be rewritten.

    The server counts a POST as `Update`, and an apply never removes a field that stands under `Update`.
    """
    entries = item["metadata"].get("managedFields") or []
    posted = [entry for entry in entries if is_posted(entry)]
    if not posted:
        return None
    applied = any(e.get("manager") == MANAGED_BY and e.get("operation") == "Apply" for e in entries)
    others = [entry for entry in entries if not is_posted(entry)]
    return [*others, *([] if applied else [{**posted[0], "operation": "Apply"}])]
