"""Reads a LeadModel and all its objects into what the planner sees, and remembers between passes what only this process knows."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from leadmodel_messages.window import Window
from leadmodel_operator.kubernetes.apiserver.cached_fields import backfill_read
from leadmodel_operator.kubernetes.apiserver.client import Api, ApiError, Client
from leadmodel_operator.kubernetes.apiserver.dry_run import DryRun
from leadmodel_operator.kubernetes.apiserver.listing import LARGE_PAGE, Gone, pages
from leadmodel_operator.kubernetes.apiserver.refusals import refusal_of
from leadmodel_operator.kubernetes.observe import cluster, schedules
from leadmodel_operator.kubernetes.observe.follow_ups import is_of_follow_ups
from leadmodel_operator.kubernetes.observe.job_events import JobEvents
from leadmodel_operator.kubernetes.observe.live import Live, open_mailbox, read_live
from leadmodel_operator.kubernetes.observe.text_models import open_text_mailbox
from leadmodel_operator.kubernetes.observe.windows import WindowCache
from leadmodel_operator.kubernetes.render import snapshots
from leadmodel_operator.kubernetes.render.images import Images
from leadmodel_operator.kubernetes.render.names import Object, is_leaving, path
from leadmodel_operator.planning.challenger_place import RENDERING
from leadmodel_operator.planning.follow_ups import INTERVAL_S
from leadmodel_operator.planning.observed import FollowUpsSeen, JobSeen, Observed, Refusal, RefusalKind
from leadmodel_operator.planning.planned import Event, EventType
from leadmodel_operator.planning.scraping import window_interval
from leadmodel_operator.reconcile import Conflict, Key
from leadmodel_operator.resource import document
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.status import Status
from leadmodel_operator.resource.vocabulary import KIND, PLURAL, EventReason


class EventRecorder(Protocol):
    """Writes events that people see in `kubectl describe`."""

    async def record(self, lead_model: Object, event: Event, now: datetime) -> None:
        """Record an event about a LeadModel. A live recorder never fails a pass; that of a dry run raises WriteNeeded."""


@dataclass
class Reading:
    """What the port on a cluster reads, and what the port remembers.

    Attributes:
        client: reads and writes; over the cache it raises WriteNeeded at the first write.
        direct: reads live the names that someone else has taken, for no watch reports these objects.
        clock: the present instant, UTC.
        cached: reads the other LeadModels of a namespace, which may be many and large, once the cache has all; None: `client` reads them.
        on_read: called with each LeadModel that was read or written.
        on_conclusion: called with what a pass saw and the status it came to.
        job_events: what events tell of Jobs that do not begin.
        taken: per LeadModel, others' objects under our names (path → Kind/name), found by failed writes.
        refused: per LeadModel, writes that the last whole pass was refused; none for a LeadModel without such a pass.
        created: per LeadModel, the UID of the validation Job this process created last, by the Job's name.
        intact: per LeadModel, UID and version of the ConfigMap of its text model when its bytes were last what its digest says.
        asked: the same of the ConfigMap in which predictors look for a candidate.
        unrecorded: per LeadModel, digest of the candidate whose record an older CRD took out of the status.
    """

    client: Api
    direct: Client
    windows: WindowCache
    recorder: EventRecorder
    images: Images
    clock: Callable[[], datetime]
    cached: DryRun | None = None
    on_read: Callable[[Object], None] = lambda _: None
    on_conclusion: Callable[[Key, Observed, Status], None] = lambda *_: None
    job_events: JobEvents = field(init=False)
    taken: dict[Key, dict[str, str]] = field(default_factory=dict)
    refused: dict[Key, tuple[Refusal, ...]] = field(default_factory=dict)
    created: dict[Key, dict[str, str]] = field(default_factory=dict)
    intact: dict[Key, tuple[str, str]] = field(default_factory=dict)
    asked: dict[Key, tuple[str, str]] = field(default_factory=dict)
    unrecorded: dict[Key, str] = field(default_factory=dict)
    _live: dict[Key, Live] = field(default_factory=dict)
    _ledger_refused: dict[Key, Refusal] = field(default_factory=dict)  # in the running pass

    def __post_init__(self) -> None:
        self.job_events = JobEvents(self.direct)

    async def observe(self, key: Key) -> Observed | None:
        """Read the LeadModel and all its objects; None when the LeadModel is gone or being deleted."""
        lead_model = await self.client.get(path(PLURAL, key.namespace, key.name))
        if lead_model is None or is_leaving(lead_model):
            self.forget(key)
            return None
        self.on_read(lead_model)
        try:
            return await self._read(key, lead_model)
        except ApiError as error:
            refusal = refusal_of(error, f"{KIND}/{key.name}")
            if refusal is None or refusal.kind is not RefusalKind.RIGHTS:
                raise
            return await self._unread(key, lead_model, error)

    async def _unread(self, key: Key, lead_model: Object, error: ApiError) -> Observed:
        """Describe a LeadModel beside which nothing can be read, since the operator has no right to.

        Raises:
            ApiError: the LeadModel has no status yet. One written now would hide the ledger, from which a status is rebuilt; an event tells.
        """
        self._live[key] = Live(lead_model, lead_model["metadata"]["uid"])
        metadata, status = lead_model["metadata"], document.read_status(lead_model.get("status"))
        why = f"the API server refuses to {error.request}: {error.words}; give the operator the rights of its chart"
        if status is None:
            event = Event(EventReason.FORBIDDEN, why[:1000], EventType.WARNING)
            await self.recorder.record(lead_model, event, self.clock())
            raise error
        return Observed(
            now=self.clock(),
            rv=metadata["resourceVersion"],
            generation=metadata["generation"],
            spec=None,
            unread=why,
            uid=metadata["uid"],
            name=key.name,
            namespace=key.namespace,
            status=status,
            default_image=self.images.predictor,
        )

    async def _read(self, key: Key, lead_model: Object) -> Observed:
        live = self._live[key] = await read_live(self.client, lead_model)
        await self._add_taken(key, live)
        spec, invalid = document.read_spec(lead_model.get("spec") or {})
        status, now = document.read_status(lead_model.get("status")), self.clock()
        windows = await self._windows(key, spec, status, now)
        return await self._observed(key, (spec, invalid), status, windows, now)

    async def _windows(
        self, key: Key, spec: Spec | None, status: Status | None, now: datetime
    ) -> dict[str, Window] | None:
        return await self.windows.windows(
            key,
            self._live[key].pods,
            since=status.drift.breach_since if status and status.drift else None,
            interval=window_interval(spec, status) if spec else 3600.0,
            now=now,
        )

    async def _jobs_seen(self, key: Key, live: Live, now: datetime) -> tuple[JobSeen, ...]:
        faults = await self.job_events.faults(key, live.jobs, live.job_pods, now)
        jobs = cluster.jobs_seen(live.jobs, live.job_pods, faults)
        live.packed = await open_mailbox(self.client, live, jobs)
        live.texts.packed = await open_text_mailbox(self.client, key.namespace, live.texts, jobs)
        return tuple(jobs)

    async def _observed(
        self,
        key: Key,
        spec: tuple[Spec | None, str],
        status: Status | None,
        windows: dict[str, Window] | None,
        now: datetime,
    ) -> Observed:
        live = self._live[key]
        notes, jobs = cluster.annotations(live.lead_model), await self._jobs_seen(key, live, now)
        pods = (cluster.pod_seen(pod, (windows or {}).get(pod["metadata"]["name"])) for pod in live.pods)
        conflicts = tuple(name for name in live.conflicts if not is_of_follow_ups(name, live.name))
        return Observed(
            now=now,
            rv=live.lead_model["metadata"]["resourceVersion"],
            generation=live.lead_model["metadata"]["generation"],
            spec=spec[0],
            invalid=spec[1],
            uid=live.uid,
            name=key.name,
            namespace=key.namespace,
            commands=document.read_commands(notes),
            unknown_annotations=document.unknown_annotations(notes),
            paused=document.read_paused(notes),
            status=status,
            ledger=snapshots.read_ledger(live.ledger),
            snapshots=frozenset(live.revisions),
            mailbox=live.packed[0] if live.packed else None,
            text=live.texts.seen(),
            follow_ups=await self._follow_ups(key, live, now),
            jobs=jobs,
            rollout=cluster.rollout_seen(live.deployment),
            pods=tuple(pods),
            schedules=tuple(filter(None, (schedules.schedule_seen(cron, now) for cron in live.cron_jobs))),
            conflicts=conflicts,
            adopts=document.read_adopt(notes),
            adoptable=bool(conflicts) and not live.others,
            refused=self._refused(key, of_follow_ups=False),
            unrecorded=self.unrecorded.get(key),
            covered_by=await self._covered_by(live, spec[0]),
            scraped=windows is not None,
            scrapes=self.windows.scrapes,
            default_image=self.images.predictor,
            rendering=RENDERING,
        )

    async def _follow_ups(self, key: Key, live: Live, now: datetime) -> FollowUpsSeen:
        """Describe the follow-ups, and ask their pods when that is due."""
        pods = [pod for pod in live.follow_ups.pods if (pod.get("status") or {}).get("podIP")]
        reports = await self.windows.reports(key, pods, interval=INTERVAL_S, now=now) if pods else None
        taken = tuple(name for name in live.conflicts if is_of_follow_ups(name, live.name))
        return live.follow_ups.seen(live.name, reports, taken, self._refused(key, of_follow_ups=True))

    def _refused(self, key: Key, *, of_follow_ups: bool) -> tuple[Refusal, ...] | None:
        """What the last pass was refused of follow-ups, or of all else; None without such a pass."""
        refused = self.refused.get(key)
        if refused is None:
            return None
        return tuple(r for r in refused if is_of_follow_ups(r.name, key.name) is of_follow_ups)

    async def _add_taken(self, key: Key, live: Live) -> None:
        """Name conflicts a write met earlier, and read the names again each pass until they are free."""
        for where, name in list(self.taken.get(key, {}).items()):
            item = await self.direct.get(where)
            if item is not None and live.foreign(item):
                live.add_conflict(name, where.split("/")[-2], item)
            else:
                del self.taken[key][where]

    async def _covered_by(self, live: Live, spec: Spec | None) -> str | None:
        if spec is None or spec.pii_backfill is None:
            return None
        others = await self._backfills(live.namespace)
        return schedules.covered_by(live.lead_model, spec, others)

    async def _backfills(self, namespace: str) -> list[Object]:
        """List the LeadModels of a namespace that have a backfill: from the cache once it knows all, else page by page.

        Raises:
            Conflict: the list expired between two of its pages.
        """
        where = path(PLURAL, namespace)
        if self.cached is None or self.cached.knows_all(namespace):
            return await (self.cached or self.client).items(where, "")
        others: list[Object] = []
        try:
            async for items, _ in pages(self.direct, where, limit=str(LARGE_PAGE)):
                others += [backfill_read(item) for item in items if item["spec"].get("piiBackfill")]
        except Gone as error:
            raise Conflict("the list of LeadModels expired while it was read") from error
        return others

    def forget(self, key: Key) -> None:
        """Drop everything remembered of a LeadModel that is gone."""
        self._live.pop(key, None)
        self.taken.pop(key, None)
        self.refused.pop(key, None)
        self.created.pop(key, None)
        self.intact.pop(key, None)
        self.asked.pop(key, None)
        self.unrecorded.pop(key, None)
        self.windows.forget(key)
        self.job_events.forget(key)

    def settle(self, key: Key) -> None:
        """Drop what a pass read, at the end of the pass."""
        self._live.pop(key, None)
        self._ledger_refused.pop(key, None)
        self.windows.settle(key)
        for remembered in (self.taken, self.created):
            if not remembered.get(key):
                remembered.pop(key, None)
