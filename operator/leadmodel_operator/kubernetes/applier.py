"""Makes what should be so, on one LeadModel: server-side apply where something differs, nothing where nothing does."""

import hashlib
import json
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any

from leadmodel_artifact import snapshot
from leadmodel_operator.kubernetes.apiserver.client import Api, ApiError
from leadmodel_operator.kubernetes.observe import cluster
from leadmodel_operator.kubernetes.observe.cluster import Live
from leadmodel_operator.kubernetes.observe.scrape import Scraper
from leadmodel_operator.kubernetes.render import jobs, objects, snapshots
from leadmodel_operator.kubernetes.render.names import (
    DIGEST,
    MANAGED_BY,
    RENDERED,
    Object,
    collection_of,
    is_leaving,
    meta,
    path,
    path_of,
    revision_name,
    scales,
)
from leadmodel_operator.planning.observed import Desired, JobKind, Observed, Serve
from leadmodel_operator.reconcile import Conflict, Key


@dataclass(frozen=True)
class Images:
    """The operator's default images."""

    predictor: str
    training: str
    privacy: str


@dataclass
class Applier:
    """One pass's writes. `taken` remembers names that are someone else's (path → Kind/name)."""

    client: Api
    scraper: Scraper
    images: Images
    key: Key
    live: Live
    taken: dict[str, str]
    refused: set[str]  # what the last whole pass had no right to; the rest went on
    _refused: set[str] = field(default_factory=set)

    async def act(self, seen: Observed, desired: Desired) -> bool:
        """Carry everything out; True when another pass should follow at once."""
        live, changed = self.live, False
        if desired.touch_serve and f"Deployment/{self.key.name}" not in live.conflicts:
            await self.permitted(self._serve(desired.serve))
        if desired.frozen:
            return False
        if desired.touch_serve:
            await self._parts(desired.serve)
        if f"Service/{self.key.name}" not in live.conflicts:
            await self.permitted(self.apply(live.service, objects.service(live.lead_model)))
        if await self._adopt():
            return True
        for digest in sorted(desired.keep - live.revisions.keys()):
            if live.packed is not None and live.packed[0] == digest:
                await self._keep(digest, live.packed[1])
                changed = True
        for digest in sorted(desired.restore):
            changed |= await self._restore(digest)
        for digest in sorted(live.revisions.keys() - desired.keep):
            await self.delete("configmaps", live.revisions[digest], with_version=True)
        await self.permitted(self._evict(desired.evict))
        await self.permitted(self._jobs(seen, desired))
        self.refused.clear()
        self.refused.update(self._refused)
        return changed

    async def permitted(self, work: Awaitable[object]) -> None:
        """Do it; where we have no right to, note that and go on with the rest."""
        try:
            await work
        except ApiError as error:
            if error.status != 403 or error.namespace_terminating:
                raise
            self._refused.add(error.what)

    # --- writing one object ------------------------------------------------------------------------------------------------------

    async def create(self, body: Object) -> Object:
        """POST; a name that is taken by someone else is a conflict that the next pass names."""
        try:
            return await self.client.create(collection_of(body), body)
        except ApiError as error:
            if error.status == 409:
                await self._note_taken(body)
            raise as_conflict(error) from error

    async def _note_taken(self, body: Object) -> None:
        if self.live.foreign(await self.client.get(path_of(body))):
            self.taken[path_of(body)] = f"{body['kind']}/{body['metadata']['name']}"

    async def _settle(self, body: Object) -> bool:
        """Create or correct an object; never one of someone else, which is noted. Whether it is ours."""
        found = await self.client.get(path_of(body))
        if self.live.foreign(found):
            self.taken[path_of(body)] = f"{body['kind']}/{body['metadata']['name']}"
            return False
        await self.apply(found, body)
        return True

    async def apply(self, found: Object | None, body: Object, *, fenced: bool = False) -> Object:
        """Server-side apply, skipped while what is there is what was rendered. Never over an object of someone else."""
        mark = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]
        body["metadata"].setdefault("annotations", {})[RENDERED] = mark
        if found is None:
            return await self.create(body)
        if is_leaving(found):
            raise Conflict(f"{body['kind']} is being deleted")
        if cluster.annotations(found).get(RENDERED) == mark and covers(found, _unnamed(body)):
            return found
        try:
            found = await self._as_applied(found, body)
            body["metadata"]["uid"] = found["metadata"]["uid"]
            if fenced:
                body["metadata"]["resourceVersion"] = found["metadata"]["resourceVersion"]
            return await self.client.apply(path_of(body), body, force=True)
        except ApiError as error:
            raise as_conflict(error) from error

    async def _as_applied(self, found: Object, body: Object) -> Object:
        """What we created by POST counts as written by `Update`, and an apply would never take such a field away: say it was applied."""
        fields = found["metadata"].get("managedFields") or []
        posted = [f for f in fields if is_posted(f)]
        if not posted:
            return found
        applied = any(f.get("manager") == MANAGED_BY and f.get("operation") == "Apply" for f in fields)
        kept = [f for f in fields if not is_posted(f)]
        turned = [] if applied else [{**posted[0], "operation": "Apply"}]
        about = {"resourceVersion": found["metadata"]["resourceVersion"], "managedFields": [*kept, *turned]}
        return await self.client.merge(path_of(body), {"metadata": about})

    async def delete(self, resource: str, found: Object, *, with_version: bool = False) -> None:
        """Delete exactly this object (by its UID), optionally only in exactly this version."""
        where = path(resource, self.key.namespace, found["metadata"]["name"])
        await self.client.delete(where, found, with_version=with_version)

    # --- serving -----------------------------------------------------------------------------------------------------------------

    async def _serve(self, serve: Serve | None) -> None:
        live = self.live
        if serve is None:
            if live.deployment is not None:
                await self.delete("deployments", live.deployment)
            return
        body = objects.deployment(live.lead_model, serve, self._replicas(serve))
        live.deployment = await self.apply(live.deployment, body, fenced=True)

    async def _parts(self, serve: Serve | None) -> None:
        """What stands around the pods."""
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
        """With an autoscaler the live number is sent until the autoscaler has set it; from then on it is not ours to say."""
        if serve.autoscaling is None:
            return serve.replicas
        there = self.live.deployment
        if there is None:
            return serve.autoscaling.min_replicas
        if any(scales(entry) for entry in there["metadata"].get("managedFields") or []):
            return None
        return there["spec"].get("replicas") or serve.autoscaling.min_replicas

    async def _evict(self, names: tuple[str, ...]) -> None:
        for pod in self.live.pods:
            if pod["metadata"]["name"] in names and not is_leaving(pod):
                await self.delete("pods", pod)

    # --- snapshots ---------------------------------------------------------------------------------------------------------------

    async def _keep(self, digest: str, packed: bytes) -> None:
        self.live.revisions[digest] = await self.create(
            snapshots.revision(self.live.lead_model, digest, packed)
        )

    async def _adopt(self) -> bool:
        """Snapshots that a restore brought back get their owner again, if their bytes are what their digest says."""
        changed = False
        for item in self.live.orphans:
            where = path("configmaps", self.key.namespace, item["metadata"]["name"])
            found = await self.client.get(where)
            packed = snapshots.packed_of(found) if found is not None and found.get("immutable") else None
            digest = cluster.annotations(item)[DIGEST]
            name = revision_name(self.key.name, digest)
            if (
                packed is None
                or name != item["metadata"]["name"]
                or snapshot.unpacked_digest(packed) != digest
            ):
                continue
            owners = meta(name, self.live.lead_model, "revision")["ownerReferences"]
            about = {k: item["metadata"][k] for k in ("uid", "resourceVersion")} | {"ownerReferences": owners}
            try:
                self.live.revisions[digest] = await self.client.merge(where, {"metadata": about})
            except ApiError as error:
                raise as_conflict(error) from error
            changed = True
        return changed

    async def _restore(self, digest: str) -> bool:
        """Take the bytes from a pod that serves them; the hash decides."""
        for pod in self.live.pods:
            raw = await self.scraper.fetch(pod, f"/ops/artifact?digest={digest}", snapshot.MAX_RAW_BYTES)
            if raw is not None and snapshot.digest(raw) == digest:
                await self._keep(digest, snapshot.pack(raw))
                return True
        return False

    # --- Jobs ---------------------------------------------------------------------------------------------------------------------

    async def _jobs(self, seen: Observed, desired: Desired) -> None:
        spec, live = seen.spec, self.live
        assert spec is not None
        there = {job["metadata"]["name"] for job in live.jobs}
        asked, poll = desired.validate, desired.poll
        works = [asked, poll, desired.retraining, desired.backfill]
        if any(work is not None for work in works):
            ours = [await self._settle(body) for body in jobs.access(live.lead_model, spec)]
            if not all(ours):
                return
        if asked is not None and asked.name not in there:
            await self._new_mailbox()
            await self.create(jobs.validation(live.lead_model, spec, asked))
        if asked is None and desired.tidy:
            await self._tidy()
        if poll is not None and poll.once is not None and poll.once not in there:
            await self.create(jobs.poll_job(live.lead_model, spec, poll))
        wanted: dict[JobKind, Any] = {
            JobKind.POLL: jobs.poll_cron(live.lead_model, spec, poll) if poll else None,
            JobKind.RETRAINING: desired.retraining
            and jobs.retraining(live.lead_model, spec, desired.retraining, self.images.training),
            JobKind.BACKFILL: desired.backfill
            and jobs.backfill(live.lead_model, spec, desired.backfill, self.images.privacy),
        }
        await self._crons(wanted)

    async def _crons(self, wanted: dict[JobKind, Any]) -> None:
        found = {cluster.kind_of(cron): cron for cron in self.live.cron_jobs}
        for kind, body in wanted.items():
            if body is not None:
                await self.permitted(self.apply(found.get(kind), body))
            elif kind in found:
                await self.permitted(self.delete("cronjobs", found[kind]))

    async def _new_mailbox(self) -> None:
        """An empty one for each validation: what lay in the old one counts no more."""
        if self.live.mailbox is not None:
            await self.delete("configmaps", self.live.mailbox)
            self.live.mailbox = None
        await self.create(jobs.mailbox(self.live.lead_model))

    async def _tidy(self) -> None:
        """Validation Jobs and the mailbox go once their answer is in status; of poll Jobs made at once the three newest stay."""
        jobs_, live = self.live.jobs, self.live
        done = [j for j in jobs_ if cluster.kind_of(j) is JobKind.VALIDATION]
        polls = [j for j in jobs_ if cluster.kind_of(j) is JobKind.POLL and live.owns(j)]
        old = sorted(polls, key=lambda j: j["metadata"]["creationTimestamp"], reverse=True)[3:]
        for job in [*done, *old]:
            await self.delete("jobs", job)
        if live.mailbox is not None:
            await self.delete("configmaps", live.mailbox)


def is_posted(entry: Object) -> bool:
    """Whether an entry of managedFields tells of our POST."""
    who = entry.get("manager"), entry.get("operation"), entry.get("subresource")
    return who == (MANAGED_BY, "Update", None)


def as_conflict(error: ApiError) -> Exception:
    """409 (stale, or the name is taken) and 404 (gone meanwhile) mean: look again."""
    return Conflict(str(error)) if error.status in {404, 409} else error


def covers(found: Any, wanted: Any) -> bool:
    """Whether every value we render is there; what others added is theirs. Quantities are normalised by the server: the mark covers them."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(
            key in found
            and (key in _NORMALISED or (found[key] == value if key in _WHOLE else covers(found[key], value)))
            for key, value in wanted.items()
            if not _empty(value)
        )
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(covers, found, wanted))
    return bool(found == wanted)


def _unnamed(body: Object) -> Object:
    """Without its kind, which the path says: in lists of built-in kinds the items do not."""
    return {key: value for key, value in body.items() if key not in {"apiVersion", "kind"}}


_WHOLE = {"selector", "podSelector", "matchLabels", "rules"}  # one key more selects something else
_NORMALISED = {"resources", "resourceVersion", "uid", "sizeLimit"}


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, dict | list | str) and not value)
