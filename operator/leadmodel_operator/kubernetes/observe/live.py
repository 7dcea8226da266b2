"""Objects of one LeadModel as a pass reads them, and whose each of them is.

Ownership goes by the UID of the controller. An object of someone else under one of our names is a conflict: the planner names it, no
decision reads it, and nothing is written over it.
"""

import asyncio
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar, cast

from leadmodel_artifact import snapshot
from leadmodel_messages.report import named_digest
from leadmodel_operator.kubernetes.apiserver.client import Api
from leadmodel_operator.kubernetes.observe import cluster
from leadmodel_operator.kubernetes.observe.follow_ups import LiveFollowUps, are_asked_for, pods_of
from leadmodel_operator.kubernetes.observe.text_models import LiveTexts, pick_texts
from leadmodel_operator.kubernetes.render import follow_ups, snapshots
from leadmodel_operator.kubernetes.render.names import (
    KINDS,
    LABEL,
    MANAGED_BY,
    MANAGED_LABEL,
    Object,
    controller,
    controller_uid,
    is_leaving,
    path,
)
from leadmodel_operator.planning.observed import JobKind, JobSeen
from leadmodel_operator.resource import document
from leadmodel_operator.resource.vocabulary import KIND

T = TypeVar("T")


@dataclass
class Live:
    """Everything one pass read, in the API server's form. Lists hold only what belongs to the LeadModel."""

    lead_model: Object
    uid: str
    deployment: Object | None = None
    service: Object | None = None
    autoscaler: Object | None = None
    pods: list[Object] = field(default_factory=list)  # of predictors
    job_pods: list[Object] = field(default_factory=list)  # all pods with the LeadModel's label
    jobs: list[Object] = field(default_factory=list)
    cron_jobs: list[Object] = field(default_factory=list)
    revisions: dict[str, Object] = field(default_factory=dict)  # digest → metadata of its ConfigMap
    ledger: Object | None = None
    mailbox: Object | None = None  # metadata alone
    conflicts: list[str] = field(default_factory=list)  # Kind/name of others' objects under our names
    orphans: list[Object] = field(default_factory=list)  # snapshots of a deleted LeadModel of this name
    left: list[tuple[str, Object]] = field(
        default_factory=list
    )  # (resource, object) that such a LeadModel left
    others: int = 0  # conflicts with objects that no LeadModel left
    packed: tuple[str, bytes] | None = None  # digest and verified bytes of the mailbox
    texts: LiveTexts = field(default_factory=LiveTexts)
    challenger: Object | None = None  # metadata of the ConfigMap in which predictors look for a candidate
    follow_ups: LiveFollowUps = field(default_factory=LiveFollowUps)

    @property
    def name(self) -> str:
        """Name of the LeadModel, from its metadata."""
        return str(self.lead_model["metadata"]["name"])

    @property
    def namespace(self) -> str:
        """Namespace of the LeadModel, from its metadata."""
        return str(self.lead_model["metadata"]["namespace"])

    def owns(self, item: Object | None) -> bool:
        """Tell whether the LeadModel controls an object that is not being deleted."""
        return item is not None and controller_uid(item) == self.uid and not is_leaving(item)

    def foreign(self, item: Object | None) -> bool:
        """Tell whether an object belongs to someone else, or to nobody."""
        return item is not None and controller_uid(item) != self.uid and not is_leaving(item)

    def is_left_behind(self, item: Object) -> bool:
        """Tell whether an earlier LeadModel of this name left an object: it has our labels and nobody else controls it."""
        labels, owner = item["metadata"].get("labels") or {}, controller(item)
        is_ours = labels.get(LABEL) == self.name and labels.get(MANAGED_LABEL) == MANAGED_BY
        return is_ours and (owner is None or (owner.get("kind"), owner.get("name")) == (KIND, self.name))

    def add_conflict(self, name: str, resource: str, item: Object) -> None:
        """Note someone else's object under one of our names."""
        if name in self.conflicts:
            return
        self.conflicts.append(name)
        if self.is_left_behind(item):
            self.left.append((resource, item))
        else:
            self.others += 1

    def owned(self, item: Object | None) -> Object | None:
        """Return an object the LeadModel controls, None for any other."""
        return item if self.owns(item) else None


async def read_live(client: Api, lead_model: Object) -> Live:
    """Read every object of a LeadModel: four by name, five lists by label.

    Raises:
        ApiError, OSError, TimeoutError, aiohttp.ClientError: the read failed; nothing is known then.
    """
    live = Live(lead_model, lead_model["metadata"]["uid"])
    await _read_named(client, live)
    await _read_lists(client, live)
    if live.conflicts:
        await _read_other_names(client, live)
    return live


async def together(*reads: Awaitable[T]) -> list[T]:
    """Await reads beside each other. Of failures the first in the order of the reads is raised: one cause keeps one sentence."""
    answers = await asyncio.gather(*reads, return_exceptions=True)
    failed = next((answer for answer in answers if isinstance(answer, BaseException)), None)
    if failed is not None:
        raise failed
    return cast(list[T], answers)


async def _read_named(client: Api, live: Live) -> None:
    deployment, service, autoscaler, ledger = await together(
        client.get(path("deployments", live.namespace, live.name)),
        client.get(path("services", live.namespace, live.name)),
        client.get(path("horizontalpodautoscalers", live.namespace, live.name)),
        client.get(path("configmaps", live.namespace, f"{live.name}-ledger")),
    )
    for kind, item in (("Deployment", deployment), ("Service", service), ("ConfigMap", ledger)):
        if item is not None and live.foreign(item):
            live.add_conflict(f"{kind}/{item['metadata']['name']}", KINDS[kind], item)
    live.deployment, live.service = live.owned(deployment), live.owned(service)
    live.autoscaler, live.ledger = live.owned(autoscaler), live.owned(ledger)


