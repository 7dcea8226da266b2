"""Keeps the snapshots that a pass desires: from the mailbox, from pods that serve them, from an earlier LeadModel of this name."""

import random
from contextlib import suppress
from dataclasses import dataclass

from leadmodel_artifact import snapshot
from leadmodel_operator.kubernetes.observe import cluster
from leadmodel_operator.kubernetes.observe.scrape import Scraper
from leadmodel_operator.kubernetes.render import snapshots
from leadmodel_operator.kubernetes.render.names import Object, meta, name_of, path, revision_name
from leadmodel_operator.kubernetes.write.writes import Writes, kind_of, written
from leadmodel_operator.planning.planned import Desired
from leadmodel_operator.reconcile import Conflict
from leadmodel_operator.resource import document

PODS_ASKED = 3  # for a lost snapshot, in one pass


@dataclass
class KeptSnapshots(Writes):
    """The writes of one pass to snapshots and to what was left without an owner."""

    scraper: Scraper

    async def keep_snapshots(self, desired: Desired) -> bool:
        """Keep the mailbox's snapshot, restore lost ones from pods, trim the rest; True when one was added."""
        live, changed = self.live, False
        for digest in sorted(desired.keep - live.revisions.keys()):
            if live.packed is not None and live.packed[0] == digest:
                changed |= await self._keep(digest, live.packed[1])
        for digest in sorted(desired.restore):
            changed |= await self._restore(digest)
        for digest in sorted(live.revisions.keys() - desired.keep):
            # Somebody changed the snapshot meanwhile: the next pass sees whether a model asks for it.
            with suppress(Conflict):
                await self.remove("configmaps", live.revisions[digest], with_version=True)
        return changed

    async def _keep(self, digest: str, packed: bytes) -> bool:
        body = snapshots.revision(self.live.lead_model, digest, packed)
        made = await self.permitted(name_of(body), self.create(body))
        if made is not None:
            self.live.revisions[digest] = made
        return made is not None

    async def adopt(self) -> bool:
        """Become the owner of what an earlier LeadModel of this name left; True when one object was taken over.

        Snapshots are taken over where their bytes are what their digest says, the rest where a person lets it by annotation.
        """
        adopted = [await self._adopt_snapshot(orphan) for orphan in self.live.orphans]
        if document.read_adopt(cluster.annotations(self.live.lead_model)):
            adopted += [await self._adopt(resource, item) for resource, item in self.live.left]
        return any(adopted)

    async def _adopt(self, resource: str, item: Object) -> bool:
        name = item["metadata"]["name"]
        owners = meta(name, self.live.lead_model, "")["ownerReferences"]
        metadata = {key: item["metadata"][key] for key in ("uid", "resourceVersion")} | {
            "ownerReferences": owners
        }
        work = self.client.merge(path(resource, self.key.namespace, name), {"metadata": metadata})
        return await self.permitted(f"{kind_of(resource)}/{name}", written(work)) is not None

    async def _adopt_snapshot(self, orphan: Object) -> bool:
        name, digest = orphan["metadata"]["name"], cluster.digest_of(orphan)
        where = path("configmaps", self.key.namespace, name)
        item = await self.client.get(where)
        packed = snapshots.packed_of(item) if item is not None and item.get("immutable") else None
        if digest is None or packed is None or name != revision_name(self.key.name, digest):
            return False
        if snapshot.unpacked_digest(packed) != digest:
            return False
        owners = meta(name, self.live.lead_model, "revision")["ownerReferences"]
        metadata = {k: orphan["metadata"][k] for k in ("uid", "resourceVersion")} | {
            "ownerReferences": owners
        }
        work = self.client.merge(where, {"metadata": metadata})
        adopted = await self.permitted(f"ConfigMap/{name}", written(work))
        if adopted is not None:
            self.live.revisions[digest] = adopted
        return adopted is not None

    async def _restore(self, digest: str) -> bool:
        """Fetch a snapshot's bytes from a pod that serves them; only bytes with the right hash are kept.

        A pass asks a few pods, and the next pass others: pods may be many and mute.
        """
        serving = [pod for pod in self.live.pods if digest in cluster.slots_of(pod)]
        for pod in random.sample(serving, min(len(serving), PODS_ASKED)):
            raw = await self.scraper.fetch_artifact(pod, digest, snapshot.MAX_RAW_BYTES)
            if raw is not None and snapshot.digest(raw) == digest:
                return await self._keep(digest, snapshot.pack(raw))
        return False
