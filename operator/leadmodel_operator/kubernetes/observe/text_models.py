"""Text models of one LeadModel as a pass reads them: kept snapshots, what predictors look at, and the mailbox of a check."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from leadmodel_artifact import snapshot
from leadmodel_messages.places import SNAPSHOT_FILE
from leadmodel_messages.text_report import named_digest
from leadmodel_operator.kubernetes.apiserver.client import Api
from leadmodel_operator.kubernetes.observe import cluster
from leadmodel_operator.kubernetes.render import snapshots
from leadmodel_operator.kubernetes.render.names import Object, path
from leadmodel_operator.planning.observed import JobKind, JobSeen, TextSeen


@dataclass
class LiveTexts:
    """The ConfigMaps of a LeadModel's text models, as metadata alone; `packed` has digest and verified bytes of the mailbox."""

    revisions: dict[str, Object] = field(default_factory=dict)  # by digest
    served: Object | None = None
    mailbox: Object | None = None
    packed: tuple[str, bytes] | None = None

    def seen(self) -> TextSeen:
        """Describe the text models for the planner."""
        served = cluster.text_digest_of(self.served) if self.served is not None else None
        return TextSeen(frozenset(self.revisions), self.packed[0] if self.packed else None, served)


def pick_texts(name: str, config_maps: Sequence[Object]) -> LiveTexts:
    """Pick the ConfigMaps of text models among those that a LeadModel of this name owns."""
    by_name = {item["metadata"]["name"]: item for item in config_maps}
    served = by_name.pop(f"{name}-text", None)
    revisions = {d: m for m in by_name.values() if (d := cluster.text_digest_of(m)) is not None}
    return LiveTexts(revisions, served, by_name.get(f"{name}-text-mailbox"))


async def open_text_mailbox(
    client: Api, namespace: str, texts: LiveTexts, jobs: Iterable[JobSeen]
) -> tuple[str, bytes] | None:
    """Read the mailbox: digest and bytes, where their hash is a digest that a check of ours named."""
    answers = [job for job in jobs if job.kind is JobKind.TEXT_CHECK and job.may_answer]
    named = {named_digest(job.message) for job in answers} - {None} - texts.revisions.keys()
    if texts.mailbox is None or not named:
        return None
    packed = await read_packed(client, namespace, texts.mailbox, SNAPSHOT_FILE)
    return packed if packed is not None and packed[0] in named else None


async def read_packed(client: Api, namespace: str, item: Object, file: str) -> tuple[str, bytes] | None:
    """Read digest and bytes that a ConfigMap holds under a key; None where another object has its name by now, or nothing unpacks."""
    metadata = item["metadata"]
    whole = await client.get(path("configmaps", namespace, metadata["name"]))
    if whole is None or whole["metadata"]["uid"] != metadata["uid"]:
        return None
    packed = snapshots.packed_of(whole, file)
    digest = snapshot.unpacked_digest(packed) if packed is not None else None
    return (digest, packed) if packed is not None and digest is not None else None
