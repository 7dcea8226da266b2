"""The CronJobs of a LeadModel, run once as a person would: `kubectl create job --from=cronjob/…`."""

import csv
import gzip
import io
import json

import pytest

from e2e.harness.models import Model
from e2e.harness.subject import Subject
from leadmodel_training.columns import Rows
from leadmodel_training.rows import write_csv

pytestmark = pytest.mark.schedules


def message(subject: Subject, job: str) -> str:
    """The termination message of a Job's pod; empty until there is one."""
    pods = subject.cluster.items("pods", subject.namespace, f"job-name={job}")
    statuses = [status for pod in pods for status in pod["status"].get("containerStatuses", [])]
    return str(statuses[0]["state"].get("terminated", {}).get("message", "")) if statuses else ""


def test_a_nightly_retraining_becomes_champion(subject: Subject, good: Model, rows):
    """Trained in the cluster on real leads, written holdout first, judged, and rolled without a poll."""
    leads = f"/{subject.namespace}/leads.csv.gz"
    subject.store.files[leads] = write_csv(Rows(dict(rows().columns)))
    retraining = {
        "leads": {"uri": subject.store.uri(leads)},
        "label": "y",
        "exclude": ["duration"],
        "schedule": "0 1 * * *",
    }
    subject.serve(good, retraining=retraining)
    subject.run_now("retraining", "tonight")
    subject.wait("it ran", lambda: message(subject, "tonight"), 300)
    said = json.loads(message(subject, "tonight"))
    digest = said["digest"]
    subject.wait("its model serves", lambda: subject.champion() == digest, 180)
    subject.until("Ready", "True", "Serving")
    status = subject.status()
    assert status["requested"]["source"] == "Retraining"
    assert status["retraining"]["digest"] == digest
    assert status["previous"]["digest"] == good.digest
    uploads = subject.store.uploads
    mine = [path for path in uploads if path.startswith(f"/{subject.namespace}/")]
    assert mine == [subject.path("holdout.csv.gz"), subject.path("model.json")]
    held = gzip.decompress(subject.store.files[subject.path("holdout.csv.gz")])
    assert len(list(csv.reader(io.StringIO(held.decode())))) > 1000


def test_a_retraining_that_makes_no_model_changes_nothing(subject: Subject, good: Model):
    leads = f"/{subject.namespace}/leads.csv"
    subject.store.files[leads] = b"age,y\n40,yes\n30,no\n"
    subject.serve(good, retraining={"leads": {"uri": subject.store.uri(leads)}, "label": "y"})
    subject.run_now("retraining", "tonight")
    subject.wait("the event", lambda: "RetrainingFailed" in subject.events(), 180)
    assert subject.champion() == good.digest
    assert subject.condition("Ready") == ("True", "Serving")
    assert subject.status()["retraining"]["error"]
