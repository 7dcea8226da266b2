"""What watches last told of the objects that matter, packed small, and a reader over it that cannot write.

It is a hint. A pass over it answers one question: is there anything to do? Whoever wants to write is stopped by `WriteNeeded` and makes
the pass again on what the API server says now. So a stale cache can delay a step, never cause one.
"""

import json
import zlib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from leadmodel_operator.kubernetes.apiserver.client import Client
from leadmodel_operator.kubernetes.render.names import LABEL, MANAGED_BY, Object, scales
from leadmodel_operator.planning.observed import Event
from leadmodel_operator.resource.vocabulary import GROUP, PLURAL

FULL = (
    "deployments",
    "pods",
    "jobs",
    "cronjobs",
    "services",
    "poddisruptionbudgets",
    "horizontalpodautoscalers",
    "networkpolicies",
    "serviceaccounts",
    "roles",
    "rolebindings",
)
METADATA = ("configmaps", "replicasets")  # never with their data
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_UNREAD = {"managedFields", "selfLink", "resourceVersion"}  # the version is held beside


class WriteNeeded(Exception):  # noqa: N818  # a signal, not a failure
    """A dry run came to a write: the pass must be made again on live objects."""


def version_of(found: Object) -> int:
    """Give the resourceVersion of an object as a number; 0 where there is none."""
    text = str(found["metadata"].get("resourceVersion", ""))
    return int(text) if text.isdecimal() else 0


def pack(found: Object) -> bytes:
    """An object in as little room as is cheap."""
    return zlib.compress(json.dumps(found, separators=(",", ":")).encode(), 1)


def unpack(packed: bytes) -> Object:
    """It again."""
    found: Object = json.loads(zlib.decompress(packed))
    return found


def slim(resource: str, found: Object) -> Object:
    """An object without what no pass reads: a change of the rest alone is no news."""
    about = {k: v for k, v in found["metadata"].items() if k not in _UNREAD}
    if _APPLIED in (about.get("annotations") or {}):
        about["annotations"] = {k: v for k, v in about["annotations"].items() if k != _APPLIED}
    match resource:
        case "configmaps":  # their data is not here: that it changed shows in the version alone
            return {"metadata": about | {"resourceVersion": found["metadata"].get("resourceVersion")}}
        case "replicasets":
            return {"metadata": about}
        case "leadmodels":
            notes = about.pop("annotations", None) or {}
            about.pop("labels", None)
            about["annotations"] = {k: v for k, v in notes.items() if k.startswith(f"{GROUP}/")}
        case "pods":
            return {"metadata": about, "spec": _only_image(found["spec"]), "status": _pod_status(found)}
        case "jobs":
            pod = {"spec": _only_image(found["spec"]["template"]["spec"])}
            status = {"conditions": (found.get("status") or {}).get("conditions") or []}
            return {"metadata": about, "spec": {"template": pod}, "status": status}
        case "deployments":
            scalers = [f for f in found["metadata"].get("managedFields") or [] if scales(f)]
            return {**found, "metadata": about | {"managedFields": scalers}}
        case "cronjobs":
            fields = found["metadata"].get("managedFields") or []
            ours = [
                {k: f.get(k) for k in ("manager", "time")} for f in fields if f.get("manager") == MANAGED_BY
            ]
            return {**found, "metadata": about | {"managedFields": ours}}
    return {**found, "metadata": about}


def _only_image(spec: Object) -> Object:
    return {"containers": [{"image": spec["containers"][0]["image"]}]}


def _pod_status(found: Object) -> Object:
    status = found.get("status") or {}
    return {key: status[key] for key in ("podIP", "conditions", "containerStatuses") if key in status}


