"""Renders the Job that checks a text model and the CronJob that trains one. Pure."""

from leadmodel_messages.commands import Program
from leadmodel_messages.credentials import Source
from leadmodel_messages.places import TEXT_FILE
from leadmodel_operator.kubernetes.render.job_access import account
from leadmodel_operator.kubernetes.render.job_pods import cron, job, pod
from leadmodel_operator.kubernetes.render.jobs import beside_predictors
from leadmodel_operator.kubernetes.render.names import Object, text_revision_name
from leadmodel_operator.kubernetes.render.objects import admission, claim_of
from leadmodel_operator.planning import commands
from leadmodel_operator.planning.observed import JobKind
from leadmodel_operator.planning.planned import TextCheck
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.spec_enrichment import Enrichment, TextTraining

TRAINING_S = 3600  # seconds that a training may take
TRAINING_RESOURCES = {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "2Gi"}}


def _secrets(spec: Enrichment) -> dict[Source, str | None]:
    return {Source.ARTIFACT: spec.artifact.secret_name, Source.HOLDOUT: spec.holdout.secret_name}


def check(lead_model: Object, spec: Spec, enrichment: Enrichment, wanted: TextCheck) -> Object:
    """Render the Job that measures a text model, by the predictor's image and within its deadline."""
    metadata = lead_model["metadata"]
    name = metadata["name"]
    snapshots: dict[str, str] = {}

    def mount(part: str, digest: str) -> str:
        snapshots[part] = text_revision_name(name, digest)
        return f"/models/{part}/{TEXT_FILE}"

    arguments = commands.text_check(wanted, mount, f"{metadata['namespace']}/{name}-text-mailbox")
    run = pod(
        wanted.image,
        [Program.CHECK_TEXT, *arguments],
        account(lead_model, spec),
        placing=beside_predictors(spec),
        token=not wanted.held,
        secrets=_secrets(enrichment),
        claims=(claim_of(wanted.uri), claim_of(wanted.holdout_uri)),
        snapshots=snapshots,
        resources=spec.jobs.resources,
    )
    return job(lead_model, wanted.name, JobKind.TEXT_CHECK, run, int(wanted.deadline))


def training(
    lead_model: Object, spec: Spec, enrichment: Enrichment, wanted: TextTraining, image: str
) -> Object:
    """Render the CronJob of the training, which writes the labelled messages it kept out, then the text model."""
    name = lead_model["metadata"]["name"]
    messages = wanted.messages
    run = pod(
        wanted.image or image,
        [Program.ENRICH, *commands.text_training(name, enrichment, wanted)],
        account(lead_model, spec),
        placing=admission(spec.predictor),
        secrets={**_secrets(enrichment), Source.LEADS: messages.secret_name},
        claims=tuple(map(claim_of, (messages.uri, enrichment.artifact.uri, enrichment.holdout.uri))),
        resources=wanted.resources or TRAINING_RESOURCES,
    )
    return cron(
        lead_model,
        f"{name}-{JobKind.ENRICHMENT}",
        JobKind.ENRICHMENT,
        wanted.schedule,
        wanted.time_zone,
        run,
        limits=(3, 3),
        deadline=TRAINING_S,
        suspend=wanted.suspend,
    )
