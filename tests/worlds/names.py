"""The names that the small world gives its one LeadModel, the sources of that LeadModel, and artifacts called by a letter."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from leadmodel_operator.reconcile import Key
from leadmodel_operator.resource.fields import Duration
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.spec_policies import DriftPolicy
from leadmodel_operator.resource.spec_serving import Predictor
from leadmodel_operator.resource.spec_sources import ArtifactSource, HoldoutSource

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
URI, OTHER_URI, HOLDOUT = "s3://leads/model.json", "s3://leads/other.json", "s3://leads/holdout.csv.gz"
KEY = Key("sales", "conversion")
IMAGE = "predictor:1"


def digest(letter: str) -> str:
    """Give the digest of the artifact called `letter`."""
    return "sha256:" + f"{ord(letter):02x}" * 32


def letter_of(digest_: str) -> str:
    """Give the letter of the artifact with this digest."""
    return chr(int(digest_.removeprefix("sha256:")[:2], 16))


def spec(**changes: Any) -> Spec:
    """Make the spec of a LeadModel polled every hour, with two pods."""
    base = Spec(
        artifact=ArtifactSource(uri=URI),
        holdout=HoldoutSource(uri=HOLDOUT),
        predictor=Predictor(replicas=2),
        drift=DriftPolicy(sustained_for=Duration("15m")),
    )
    return replace(base, **changes)
