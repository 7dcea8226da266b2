"""Makes the Jobs and CronJobs that a pass desires, with their account and the mailbox, and deletes those that are done."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from leadmodel_operator.kubernetes.observe import cluster
from leadmodel_operator.kubernetes.render import backfill, job_access, jobs
from leadmodel_operator.kubernetes.render.images import Images
from leadmodel_operator.kubernetes.render.names import Object, name_of, path
from leadmodel_operator.kubernetes.write.writes import Writes, written
from leadmodel_operator.planning.observed import JobKind, Observed, Refusal, RefusalKind
from leadmodel_operator.planning.planned import Desired, Validation
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.vocabulary import KIND, PLURAL

OLD_DEFINITION = "its CustomResourceDefinition is older than the operator and drops status.candidate.job: apply the definition of this release"
POLLS_KEPT = 3  # poll Jobs made at once, for a person to read


def _with_job(status: Object, parts: tuple[str, ...], uid: str) -> Object:
    """Return a copy of a status with the UID of a Job in the part that `parts` lead to."""
    if not parts:
        return {**status, "job": uid}
    return {**status, parts[0]: _with_job(status[parts[0]], parts[1:], uid)}


@dataclass
class MadeJobs(Writes):
    """The writes of one pass to Jobs, CronJobs and what they need.

    Attributes:
        account: whether the account of Jobs is there; None before the pass has looked.
        created: UID of the validation and of the check this process created last, by the Job's name.
    """

    images: Images
    created: dict[str, str]
    account: bool | None = field(default=None, init=False)

    async def make_jobs(self, seen: Observed, desired: Desired) -> None:
        """Start the Jobs and apply the CronJobs that are desired, once their account is there; delete the others."""
        assert seen.spec is not None
        work = (desired.validate, desired.poll, desired.retraining, desired.backfill)
        if any(part is not None for part in work) and not await self.has_account(seen.spec):
            return
        await self._start_jobs(seen.spec, desired)
        await self._schedule(seen.spec, desired)

    async def has_account(self, spec: Spec) -> bool:
        """Make account and rights of the Jobs, once per pass; False where one of these names is someone else's, or one is refused."""
        if self.account is None:
            bodies = job_access.access(self.live.lead_model, spec)
            self.account = all([await self.permitted(name_of(body), self.settle(body)) for body in bodies])
        return self.account

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
        body = jobs.validation(self.live.lead_model, spec, wanted)
        uid = await self.own_job(body, wanted.job, self._new_mailbox)
        if uid is not None:
            await self.record_job(uid)

    async def own_job(
        self, body: Object, recorded: str | None, prepare: Callable[[], Awaitable[bool]]
    ) -> str | None:
        """Create a Job whose report will count; its UID where that is still to be recorded. `prepare` False: none is created."""
        name = body["metadata"]["name"]
        job = next((j for j in self.live.jobs if j["metadata"]["name"] == name), None)
        uid = str(job["metadata"]["uid"]) if job is not None else None
        if uid is not None and uid in {recorded, self.created.get(name)}:
            return None if uid == recorded else uid
        if job is not None:
            await self.remove("jobs", job)
        made = await self._create_job(body) if await prepare() else None
        if made is None:
            return None
        uid = str(made["metadata"]["uid"])
        self._remember(name, uid)
        return uid

    def _remember(self, name: str, uid: str) -> None:
        """Remember the newest Job of each purpose, which all but the end of its name tells."""
        purpose = name.rpartition("-")[0]
        for other in [known for known in self.created if known.rpartition("-")[0] == purpose]:
            del self.created[other]
        self.created[name] = uid

    async def record_job(self, uid: str, *parts: str) -> None:
        """Write the UID of a Job into the part of status that waits for its report, over the version that was read or written last.

        An older definition of the resource drops the UID without a word, and no report would ever count: that is told as a refusal.
        """
        parts = parts or ("candidate",)
        lead_model = self.live.lead_model
        body = {**lead_model, "status": _with_job(lead_model["status"], parts, uid)}
        where = path(PLURAL, self.key.namespace, self.key.name, "status")
        self.live.lead_model = await written(self.client.replace(where, body))
        kept = self.live.lead_model["status"]
        for part in parts:
            kept = kept.get(part) or {}
        if kept.get("job") != uid:
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
            JobKind.BACKFILL: desired.backfill
            and backfill.backfill(lead_model, spec, desired.backfill, privacy),
        }
        present = {cluster.kind_of(cron): cron for cron in self.live.cron_jobs}
        for kind, body in wanted.items():
            if body is not None:
                await self.permitted(name_of(body), self.apply(present.get(kind), body))
            elif kind in present:
                await self.remove("cronjobs", present[kind])

    async def _new_mailbox(self) -> bool:
        """Replace the mailbox by an empty one before each validation: an old answer must not be taken for a new one.

        False where the API server refuses.
        """
        body = job_access.mailbox(self.live.lead_model)
        made = await self.permitted(name_of(body), self.replace_mailbox(self.live.mailbox, body))
        self.live.mailbox = made
        return made is not None

    async def replace_mailbox(self, item: Object | None, body: Object) -> Object:
        """Delete a mailbox that the pass read, and create an empty one."""
        if item is not None:
            await self.delete("configmaps", item)
        return await self.create(body)

    async def _tidy(self) -> None:
        """Delete validation Jobs and the mailbox, whose answer is in status by now, and all but the newest poll Jobs."""
        live = self.live
        validations = [j for j in live.jobs if cluster.kind_of(j) is JobKind.VALIDATION]
        polls = [j for j in live.jobs if cluster.kind_of(j) is JobKind.POLL and live.owns(j)]
        newest_first = sorted(polls, key=lambda j: j["metadata"]["creationTimestamp"], reverse=True)
        for job in [*validations, *newest_first[POLLS_KEPT:]]:
            await self.remove("jobs", job)
        if live.mailbox is not None:
            await self.remove("configmaps", live.mailbox)
