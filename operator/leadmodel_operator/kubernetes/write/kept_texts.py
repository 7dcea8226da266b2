"""Keeps the text models that a pass desires, and puts the one that serves where predictors look."""

from dataclasses import dataclass

from leadmodel_messages.places import TEXT_FILE
from leadmodel_operator.kubernetes.observe import cluster
from leadmodel_operator.kubernetes.observe.text_models import read_packed
from leadmodel_operator.kubernetes.render import snapshots
from leadmodel_operator.kubernetes.render.names import name_of
from leadmodel_operator.kubernetes.write.writes import Writes
from leadmodel_operator.planning.planned import TextWork
from leadmodel_operator.reconcile import Key


@dataclass
class KeptTexts(Writes):
    """The writes of one pass to text models. All bytes that are written have the hash that their digest says.

    Attributes:
        intact: per LeadModel, UID and version of the ConfigMap that predictors look at when its bytes last had their hash.
    """

    intact: dict[Key, tuple[str, str]]

    async def keep_texts(self, work: TextWork) -> bool:
        """Keep the mailbox's text model, restore a lost one from what predictors look at, trim the rest; True when one was added."""
        revisions, changed = self.live.texts.revisions, False
        for digest in sorted(work.keep - revisions.keys()):
            changed |= await self._keep_text(digest)
        await self._serve_text(work.serve)
        for digest in sorted(revisions.keys() - work.keep):
            await self.remove("configmaps", revisions[digest], with_version=True)
        return changed

    async def _keep_text(self, digest: str) -> bool:
        texts = self.live.texts
        packed = texts.packed
        if (packed is None or packed[0] != digest) and texts.served is not None:
            packed = await read_packed(self.client, self.key.namespace, texts.served, TEXT_FILE)
        if packed is None or packed[0] != digest:
            return False
        body = snapshots.text_revision(self.live.lead_model, digest, packed[1])
        made = await self.permitted(name_of(body), self.create(body))
        if made is not None:
            texts.revisions[digest] = made
        return made is not None

    async def _serve_text(self, digest: str | None) -> None:
        """Put a text model where predictors look, over the version that was read: a leader of the past does not write over a newer one."""
        texts = self.live.texts
        if digest is None:
            if texts.served is not None:
                await self.remove("configmaps", texts.served, with_version=True)
            return
        if digest not in texts.revisions:
            return
        served = texts.served
        is_named = served is not None and cluster.text_digest_of(served) == digest
        if served is not None and is_named and await self.holds(served, TEXT_FILE, digest, self.intact):
            return
        kept = await read_packed(self.client, self.key.namespace, texts.revisions[digest], TEXT_FILE)
        if kept is None or kept[0] != digest:
            return
        body = snapshots.served_text(self.live.lead_model, digest, kept[1])
        await self.permitted(name_of(body), self.apply(served, body, fenced=True))
