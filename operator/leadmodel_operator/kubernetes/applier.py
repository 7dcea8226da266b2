"""Brings the cluster to what one pass desires: server-side apply where an object differs, no request where none does.

The Deployment comes first, since leads depend on it; then its surroundings, snapshots, evictions and Jobs. A write that the API server
refuses is remembered, a name that someone else has taken as well, and the rest goes on.
"""

import random
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from leadmodel_artifact import snapshot
from leadmodel_operator.kubernetes.apiserver.client import Api, ApiError
from leadmodel_operator.kubernetes.apiserver.refusals import refusal_of
from leadmodel_operator.kubernetes.observe import cluster
from leadmodel_operator.kubernetes.observe.live import Live
from leadmodel_operator.kubernetes.observe.scrape import Scraper
from leadmodel_operator.kubernetes.render import backfill, job_access, jobs, objects, snapshots
from leadmodel_operator.kubernetes.render.comparison import add_hash, applied_fields, is_as_rendered
from leadmodel_operator.kubernetes.render.models_only import models_patch
from leadmodel_operator.kubernetes.render.names import (
    KINDS,
    Object,
    collection_of,
    is_leaving,
    meta,
    name_of,
    path,
    path_of,
    revision_name,
    scales,
)
from leadmodel_operator.planning.observed import (
    Desired,
    JobKind,
    Observed,
    Refusal,
    RefusalKind,
    Serve,
    Validation,
)
from leadmodel_operator.reconcile import Conflict, Key
from leadmodel_operator.resource import document
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.vocabulary import KIND, PLURAL

T = TypeVar("T")
PODS_ASKED = 3  # for a lost snapshot, in one pass
OLD_DEFINITION = "its CustomResourceDefinition is older than the operator and drops status.candidate.job: apply the definition of this release"
POLLS_KEPT = 3  # poll Jobs made at once, for a person to read


