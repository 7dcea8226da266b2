"""Puts the candidate that pods are asked about where predictors look for one, and takes it away again."""

from dataclasses import dataclass

from leadmodel_messages.places import SNAPSHOT_FILE
from leadmodel_operator.kubernetes.observe import cluster
from leadmodel_operator.kubernetes.observe.text_models import read_packed
from leadmodel_operator.kubernetes.render import snapshots
from leadmodel_operator.kubernetes.render.names import (
    CHALLENGER_DIGEST,
    DECISION,
    Object,
    name_of,
    path,
    path_of,
)
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
        """Put a candidate and its share of leads before the pods, or none, over the version that was read.

        A leader of the past writes over no newer one. Candidate and share change in one write, so no pod sees one without the other.
        """
        place = self.live.challenger
        is_taken = f"ConfigMap/{self.live.name}-challenger" in self.live.conflicts
        if is_taken or (place is None and asked is None):
            return
        held = await self.differing(place, asked) if place is not None else None
        if place is not None and held is None:
            return
        packed = await self._kept(asked.digest) if asked is not None else None
        if asked is None or packed is not None:
            body = snapshots.challenger(self.live.lead_model, asked, packed)
            await self.permitted(name_of(body), self._put(held, body))

    async def differing(self, place: Object, asked: Asked | None) -> Object | None:
        """Read the place with its data, once per version; None where it holds what is desired, or is another one by now."""
        if is_named(place, asked) and self.asked.get(self.key) == _version(place):
            return None
        held = await self.client.get(path("configmaps", self.key.namespace, place["metadata"]["name"]))
        if held is None or held["metadata"]["uid"] != place["metadata"]["uid"]:
            return None  # the next pass sees what became of it
        if is_named(held, asked) and snapshots.holds_candidate(held, asked):
            self.asked[self.key] = _version(held)
            return None
        return held

    async def _kept(self, digest: str) -> bytes | None:
        """Read the verified bytes of a kept snapshot."""
        revision = self.live.revisions.get(digest)
        if revision is None:
            return None
        kept = await read_packed(self.client, self.key.namespace, revision, SNAPSHOT_FILE)
        return kept[1] if kept is not None and kept[0] == digest else None

    async def _put(self, held: Object | None, body: Object) -> None:
        """Write the place whole, in one request: pods score whatever lies there, also what others put beside it.

        It is not deleted, for kubelets may leave the file of a deleted ConfigMap in the pods.
        """
        if held is None:
            await self.create(body)
        else:
            await written(self.client.merge(path_of(body), snapshots.replacing(held, body)))


def is_named(place: Object, asked: Asked | None) -> bool:
    """Tell whether a place names the candidate, and the decision about its share; the data are another matter."""
    notes = cluster.annotations(place)
    named = notes.get(CHALLENGER_DIGEST), notes.get(DECISION)
    return named == ((asked.digest, str(asked.decision)) if asked is not None else (None, None))


def _version(item: Object) -> tuple[str, str]:
    return item["metadata"]["uid"], item["metadata"]["resourceVersion"]
