"""A LeadModel whose artifact, holdout and leads lie in a real S3, each read with a Secret of its own."""

import pytest

from e2e.harness.models import Model
from e2e.harness.subject import Subject
from e2e.test_work import message
from leadmodel_store.store import fetch, put
from leadmodel_training.columns import Rows
from leadmodel_training.rows import write_csv

pytestmark = pytest.mark.schedules


def test_a_model_is_served_and_retrained_from_s3(
    subject: Subject, s3: dict[str, str], other_s3: dict[str, str], good: Model, rows
):
    """The holdout lies on another server with another key: neither Secret reads or writes what the other one does."""
    base = f"s3://leads/{subject.namespace}"
    put(f"{base}/model.json", good.raw, environ=s3)
    put(f"{base}/holdout.csv.gz", good.holdout, environ=other_s3)
    put(f"{base}/leads.csv.gz", write_csv(Rows(dict(rows().columns))), environ=s3)
    for name, login in (("a-store", s3), ("b-store", other_s3)):
        metadata = {"name": name, "namespace": subject.namespace}
        subject.cluster.apply(
            {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": login}
        )
    subject.apply(
        artifact={"uri": f"{base}/model.json", "secretName": "a-store"},
        holdout={"uri": f"{base}/holdout.csv.gz", "secretName": "b-store"},
        retraining={
            "leads": {"uri": f"{base}/leads.csv.gz", "secretName": "a-store"},
            "label": "y",
            "exclude": ["duration"],
        },
    )
    subject.until("Ready", "True", "Serving", 180)
    assert subject.champion() == good.digest
    subject.run_now("retraining", "tonight")
    subject.wait("it ran", lambda: message(subject, "tonight"), 300)
    subject.wait("its model serves", lambda: subject.champion() not in {None, good.digest}, 180)
    assert fetch(f"{base}/model.json", max_bytes=1 << 24, environ=s3).data != good.raw
    assert fetch(f"{base}/holdout.csv.gz", max_bytes=1 << 24, environ=other_s3).data != good.holdout


def test_a_wrong_key_is_told_in_the_condition(subject: Subject, s3: dict[str, str], good: Model):
    base = f"s3://leads/{subject.namespace}"
    put(f"{base}/model.json", good.raw, environ=s3)
    metadata = {"name": "store", "namespace": subject.namespace}
    wrong = {**s3, "AWS_SECRET_ACCESS_KEY": "wrong"}
    subject.cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": wrong})
    subject.apply(
        artifact={"uri": f"{base}/model.json", "secretName": "store"},
        holdout={"uri": f"{base}/holdout.csv.gz", "secretName": "store"},
    )
    poll = subject.wait("the poll's error", lambda: (subject.status().get("poll") or {}).get("error"), 180)
    assert "AWS_SECRET_ACCESS_KEY does not belong to AWS_ACCESS_KEY_ID" in poll
