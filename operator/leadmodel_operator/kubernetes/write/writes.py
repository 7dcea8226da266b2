"""Writes single objects: server-side apply where an object differs, no request where none does.

A write that the API server refuses is remembered, and so is a name that someone else has taken.
"""

from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import TypeVar

from leadmodel_operator.kubernetes.apiserver.client import Api, ApiError
from leadmodel_operator.kubernetes.apiserver.refusals import refusal_of
from leadmodel_operator.kubernetes.observe.live import Live
from leadmodel_operator.kubernetes.render import snapshots
from leadmodel_operator.kubernetes.render.comparison import add_hash, applied_fields, is_as_rendered
from leadmodel_operator.kubernetes.render.names import (
    KINDS,
    Object,
    collection_of,
    is_leaving,
    name_of,
    path,
    path_of,
)
from leadmodel_operator.planning.observed import Refusal
from leadmodel_operator.reconcile import Conflict, Key

T = TypeVar("T")


class Taken(Conflict):
    """Someone else's object has the name of one of ours: the next pass names it."""


@dataclass
class Writes:
    """The writes of one pass, object by object.

    Attributes:
        taken: others' objects under our names (path → Kind/name); a write that meets one adds it.
        refused: writes that this pass was refused.
    """

    client: Api
    key: Key
    live: Live
    taken: dict[str, str]
    refused: list[Refusal] = field(default_factory=list, kw_only=True)

    async def permitted(self, name: str, work: Awaitable[T]) -> T | None:
        """Await a write of the object `name`, as "Kind/name"; None, remembered, where the API server refuses or the name is taken."""
        try:
            return await work
        except Taken:
            return None
        except ApiError as error:
            refusal = refusal_of(error, name)
            if refusal is None:
                raise
            self.refused.append(refusal)
            return None

    async def holds(self, item: Object, file: str, digest: str, verified: dict[Key, tuple[str, str]]) -> bool:
        """Tell whether a ConfigMap holds the bytes of a digest under a key.

        The data are read once per version, for anybody may edit them; `verified` has, per LeadModel, UID and version that held them.
        """
        metadata = item["metadata"]
        version = metadata["uid"], metadata["resourceVersion"]
        if verified.get(self.key) != version:
            whole = await self.client.get(path("configmaps", self.key.namespace, metadata["name"]))
            if whole is None or whole["metadata"]["uid"] != metadata["uid"]:
                return False
            if not snapshots.holds(whole, file, digest):
                return False
            verified[self.key] = version
        return True

    async def create(self, body: Object) -> Object:
        """POST an object; a name that someone else has taken becomes a conflict the next pass names.

        Raises:
            Taken: someone else's object has the name.
            Conflict: another leader was faster.
        """
        try:
            return await self.client.create(collection_of(body), body)
        except ApiError as error:
            if error.status == 409 and self.live.foreign(await self.client.get(path_of(body))):
                self.taken[path_of(body)] = name_of(body)
                raise Taken(str(error)) from error
            raise as_conflict(error) from error

    async def settle(self, body: Object) -> bool:
        """Create or correct an object that the pass did not read; False, and nothing is written, where it is someone else's."""
        item = await self.client.get(path_of(body))
        if self.live.foreign(item):
            self.taken[path_of(body)] = name_of(body)
            return False
        await self.apply(item, body)
        return True

    async def apply(self, item: Object | None, body: Object, *, fenced: bool = False) -> Object:
        """Create an object, or apply it over `item` where `item` differs from what is rendered.

        The UID in the body keeps an apply from meeting an object of the same name made meanwhile; `fenced` adds the version.
        """
        digest = add_hash(body)
        if item is None:
            return await self.create(body)
        if is_leaving(item):
            raise Conflict(f"{body['kind']} is being deleted")
        if is_as_rendered(item, body, digest):
            return item
        try:
            item = await self._as_applied(item, body)
            body["metadata"]["uid"] = item["metadata"]["uid"]
            if fenced:
                body["metadata"]["resourceVersion"] = item["metadata"]["resourceVersion"]
            return await self.client.apply(path_of(body), body, force=True)
        except ApiError as error:
            raise as_conflict(error) from error

    async def _as_applied(self, item: Object, body: Object) -> Object:
        entries = applied_fields(item)
        if entries is None:
            return item
        metadata = {"resourceVersion": item["metadata"]["resourceVersion"], "managedFields": entries}
        return await self.client.merge(path_of(body), {"metadata": metadata})

    async def delete(self, resource: str, item: Object, *, with_version: bool = False) -> None:
        """Delete the object with this UID, and on demand with this version: a Conflict where the version is not the newest."""
        where = path(resource, self.key.namespace, item["metadata"]["name"])
        await written(self.client.delete(where, item, with_version=with_version))

    async def remove(self, resource: str, item: Object, *, with_version: bool = False) -> None:
        """Delete an object where the API server lets the operator."""
        work = self.delete(resource, item, with_version=with_version)
        await self.permitted(f"{kind_of(resource)}/{item['metadata']['name']}", work)


def kind_of(resource: str) -> str:
    """Return the kind of a resource by its plural; the plural itself where it is none of ours."""
    return next((kind for kind, plural in KINDS.items() if plural == resource), resource)


async def written(write: Awaitable[T]) -> T:
    """Await a write; one that came too late is a Conflict."""
    try:
        return await write
    except ApiError as error:
        raise as_conflict(error) from error


def as_conflict(error: ApiError) -> Exception:
    """Turn 409 (stale, or the name is taken) and 404 (gone meanwhile) into Conflict, which means: plan again."""
    return Conflict(str(error)) if error.status in {404, 409} else error
