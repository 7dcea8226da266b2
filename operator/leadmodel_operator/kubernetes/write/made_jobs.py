"""Makes the Jobs and CronJobs that a pass desires, with their account and the mailbox, and deletes those that are done."""

from dataclasses import dataclass
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


@dataclass
class MadeJobs(Writes):
    """The writes of one pass to Jobs, CronJobs and what they need.

    Attributes:
        created: UID of the validation Job this process created last, by the Job's name.
    """

    images: Images
    created: dict[str, str]

    async def make_jobs(self, seen: Observed, desired: Desired) -> None:
        """Start the Jobs and apply the CronJobs that are desired, once their account is there; delete the others."""
        assert seen.spec is not None
        work = (desired.validate, desired.poll, desired.retraining, desired.backfill)
        if any(part is not None for part in work) and not await self._has_account(seen.spec):
            return
        await self._start_jobs(seen.spec, desired)
        await self._schedule(seen.spec, desired)

    async def _has_account(self, spec: Spec) -> bool:
        """Make account and rights of the Jobs; False where one of these names is someone else's, or one is refused."""
        bodies = job_access.access(self.live.lead_model, spec)
        return all([await self.permitted(name_of(body), self.settle(body)) for body in bodies])

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
                await self.remove("jobs", job)
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
            await self.remove("jobs", job)
        if live.mailbox is not None:
            await self.remove("configmaps", live.mailbox)
