"""Puts the candidate that pods are asked about where predictors look for one, and takes it away again."""

from dataclasses import dataclass

from leadmodel_messages.places import CHALLENGER_FILE, SNAPSHOT_FILE
from leadmodel_operator.kubernetes.observe import cluster
from leadmodel_operator.kubernetes.observe.text_models import read_packed
from leadmodel_operator.kubernetes.render import snapshots
from leadmodel_operator.kubernetes.render.names import Object, name_of, path_of
from leadmodel_operator.kubernetes.write.writes import Writes, written
from leadmodel_operator.planning.planned import Asked
from leadmodel_operator.reconcile import Key


@dataclass
class AskedPods(Writes):
    """The writes of one pass to the place of candidates. All bytes that are written have the hash that their digest says.

    Attributes:
        asked: per LeadModel, UID and version of the ConfigMap of candidates when it last held what was desired.
    """

    asked: dict[Key, tuple[str, str]]

    async def ask(self, asked: Asked | None) -> None:
        """Put a candidate before the pods, or none, over the version that was read: a leader of the past writes over no newer one."""
        place, digest = self.live.challenger, asked.digest if asked is not None else None
        is_taken = f"ConfigMap/{self.live.name}-challenger" in self.live.conflicts
        if is_taken or (place is None and asked is None):
            return
        if place is not None and await self._sees(place, digest):
            return
        packed = await self._kept(digest) if digest is not None else None
        if digest is None or packed is not None:
            body = snapshots.challenger(self.live.lead_model, asked, packed)
            await self.permitted(name_of(body), self._put(place, body))

    async def _sees(self, place: Object, digest: str | None) -> bool:
        named = cluster.challenger_digest_of(place)
        return named == digest and await self.holds(place, CHALLENGER_FILE, digest, self.asked)

    async def _kept(self, digest: str) -> bytes | None:
        """Read the verified bytes of a kept snapshot."""
        revision = self.live.revisions.get(digest)
        if revision is None:
            return None
        kept = await read_packed(self.client, self.key.namespace, revision, SNAPSHOT_FILE)
        return kept[1] if kept is not None and kept[0] == digest else None

    async def _put(self, place: Object | None, body: Object) -> None:
        """Write the place whole. It is emptied before: no apply takes away what others put there, and pods would score that.

        It is not deleted, for kubelets may leave the file of a deleted ConfigMap in the pods.
        """
        if place is not None:
            metadata = {"resourceVersion": place["metadata"]["resourceVersion"]}
            empty = {"metadata": metadata, "data": None, "binaryData": None}
            place = await written(self.client.merge(path_of(body), empty))
        await self.apply(place, body, fenced=True)