class Taken(Conflict):
    """Someone else's object has the name of one of ours: the next pass names it."""


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
        created: UID of the validation Job this process created last, by the Job's name.
        refused: writes that this pass was refused.
    """

    client: Api
    scraper: Scraper
    images: Images
    key: Key
    live: Live
    taken: dict[str, str]
    created: dict[str, str]
    refused: list[Refusal] = field(default_factory=list)

    async def act(self, seen: Observed, desired: Desired) -> bool:
        """Carry out everything desired; True when another pass should follow at once.

        Raises:
            Conflict: an object changed or vanished since it was read.
            ApiError: the server could not answer, or the namespace is going.
        """
        deployment, taken = f"Deployment/{self.key.name}", len(self.taken)
        if desired.touch_serve and deployment not in self.live.conflicts:
            await self.permitted(deployment, self._serve(desired.serve))
        if desired.frozen:
            return False
        if desired.touch_serve:
            await self._surroundings(desired.serve)
        service = f"Service/{self.key.name}"
        if service not in self.live.conflicts:
            await self.permitted(
                service, self.apply(self.live.service, objects.service(self.live.lead_model))
            )
        changed = await self._snapshots(desired)
        await self._evict(desired.evict)
        await self._jobs(seen, desired)
        return changed or len(self.taken) > taken

    async def permitted(self, name: str, work: Awaitable[T]) -> T | None:
        """Await a write of the object `name`, as "Kind/name"; None, remembered, where the API server refuses or the name is taken."""
        try:
            return await work
        except Taken:
            return None
        except ApiError as error:
            refusal = refusal_of(error, name)
            if refusal is None:
                raise
            self.refused.append(refusal)
            return None

    # --- writing one object ------------------------------------------------------------------------------------------------------

    async def create(self, body: Object) -> Object:
        """POST an object; a name that someone else has taken becomes a conflict the next pass names.

        Raises:
            Taken: someone else's object has the name.
            Conflict: another leader was faster.
        """
        try:
            return await self.client.create(collection_of(body), body)
        except ApiError as error:
            if error.status == 409 and self.live.foreign(await self.client.get(path_of(body))):
                self.taken[path_of(body)] = name_of(body)
                raise Taken(str(error)) from error
            raise as_conflict(error) from error

    async def _settle(self, body: Object) -> bool:
        """Create or correct an object that the pass did not read; False, and nothing is written, where it is someone else's."""
        item = await self.client.get(path_of(body))
        if self.live.foreign(item):
            self.taken[path_of(body)] = name_of(body)
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

    async def _remove(self, resource: str, item: Object, *, with_version: bool = False) -> None:
        """Delete an object where the API server lets the operator."""
        work = self.delete(resource, item, with_version=with_version)
        await self.permitted(f"{_kind_of(resource)}/{item['metadata']['name']}", work)

    # --- serving -----------------------------------------------------------------------------------------------------------------

    async def _serve(self, serve: Serve | None) -> None:
        live = self.live
        if serve is None:
            if live.deployment is not None:
                await self.delete("deployments", live.deployment)
            return
        body = objects.deployment(live.lead_model, serve, self._replicas(serve))
        try:
            live.deployment = await self.apply(live.deployment, body, fenced=True)
        except ApiError as error:
            if serve.rolls_back and refusal_of(error, name_of(body)) is not None:
                await self.change_models(body)
            raise

    async def change_models(self, body: Object) -> None:
        """Carry out a rollback whose Deployment is refused: with the settings that the API server took before, since a bad model serves."""
        live = self.live.deployment
        patch = models_patch(live, body) if live is not None else None
        if patch is not None:
            self.live.deployment = await written(self.client.merge(path_of(body), patch))

    async def _surroundings(self, serve: Serve | None) -> None:
        """Bring disruption budget, network policy and autoscaler to what pods need; without pods they stay as they are."""
        if serve is None:
            return
        live = self.live
        scaler = objects.autoscaler(live.lead_model, serve)
        for part in (objects.budget(live.lead_model), objects.network_policy(live.lead_model), scaler):
            if part is not None:
                await self.permitted(name_of(part), self._settle(part))
        if scaler is None and live.autoscaler is not None:
            await self._remove("horizontalpodautoscalers", live.autoscaler)

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
                await self._remove("pods", pod)

    # --- snapshots ---------------------------------------------------------------------------------------------------------------

    async def _snapshots(self, desired: Desired) -> bool:
        """Keep the mailbox's snapshot, restore lost ones from pods, trim the rest; True when one was added."""
        live, changed = self.live, False
        for digest in sorted(desired.keep - live.revisions.keys()):
            if live.packed is not None and live.packed[0] == digest:
                changed |= await self._keep(digest, live.packed[1])
        for digest in sorted(desired.restore):
            changed |= await self._restore(digest)
        for digest in sorted(live.revisions.keys() - desired.keep):
            await self._remove("configmaps", live.revisions[digest], with_version=True)
        return changed

    async def _keep(self, digest: str, packed: bytes) -> bool:
        body = snapshots.revision(self.live.lead_model, digest, packed)
        made = await self.permitted(name_of(body), self.create(body))
        if made is not None:
            self.live.revisions[digest] = made
        return made is not None

    async def adopt(self) -> bool:
        """Become the owner of what an earlier LeadModel of this name left; True when one object was taken over.

        Snapshots are taken over where their bytes are what their digest says, the rest where a person lets it by annotation.
        """
        adopted = [await self._adopt_snapshot(orphan) for orphan in self.live.orphans]
        if document.read_adopt(cluster.annotations(self.live.lead_model)):
            adopted += [await self._adopt(resource, item) for resource, item in self.live.left]
        return any(adopted)

    async def _adopt(self, resource: str, item: Object) -> bool:
        name = item["metadata"]["name"]
        owners = meta(name, self.live.lead_model, "")["ownerReferences"]
        metadata = {key: item["metadata"][key] for key in ("uid", "resourceVersion")} | {
            "ownerReferences": owners
        }
        work = self.client.merge(path(resource, self.key.namespace, name), {"metadata": metadata})
        return await self.permitted(f"{_kind_of(resource)}/{name}", written(work)) is not None

    async def _adopt_snapshot(self, orphan: Object) -> bool:
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
        work = self.client.merge(where, {"metadata": metadata})
        adopted = await self.permitted(f"ConfigMap/{name}", written(work))
        if adopted is not None:
            self.live.revisions[digest] = adopted
        return adopted is not None

    async def _restore(self, digest: str) -> bool:
        """Fetch a snapshot's bytes from a pod that serves them; only bytes with the right hash are kept.

        A pass asks a few pods, and the next pass others: pods may be many and mute.
        """
        serving = [pod for pod in self.live.pods if digest in cluster.slots_of(pod)]
        for pod in random.sample(serving, min(len(serving), PODS_ASKED)):
            raw = await self.scraper.fetch_artifact(pod, digest, snapshot.MAX_RAW_BYTES)
            if raw is not None and snapshot.digest(raw) == digest:
                return await self._keep(digest, snapshot.pack(raw))
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
        """Make account and rights of the Jobs; False where one of these names is someone else's, or one is refused."""
        bodies = job_access.access(self.live.lead_model, spec)
        return all([await self.permitted(name_of(body), self._settle(body)) for body in bodies])

    async def _start_jobs(self, spec: Spec, desired: Desired) -> None:
        live, poll = self.live, desired.poll
        names = {job["metadata"]["name"] for job in live.jobs}
        if desired.validate is not None:
            await self._validate(spec, desired.validate)
        elif desired.tidy:
            await self._tidy()
        if poll is not None and poll.once is not None and poll.once not in names:
            await self._create_job(jobs.poll_job(live.lead_model, spec, poll))

    async def _create_job(self, body: Object) -> Object | None:
        return await self.permitted(name_of(body), self.create(body))

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
                await self._remove("jobs", job)
            made = (
                await self._create_job(jobs.validation(live.lead_model, spec, wanted))
                if await self._new_mailbox()
                else None
            )
            if made is None:
                return
            uid = made["metadata"]["uid"]
            self.created.clear()
            self.created[wanted.name] = uid
        await self.record_job(str(uid))

    async def record_job(self, uid: str) -> None:
        """Write the UID of the candidate's Job into status, over the version that was read or written last.

        An older definition of the resource drops the UID without a word, and no report would ever count: that is told as a refusal.
        """
        lead_model = self.live.lead_model
        status = lead_model["status"]
        body = {**lead_model, "status": {**status, "candidate": {**status["candidate"], "job": uid}}}
        where = path(PLURAL, self.key.namespace, self.key.name, "status")
        self.live.lead_model = await written(self.client.replace(where, body))
        if self.live.lead_model["status"]["candidate"].get("job") != uid:
            name, request = f"{KIND}/{self.key.name}", f"replace {PLURAL}"
            self.refused.append(Refusal(RefusalKind.CONTENT, request, name, OLD_DEFINITION))

    async def _schedule(self, spec: Spec, desired: Desired) -> None:
        """Apply the CronJobs that are desired, delete the others."""
        lead_model, poll = self.live.lead_model, desired.poll
        training, privacy = self.images.training, self.images.privacy
        wanted: dict[JobKind, Any] = {
            JobKind.POLL: jobs.poll_cron(lead_model, spec, poll) if poll else None,
            JobKind.RETRAINING: desired.retraining
            and jobs.retraining(lead_model, spec, desired.retraining, training),
            JobKind.BACKFILL: desired.backfill and backfill.backfill(lead_model, spec, desired.backfill, privacy),
        }
        present = {cluster.kind_of(cron): cron for cron in self.live.cron_jobs}
        for kind, body in wanted.items():
            if body is not None:
                await self.permitted(name_of(body), self.apply(present.get(kind), body))
            elif kind in present:
                await self._remove("cronjobs", present[kind])

    async def _new_mailbox(self) -> bool:
        """Replace the mailbox by an empty one before each validation: an old answer must not be taken for a new one.

        False where the API server refuses.
        """
        body = job_access.mailbox(self.live.lead_model)
        return await self.permitted(name_of(body), self._replace_mailbox(body)) is not None

    async def _replace_mailbox(self, body: Object) -> Object:
        if self.live.mailbox is not None:
            await self.delete("configmaps", self.live.mailbox)
            self.live.mailbox = None
        return await self.create(body)

    async def _tidy(self) -> None:
        """Delete validation Jobs and the mailbox, whose answer is in status by now, and all but the newest poll Jobs."""
        live = self.live
        validations = [j for j in live.jobs if cluster.kind_of(j) is JobKind.VALIDATION]
        polls = [j for j in live.jobs if cluster.kind_of(j) is JobKind.POLL and live.owns(j)]
        newest_first = sorted(polls, key=lambda j: j["metadata"]["creationTimestamp"], reverse=True)
        for job in [*validations, *newest_first[POLLS_KEPT:]]:
            await self._remove("jobs", job)
        if live.mailbox is not None:
            await self._remove("configmaps", live.mailbox)


def _kind_of(resource: str) -> str:
    return next((kind for kind, plural in KINDS.items() if plural == resource), resource)


async def written(write: Awaitable[T]) -> T:
    """Await a write; one that came too late is a Conflict."""
    try:
        return await write
    except ApiError as error:
        raise as_conflict(error) from error


def as_conflict(error: ApiError) -> Exception:
    """Turn 409 (stale, or the name is taken) and 404 (gone meanwhile) into Conflict, which means: plan again."""
    return Conflict(str(error)) if error.status in {404, 409} else error
