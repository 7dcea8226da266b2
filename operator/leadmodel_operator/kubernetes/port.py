"""The operator's port on a cluster: reads what is there, and records. How things are made so is the actor's business.

The same code runs over the API server and over the cache of it, which cannot be written to.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from leadmodel_artifact import snapshot
from leadmodel_messages.report import named_digest
from leadmodel_operator.kubernetes.apiserver.client import Api, ApiError
from leadmodel_operator.kubernetes.applier import Applier, Images, as_conflict
from leadmodel_operator.kubernetes.observe import cluster, schedules
from leadmodel_operator.kubernetes.observe.cluster import Live
from leadmodel_operator.kubernetes.observe.windows import WindowCache
from leadmodel_operator.kubernetes.render import snapshots
from leadmodel_operator.kubernetes.render.names import (
    LABEL,
    Object,
    controller_uid,
    is_leaving,
    path,
    path_of,
)
from leadmodel_operator.planning.observed import Desired, Event, JobKind, JobState, Observed, Record
from leadmodel_operator.reconcile import Key
from leadmodel_operator.resource import document
from leadmodel_operator.resource.columns import column_figures
from leadmodel_operator.resource.conversion import dump
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.status import Status
from leadmodel_operator.resource.vocabulary import PLURAL


class EventRecorder(Protocol):
    """Who tells people what happened."""

    async def record(self, lead_model: Object, event: Event, now: datetime) -> None:
        """Tell it."""


@dataclass
class ClusterPort:
    """Implements the port. `clock` gives the present instant, UTC; `taken` names objects of others that stand in our way."""

    client: Api
    direct: Api  # who is asked about names of ours that someone else has: no watch tells of them
    windows: WindowCache
    recorder: EventRecorder
    images: Images
    clock: Callable[[], datetime]
    on_read: Callable[[Object], None] = lambda _: None  # the LeadModel as it was read or written
    on_conclusion: Callable[[Key, Observed, Status], None] = lambda *_: None  # what a pass concluded
    taken: dict[Key, dict[str, str]] = field(default_factory=dict)
    refused: dict[Key, set[str]] = field(default_factory=dict)
    _live: dict[Key, Live] = field(default_factory=dict)

    # --- observe ---------------------------------------------------------------------------------------------------------

    async def observe(self, key: Key) -> Observed | None:
        """Read everything."""
        found = await self.client.get(path(PLURAL, key.namespace, key.name))
        if found is None or is_leaving(found):
            self.forget(key)
            return None
        self.on_read(found)
        live = await self._read(key, found)
        self._live[key] = live
        spec, invalid = document.read_spec(found.get("spec") or {})
        status = document.read_status(found.get("status"))
        now = self.clock()
        windows = await self.windows.windows(
            key,
            live.pods,
            since=status.drift.breach_since if status and status.drift else None,
            interval=spec.drift.interval.seconds if spec else 3600.0,
            now=now,
        )
        seen_jobs = [cluster.job_seen(job, live.job_pods) for job in live.jobs]
        ordered = sorted((j for j in seen_jobs if j is not None), key=lambda j: j.created, reverse=True)
        await self._open_mailbox(
            key,
            live,
            [j.message for j in ordered if j.kind is JobKind.VALIDATION and j.state is JobState.SUCCEEDED],
        )
        crons = [schedules.schedule_seen(cron, now) for cron in live.cron_jobs]
        answers = windows or {}
        return Observed(
            now=now,
            rv=found["metadata"]["resourceVersion"],
            generation=found["metadata"]["generation"],
            spec=spec,
            invalid=invalid,
            uid=live.uid,
            name=key.name,
            namespace=key.namespace,
            commands=document.read_commands(cluster.annotations(found)),
            paused=document.read_paused(cluster.annotations(found)),
            status=status,
            ledger=snapshots.read_ledger(live.ledger),
            snapshots=frozenset(live.revisions),
            mailbox=live.packed[0] if live.packed else None,
            jobs=tuple(ordered),
            rollout=cluster.rollout_seen(live),
            pods=tuple(cluster.pod_seen(pod, answers.get(pod["metadata"]["name"])) for pod in live.pods),
            schedules=tuple(cron for cron in crons if cron is not None),
            conflicts=tuple(live.conflicts),
            refused=tuple(sorted(self.refused.get(key, ()))),
            covered_by=await self._covered_by(key, found, spec),
            scraped=windows is not None,
            scrapes=self.windows.scrapes,
            default_image=self.images.predictor,
        )

    def forget(self, key: Key) -> None:
        """Drop what is remembered of a LeadModel that is gone."""
        self._live.pop(key, None)
        self.taken.pop(key, None)
        self.refused.pop(key, None)
        self.windows.forget(key)

    def settle(self, key: Key) -> None:
        """The pass came to its end: what was read for it goes."""
        self._live.pop(key, None)
        self.windows.settle(key)
        for noted in (self.taken, self.refused):
            if not noted.get(key):
                noted.pop(key, None)

    async def _read(self, key: Key, found: Object) -> Live:
        live = Live(found, found["metadata"]["uid"])
        ns, client, mine = key.namespace, self.client, f"{LABEL}={key.name}"
        deployment, service, autoscaler, ledger = await asyncio.gather(
            client.get(path("deployments", ns, key.name)),
            client.get(path("services", ns, key.name)),
            client.get(path("horizontalpodautoscalers", ns, key.name)),
            client.get(path("configmaps", ns, f"{key.name}-ledger")),
        )
        pods, sets, job_list, crons, maps = await asyncio.gather(
            client.items(path("pods", ns), mine),
            client.items(path("replicasets", ns), mine, metadata_only=True),
            client.items(path("jobs", ns), mine),
            client.items(path("cronjobs", ns), mine),
            client.items(path("configmaps", ns), mine, metadata_only=True),
        )
        named = (("Deployment", deployment), ("Service", service), ("ConfigMap", ledger))
        live.conflicts = [
            f"{kind}/{item['metadata']['name']}"
            for kind, item in named
            if item is not None and live.foreign(item)
        ]
        await self._still_taken(key, live)
        live.deployment = deployment if live.owns(deployment) else None
        live.service = service if live.owns(service) else None
        live.autoscaler = autoscaler if live.owns(autoscaler) else None
        live.ledger = ledger if live.owns(ledger) else None
        live.cron_jobs = [cron for cron in crons if live.owns(cron)]
        cron_uids = {cron["metadata"]["uid"] for cron in live.cron_jobs}
        ours = [
            j
            for j in job_list
            if live.owns(j) or controller_uid(j) in cron_uids or cluster.is_started_by_hand(j, cron_uids)
        ]
        live.jobs = [j for j in ours if not is_leaving(j)]
        live.job_pods = pods
        live.pods = cluster.predictor_pods(live, pods, sets)
        live.revisions = cluster.revisions_of(live, maps)
        live.orphans = cluster.orphans_of(live, maps)
        live.mailbox = next(
            (m for m in maps if m["metadata"]["name"] == f"{key.name}-mailbox" and live.owns(m)), None
        )
        return live

    async def _still_taken(self, key: Key, live: Live) -> None:
        """Names that a write found taken: looked at again on each pass, until they are free."""
        for where, what in list(self.taken.get(key, {}).items()):
            if live.foreign(await self.direct.get(where)):
                live.conflicts.append(what)
            else:
                del self.taken[key][where]

    async def _covered_by(self, key: Key, found: Object, spec: Spec | None) -> str | None:
        if spec is None or spec.pii_backfill is None:
            return None
        others = await self.client.items(path(PLURAL, key.namespace), "")
        return schedules.covered_by(found, spec, others)

    async def _open_mailbox(self, key: Key, live: Live, messages: list[str]) -> None:
        """Bytes count only if their hash is the digest that a succeeded pod of our Job named."""
        named = {named_digest(message) for message in messages} - {None} - live.revisions.keys()
        if live.mailbox is None or not named:
            return
        found = await self.client.get(path("configmaps", key.namespace, f"{key.name}-mailbox"))
        if found is None or not live.owns(found):
            return
        packed = snapshots.packed_of(found)
        digest = snapshot.unpacked_digest(packed) if packed is not None else None
        if packed is not None and digest in named and digest is not None:
            live.packed = (digest, packed)

    # --- record ----------------------------------------------------------------------------------------------------------------

    async def claim(self, key: Key, digest: str) -> None:
        """Raise the version of the snapshot, so that a leader who read it earlier cannot trim it."""
        live = self._live[key]
        found = live.revisions.get(digest)
        if found is None:
            return
        where = path("configmaps", key.namespace, found["metadata"]["name"])
        try:
            live.revisions[digest] = await self.client.merge(
                where, snapshots.claim_patch(found, live.lead_model["metadata"]["resourceVersion"])
            )
        except ApiError as error:
            raise as_conflict(error) from error

    async def record(self, key: Key, records: tuple[Record, ...]) -> None:
        """Write the ledger; not over one that is someone else's, while which nothing is decided."""
        live = self._live[key]
        body = snapshots.ledger(live.lead_model, records)
        if f"ConfigMap/{body['metadata']['name']}" in live.conflicts:
            return
        if live.ledger is None:
            live.ledger = await self._applier(key).create(body)
            return
        body["metadata"]["resourceVersion"] = live.ledger["metadata"]["resourceVersion"]
        try:
            live.ledger = await self.client.replace(path_of(body), body)
        except ApiError as error:
            raise as_conflict(error) from error

    async def write_status(self, key: Key, seen: Observed, status: Status) -> None:
        """Write status with the resourceVersion it was planned on."""
        live = self._live[key]
        about = {**live.lead_model["metadata"], "resourceVersion": seen.rv}
        body = {
            **live.lead_model,
            "metadata": about,
            "status": dump(status) | {"shown": column_figures(status)},
        }
        try:
            live.lead_model = await self.client.replace(path(PLURAL, key.namespace, key.name, "status"), body)
        except ApiError as error:
            raise as_conflict(error) from error
        self.on_read(live.lead_model)

    async def emit(self, key: Key, seen: Observed, events: tuple[Event, ...]) -> None:
        """Tell people; best effort."""
        for event in events:
            await self.recorder.record(self._live[key].lead_model, event, seen.now)

    # --- apply ------------------------------------------------------------------------------------------------------------------

    async def apply(self, key: Key, seen: Observed, status: Status, desired: Desired) -> bool:
        """Make it so; True when another pass should follow at once."""
        self.on_conclusion(key, seen, status)
        if seen.spec is None:
            return False
        return await self._applier(key).act(seen, desired)

    def _applier(self, key: Key) -> Applier:
        taken, refused = self.taken.setdefault(key, {}), self.refused.setdefault(key, set())
        return Applier(self.client, self.windows.scraper, self.images, key, self._live[key], taken, refused)
