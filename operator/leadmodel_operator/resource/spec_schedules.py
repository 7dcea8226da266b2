"""What the spec lets run on a schedule: retraining and the PII backfill."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from leadmodel_operator.resource.fields import Duration, doc
from leadmodel_operator.resource.formats import (
    COLUMN,
    IMAGE,
    KEY,
    NAME,
    TIME_FORMAT,
)
from leadmodel_operator.resource.schedules import CRON, TIME_ZONE
from leadmodel_operator.resource.spec_sources import LeadsSource


@dataclass(frozen=True, kw_only=True)
class Retraining:
    """The CronJob that trains a new artifact, by default every night."""

    leads: LeadsSource = doc("Source of the leads to train on.")
    schedule: str = doc(
        "Schedule of the CronJob as five cron fields or a macro such as @daily.",
        default="0 1 * * *",
        pattern=CRON,
        max_length=64,
    )
    time_zone: str = doc(
        "Time zone of the schedule, as named in the IANA database.",
        default="Etc/UTC",
        pattern=TIME_ZONE,
        max_length=64,
    )
    suspend: bool = doc("If true, the CronJob starts no new Jobs.", default=False)
    recipe: Literal["linear", "trees", "auto"] = doc(
        "Kind of model to train. auto trains linear models and trees and keeps the better model.",
        default="linear",
    )
    label: str = doc(
        "Name of the column that tells whether the lead converted.", default="y", max_length=128, min_length=1
    )
    exclude: tuple[str, ...] = doc(
        "Names of columns whose values are known only after the outcome. Training leaves these columns out.",
        default=(),
        pattern=COLUMN,
        max_items=64,
        max_length=128,
    )
    allow: tuple[str, ...] = doc(
        "Names of columns to keep although their values look as if derived from the outcome.",
        default=(),
        pattern=COLUMN,
        max_items=64,
        max_length=128,
    )
    horizon: Duration | None = doc(
        "Age below which leads are left out because their outcome is still open, measured from the newest lead.",
        default=None,
        minimum_s=3600,
        maximum_s=31536000,
    )
    positive: str | None = doc(
        "Value of the label of a lead that converted, such as Won. If absent: yes, true or 1.",
        default=None,
        min_length=1,
        max_length=128,
    )
    time_column: str | None = doc(
        "Name of the column that tells when the lead came in. If absent: created_at if there is one, else the order of the file.",
        default=None,
        min_length=1,
        max_length=128,
    )
    id_column: str | None = doc(
        "Name of the column that tells leads apart. If absent: all fields of a lead together.",
        default=None,
        min_length=1,
        max_length=128,
    )
    holdout_share: float | None = doc(
        "Share of the newest leads that are kept out of training and written as holdout. If absent: 0.2.",
        default=None,
        minimum=0.01,
        maximum=0.9,
    )
    allow_personal: tuple[str, ...] = doc(
        "Names of columns that look like personal data and may stand in artifact and holdout.",
        default=(),
        pattern=COLUMN,
        max_items=64,
        max_length=128,
    )
    time_format: str | None = doc(
        "How timeColumn writes times: a format such as %d.%m.%Y %H:%M, unix, unix-ms or unix-us. If absent: ISO 8601 or Unix seconds.",
        default=None,
        pattern=TIME_FORMAT,
        max_length=64,
    )
    numeric: tuple[str, ...] = doc(
        "Names of columns that hold numbers, whatever else they hold.",
        default=(),
        pattern=COLUMN,
        max_items=64,
        max_length=128,
    )
    categorical: tuple[str, ...] = doc(
        "Names of columns that hold categories, even if their values are numbers.",
        default=(),
        pattern=COLUMN,
        max_items=64,
        max_length=128,
    )
    require: tuple[str, ...] = doc(
        "Names of columns without which predictors answer a lead with 422. Leads without them are left out of training and holdout.",
        default=(),
        pattern=COLUMN,
        max_items=64,
        max_length=128,
    )
    image: str | None = doc(
        "Image of the training. Replaces the default image of the operator.",
        pattern=IMAGE,
        max_length=512,
        default=None,
    )
    resources: Mapping[str, Any] | None = doc(
        "Resource requests and limits of the container.", default=None, kubernetes="ResourceRequirements"
    )


@dataclass(frozen=True, kw_only=True)
class RedisTls:
    """Certificates of the connection to Redis, whose URL must begin with rediss."""

    secret_name: str | None = doc(
        "Name of the Secret with the certificates. If absent, the Secret of the URL.",
        pattern=NAME,
        max_length=253,
        default=None,
    )
    ca_key: str | None = doc(
        "Key in the Secret whose value holds the certificates to trust, in PEM form, such as ca.crt.",
        pattern=KEY,
        max_length=253,
        default=None,
    )
    certificate_key: str | None = doc(
        "Key in the Secret whose value is the certificate of the backfill, in PEM form, such as tls.crt. Needs privateKeyKey.",
        pattern=KEY,
        max_length=253,
        default=None,
    )
    private_key_key: str | None = doc(
        "Key in the Secret whose value is the private key of the certificate, in PEM form, such as tls.key.",
        pattern=KEY,
        max_length=253,
        default=None,
    )


@dataclass(frozen=True, kw_only=True)
class RedisSource:
    """The connection to the Redis that holds conversations."""

    secret_name: str = doc("Name of the Secret with the URL of the Redis.", pattern=NAME, max_length=253)
    key: str = doc(
        "Key in the Secret whose value is the URL.",
        default="REDIS_URL",
        pattern=KEY,
        max_length=253,
    )
    username_key: str | None = doc(
        "Key in the Secret whose value is the user. If absent, the user in the URL.",
        pattern=KEY,
        max_length=253,
        default=None,
    )
    password_key: str | None = doc(
        "Key in the Secret whose value is the password, as it is, without percent escapes. If absent, the password in the URL.",
        pattern=KEY,
        max_length=253,
        default=None,
    )
    tls: RedisTls | None = doc(
        "Certificates of the connection. If absent, the certificates that the image trusts.", default=None
    )


@dataclass(frozen=True, kw_only=True)
class PiiBackfill:
    """The CronJob that redacts personal data in past conversations, by default every week."""

    redis: RedisSource = doc("Connection to the Redis that holds conversations.")
    key_patterns: tuple[str, ...] = doc(
        "Redis glob patterns of the keys to read.", min_items=1, max_items=32, max_length=256, min_length=1
    )
    text_fields: tuple[str, ...] = doc(
        "Names of the fields of JSON messages and hashes that hold text. If absent, every text is read.",
        default=(),
        max_items=64,
        max_length=128,
    )
    names: Literal["cues", "careful", "balanced", "strict"] | None = doc(
        "How names of people are found. cues: only after words such as 'my name is'. The others also find names elsewhere, by a lexicon and a small model: careful alters least, strict finds most. If absent, cues.",
        default=None,
    )
    keep: tuple[str, ...] = doc(
        "Words that are never taken for a name, such as the companies and products of the team.",
        default=(),
        max_items=64,
        max_length=128,
        min_length=1,
    )
    schedule: str = doc(
        "Schedule of the CronJob as five cron fields or a macro such as @daily.",
        default="0 2 * * 0",
        pattern=CRON,
        max_length=64,
    )
    time_zone: str = doc(
        "Time zone of the schedule, as named in the IANA database.",
        default="Etc/UTC",
        pattern=TIME_ZONE,
        max_length=64,
    )
    mode: Literal["DryRun", "Apply"] = doc(
        "DryRun counts personal data. Apply redacts personal data.", default="DryRun"
    )
    suspend: bool = doc("If true, the CronJob starts no new Jobs.", default=False)
    retention: Duration = doc(
        "Time for which reports are kept.", default=Duration("720h"), minimum_s=3600, maximum_s=31536000
    )
    image: str | None = doc(
        "Image of the backfill. Replaces the default image of the operator.",
        pattern=IMAGE,
        max_length=512,
        default=None,
    )
    resources: Mapping[str, Any] | None = doc(
        "Resource requests and limits of the container.", default=None, kubernetes="ResourceRequirements"
    )
