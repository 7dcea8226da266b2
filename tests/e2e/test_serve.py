"""From `kubectl apply` to answers: judged in the cluster, served by two pods, and what people see of it."""

import json
import urllib.error
import urllib.request

import pytest

from e2e.harness.load import post
from e2e.harness.models import Model
from e2e.harness.subject import Subject

pytestmark = pytest.mark.smoke


def test_apply_to_served_answers_what_scikit_learn_answers(subject: Subject, better: Model):
    took = subject.serve(better)
    print(f"\napply to Ready: {took:.1f} s")
    assert len(subject.pods()) == 2
    leads = list(better.leads(1000))
    url = subject.url()
    answers = [post(url, lead) for lead in leads[:200]]
    assert {a["version"] for a in answers} == {json.loads(better.raw)["version"]}
    scores = [a["score"] for a in answers] + [a["score"] for a in post(url + "/batch", leads[200:])]
    wanted = better.predicted[:1000]
    worst = max(abs(a - b) for a, b in zip(scores, wanted, strict=True))
    print(f"furthest from scikit-learn over {len(wanted)} real leads: {worst:.1e}")
    assert worst <= 1e-9
    assert len({round(score, 6) for score in scores}) > 500


def test_columns_tell_the_story(subject: Subject, good: Model, better: Model):
    subject.serve(good)
    subject.put(better)
    subject.poll()
    subject.until_champion(better)
    subject.until("Ready", "True", "Serving")
    row = table(subject)
    assert list(row) == ["NAME", "READY", "PHASE", "CHAMPION", "REQUESTED", "AUC", "DRIFT", "AGE"]
    assert row["READY"] == "True"
    assert row["PHASE"] == "Serving"
    assert row["CHAMPION"] == row["REQUESTED"] == better.digest[7:19]
    assert float(row["AUC"]) == round(better.auc, 4)
    wide = table(subject, "-o", "wide")
    assert [c for c in wide if c not in row] == [
        "MIN-AUC",
        "PREVIOUS",
        "ROLLED-BACK",
        "BACKFILL",
        "ENRICHMENT",
        "FOLLOW-UPS",
        "URL",
        "REASON",
    ]
    assert wide["PREVIOUS"] == good.digest[7:19]
    assert wide["MIN-AUC"] == "0.6"
    assert wide["ROLLED-BACK"] == "AsRequested"
    assert wide["ENRICHMENT"] == wide["FOLLOW-UPS"] == "NotConfigured"
    assert wide["REASON"] == "Serving"
    assert wide["URL"] == f"http://{subject.name}.{subject.namespace}.svc:80/predict"


def table(subject: Subject, *more: str) -> dict[str, str]:
    """The row of `kubectl get lm`, by column."""
    head, row = subject.cluster.kubectl("get", "lm", "-n", subject.namespace, *more).splitlines()
    starts = [i for i, c in enumerate(head) if c != " " and (i == 0 or head[i - 1] == " ")]
    ends = [*starts[1:], None]
    return {head[a:b].strip(): row[a:b].strip() for a, b in zip(starts, ends, strict=True)}


def test_a_pod_says_what_it_serves(subject: Subject, good: Model):
    """The very bytes; the operator's digest; nothing that changes anything without a token from afar."""
    subject.serve(good, predictor={"replicas": 1})
    base = subject.url().removesuffix("/predict")
    with urllib.request.urlopen(f"{base}/ops/artifact", timeout=5) as answer:
        assert answer.read() == good.raw
    with urllib.request.urlopen(f"{base}/ops/model-status", timeout=5) as answer:
        said = json.loads(answer.read())
    assert said["digest"] == good.digest
    assert said["health"] in ({"ok", "warning_stale"} if good.auc >= 0.65 else {"warning_low_auc"})
    with pytest.raises(urllib.error.HTTPError, match=r"40[13]"):
        urllib.request.urlopen(f"{base}/ops/reload-model", data=b"", timeout=5)


def test_nothing_of_a_lead_is_written_down(subject: Subject, good: Model):
    subject.serve(good, predictor={"replicas": 1})
    lead = next(good.leads())
    post(subject.url(), {**lead, "job": "secret-occupation"})
    logs = subject.cluster.kubectl(
        "logs", "-n", "leadmodel-system", "-l", "app.kubernetes.io/name=leadmodel-operator", "--tail=-1"
    )
    pod = subject.pods()[0]["metadata"]["name"]
    logs += subject.cluster.kubectl("logs", "-n", subject.namespace, pod)
    assert "secret-occupation" not in logs + json.dumps(subject.object())
