"""What the operator would do with a manifest, before anything is applied: its own plan of the first pass, and its policy in sentences."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from leadmodel_messages.uris import show
from leadmodel_operator.kubernetes.render import backfill, follow_ups, job_access, jobs, objects
from leadmodel_operator.kubernetes.render.names import Object, name_of
from leadmodel_operator.planning.observed import Observed
from leadmodel_operator.planning.plan import plan
from leadmodel_operator.planning.planned import Plan
from leadmodel_operator.resource.conversion import load
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.spec_followups import FollowUps

IMAGE = "the operator's predictor image"


def preview(document: dict[str, Any], now: datetime) -> list[str]:
    """Say what the operator does first with a new LeadModel, and how it decides from then on.

    Args:
        document: A manifest that `manifest.faults` finds nothing wrong with, with its defaults.
        now: The instant of the first pass.
    """
    spec = load(Spec, document["spec"], "spec")
    metadata = document["metadata"]
    seen = Observed(
        now=now,
        rv="1",
        generation=1,
        spec=spec,
        name=metadata["name"],
        namespace=metadata.get("namespace", "default"),
        default_image=IMAGE,
    )
    return [*_first(plan(seen), document, spec), *_policy(spec)]


def _first(planned: Plan, document: dict[str, Any], spec: Spec) -> Iterator[str]:
    body = {"metadata": {"namespace": "default", "uid": "", **document["metadata"]}}
    made = [name_of(item) for item in _objects(planned, body, spec)]
    yield f"creates   {', '.join(made)}"
    wanted = planned.desired
    if wanted.validate is not None:
        yield f"then      measures {show(wanted.validate.uri)} on {show(wanted.validate.holdout_uri)}"
    elif wanted.poll is not None and wanted.poll.once:
        yield f"then      asks {show(wanted.poll.uri)} which artifact it holds, and measures it on {show(wanted.poll.holdout_uri)}"
    else:
        yield f"then      nothing: {planned.status.phase}"


def _objects(planned: Plan, body: Object, spec: Spec) -> Iterator[Object]:
    wanted = planned.desired
    yield objects.service(body)
    if wanted.poll is not None or wanted.validate is not None:
        yield from job_access.access(body, spec)
    if wanted.validate is not None:
        yield jobs.validation(body, spec, wanted.validate)
    if wanted.poll is not None:
        if wanted.poll.once:
            yield jobs.poll_job(body, spec, wanted.poll)
        cron = jobs.poll_cron(body, spec, wanted.poll)
        if cron is not None:
            yield cron
    if wanted.retraining is not None:
        yield jobs.retraining(body, spec, wanted.retraining, IMAGE)
    if wanted.backfill is not None:
        yield backfill.backfill(body, spec, wanted.backfill, IMAGE)
    if wanted.follow_ups is not None:
        yield from follow_ups.objects(body, wanted.follow_ups, spec.predictor, IMAGE)


def _policy(spec: Spec) -> Iterator[str]:
    gate, drift, rollback = spec.gate, spec.drift, spec.rollback
    yield (
        f"serves    what reaches AUC {spec.min_auc:g} on {gate.min_positives}+ converted and {gate.min_negatives}+ other leads, and "
        f"loses at most {gate.max_regression:g} AUC against the champion"
    )
    pin = spec.artifact.digest
    polls = (
        "never polls (0s)"
        if spec.artifact.poll_interval == "0s"
        else f"polls every {spec.artifact.poll_interval}"
    )
    yield f"source    {'only ' + pin if pin else polls}"
    yield (
        f"watches   live leads every {drift.interval}: a breach is a PSI over {drift.max_psi:g} on {drift.min_samples}+ leads, "
        f"sustained after {drift.sustained_for}"
    )
    if rollback.policy == "Automatic":
        yield (
            f"goes back when that lasts and the previous model's PSI on the same leads is at most {rollback.max_previous_psi:g}; "
            f"then holds candidates for {rollback.cooldown}"
        )
    else:
        yield "goes back only when a person asks (rollback.policy: Alert)"
    if spec.retraining is not None:
        yield f"retrains  {spec.retraining.schedule} ({spec.retraining.time_zone}) from {show(spec.retraining.leads.uri)}"
    if spec.pii_backfill is not None:
        yield f"backfill  {spec.pii_backfill.schedule} ({spec.pii_backfill.time_zone}), {spec.pii_backfill.mode}"
    if spec.follow_ups is not None:
        yield from _messages(spec.follow_ups)
    if spec.paused:
        yield "paused    nothing of this happens while spec.paused is true"


def _messages(wanted: FollowUps) -> Iterator[str]:
    """Say who is written to, when, and over what."""
    providers = {channel.name: channel.provider for channel in wanted.channels}
    for band in sorted(wanted.bands, key=lambda band: -band.min_score):
        steps = ", ".join(
            f"{step.name} after {step.after} by {step.channel} ({providers[step.channel]})"
            for step in band.steps
        )
        of = f" and intent {' or '.join(band.intents)}" if band.intents else ""
        yield f"writes    to leads from score {band.min_score:g}{of}: {steps}"
    hours = wanted.quiet_hours
    quiet = [name for name in providers if name in hours.channels]
    if quiet:
        yield f"keeps     {hours.opens} to {hours.closes} by the recipient's clock on {', '.join(quiet)}"
    if wanted.suspend:
        yield "suspended nothing is sent while spec.followUps.suspend is true"
