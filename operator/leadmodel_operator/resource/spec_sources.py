"""Sources in the spec: where the artifact, the holdout and the labelled leads lie."""

from dataclasses import dataclass
from typing import Literal

from leadmodel_operator.resource.fields import doc
from leadmodel_operator.resource.formats import (
    DIGEST,
    NAME,
    URI,
)

PollInterval = Literal["0s", "5m", "15m", "30m", "1h", "6h", "24h"]


@dataclass(frozen=True, kw_only=True)
class ArtifactSource:
    """The source of the artifact."""

    uri: str = doc(
        "URI of the artifact (model.json): s3://, gs://, az://, https://, http:// or pvc://claim/path.",
        pattern=URI,
        max_length=1024,
    )
    digest: str | None = doc(
        "Digest of the only artifact that may be promoted (sha256:...). If absent, the operator polls the URI and takes the artifact at that "
        "URI as the candidate.",
        pattern=DIGEST,
        default=None,
    )
    poll_interval: PollInterval = doc(
        "Time between polls of the source. 0s disables the schedule: the source is then polled only after a spec change, a finished "
        "retraining or the annotation customerops.dev/poll.",
        default="1h",
    )
    secret_name: str | None = doc(
        "Name of the Secret whose keys become environment variables of the Jobs that fetch the artifact.",
        pattern=NAME,
        max_length=253,
        default=None,
    )


@dataclass(frozen=True, kw_only=True)
class HoldoutSource:
    """The source of the holdout: labelled leads that were kept out of training."""

    uri: str = doc(
        "URI of the labelled leads: CSV or JSON lines, optionally compressed with gzip. The schemes are those of artifact.uri.",
        pattern=URI,
        max_length=1024,
    )
    digest: str | None = doc(
        "Digest of the only holdout that validations may use (sha256:...).", pattern=DIGEST, default=None
    )
    label: str | None = doc(
        "Name of the column that tells whether the lead converted. An artifact that names another label is refused. If absent, "
        "retraining.label, and without retraining y.",
        min_length=1,
        max_length=128,
        default=None,
    )
    positive: str | None = doc(
        "Value of the label of a lead that converted, such as Won. An artifact that names another value is refused. If absent, "
        "retraining.positive, and without that yes, true or 1.",
        min_length=1,
        max_length=128,
        default=None,
    )
    secret_name: str | None = doc(
        "Name of the Secret whose keys become environment variables of the Jobs that fetch the holdout. If absent, the pod's own identity "
        "logs in, and where the pod has none, the Secret of the artifact.",
        pattern=NAME,
        max_length=253,
        default=None,
    )


@dataclass(frozen=True, kw_only=True)
class LeadsSource:
    """The source of the labelled leads for retraining."""

    uri: str = doc(
        "URI of the leads with outcomes: CSV, JSON lines or Parquet. The schemes are those of artifact.uri.",
        pattern=URI,
        max_length=1024,
    )
    secret_name: str | None = doc(
        "Name of the Secret whose keys become environment variables of the retraining Job, which reads the leads with them. If absent, the "
        "pod's own identity logs in, and where the pod has none, the Secret of the artifact.",
        pattern=NAME,
        max_length=253,
        default=None,
    )
