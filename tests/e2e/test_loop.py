"""The whole way of one LeadModel on a real cluster: judged, served, replaced, refused, rolled back, removed."""

import json
import time

import pytest

from e2e_harness import Cluster, Load, Model, Subject, lead_rows, numeric_sources, post, wait_for
from leadmodel_artifact.artifact import load
from leadmodel_artifact.scoring import lead_values, make_scorer


def serve(subject: Subject, model: Model, **spec: object) -> float:
    """Apply and wait until it serves; the seconds it took."""
    subject.put(model)
    started = time.monotonic()
    subject.apply(**spec)
    subject.cluster.kubectl(
        "wait", "--for=condition=Ready", f"lm/{subject.name}", "-n", subject.namespace, "--timeout=60s"
    )
    took = time.monotonic() - started
    assert subject.champion() == model.digest
    return took


def test_apply_to_served(subject: Subject, good: Model):
    took = serve(subject, good)
    print(f"\napply to Ready: {took:.1f} s")
    scorer, artifact = make_scorer(load(good.raw)), load(good.raw)
    leads = [
        lead for lead, _ in zip(lead_rows(good.holdout, numeric_sources(good)), range(1000), strict=False)
    ]
    url = subject.url()
    answers = [post(url, lead)["score"] for lead in leads[:200]]
    answers += [a["score"] for a in post(url + "/batch", leads[200:])]
    wanted = [scorer(*lead_values(artifact, lead)) for lead in leads]
    assert max(abs(a - b) for a, b in zip(answers, wanted, strict=True)) <= 1e-9
    table = subject.cluster.kubectl("get", "lm", "-n", subject.namespace)
    assert table.split()[:7] == ["NAME", "READY", "PHASE", "CHAMPION", "REQUESTED", "AUC", "DRIFT"]
    assert good.digest[7:19] in table
    wide = subject.cluster.kubectl("get", "lm", "-n", subject.namespace, "-o", "wide")
    assert "MIN-AUC" in wide
    assert "ROLLED-BACK" in wide


def test_polled_and_worse_is_refused_quietly(subject: Subject, good: Model, worse: Model):
    serve(subject, good)
    subject.put(worse, holdout=good.holdout)
    subject.poll()
    subject.until("Validated", "False", "AucBelowMinimum")
    assert subject.condition("Ready") == ("True", "Serving")
    assert subject.condition("Stalled")[0] == "False"
    status = subject.status()
    assert status["champion"]["digest"] == good.digest
    assert status["candidate"]["digest"] == worse.digest
    assert [(q["digest"], q["kind"]) for q in status["quarantine"]] == [(worse.digest, "Gate")]
    assert "below minAuc" in status["quarantine"][0]["evidence"]
    assert "GateFailed" in subject.events()


def test_pinned_and_worse_is_stalled(subject: Subject, good: Model, worse: Model):
    serve(subject, good)
    subject.put(worse, holdout=good.holdout)
    subject.apply(artifact={"digest": worse.digest})
    subject.until("Ready", "False", "GateFailed")
    assert subject.condition("Stalled") == ("True", "GateFailed")
    assert subject.champion() == good.digest


def test_better_is_rolled_without_a_failed_request(subject: Subject, good: Model, better: Model):
    serve(subject, good)
    lead = next(lead_rows(good.holdout, numeric_sources(good)))
    with Load(subject.url(), lead) as load_:
        subject.put(better)
        subject.poll()
        wait_for("the better champion", lambda: subject.champion() == better.digest)
        subject.until("Ready", "True", "Serving")
        wait_for(
            "old pods are gone", lambda: len(subject.cluster.items("pods", subject.namespace)) <= 2 + 3, 40
        )
    print(f"\n{load_.sent} requests during a rollout, {len(load_.failures)} failed")
    assert load_.sent > 200
    assert not load_.failures, load_.failures[:3]
    assert subject.status()["previous"]["digest"] == good.digest


def refused(subject: Subject, reason: str, validated: str = "False") -> None:
    subject.until("Validated", validated, reason)
    assert subject.condition("Ready")[0] == "False"
    assert subject.condition("Available") == ("False", "NoGoodRevision")
    assert subject.cluster.get("deployment", subject.name, subject.namespace) is None


BAD = {
    "below the minimum": ("worse", "False", "AucBelowMinimum"),
    "truncated": ("truncated", "False", "SchemaMismatch"),
    "NaN": ("nan", "False", "SchemaMismatch"),
    "pickle": ("pickle", "False", "SchemaMismatch"),
    "wrong schema": ("schema", "False", "SchemaMismatch"),
    "too large": ("large", "False", "ArtifactTooLarge"),
    "not there": ("absent", "Unknown", "ArtifactNotFound"),
    "no holdout": ("holdout", "Unknown", "HoldoutUnavailable"),
    "wrong digest": ("digest", "Unknown", "DigestMismatch"),
}


