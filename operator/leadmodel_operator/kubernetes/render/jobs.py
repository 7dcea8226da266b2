"""Renders the Jobs and CronJobs of validation, poll and retraining. Pure."""

import hashlib

from leadmodel_messages.commands import Program
from leadmodel_messages.credentials import Source
from leadmodel_messages.places import SNAPSHOT_FILE, TEXT_FILE
from leadmodel_operator.kubernetes.render.job_access import account
from leadmodel_operator.kubernetes.render.job_pods import cron, job, pod
from leadmodel_operator.kubernetes.render.names import Object, revision_name
from leadmodel_operator.kubernetes.render.objects import TEXT_FOLDER, admission, claim_of
from leadmodel_operator.planning import commands
from leadmodel_operator.planning.observed import JobKind
from leadmodel_operator.planning.planned import Poll, Validation
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.spec_enrichment import MessagesSource
from leadmodel_operator.resource.spec_schedules import Retraining

_EVERY = {"5m": "{m}-59/5", "15m": "{m}-59/15", "30m": "{m}-59/30"}


def beside_predictors(spec: Spec) -> Object:
    """Render where a Job runs that uses the predictor's image: on the predictor's nodes, which have the image's architecture."""
    return {**admission(spec.predictor), "nodeSelector": dict(spec.predictor.node_selector or {})}


def _secrets(spec: Spec) -> dict[Source, str | None]:
    return {Source.ARTIFACT: spec.artifact.secret_name, Source.HOLDOUT: spec.holdout.secret_name}


def validation(lead_model: Object, spec: Spec, wanted: Validation) -> Object:
    """Render the Job that measures a candidate, by the predictor's image and within the validation's deadline."""
    metadata = lead_model["metadata"]
    name = metadata["name"]
    snapshots: dict[str, str] = {}

    def mount(part: str, digest: str) -> str:
        snapshots[part] = revision_name(name, digest)
        return f"/models/{part}/{SNAPSHOT_FILE}"

    arguments = commands.validation(wanted, mount, f"{metadata['namespace']}/{name}-mailbox")
    run = pod(
        wanted.image,
        [Program.VALIDATE, *arguments],
        account(lead_model, spec),
        placing=beside_predictors(spec),
        token=not wanted.held,
        secrets=_secrets(spec),
        claims=(claim_of(wanted.uri), claim_of(wanted.holdout_uri)),
        snapshots=snapshots,
        resources=spec.jobs.resources,
    )
    return job(lead_model, wanted.name, JobKind.VALIDATION, run, int(wanted.deadline))


def _poll_pod(lead_model: Object, spec: Spec, poll: Poll) -> Object:
    return pod(
        poll.image,
        [Program.POLL, *commands.poll(poll)],
        account(lead_model, spec),
        placing=beside_predictors(spec),
        secrets=_secrets(spec),
        claims=(claim_of(poll.uri), claim_of(poll.holdout_uri)),
        resources=spec.jobs.resources,
    )


def poll_job(lead_model: Object, spec: Spec, poll: Poll) -> Object:
    """Render the Job that asks the store once, now."""
    return job(lead_model, poll.once or "", JobKind.POLL, _poll_pod(lead_model, spec, poll), 300)


def poll_cron(lead_model: Object, spec: Spec, poll: Poll) -> Object | None:
    """Render the CronJob that asks the store; None where the poll interval is 0s."""
    if poll.interval == "0s":
        return None
    name = f"{lead_model['metadata']['name']}-poll"
    run = _poll_pod(lead_model, spec, poll)
    return cron(
        lead_model,
        name,
        JobKind.POLL,
        poll_schedule(name, poll.interval),
        "Etc/UTC",
        run,
        limits=(3, 1),
        deadline=300,
    )


def poll_schedule(name: str, interval: str) -> str:
    """Return a cron schedule whose minute comes from a hash of the name, so that a hundred models do not ask at once."""
    offset = int(hashlib.sha256(name.encode()).hexdigest()[:8], 16)
    if interval in _EVERY:
        period = int(interval.removesuffix("m"))
        return _EVERY[interval].format(m=offset % period) + " * * * *"
    minute = offset % 60
    return {
        "1h": f"{minute} * * * *",
        "6h": f"{minute} {offset % 6}-23/6 * * *",
        "24h": f"{minute} {offset % 24} * * *",
    }[interval]


def retraining(lead_model: Object, spec: Spec, wanted: Retraining, image: str) -> Object:
    """Render the CronJob of the retraining, which writes the holdout, then the artifact, and reports the digest."""
    own, messages = lead_model["metadata"]["name"], _messages(spec)
    name = f"{own}-retraining"
    run = pod(
        wanted.image or image,
        [Program.TRAIN, *commands.retraining(own, spec, wanted, f"{TEXT_FOLDER}/{TEXT_FILE}")],
        account(lead_model, spec),
        placing=admission(spec.predictor),
        secrets={
            **_secrets(spec),
            Source.LEADS: wanted.leads.secret_name,
            **({Source.MESSAGES: messages.secret_name} if messages is not None else {}),
        },
        claims=(
            claim_of(wanted.leads.uri),
            claim_of(spec.artifact.uri),
            claim_of(spec.holdout.uri),
            claim_of(messages.uri) if messages is not None else None,
        ),
        served_text=f"{own}-text" if commands.offered_texts(spec) else None,
        resources=wanted.resources
        or {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "4Gi"}},
    )
    return cron(
        lead_model,
        name,
        JobKind.RETRAINING,
        wanted.schedule,
        wanted.time_zone,
        run,
        limits=(3, 3),
        deadline=6 * 3600,
        suspend=wanted.suspend,
    )


def _messages(spec: Spec) -> MessagesSource | None:
    """Return the messages that the text model has learned from, where retraining offers its answers."""
    texts = commands.offered_texts(spec)
    return texts.training.messages if texts is not None and texts.training is not None else None
