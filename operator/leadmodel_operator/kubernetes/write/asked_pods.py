"""Puts the candidate that pods are asked about where predictors look for one, and takes it away again."""

from dataclasses import dataclass

from leadmodel_messages.places import CHALLENGER_FILE, SNAPSHOT_FILE
from leadmodel_operator.kubernetes.observe import cluster
from leadmodel_operator.kubernetes.observe.text_models import read_packed
from leadmodel_operator.kubernetes.render import snapshots
from leadmodel_operator.kubernetes.render.names import Object, name_of
from leadmodel_operator.kubernetes.write.writes import Writes
from leadmodel_operator.planning.planned import Asked
from leadmodel_operator.reconcile import Key


@dataclass
class AskedPods(Writes):
    """The writes of one pass to the place of candidates. All bytes that are written have the hash that their digest says.

    Attributes:
        asked: per LeadModel, UID and version of the ConfigMap of candidates when its bytes last had their hash.
    """

    asked: dict[Key, tuple[str, str]]

    async def ask(self, asked: Asked | None) -> None:
        """Put a candidate before the pods, or none, over the version that was read: a leader of the past writes over no newer one."""
        place, revisions = self.live.challenger, self.live.revisions
        if asked is None:
            if place is not None:
                await self._put(snapshots.challenger(self.live.lead_model, None, None))
            return
        if asked.digest not in revisions or (place is not None and await self.holds(place, asked.digest)):
            return
        kept = await read_packed(self.client, self.key.namespace, revisions[asked.digest], SNAPSHOT_FILE)
        if kept is not None and kept[0] == asked.digest:
            await self._put(snapshots.challenger(self.live.lead_model, asked, kept[1]))

    async def _put(self, body: Object) -> None:
        await self.permitted(name_of(body), self.apply(self.live.challenger, body, fenced=True))

    async def holds(self, place: Object, digest: str) -> bool:
        """Tell whether the bytes before the pods are those of a digest; they are read once per version, for anybody may edit them."""
        if cluster.challenger_digest_of(place) != digest:
            return False
        version = place["metadata"]["uid"], place["metadata"]["resourceVersion"]
        if self.asked.get(self.key) != version:
            held = await read_packed(self.client, self.key.namespace, place, CHALLENGER_FILE)
            if held is None or held[0] != digest:
                return False
            self.asked[self.key] = version
        return True
