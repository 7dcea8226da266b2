"""Objects as the watches last reported them, packed small.

The cache is a hint. A pass over the cache answers one question: is anything to be written? The pass itself is then made on live
objects (see `dry_run`). So a stale cache can delay a step and never causes one.
"""

import json
import zlib
from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from leadmodel_operator.kubernetes.apiserver.cached_fields import (
    METADATA_ONLY,
    WHOLE,
    backfill_read,
    fields_read,
)
from leadmodel_operator.kubernetes.render.names import LABEL, Object
from leadmodel_operator.resource.vocabulary import PLURAL


def version_of(item: Object) -> int:
    """Read an object's resourceVersion as a number; 0 where the object has none."""
    text = str(item["metadata"].get("resourceVersion", ""))
    return int(text) if text.isdecimal() else 0


def pack(item: Object) -> bytes:
    """Compress an object, at the compressor's cheapest setting."""
    return zlib.compress(json.dumps(item, separators=(",", ":")).encode(), 1)


def unpack(packed: bytes) -> Object:
    """Restore an object from `pack`."""
    item: Object = json.loads(zlib.decompress(packed))
    return item


MAX_PACKED = 64 * 1024  # bytes; what packs larger is no object that the operator or a careful person made


class _Entry(NamedTuple):
    """One cached object.

    `model` names the LeadModel the object is found under; None: under none. `backfill` is what other LeadModels read of a LeadModel.
    """

    version: int
    packed: bytes
    model: str | None
    backfill: bytes = b""


@dataclass
class Cache:
    """Objects by resource, namespace and name, with an index by the LeadModel in their label."""

    _entries: dict[tuple[str, str], dict[str, _Entry]] = field(default_factory=lambda: defaultdict(dict))
    names_by_model: dict[tuple[str, str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    ledgers: dict[tuple[str, str], tuple[int, bytes]] = field(default_factory=dict)
    synced: set[tuple[str, str]] = field(default_factory=set)  # (resource, namespace or "") listed once

    def __len__(self) -> int:
        return sum(map(len, self._entries.values()))

    def ready(self, namespaces: tuple[str, ...]) -> bool:
        """Tell whether every resource was listed once in each namespace (none named: in all at once)."""
        return all(self.listed(resource, namespaces) for resource in (PLURAL, *WHOLE, *METADATA_ONLY))

    def listed(self, resource: str, namespaces: tuple[str, ...]) -> bool:
        """Tell whether one resource was listed once in each namespace (none named: in all at once)."""
        return all((resource, namespace) in self.synced for namespace in namespaces or ("",))

    def count(self, resource: str) -> int:
        """Count the objects of a resource in all namespaces."""
        return sum(len(items) for (kind, _), items in self._entries.items() if kind == resource)

    def put(self, resource: str, item: Object) -> bool:
        """Keep an object. False: no news, since the object is not newer than the entry, or the same in all fields that count.

        An object over the limit is not kept: a pass that needs it reads it live.
        """
        metadata = item["metadata"]
        namespace, name, version = metadata["namespace"], metadata["name"], version_of(item)
        entries = self._entries[resource, namespace]
        before = entries.get(name)
        if before is not None and before.version >= version > 0:
            return False
        entry = _entry(resource, item, version)
        if len(entry.packed) > MAX_PACKED:
            self.drop(resource, namespace, name)
            return True
        entries[name] = entry
        if before is not None and before.model != entry.model:
            self._unindex(resource, namespace, name, before.model)
        if entry.model is not None:
            self.names_by_model[resource, namespace, entry.model].add(name)
        return before is None or before[1:] != entry[1:]

    def holds(self, resource: str, item: Object) -> bool:
        """Tell whether exactly this version of an object is in the cache."""
        metadata = item["metadata"]
        entry = self._entries[resource, metadata["namespace"]].get(metadata["name"])
        return entry is not None and entry.version == version_of(item)

    def drop(self, resource: str, namespace: str, name: str) -> bool:
        """Remove an object; tell whether the cache had one."""
        self.ledgers.pop((namespace, name), None)
        entry = self._entries[resource, namespace].pop(name, None)
        if entry is not None:
            self._unindex(resource, namespace, name, entry.model)
        return entry is not None

    def _unindex(self, resource: str, namespace: str, name: str, model: str | None) -> None:
        key = (resource, namespace, model or "")
        names = self.names_by_model.get(key)
        if names is not None:
            names.discard(name)
            if not names:
                del self.names_by_model[key]

    def keys(self, resource: str, namespace: str) -> list[tuple[str, str]]:
        """List namespace and name of every object of a resource; namespace "" stands for all."""
        return [
            (where, name)
            for (kind, where), entries in self._entries.items()
            if kind == resource and namespace in {"", where}
            for name in entries
        ]

    def get(self, resource: str, namespace: str, name: str) -> Object | None:
        """Return the fields kept of an object; None where the cache has none."""
        entry = self._entries[resource, namespace].get(name)
        if entry is None:
            return None
        item = unpack(entry.packed)
        item["metadata"]["resourceVersion"] = str(entry.version)
        return item

    def of_model(self, resource: str, namespace: str, model: str) -> list[Object]:
        """Return a LeadModel's objects in the order of their names. For LeadModels themselves, "" gives the backfills they have."""
        names = sorted(self.names_by_model.get((resource, namespace, model), ()))
        if resource == PLURAL:
            return [unpack(self._entries[resource, namespace][name].backfill) for name in names]
        return [item for name in names if (item := self.get(resource, namespace, name)) is not None]


def _entry(resource: str, item: Object, version: int) -> _Entry:
    model = _model_of(resource, item)
    backfill = pack(backfill_read(item)) if resource == PLURAL and model is not None else b""
    return _Entry(version, pack(fields_read(resource, item)), model, backfill)


def _model_of(resource: str, item: Object) -> str | None:
    if resource == PLURAL:
        return "" if item["spec"].get("piiBackfill") else None
    value = (item["metadata"].get("labels") or {}).get(LABEL)
    return str(value) if value is not None else None