@dataclass
class Cache:
    """Objects by resource, namespace and name, and which of them carry a LeadModel's label."""

    _held: dict[tuple[str, str], dict[str, tuple[int, bytes, str | None]]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    names_by_model: dict[tuple[str, str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    ledgers: dict[tuple[str, str], tuple[int, bytes]] = field(default_factory=dict)
    synced: set[tuple[str, str]] = field(default_factory=set)  # (resource, namespace or "") listed once

    def __len__(self) -> int:
        return sum(map(len, self._held.values()))

    def ready(self, namespaces: tuple[str, ...]) -> bool:
        """Whether everything was listed."""
        return all((r, n) in self.synced for r in (*FULL, *METADATA) for n in namespaces or ("",))

    def put(self, resource: str, found: Object) -> bool:
        """Keep what was told; False when it is no news: not newer than what is held, or the same to every pass."""
        namespace, name, version = (
            found["metadata"]["namespace"],
            found["metadata"]["name"],
            version_of(found),
        )
        held = self._held[resource, namespace]
        if name in held and held[name][0] >= version > 0:
            return False
        packed = pack(slim(resource, found))
        model = _model_of(found) if resource != PLURAL else "" if found["spec"].get("piiBackfill") else None
        before, held[name] = held.get(name), (version, packed, model)
        if before is not None and before[2] != model:
            self._unname(resource, namespace, name, before[2])
        if model is not None:
            self.names_by_model[resource, namespace, model].add(name)
        return before is None or before[1:] != held[name][1:]

    def holds(self, resource: str, found: Object) -> bool:
        """Whether exactly this version is held."""
        about = found["metadata"]
        held = self._held[resource, about["namespace"]].get(about["name"])
        return held is not None and held[0] == version_of(found)

    def drop(self, resource: str, namespace: str, name: str) -> bool:
        """Forget an object; whether it was held."""
        self.ledgers.pop((namespace, name), None)
        gone = self._held[resource, namespace].pop(name, None)
        if gone is not None:
            self._unname(resource, namespace, name, gone[2])
        return gone is not None

    def _unname(self, resource: str, namespace: str, name: str, model: str | None) -> None:
        names = self.names_by_model.get((resource, namespace, model or ""))
        if names is not None:
            names.discard(name)
            if not names:
                del self.names_by_model[resource, namespace, model or ""]

    def held(self, resource: str, namespace: str) -> list[tuple[str, str]]:
        """Namespace and name of everything of a resource; namespace "" is all."""
        return [
            (n, name)
            for (r, n), found in self._held.items()
            if r == resource and namespace in {"", n}
            for name in found
        ]

    def get(self, resource: str, namespace: str, name: str) -> Object | None:
        """An object as last told."""
        held = self._held[resource, namespace].get(name)
        if held is None:
            return None
        found = unpack(held[1])
        found["metadata"]["resourceVersion"] = str(held[0])
        return found

    def of_model(self, resource: str, namespace: str, model: str) -> list[Object]:
        """Objects of a LeadModel, by name; of the LeadModels themselves those with a backfill."""
        names = sorted(self.names_by_model.get((resource, namespace, model), ()))
        return [found for name in names if (found := self.get(resource, namespace, name)) is not None]


def _model_of(found: Object) -> str | None:
    value = (found["metadata"].get("labels") or {}).get(LABEL)
    return str(value) if value is not None else None


@dataclass(frozen=True)
class DryRun:
    """Reads the cache as if it were the API server. Bytes of ConfigMaps are not in it: a ledger is read once a version."""

    cache: Cache
    client: Client

    async def get(self, path: str) -> Object | None:
        """An object."""
        resource, namespace, name = _parts(path)
        found = self.cache.get(resource, namespace, name)
        if found is None or resource != "configmaps":
            return found
        version = version_of(found)
        known = self.cache.ledgers.get((namespace, name))
        if known is not None and known[0] == version:
            return unpack(known[1])
        read = await self.client.get(path)
        if read is not None and "data" in read:
            kept = {"metadata": slim(resource, read)["metadata"], "data": read["data"]}
            self.cache.ledgers[namespace, name] = (version_of(read), pack(kept))
        return read

    async def items(self, path: str, selector: str, *, metadata_only: bool = False) -> list[Object]:  # noqa: ARG002  # as it was stored
        """Objects of a LeadModel."""
        resource, namespace, _ = _parts(path)
        return self.cache.of_model(resource, namespace, selector.partition("=")[2])

    async def create(self, path: str, body: Object) -> Object:
        """Raise WriteNeeded."""
        raise WriteNeeded(f"create {body['kind']} in {path}")

    async def apply(self, path: str, body: Object, *, force: bool) -> Object:  # noqa: ARG002  # nothing is written
        """Raise WriteNeeded."""
        raise WriteNeeded(f"apply {path}")

    async def merge(self, path: str, body: Object) -> Object:  # noqa: ARG002  # nothing is written
        """Raise WriteNeeded."""
        raise WriteNeeded(f"change {path}")

    async def replace(self, path: str, body: Object) -> Object:  # noqa: ARG002  # nothing is written
        """Raise WriteNeeded."""
        raise WriteNeeded(f"replace {path}")

    async def delete(self, path: str, found: Object, *, with_version: bool = False) -> None:  # noqa: ARG002  # nothing is written
        """Raise WriteNeeded."""
        raise WriteNeeded(f"delete {path}")


def _parts(path: str) -> tuple[str, str, str]:
    """/…/namespaces/NAMESPACE/RESOURCE[/NAME[/SUB]] → resource, namespace, name."""
    namespace, resource, *name = path.partition("/namespaces/")[2].split("/")
    return resource, namespace, name[0] if name else ""


class NullRecorder:
    """Records no event: raises WriteNeeded, as any other write of a dry run does."""

    async def record(self, lead_model: Object, event: Event, now: datetime) -> None:  # noqa: ARG002  # nothing is told
        """Raise WriteNeeded."""
        raise WriteNeeded(f"tell {event.reason}")
