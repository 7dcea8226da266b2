"""An API client that reads the cache and cannot write: a pass over it finds out at no cost whether anything is to be done."""

from dataclasses import dataclass
from datetime import datetime

from leadmodel_operator.kubernetes.apiserver.cache import Cache, pack, unpack, version_of
from leadmodel_operator.kubernetes.apiserver.cached_fields import fields_read
from leadmodel_operator.kubernetes.apiserver.client import Client
from leadmodel_operator.kubernetes.render.names import Object
from leadmodel_operator.planning.planned import Event
from leadmodel_operator.resource.vocabulary import PLURAL


class WriteNeeded(Exception):  # noqa: N818  # a signal, not a failure
    """A dry run came to a write: the pass must be made again on live objects."""


@dataclass(frozen=True)
class DryRun:
    """Reads the cache as if the cache were the API server; only a ledger's data is read live, once per version."""

    cache: Cache
    client: Client

    async def get(self, path: str) -> Object | None:
        """Return an object from the cache; a ConfigMap with its data."""
        resource, namespace, name = _parts(path)
        item = self.cache.get(resource, namespace, name)
        if item is None or resource != "configmaps":
            return item
        known = self.cache.ledgers.get((namespace, name))
        if known is not None and known[0] == version_of(item):
            return unpack(known[1])
        live = await self.client.get(path)
        if live is not None and "data" in live:
            kept = {"metadata": fields_read(resource, live)["metadata"], "data": live["data"]}
            self.cache.ledgers[namespace, name] = (version_of(live), pack(kept))
        return live

    async def items(self, path: str, selector: str, *, metadata_only: bool = False) -> list[Object]:  # noqa: ARG002  # as cached
        """Return a LeadModel's objects from the cache."""
        resource, namespace, _ = _parts(path)
        return self.cache.of_model(resource, namespace, selector.partition("=")[2])

    def knows_all(self, namespace: str) -> bool:
        """Tell whether the cache has had every LeadModel of a namespace."""
        return bool({(PLURAL, ""), (PLURAL, namespace)} & self.cache.synced)

    async def create(self, path: str, body: Object) -> Object:
        """Raise WriteNeeded, because creating an object needs a write."""
        raise WriteNeeded(f"create {body['kind']} in {path}")

    async def apply(self, path: str, body: Object, *, force: bool) -> Object:  # noqa: ARG002  # nothing is written
        """Raise WriteNeeded, because applying a body needs a write."""
        raise WriteNeeded(f"apply {path}")

    async def merge(self, path: str, body: Object) -> Object:  # noqa: ARG002  # nothing is written
        """Raise WriteNeeded, because merging a patch needs a write."""
        raise WriteNeeded(f"change {path}")

    async def replace(self, path: str, body: Object) -> Object:  # noqa: ARG002  # nothing is written
        """Raise WriteNeeded, because replacing an object needs a write."""
        raise WriteNeeded(f"replace {path}")

    async def delete(self, path: str, item: Object, *, with_version: bool = False) -> None:  # noqa: ARG002  # nothing is written
        """Raise WriteNeeded, because deleting an object needs a write."""
        raise WriteNeeded(f"delete {path}")


def _parts(path: str) -> tuple[str, str, str]:
    """/…/namespaces/NAMESPACE/RESOURCE[/NAME[/SUB]] → resource, namespace, name."""
    namespace, resource, *name = path.partition("/namespaces/")[2].split("/")
    return resource, namespace, name[0] if name else ""


class NullRecorder:
    """Records no event: an event is a write too, so a dry run stops there."""

    async def record(self, lead_model: Object, event: Event, now: datetime) -> None:  # noqa: ARG002  # nothing is recorded
        """Raise WriteNeeded, because recording an event needs a write."""
        raise WriteNeeded(f"record {event.reason}")
