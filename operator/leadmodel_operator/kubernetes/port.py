"""The operator's port on a cluster: reads everything live, writes in the order that survives a crash."""

import asyncio
import gzip
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from leadmodel_artifact.artifact import MAX_RAW_BYTES
from leadmodel_operator.kubernetes import jobs, objects, observe, snapshots
from leadmodel_operator.kubernetes.client import ApiError, Client
from leadmodel_operator.kubernetes.names import (
    LABEL,
    RENDERED,
    Object,
    collection_of,
    controller_uid,
    path,
    path_of,
)
from leadmodel_operator.kubernetes.observe import Live
from leadmodel_operator.kubernetes.recorder import Recorder
from leadmodel_operator.kubernetes.scrape import Scraper
from leadmodel_operator.reconcile import Conflict, Key
from leadmodel_operator.requested import parse
from leadmodel_operator.schema import dump
from leadmodel_operator.shown import shown
from leadmodel_operator.state import Desired, Event, JobKind, JobState, Observed, Record, Serve
from leadmodel_operator.status import Status
from leadmodel_operator.words import PLURAL


@dataclass(frozen=True)
class Images:
    """The operator's default images."""

    predictor: str
    training: str
    privacy: str


@dataclass
class ClusterPort:
    """Implements the port. `clock` gives the present instant, UTC."""

    client: Client
    scraper: Scraper
    recorder: Recorder
    images: Images
    clock: Callable[[], datetime]
    _live: dict[Key, Live] = field(default_factory=dict)
    _scraped: dict[Key, datetime] = field(default_factory=dict)

    # --- observe ---------------------------------------------------------------------------------------------------------

    async def observe(self, key: Key) -> Observed | None:
        """Read everything live."""
        found = await self.client.get(path(PLURAL, key.namespace, key.name))
        if found is None or "deletionTimestamp" in found["metadata"]:
            self.forget(key)
            return None
        live = await self._read(key, found)
        self._live[key] = live
        spec, invalid = observe.spec_of(found)
        status = observe.status_of(found)
        now = self.clock()
        interval = spec.drift.interval.seconds if spec else 3600.0
        due = now - self._scraped.get(key, datetime.min.replace(tzinfo=now.tzinfo)) >= timedelta(
            seconds=interval * 0.9
        )
        windows = {}
        if due and live.pods:
            since = status.drift.breach_since if status and status.drift else None
            windows = await self.scraper.windows(live.pods, since.timestamp() if since else None)
            self._scraped[key] = now
        seen_jobs = [observe.job_seen(job, live.job_pods) for job in live.jobs]
        ordered = sorted((j for j in seen_jobs if j is not None), key=lambda j: j.created, reverse=True)
        await self._open_mailbox(
            key,
            live,
            [j.message for j in ordered if j.kind is JobKind.VALIDATION and j.state is JobState.SUCCEEDED],
        )
        crons = [observe.schedule_seen(cron) for cron in live.cron_jobs]
        return Observed(
            now=now,
            rv=found["metadata"]["resourceVersion"],
            generation=found["metadata"]["generation"],
            spec=spec,
            invalid=invalid,
            uid=live.uid,
            name=key.name,
            namespace=key.namespace,
            verbs=observe.verbs_of(found),
            paused=observe.is_paused(found),
            status=status,
            ledger=snapshots.read_ledger(live.ledger),
            snapshots=frozenset(live.revisions),
            mailbox=live.packed[0] if live.packed else None,
            jobs=tuple(ordered),
            rollout=observe.rollout_seen(live),
            pods=tuple(observe.pod_seen(pod, windows.get(pod["metadata"]["name"])) for pod in live.pods),
            schedules=tuple(cron for cron in crons if cron is not None),
            conflicts=tuple(live.conflicts),
            scraped=due,
            default_image=self.images.predictor,
        )

    def forget(self, key: Key) -> None:
        """Drop what is remembered of a LeadModel that is gone."""
        self._live.pop(key, None)
        self._scraped.pop(key, None)

    async def _read(self, key: Key, found: Object) -> Live:
        live = Live(found, found["metadata"]["uid"])
        ns, client, mine = key.namespace, self.client, f"{LABEL}={key.name}"
        deployment, service, ledger = await asyncio.gather(
            client.get(path("deployments", ns, key.name)),
            client.get(path("services", ns, key.name)),
            client.get(path("configmaps", ns, f"{key.name}-ledger")),
        )
        pods, sets, job_list, crons, maps = await asyncio.gather(
            client.items(path("pods", ns), mine),
            client.items(path("replicasets", ns), mine, metadata_only=True),
            client.items(path("jobs", ns), mine),
            client.items(path("cronjobs", ns), mine),
            client.items(path("configmaps", ns), mine, metadata_only=True),
        )
        for kind, item in (("Deployment", deployment), ("Service", service), ("ConfigMap", ledger)):
            if item is not None and not live.owns(item):
                live.conflicts.append(f"{kind}/{item['metadata']['name']}")
        live.deployment = deployment if live.owns(deployment) else None
        live.service = service if live.owns(service) else None
        live.ledger = ledger if live.owns(ledger) else None
        live.cron_jobs = [cron for cron in crons if live.owns(cron)]
        cron_uids = {cron["metadata"]["uid"] for cron in live.cron_jobs}
        live.jobs = [j for j in job_list if live.owns(j) or controller_uid(j) in cron_uids]
        live.job_pods = pods
        live.pods = observe.predictor_pods(live, pods, sets)
        live.revisions = observe.revisions_of(live, maps)
        live.mailbox = next(
            (m for m in maps if m["metadata"]["name"] == f"{key.name}-mailbox" and live.owns(m)), None
        )
        return live

    async def _open_mailbox(self, key: Key, live: Live, messages: list[str]) -> None:
        """Bytes count only if their hash is the digest that a succeeded pod of our Job named."""
        named = (
            {(parse(m).get("artifact") or {}).get("digest") for m in messages}
            - {None}
            - live.revisions.keys()
        )
        if live.mailbox is None or not named:
            return
        found = await self.client.get(path("configmaps", key.namespace, f"{key.name}-mailbox"))
        if found is None or not live.owns(found):
            return
        packed = snapshots.packed_of(found)
        digest = snapshots.unpacked_digest(packed) if packed is not None else None
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
            raise _as_conflict(error) from error

    async def record(self, key: Key, records: tuple[Record, ...]) -> None:
        """Write the ledger."""
        live = self._live[key]
        body = snapshots.ledger(live.lead_model, records)
        if live.ledger is None:
            live.ledger = await self._create(body)
            return
        body["metadata"]["resourceVersion"] = live.ledger["metadata"]["resourceVersion"]
        try:
            live.ledger = await self.client.replace(path_of(body), body)
        except ApiError as error:
            raise _as_conflict(error) from error

    async def write_status(self, key: Key, seen: Observed, status: Status) -> None:
        """Write status with the resourceVersion it was planned on."""
        live = self._live[key]
        about = {**live.lead_model["metadata"], "resourceVersion": seen.rv}
        body = {**live.lead_model, "metadata": about, "status": dump(status) | {"shown": shown(status)}}
        try:
            live.lead_model = await self.client.replace(path(PLURAL, key.namespace, key.name, "status"), body)
        except ApiError as error:
            raise _as_conflict(error) from error

    async def emit(self, key: Key, seen: Observed, events: tuple[Event, ...]) -> None:
        """Tell people; best effort."""
        for event in events:
            await self.recorder.record(self._live[key].lead_model, event, seen.now)

    # --- apply ------------------------------------------------------------------------------------------------------------------

    async def apply(self, key: Key, seen: Observed, status: Status, desired: Desired) -> bool:  # noqa: ARG002  # the port's form
        """Make it so; True when another pass should follow at once."""
        live = self._live[key]
        if live.conflicts or seen.spec is None:
            return False
        changed = False
        if desired.touch_serve:
            await self._serve(key, live, desired.serve)
        if desired.frozen:
            return False
        await self._create_missing(live.service, objects.service(live.lead_model))
        for digest in sorted(desired.keep - live.revisions.keys()):
            if live.packed is not None and live.packed[0] == digest:
                await self._keep(live, digest, live.packed[1])
                changed = True
        for digest in sorted(desired.restore):
            changed |= await self._restore(live, digest)
        for digest in sorted(live.revisions.keys() - desired.keep):
            found = live.revisions[digest]
            await self.client.delete(
                path("configmaps", key.namespace, found["metadata"]["name"]), found, with_version=True
            )
        await self._evict(key, live, desired.evict)
        await self._jobs(key, live, seen, desired)
        return changed

    async def _create(self, body: Object) -> Object:
        """POST; a name that is taken by someone else is a conflict for the next pass to name."""
        try:
            return await self.client.create(collection_of(body), body)
        except ApiError as error:
            raise _as_conflict(error) from error

    async def _create_missing(self, found: Object | None, body: Object) -> None:
        if found is None:
            await self._create(body)

    async def _serve(self, key: Key, live: Live, serve: Serve | None) -> None:
        if serve is None:
            if live.deployment is not None:
                await self.client.delete(
                    path("deployments", key.namespace, key.name), live.deployment, with_version=False
                )
            return
        replicas = serve.replicas
        if serve.autoscaling is not None:
            there = live.deployment["spec"].get("replicas") if live.deployment else None
            replicas = there or serve.autoscaling.min_replicas
        live.deployment = await self._apply(
            live.deployment, objects.deployment(live.lead_model, serve, replicas), fenced=True
        )
        for body in (
            objects.budget(live.lead_model),
            objects.network_policy(live.lead_model),
            objects.autoscaler(live.lead_model, serve),
        ):
            if body is not None:
                await self._settle(live, body)

    async def _settle(self, live: Live, body: Object) -> None:
        found = await self.client.get(path_of(body))
        if found is None or live.owns(found):
            await self._apply(found, body)

    async def _apply(self, found: Object | None, body: Object, *, fenced: bool = False) -> Object:
        """Server-side apply, skipped while what is there is what was rendered. Never over an object of someone else."""
        mark = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]
        body["metadata"].setdefault("annotations", {})[RENDERED] = mark
        if found is not None and "deletionTimestamp" in found["metadata"]:
            raise Conflict(f"{body['kind']} is being deleted")
        if found is not None and observe.annotations(found).get(RENDERED) == mark and covers(found, body):
            return found
        if found is not None and fenced:
            body["metadata"]["resourceVersion"] = found["metadata"]["resourceVersion"]
        try:
            return await self.client.apply(path_of(body), body, force=found is not None)
        except ApiError as error:
            raise _as_conflict(error) from error

    async def _keep(self, live: Live, digest: str, packed: bytes) -> None:
        body = snapshots.revision(live.lead_model, digest, packed)
        try:
            live.revisions[digest] = await self.client.create(collection_of(body), body)
        except ApiError as error:
            if error.status != 409:
                raise
            raise Conflict(f"ConfigMap/{body['metadata']['name']} is there already") from error

    async def _restore(self, live: Live, digest: str) -> bool:
        """Take the bytes from a pod that serves them; the hash decides."""
        for pod in live.pods:
            raw = await self.scraper.fetch(pod, f"/ops/artifact?digest={digest}", MAX_RAW_BYTES)
            if raw is not None and "sha256:" + hashlib.sha256(raw).hexdigest() == digest:
                await self._keep(live, digest, gzip.compress(raw, mtime=0))
                return True
        return False

    async def _evict(self, key: Key, live: Live, names: tuple[str, ...]) -> None:
        for pod in live.pods:
            if pod["metadata"]["name"] in names and "deletionTimestamp" not in pod["metadata"]:
                await self.client.delete(path("pods", key.namespace, pod["metadata"]["name"]), pod)

    # --- Jobs ---------------------------------------------------------------------------------------------------------------------

    async def _jobs(self, key: Key, live: Live, seen: Observed, desired: Desired) -> None:
        spec = seen.spec
        assert spec is not None
        there = {job["metadata"]["name"] for job in live.jobs}
        asked, poll = desired.validate, desired.poll
        if (
            asked is not None
            or poll is not None
            or desired.retraining is not None
            or desired.backfill is not None
        ):
            for body in jobs.access(live.lead_model, spec):
                await self._settle(live, body)
        if asked is not None and asked.name not in there:
            await self._new_mailbox(key, live)
            await self._create(jobs.validation(live.lead_model, spec, asked))
        if asked is None and desired.tidy:
            await self._tidy(key, live)
        if poll is not None and poll.once is not None and poll.once not in there:
            await self._create(jobs.poll_job(live.lead_model, spec, poll))
        wanted: dict[JobKind, Any] = {
            JobKind.POLL: jobs.poll_cron(live.lead_model, spec, poll) if poll else None,
            JobKind.RETRAINING: desired.retraining
            and jobs.retraining(live.lead_model, spec, desired.retraining, self.images.training),
            JobKind.BACKFILL: desired.backfill
            and jobs.backfill(live.lead_model, spec, desired.backfill, self.images.privacy),
        }
        await self._crons(key, live, wanted)

    async def _crons(self, key: Key, live: Live, wanted: dict[JobKind, Any]) -> None:
        found = {observe.kind_of(cron): cron for cron in live.cron_jobs}
        for kind, body in wanted.items():
            if body is not None:
                await self._apply(found.get(kind), body)
            elif kind in found:
                await self.client.delete(
                    path("cronjobs", key.namespace, found[kind]["metadata"]["name"]), found[kind]
                )

    async def _new_mailbox(self, key: Key, live: Live) -> None:
        """An empty one for each validation: what lay in the old one counts no more."""
        if live.mailbox is not None:
            await self.client.delete(path("configmaps", key.namespace, f"{key.name}-mailbox"), live.mailbox)
            live.mailbox = None
        await self._create(jobs.mailbox(live.lead_model))

    async def _tidy(self, key: Key, live: Live) -> None:
        """Validation Jobs and the mailbox go once their answer is in status; of poll Jobs made at once the three newest stay."""
        done = [j for j in live.jobs if observe.kind_of(j) is JobKind.VALIDATION]
        polls = [j for j in live.jobs if observe.kind_of(j) is JobKind.POLL and live.owns(j)]
        old = sorted(polls, key=lambda j: j["metadata"]["creationTimestamp"], reverse=True)[3:]
        for job in [*done, *old]:
            await self.client.delete(path("jobs", key.namespace, job["metadata"]["name"]), job)
        if live.mailbox is not None:
            await self.client.delete(path("configmaps", key.namespace, f"{key.name}-mailbox"), live.mailbox)


def _as_conflict(error: ApiError) -> Exception:
    """409 (stale, or the name is taken) and 404 (gone meanwhile) mean: look again."""
    return Conflict(str(error)) if error.status in {404, 409} else error


def covers(found: Any, wanted: Any) -> bool:
    """Whether every value we render is there; what others added is theirs. Quantities are normalised by the server: the mark covers them."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(
            key in found and (key in _NORMALISED or covers(found[key], value))
            for key, value in wanted.items()
            if not _empty(value)
        )
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(covers, found, wanted))
    return bool(found == wanted)


_NORMALISED = {"resources", "resourceVersion", "sizeLimit"}


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, dict | list | str) and not value)