@pytest.mark.parametrize("case", BAD)
def test_fails_closed_and_recovers(subject: Subject, good: Model, worse: Model, case: str):
    what, validated, reason = BAD[case]
    subject.put(good)
    raw = {
        "worse": worse.raw,
        "truncated": good.raw[: len(good.raw) // 2],
        "nan": good.raw.replace(b'"intercept":', b'"intercept":NaN,"was":'),
        "pickle": b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94.",
        "schema": good.raw.replace(b"leadmodel/v1", b"leadmodel/v9"),
        "large": b"{" + b" " * (17 << 20) + b"}",
        "absent": None,
    }.get(what, good.raw)
    subject.put_raw(raw)
    if what == "holdout":
        del subject.store.files[f"/{subject.namespace}/holdout.csv.gz"]
    subject.apply(artifact={"digest": "sha256:" + "0" * 64} if what == "digest" else {})
    refused(subject, reason, validated)
    subject.put(good)
    if what == "digest":
        subject.apply(artifact={"digest": good.digest})
    else:
        subject.poll()
    subject.until("Ready", "True", seconds=90)
    assert subject.champion() == good.digest


def send_live(subject: Subject, model: Model, count: int = 400) -> None:
    leads = [
        lead for lead, _ in zip(lead_rows(model.holdout, numeric_sources(model)), range(9000), strict=False)
    ]
    step = max(1, len(leads) // count)
    url = subject.url()
    for lead in leads[::step]:
        post(url, lead)


def drifting(subject: Subject, good: Model, broken: Model) -> None:
    """A champion from a broken export replaces a proven one."""
    serve(subject, good, rollback={"maxPreviousPsi": 0.2})
    send_live(subject, good)
    wait_for("proven", lambda: subject.status()["champion"].get("provenAt"), 60)
    subject.put(broken)
    subject.poll()
    wait_for("the broken champion", lambda: subject.champion() == broken.digest)
    subject.until("Ready", "True")


def test_drift_rolls_back_when_previous_fits(subject: Subject, good: Model, broken: Model):
    drifting(subject, good, broken)
    decided = None
    for _ in range(40):
        send_live(subject, good, 100)
        if subject.status().get("rollbacks"):
            decided = time.monotonic()
            break
    assert decided is not None, subject.status()
    subject.until("RolledBack", "True", "DriftSustained")
    subject.until("Stalled", "True", "RolledBack")
    print(f"\nseen decided to served: {time.monotonic() - decided:.1f} s")
    assert subject.champion() == good.digest
    assert subject.condition("Ready") == ("False", "RolledBack")
    assert subject.condition("Available")[0] == "True"
    assert [(q["digest"], q["kind"]) for q in subject.status()["quarantine"]] == [(broken.digest, "Drift")]


def kill_leader(cluster: Cluster) -> None:
    """SIGKILL of every operator pod, as `kubectl delete --force` without grace does."""
    cluster.kubectl(
        "delete", "pods", "-n", "leadmodel-system", "--all", "--grace-period=0", "--force", "--wait=false"
    )


def test_killed_in_the_middle_it_converges(subject: Subject, good: Model, better: Model):
    serve(subject, good)
    subject.put(better)
    subject.poll()
    kill_leader(subject.cluster)
    wait_for("the better champion", lambda: subject.champion() == better.digest, 90)
    kill_leader(subject.cluster)
    subject.until("Ready", "True", "Serving", seconds=90)
    assert subject.status()["previous"]["digest"] == good.digest


def test_deleting_removes_everything(subject: Subject, good: Model):
    serve(subject, good)
    subject.cluster.kubectl("delete", "lm", subject.name, "-n", subject.namespace)
    kinds = "deploy,rs,pods,svc,jobs,cronjobs,configmaps,pdb,hpa,networkpolicies,roles,rolebindings,serviceaccounts"

    def left() -> bool:
        found = {
            f"{item['kind']}/{item['metadata']['name']}"
            for item in subject.cluster.items(kinds, subject.namespace)
        }
        return found <= {"ConfigMap/kube-root-ca.crt", "ServiceAccount/default"}

    wait_for("everything is gone", left, 90)


def test_first_status_is_valid_json(subject: Subject, good: Model):
    """Nothing of a lead stands in what the operator writes."""
    serve(subject, good)
    lead = next(lead_rows(good.holdout, numeric_sources(good)))
    post(subject.url(), {**lead, "job": "secret-occupation-4711"})
    logs = subject.cluster.kubectl(
        "logs", "-n", "leadmodel-system", "-l", "app.kubernetes.io/name=leadmodel-operator", "--tail=-1"
    )
    assert "4711" not in logs + json.dumps(subject.object())
