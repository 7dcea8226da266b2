"""Brings the cluster to what one pass desires: server-side apply where an object differs, no request where none does.

The Deployment comes first, since leads depend on it; then its surroundings, snapshots, evictions and Jobs. A write without rights is
remembered, and the rest goes on.
"""

import random
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any

from leadmodel_artifact import snapshot
from leadmodel_operator.kubernetes.apiserver.client import Api, ApiError
from leadmodel_operator.kubernetes.observe import cluster
from leadmodel_operator.kubernetes.observe.live import Live
from leadmodel_operator.kubernetes.observe.scrape import Scraper
from leadmodel_operator.kubernetes.render import jobs, objects, snapshots
from leadmodel_operator.kubernetes.render.comparison import add_hash, applied_fields, is_as_rendered
from leadmodel_operator.kubernetes.render.names import (
    Object,
    collection_of,
    is_leaving,
    meta,
    path,
    path_of,
    revision_name,
    scales,
)
from leadmodel_operator.planning.observed import Desired, JobKind, Observed, Serve, Validation
from leadmodel_operator.reconcile import Conflict, Key
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.vocabulary import PLURAL

PODS_ASKED = 3  # for a lost snapshot, in one pass
POLLS_KEPT = 3  # poll Jobs made at once, for a person to read


@dataclass(frozen=True)
class Images:
    """Images the operator uses where a LeadModel names none."""

    predictor: str
    training: str
    privacy: str