async def _read_other_names(client: Api, live: Live) -> None:
    """Look whose the other names are once one is taken, so that a person reads of all of them at once."""
    jobs = f"{live.name}-jobs"
    names = [("PodDisruptionBudget", live.name), ("NetworkPolicy", live.name)]
    names += [(kind, jobs) for kind in ("ServiceAccount", "Role", "RoleBinding")]
    items = await together(*(client.get(path(KINDS[kind], live.namespace, name)) for kind, name in names))
    for (kind, name), item in zip(names, items, strict=True):
        if item is not None and live.foreign(item):
            live.add_conflict(f"{kind}/{name}", KINDS[kind], item)


async def _read_lists(client: Api, live: Live) -> None:
    ns, label = live.namespace, f"{LABEL}={live.name}"
    pods, replica_sets, jobs, cron_jobs, config_maps = await together(
        client.items(path("pods", ns), label),
        client.items(path("replicasets", ns), label, metadata_only=True),
        client.items(path("jobs", ns), label),
        client.items(path("cronjobs", ns), label),
        client.items(path("configmaps", ns), label, metadata_only=True),
    )
    live.cron_jobs = [cron for cron in cron_jobs if live.owns(cron)]
    for cron in cron_jobs:
        name = cron["metadata"]["name"]
        if live.foreign(cron) and name in {f"{live.name}-{kind}" for kind in JobKind}:
            live.add_conflict(f"CronJob/{name}", "cronjobs", cron)
    live.jobs = _jobs_of(live, jobs)
    live.job_pods = pods
    live.pods = cluster.predictor_pods(live.deployment, pods, replica_sets)
    live.revisions = {d: m for m in config_maps if live.owns(m) and (d := cluster.digest_of(m)) is not None}
    adopts = document.read_adopt(cluster.annotations(live.lead_model))
    orphans = (m for m in config_maps if live.foreign(m) and cluster.digest_of(m) is not None)
    live.orphans = [
        m for m in orphans if cluster.is_orphan(m, live.name) or (adopts and live.is_left_behind(m))
    ]
    mailboxes = (m for m in config_maps if m["metadata"]["name"] == f"{live.name}-mailbox" and live.owns(m))
    live.mailbox = next(mailboxes, None)
    live.texts = pick_texts(live.name, [m for m in config_maps if live.owns(m)])
    candidates = (m for m in config_maps if m["metadata"]["name"] == f"{live.name}-challenger")
    live.challenger = next(filter(live.owns, candidates), None)
    _add_text_conflicts(live, config_maps)
    if are_asked_for(live.lead_model, [m for m in config_maps if live.owns(m)]):
        await _read_follow_ups(client, live, pods, replica_sets)


async def _read_follow_ups(client: Api, live: Live, pods: list[Object], replica_sets: list[Object]) -> None:
    """Read what sends follow-ups, by name."""
    name, known = follow_ups.object_name(live.name), live.follow_ups
    items = await together(
        *(client.get(path(KINDS[kind], live.namespace, name)) for kind in follow_ups.KINDS)
    )
    for kind, item in zip(follow_ups.KINDS, items, strict=True):
        if item is not None and live.owns(item):
            known.objects[kind] = item
        elif item is not None and live.foreign(item):
            known.foreign[kind] = item
            if live.is_left_behind(item):
                live.left.append((KINDS[kind], item))
        elif item is not None:
            known.leaving.add(kind)
    known.pods = pods_of(known.objects.get("Deployment"), pods, replica_sets)


def _add_text_conflicts(live: Live, config_maps: list[Object]) -> None:
    """Note ConfigMaps with our label and a name of a text model's or a candidate's that belong to someone else."""
    ours = {f"{live.name}-{word}" for word in ("text", "text-mailbox", "challenger")}
    for item in config_maps:
        name = item["metadata"]["name"]
        if live.foreign(item) and name in ours:
            live.add_conflict(f"ConfigMap/{name}", "configmaps", item)


def _jobs_of(live: Live, jobs: list[Object]) -> list[Object]:
    """Pick Jobs of the LeadModel, of its CronJobs, and backfills that a person started from one of these."""
    uids = {cron["metadata"]["uid"] for cron in live.cron_jobs}
    return [
        job
        for job in jobs
        if not is_leaving(job)
        and (live.owns(job) or controller_uid(job) in uids or cluster.is_started_by_hand(job, uids))
    ]


async def open_mailbox(client: Api, live: Live, jobs: Iterable[JobSeen]) -> tuple[str, bytes] | None:
    """Read the mailbox: digest and bytes, where their hash is a digest that a validation of ours named."""
    answers = [j for j in jobs if j.kind is JobKind.VALIDATION and j.may_answer]
    named = {named_digest(job.message) for job in answers} - {None} - live.revisions.keys()
    if live.mailbox is None or not named:
        return None
    mailbox = await client.get(path("configmaps", live.namespace, f"{live.name}-mailbox"))
    packed = snapshots.packed_of(mailbox) if mailbox is not None and live.owns(mailbox) else None
    digest = snapshot.unpacked_digest(packed) if packed is not None else None
    return (digest, packed) if packed is not None and digest is not None and digest in named else None
