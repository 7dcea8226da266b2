"""What each program is started with, from spec and plan, the same in both runtimes. The runtime names the places: files or mounts."""

from collections.abc import Callable

from leadmodel_messages import commands
from leadmodel_messages.commands import Model
from leadmodel_operator.planning.planned import Poll, TextCheck, Validation
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.spec_enrichment import Enrichment, TextTraining
from leadmodel_operator.resource.spec_schedules import PiiBackfill, RedisTls, Retraining

CA, CERTIFICATE, PRIVATE_KEY = "ca.crt", "tls.crt", "tls.key"  # files of the connection to Redis
CANDIDATE, CHAMPION, BEST = "candidate", "champion", "best"  # the models a validation reads
SERVING = "serving"  # the text model that a check compares with
SnapshotPlace = Callable[
    [str, str], str
]  # the model's part above and its digest → where the program finds the snapshot


def poll(request: Poll) -> list[str]:
    """Arguments of the poll that asks what the store holds."""
    return commands.poll(
        artifact=request.uri,
        holdout=request.holdout_uri,
        etag=request.etag,
        holdout_etag=request.holdout_etag,
    )


def validation(request: Validation, place: SnapshotPlace, mailbox: str) -> list[str]:
    """Arguments of the validation that measures a candidate; bytes that are kept already go into no mailbox."""
    held = request.held and request.digest is not None
    return commands.validate(
        artifact=place(CANDIDATE, request.digest) if held and request.digest else request.uri,
        holdout=request.holdout_uri,
        image=request.image,
        deadline=request.deadline,
        expect_digest=request.digest,
        holdout_digest=request.holdout_digest,
        champion=_model(place, CHAMPION, request.champion),
        best=_model(place, BEST, request.best),
        mailbox=None if held else mailbox,
    )


def _model(place: SnapshotPlace, part: str, digest: str | None) -> Model | None:
    return Model(place(part, digest), digest) if digest else None


def retraining(name: str, spec: Spec, retraining: Retraining, text_model: str) -> list[str]:
    """Arguments of the training that writes to the artifact's and the holdout's URI; `name` is the LeadModel's.

    `text_model` is where the text model that serves lies, if one does: what lies at the source may be refused.
    """
    horizon, texts = retraining.horizon, offered_texts(spec)
    learned_from = texts.training.messages.uri if texts is not None and texts.training is not None else None
    return commands.train(
        leads=retraining.leads.uri,
        artifact=spec.artifact.uri,
        holdout=spec.holdout.uri,
        name=name,
        label=retraining.label,
        recipe=retraining.recipe,
        exclude=retraining.exclude,
        allow=retraining.allow,
        horizon_days=horizon.seconds / 86400 if horizon else None,
        positive=retraining.positive,
        time_column=retraining.time_column,
        id_column=retraining.id_column,
        holdout_share=retraining.holdout_share,
        allow_personal=retraining.allow_personal,
        time_format=retraining.time_format,
        numeric=retraining.numeric,
        categorical=retraining.categorical,
        require=retraining.require,
        text_model=text_model if texts is not None else None,
        text_messages=learned_from,
    )


def offered_texts(spec: Spec) -> Enrichment | None:
    """The text model whose answers retraining offers to lead-scoring models as features; None where it offers none."""
    texts = spec.enrichment
    return texts if texts is not None and texts.features == "Offer" else None


def text_check(request: TextCheck, place: SnapshotPlace, mailbox: str) -> list[str]:
    """Arguments of the check that measures a text model; bytes that are kept already go into no mailbox."""
    held = request.held and request.digest is not None
    return commands.check_text(
        model=place(CANDIDATE, request.digest) if held and request.digest else request.uri,
        holdout=request.holdout_uri,
        image=request.image,
        expect_digest=request.digest,
        label=request.label,
        text=request.text,
        serving=_model(place, SERVING, request.serving),
        mailbox=None if held else mailbox,
    )


def text_training(name: str, enrichment: Enrichment, training: TextTraining) -> list[str]:
    """Arguments of the training that writes to the URIs of the text model and its holdout; `name` is the LeadModel's."""
    return commands.train_text(
        messages=training.messages.uri,
        model=enrichment.artifact.uri,
        holdout=enrichment.holdout.uri,
        name=name,
        languages=enrichment.languages,
    )


def tls_files(tls: RedisTls | None) -> dict[str, str]:
    """The names of the certificate files of the connection to Redis, each with its key of the Secret."""
    keys = {CA: tls.ca_key, CERTIFICATE: tls.certificate_key, PRIVATE_KEY: tls.private_key_key} if tls else {}
    return {file: key for file, key in keys.items() if key is not None}


def backfill(
    name: str, backfill: PiiBackfill, *, image: str | None, wait_s: float | None, tls_folder: str = ""
) -> list[str]:
    """Arguments of the backfill.

    Args:
        name: NAMESPACE/NAME of the LeadModel.
        backfill: What the spec says.
        image: The image that runs, where one does.
        wait_s: How long the runtime lets the program wait for a Redis, in seconds.
        tls_folder: The folder where the runtime puts the certificates of the connection.
    """
    files = tls_files(backfill.redis.tls) if tls_folder else {}
    return commands.backfill(
        tls=commands.Tls(
            *(f"{tls_folder}/{file}" if file in files else None for file in (CA, CERTIFICATE, PRIVATE_KEY))
        ),
        match=backfill.key_patterns,
        field=backfill.text_fields,
        names=backfill.names,
        keep=backfill.keep,
        name=name,
        retention_s=backfill.retention.seconds,
        image=image,
        wait_s=wait_s,
        apply=backfill.mode == "Apply",
    )