@dataclass
class Applier:
    """The writes of one pass.

    Attributes:
        taken: others' objects under our names (path → Kind/name); a write that meets one adds it.
        refused: writes the last whole pass had no right to, such as "create jobs"; replaced when the pass is whole.
        created: UID of the validation Job this process created last, by the Job's name.
    """

    client: Api
    scraper: Scraper
    images: Images
    key: Key
    live: Live
    taken: dict[str, str]
    refused: set[str]
    created: dict[str, str]
    _refused: set[str] = field(default_factory=set)

    async def act(self, seen: Observed, desired: Desired) -> bool:
        """Carry out everything desired; True when another pass should follow at once.

        Raises:
            Conflict: an object changed or vanished since it was read, or its name was taken.
            ApiError: the server refused for another reason; 403 only where the namespace is going.
        """
        serves = desired.touch_serve and f"Deployment/{self.key.name}" not in self.live.conflicts
        if serves:
            await self.permitted(self._serve(desired.serve))
        if desired.frozen:
            return False
        if desired.touch_serve:
            await self._surroundings(desired.serve)
        if f"Service/{self.key.name}" not in self.live.conflicts:
            await self.permitted(self.apply(self.live.service, objects.service(self.live.lead_model)))
        if await self._adopt():
            return True
        changed = await self._snapshots(desired)
        await self.permitted(self._evict(desired.evict))
        await self.permitted(self._jobs(seen, desired))
        self.refused.clear()
        self.refused.update(self._refused)
        return changed

    async def permitted(self, work: Awaitable[object]) -> None:
        """Await a write; where the operator has no right to it, remember that and go on."""
        try:
            await work
        except ApiError as error:
            if error.status != 403 or error.namespace_terminating:
                raise
            self._refused.add(error.request)

    # --- writing one object ------------------------------------------------------------------------------------------------------

    async def create(self, body: Object) -> Object:
        """POST an object; a name that someone else has taken becomes a conflict the next pass names.

        Raises:
            Conflict: the name is taken.
        """
        try:
            return await self.client.create(collection_of(body), body)
        except ApiError as error:
            if error.status == 409 and self.live.foreign(await self.client.get(path_of(body))):
                self._remember_taken(body)
            raise as_conflict(error) from error

    def _remember_taken(self, body: Object) -> None:
        self.taken[path_of(body)] = f"{body['kind']}/{body['metadata']['name']}"

    async def _settle(self, body: Object) -> bool:
        """Create or correct an object that the pass did not read; False, and nothing is written, where it is someone else's."""
        item = await self.client.get(path_of(body))
        if self.live.foreign(item):
            self._remember_taken(body)
            return False
        await self.apply(item, body)
        return True

    async def apply(self, item: Object | None, body: Object, *, fenced: bool = False) -> Object:
        """Create an object, or apply it over `item` where `item` differs from what is rendered.

        The UID in the body keeps an apply from meeting an object of the same name made meanwhile; `fenced` adds the version.
        """
        digest = add_hash(body)
        if item is None:
            return await self.create(body)
        if is_leaving(item):
            raise Conflict(f"{body['kind']} is being deleted")
        if is_as_rendered(item, body, digest):
            return item
        try:
            item = await self._as_applied(item, body)
            body["metadata"]["uid"] = item["metadata"]["uid"]
            if fenced:
                body["metadata"]["resourceVersion"] = item["metadata"]["resourceVersion"]
            return await self.client.apply(path_of(body), body, force=True)
        except ApiError as error:
            raise as_conflict(error) from error

    async def _as_applied(self, item: Object, body: Object) -> Object:
        entries = applied_fields(item)
        if entries is None:
            return item
        metadata = {"resourceVersion": item["metadata"]["resourceVersion"], "managedFields": entries}
        return await self.client.merge(path_of(body), {"metadata": metadata})

    async def delete(self, resource: str, item: Object, *, with_version: bool = False) -> None:
        """Delete the object with this UID, and on demand with this version."""
        where = path(resource, self.key.namespace, item["metadata"]["name"])
        await self.client.delete(where, item, with_version=with_version)

    # --- serving -----------------------------------------------------------------------------------------------------------------

    async def _serve(self, serve: Serve | None) -> None:
        live = self.live
        if serve is None:
            if live.deployment is not None:
                await self.delete("deployments", live.deployment)
            return
        body = objects.deployment(live.lead_model, serve, self._replicas(serve))
        live.deployment = await self.apply(live.deployment, body, fenced=True)

    async def _surroundings(self, serve: Serve | None) -> None:
        """Bring disruption budget, network policy and autoscaler to what pods need; without pods they stay as they are."""
        if serve is None:
            return
        live = self.live
        scaler = objects.autoscaler(live.lead_model, serve)
        for part in (objects.budget(live.lead_model), objects.network_policy(live.lead_model), scaler):
            if part is not None:
                await self.permitted(self._settle(part))
        if scaler is None and live.autoscaler is not None:
            await self.permitted(self.delete("horizontalpodautoscalers", live.autoscaler))

    def _replicas(self, serve: Serve) -> int | None:
        """Number of pods to render; None once an autoscaler has set the number, which is then the autoscaler's field."""
        if serve.autoscaling is None:
            return serve.replicas
        deployment = self.live.deployment
        if deployment is None:
            return serve.autoscaling.min_replicas
        if any(scales(entry) for entry in deployment["metadata"].get("managedFields") or []):
            return None
        return deployment["spec"].get("replicas") or serve.autoscaling.min_replicas

    async def _evict(self, names: tuple[str, ...]) -> None:
        for pod in self.live.pods:
            if pod["metadata"]["name"] in names and not is_leaving(pod):
                await self.delete("pods", pod)

    # --- snapshots ---------------------------------------------------------------------------------------------------------------

    async def _snapshots(self, desired: Desired) -> bool:
        """Keep the mailbox's snapshot, restore lost ones from pods, trim the rest; True when one was added."""
        live, changed = self.live, False
        for digest in sorted(desired.keep - live.revisions.keys()):
            if live.packed is not None and live.packed[0] == digest:
                await self._keep(digest, live.packed[1])
                changed = True
        for digest in sorted(desired.restore):
            changed |= await self._restore(digest)
        for digest in sorted(live.revisions.keys() - desired.keep):
            await self.delete("configmaps", live.revisions[digest], with_version=True)
        return changed

    async def _keep(self, digest: str, packed: bytes) -> None:
        body = snapshots.revision(self.live.lead_model, digest, packed)
        self.live.revisions[digest] = await self.create(body)

    async def _adopt(self) -> bool:
        """Become the owner of snapshots that a restore brought back and whose bytes are what their digest says; True when one was."""
        adopted = [await self._adopt_one(orphan) for orphan in self.live.orphans]
        return any(adopted)

    async def _adopt_one(self, orphan: Object) -> bool:
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
        try:
            self.live.revisions[digest] = await self.client.merge(where, {"metadata": metadata})
        except ApiError as error:
            raise as_conflict(error) from error
        return True

    async def _restore(self, digest: str) -> bool:
        """Fetch a snapshot's bytes from a pod that serves them; only bytes with the right hash are kept.

        A pass asks a few pods, and the next pass others: pods may be many and mute.
        """
        serving = [pod for pod in self.live.pods if digest in cluster.slots_of(pod)]
        for pod in random.sample(serving, min(len(serving), PODS_ASKED)):
            raw = await self.scraper.fetch_artifact(pod, digest, snapshot.MAX_RAW_BYTES)
            if raw is not None and snapshot.digest(raw) == digest:
                await self._keep(digest, snapshot.pack(raw))
                return True
        return False

    # --- Jobs ---------------------------------------------------------------------------------------------------------------------

    async def _jobs(self, seen: Observed, desired: Desired) -> None:
        assert seen.spec is not None
        work = (desired.validate, desired.poll, desired.retraining, desired.backfill)
        if any(part is not None for part in work) and not await self._has_account(seen.spec):
            return
        await self._start_jobs(seen.spec, desired)
        await self._schedule(seen.spec, desired)

    async def _has_account(self, spec: Spec) -> bool:
        """Make account and rights of the Jobs; False where one of these names is someone else's."""
        ours = [await self._settle(body) for body in jobs.access(self.live.lead_model, spec)]
        return all(ours)

    async def _start_jobs(self, spec: Spec, desired: Desired) -> None:
        live, poll = self.live, desired.poll
        names = {job["metadata"]["name"] for job in live.jobs}
        if desired.validate is not None:
            await self._validate(spec, desired.validate)
        elif desired.tidy:
            await self._tidy()
        if poll is not None and poll.once is not None and poll.once not in names:
            await self.create(jobs.poll_job(live.lead_model, spec, poll))

    async def _validate(self, spec: Spec, wanted: Validation) -> None:
        """Create the Job of a validation and record its UID, by which its report counts.

        A Job of the same name with another UID was made by someone else, or by an operator that ended before it recorded the UID:
        nobody can tell, and the Job is made again.
        """
        live = self.live
        job = next((j for j in live.jobs if j["metadata"]["name"] == wanted.name), None)
        uid = job["metadata"]["uid"] if job is not None else None
        if uid is not None and uid == wanted.job:
            return
        if job is None or uid != self.created.get(wanted.name):
            if job is not None:
                await self.delete("jobs", job)
            await self._new_mailbox()
            uid = (await self.create(jobs.validation(live.lead_model, spec, wanted)))["metadata"]["uid"]
            self.created.clear()
            self.created[wanted.name] = uid
        await self._record_job(str(uid))

    async def _record_job(self, uid: str) -> None:
        """Write the UID of the candidate's Job into status, over the version that was read or written last."""
        lead_model = self.live.lead_model
        status = lead_model["status"]
        body = {**lead_model, "status": {**status, "candidate": {**status["candidate"], "job": uid}}}
        where = path(PLURAL, self.key.namespace, self.key.name, "status")
        try:
            self.live.lead_model = await self.client.replace(where, body)
        except ApiError as error:
            raise as_conflict(error) from error

    async def _schedule(self, spec: Spec, desired: Desired) -> None:
        """Apply the CronJobs that are desired, delete the others."""
        lead_model, poll = self.live.lead_model, desired.poll
        training, privacy = self.images.training, self.images.privacy
        wanted: dict[JobKind, Any] = {
            JobKind.POLL: jobs.poll_cron(lead_model, spec, poll) if poll else None,
            JobKind.RETRAINING: desired.retraining
            and jobs.retraining(lead_model, spec, desired.retraining, training),
            JobKind.BACKFILL: desired.backfill and jobs.backfill(lead_model, spec, desired.backfill, privacy),
        }
        present = {cluster.kind_of(cron): cron for cron in self.live.cron_jobs}
        for kind, body in wanted.items():
            if body is not None:
                await self.permitted(self.apply(present.get(kind), body))
            elif kind in present:
                await self.permitted(self.delete("cronjobs", present[kind]))

    async def _new_mailbox(self) -> None:
        """Replace the mailbox by an empty one before each validation: an old answer must not be taken for a new one."""
        if self.live.mailbox is not None:
            await self.delete("configmaps", self.live.mailbox)
            self.live.mailbox = None
        await self.create(jobs.mailbox(self.live.lead_model))

    async def _tidy(self) -> None:
        """Delete validation Jobs and the mailbox, whose answer is in status by now, and all but the newest poll Jobs."""
        live = self.live
        validations = [j for j in live.jobs if cluster.kind_of(j) is JobKind.VALIDATION]
        polls = [j for j in live.jobs if cluster.kind_of(j) is JobKind.POLL and live.owns(j)]
        newest_first = sorted(polls, key=lambda j: j["metadata"]["creationTimestamp"], reverse=True)
        for job in [*validations, *newest_first[POLLS_KEPT:]]:
            await self.delete("jobs", job)
        if live.mailbox is not None:
            await self.delete("configmaps", live.mailbox)


def as_conflict(error: ApiError) -> Exception:
    """Turn 409 (stale, or the name is taken) and 404 (gone meanwhile) into Conflict, which means: plan again."""
    return Conflict(str(error)) if error.status in {404, 409} else error
