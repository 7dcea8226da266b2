"""The command line of each program, written once for every runtime that starts programs. Paths and URIs are injected.

Each function returns the arguments without the program: a cluster starts the console script, a machine the module.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from collections.abc import Sequence


class Program(StrEnum):
    """The programs, by the name of their console script."""

    POLL = "leadmodel-poll"
    VALIDATE = "leadmodel-validate"
    TRAIN = "leadmodel-train"
    PRIVACY = "leadmodel-privacy"
    PREDICTOR = "leadmodel-predictor"
    CHECK_TEXT = "leadmodel-check-text"
    ENRICH = "leadmodel-enrich"
    FOLLOWUP = "leadmodel-followup"

    @property
    def module(self) -> str:
        """The module that `python -m` runs where no console script is installed."""
        return _MODULES[self]


_MODULES = {
    Program.POLL: "leadmodel_predictor.jobs.poll",
    Program.VALIDATE: "leadmodel_predictor.jobs.validate",
    Program.TRAIN: "leadmodel_training",
    Program.PRIVACY: "leadmodel_privacy",
    Program.PREDICTOR: "leadmodel_predictor",
    Program.CHECK_TEXT: "leadmodel_predictor.jobs.check_text",
    Program.ENRICH: "leadmodel_training.text.command",
    Program.FOLLOWUP: "leadmodel_followup",
}


@dataclass(frozen=True)
class Model:
    """A model that a program reads: a path or URI, and the digest its bytes must have."""

    where: str
    digest: str


def termination_log(path: object) -> list[str]:
    """Say where a program leaves its termination message; every program takes the flag."""
    return [f"--termination-log={path}"]


def poll(*, artifact: str, holdout: str, etag: str | None, holdout_etag: str | None) -> list[str]:
    """Arguments of `leadmodel-poll`; an ETag that is None or empty asks unconditionally."""
    return [
        f"--artifact={artifact}",
        f"--holdout={holdout}",
        *_flag("etag", etag or None),
        *_flag("holdout-etag", holdout_etag or None),
    ]


def validate(
    *,
    artifact: str,
    holdout: str,
    image: str,
    deadline: float,
    expect_digest: str | None,
    holdout_digest: str | None,
    champion: Model | None,
    best: Model | None,
    mailbox: str | None,
) -> list[str]:
    """Arguments of `leadmodel-validate`. `deadline` in seconds; `mailbox` is NAMESPACE/NAME or an absolute path, None to keep nothing."""
    return [
        f"--artifact={artifact}",
        f"--holdout={holdout}",
        f"--image={image}",
        f"--deadline={deadline:g}",
        *_flag("expect-digest", expect_digest or None),
        *_flag("holdout-digest", holdout_digest or None),
        *_model("champion", "champion-digest", champion),
        *_model("best", "best-digest", best),
        *_flag("mailbox", mailbox),
    ]


def train(
    *,
    leads: str,
    artifact: str,
    holdout: str,
    name: str,
    label: str,
    recipe: str,
    exclude: Sequence[str],
    allow: Sequence[str],
    horizon_days: float | None,
    positive: str | None,
    time_column: str | None,
    id_column: str | None,
    holdout_share: float | None,
    allow_personal: Sequence[str],
    time_format: str | None,
    numeric: Sequence[str],
    categorical: Sequence[str],
    require: Sequence[str],
    text_model: str | None = None,
    text_messages: str | None = None,
) -> list[str]:
    """Arguments of `leadmodel-train` with URIs to write to; what is None or empty is left to the program."""
    return [
        f"--leads={leads}",
        f"--artifact={artifact}",
        f"--holdout={holdout}",
        f"--name={name}",
        f"--label={label}",
        f"--recipe={recipe}",
        *_flag("exclude", ",".join(exclude) or None),
        *_flag("allow", ",".join(allow) or None),
        *_flag("horizon", None if horizon_days is None else f"{horizon_days:g}"),
        *_flag("positive", positive),
        *_flag("time-column", time_column),
        *_flag("id-column", id_column),
        *_flag("holdout-share", None if holdout_share is None else repr(holdout_share)),
        *_flag("allow-personal", ",".join(allow_personal) or None),
        *_flag("time-format", time_format),
        *_flag("numeric", ",".join(numeric) or None),
        *_flag("categorical", ",".join(categorical) or None),
        *_flag("require", ",".join(require) or None),
        *_flag("text-model", text_model),
        *_flag("text-messages", text_messages),
    ]


@dataclass(frozen=True)
class Tls:
    """Files of a connection in PEM form: certificates to trust, the program's own certificate, and the certificate's key."""

    ca: str | None = None
    certificate: str | None = None
    key: str | None = None


def _tls(tls: Tls) -> list[str]:
    return [*_flag("tls-ca", tls.ca), *_flag("tls-cert", tls.certificate), *_flag("tls-key", tls.key)]


def backfill(
    *,
    match: Sequence[str],
    field: Sequence[str],
    names: str | None,
    keep: Sequence[str],
    name: str,
    retention_s: float,
    image: str | None,
    wait_s: float | None,
    apply: bool,
    tls: Tls | None = None,
) -> list[str]:
    """Arguments of `leadmodel-privacy backfill`.

    Args:
        match: Keys to read, as Redis globs.
        field: Fields that hold text; none for every text.
        names: How names of people are found; None for the program's default, which older programs have too.
        keep: Words that are never taken for a name.
        name: Runs of one name share lease, checkpoint and reports.
        retention_s: How long reports live, in seconds.
        image: The image for the audit record; None where no image runs.
        wait_s: How long to wait for a Redis or a lease, in seconds; None for the program's own patience, which suits a night.
        apply: Redact instead of only count.
        tls: Files of the connection to Redis; None for the certificates that the system trusts.
    """
    return [
        "backfill",
        *(f"--match={pattern}" for pattern in match),
        *(f"--field={item}" for item in field),
        *_flag("names", names),
        *(f"--keep={item}" for item in keep),
        f"--name={name}",
        f"--retention={retention_s:.0f}s",
        *_flag("image", image),
        *_flag("wait", None if wait_s is None else f"{wait_s:.0f}s"),
        *(_tls(tls) if tls else ()),
        *(["--apply"] if apply else []),
    ]


def check_text(
    *,
    model: str,
    holdout: str,
    image: str,
    expect_digest: str | None,
    label: str,
    text: str,
    serving: Model | None,
    mailbox: str | None,
) -> list[str]:
    """Arguments of `leadmodel-check-text`; `label` and `text` are columns of the holdout, `mailbox` as for a validation."""
    return [
        f"--model={model}",
        f"--holdout={holdout}",
        f"--image={image}",
        f"--label={label}",
        f"--text={text}",
        *_flag("expect-digest", expect_digest or None),
        *_model("serving", "serving-digest", serving),
        *_flag("mailbox", mailbox),
    ]


def train_text(*, messages: str, model: str, holdout: str, name: str, languages: Sequence[str]) -> list[str]:
    """Arguments of `leadmodel-enrich train` with URIs to write to: the messages that are kept out first, the text model last."""
    return [
        "train",
        f"--messages={messages}",
        f"--out={model}",
        f"--holdout-out={holdout}",
        f"--name={name}",
        *_flag("languages", ",".join(languages) or None),
    ]


EVERY_ADDRESS = ""  # of IPv4 and of IPv6, whichever a pod has


@dataclass(frozen=True)
class Address:
    """Where a predictor listens: on one address and port, or on a port of EVERY_ADDRESS."""

    host: str
    port: int


@dataclass(frozen=True)
class Inherited:
    """Where a predictor listens: on sockets of its parent, given by file descriptor."""

    sockets: tuple[int, ...]


def predictor(
    *,
    champion: Model,
    previous: Model | None,
    listen: Address | Inherited,
    measured_auc: float | None,
    drain_s: float | None,
    text_model: str | None = None,
    challenger: str | None = None,
) -> list[str]:
    """Arguments of `leadmodel-predictor` under an operator, which has judged the model: no AUC is too low here.

    Args:
        champion: The model to serve.
        previous: The model to compare live leads with.
        listen: Where to listen.
        measured_auc: The AUC that validation measured.
        drain_s: How long to go on accepting after SIGTERM, in seconds; None for the program's own time, which suits a Service.
        text_model: Where the text model lies that answers `/enrich`; None: no texts are answered.
        challenger: Where a challenger lies at times; None: none is taken.
    """
    return [
        *_model("artifact", "expect-digest", champion),
        *_listen(listen),
        "--min-auc=0",
        *_flag("drain-seconds", None if drain_s is None else f"{drain_s:g}"),
        *_flag("measured-auc", None if measured_auc is None else repr(measured_auc)),
        *_model("previous", "previous-digest", previous),
        *_flag("text-model", text_model),
        *_flag("challenger", challenger),
    ]


def _listen(listen: Address | Inherited) -> list[str]:
    if isinstance(listen, Inherited):
        return ["--fd=" + ",".join(map(str, listen.sockets))]
    return [f"--host={listen.host}", f"--port={listen.port}"]


def _flag(name: str, value: str | None) -> list[str]:
    return [] if value is None else [f"--{name}={value}"]


def _model(name: str, digest_name: str, model: Model | None) -> list[str]:
    return [] if model is None else [f"--{name}={model.where}", f"--{digest_name}={model.digest}"]
