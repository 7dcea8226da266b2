"""Makes the check of a text model that a pass desires and the CronJob that trains one, and deletes those that are done."""

from dataclasses import dataclass

from leadmodel_operator.kubernetes.observe import cluster
from leadmodel_operator.kubernetes.render import job_access, text_jobs
from leadmodel_operator.kubernetes.render.names import name_of
from leadmodel_operator.kubernetes.write.made_jobs import MadeJobs
from leadmodel_operator.planning.observed import JobKind, Observed
from leadmodel_operator.planning.planned import Desired, TextCheck, TextWork
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.spec_enrichment import Enrichment


@dataclass
class MadeTextJobs(MadeJobs):
    """The writes of one pass to the Jobs of text models and their mailbox."""

    async def narrow_access(self, seen: Observed) -> None:
        """Take the right to the mailbox of texts from the Jobs' account where `spec.enrichment` is gone, before what is left of it goes."""
        spec, known, texts = seen.spec, seen.status, self.live.texts
        assert spec is not None
        left = (known and known.enrichment, texts.revisions, texts.served, texts.mailbox)
        if spec.enrichment is None and any(left):
            await self.has_account(spec)

    async def make_text_jobs(self, seen: Observed, desired: Desired) -> None:
        """Start the check and apply the CronJob that are desired, once their account is there; delete the others."""
        spec, work = seen.spec, desired.text or TextWork()
        assert spec is not None
        await self._tidy_checks(work)
        enrichment = spec.enrichment
        if enrichment is None or (work.check is None and work.training is None):
            await self._schedule_training(spec, enrichment, work)
        elif await self.has_account(spec):
            if work.check is not None:
                await self._check_text(spec, enrichment, work.check)
            await self._schedule_training(spec, enrichment, work)

    async def _check_text(self, spec: Spec, enrichment: Enrichment, wanted: TextCheck) -> None:
        """Create the Job of a check and record its UID, by which its report counts."""
        body = text_jobs.check(self.live.lead_model, spec, enrichment, wanted)
        uid = await self.own_job(body, wanted.job, self._new_text_mailbox)
        if uid is not None:
            await self.record_job(uid, "enrichment", "check")

    async def _new_text_mailbox(self) -> bool:
        """Replace the mailbox by an empty one before each check; False where the API server refuses."""
        body, texts = job_access.mailbox(self.live.lead_model, "text-mailbox"), self.live.texts
        texts.mailbox = await self.permitted(name_of(body), self.replace_mailbox(texts.mailbox, body))
        return texts.mailbox is not None

    async def _schedule_training(self, spec: Spec, enrichment: Enrichment | None, work: TextWork) -> None:
        crons = (cron for cron in self.live.cron_jobs if cluster.kind_of(cron) is JobKind.ENRICHMENT)
        present = next(crons, None)
        if enrichment is not None and work.training is not None:
            image = self.images.training
            body = text_jobs.training(self.live.lead_model, spec, enrichment, work.training, image)
            await self.permitted(name_of(body), self.apply(present, body))
        elif present is not None:
            await self.remove("cronjobs", present)

    async def _tidy_checks(self, work: TextWork) -> None:
        """Delete the checks whose answer is in status by now, or counts no more, and their mailbox."""
        if work.check is None and not work.tidy:
            return
        wanted = work.check.name if work.check is not None else ""
        for job in self.live.jobs:
            if cluster.kind_of(job) is JobKind.TEXT_CHECK and job["metadata"]["name"] != wanted:
                await self.remove("jobs", job)
        if work.check is None and self.live.texts.mailbox is not None:
            await self.remove("configmaps", self.live.texts.mailbox)
