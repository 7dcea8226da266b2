"""A candidate is checked against live leads before it answers any: a bad one never serves, and nobody who asks meanwhile notices."""

import base64
import gzip
import json
import time
from typing import Any

import pytest

from e2e.harness.leads import drift_slots, only, send, some
from e2e.harness.load import Load
from e2e.harness.models import Model
from e2e.harness.subject import Subject

pytestmark = pytest.mark.rollout

LIVE = {"live": {"policy": "Require", "maxWait": "10m"}}
KEY = "challenger.json.gz"


def watched(subject: Subject, model: Model) -> None:
    """A champion whose pods hold leads enough to be asked."""
    subject.serve(model, gate=LIVE)
    send(subject, some(model, 400))
    subject.wait("leads in the pods", lambda: (subject.status().get("drift") or {}).get("samples", 0) >= 300)


def place(subject: Subject) -> dict[str, Any]:
    """The ConfigMap in which pods look for a candidate."""
    return subject.cluster.get("configmap", f"{subject.name}-challenger", subject.namespace) or {}


def before_the_pods(subject: Subject) -> bytes | None:
    """The artifact that lies there; None where none does."""
    packed = (place(subject).get("binaryData") or {}).get(KEY)
    return gzip.decompress(base64.b64decode(packed)) if packed else None


def loaded(subject: Subject) -> list[str | None]:
    """The digest of the candidate that each pod has loaded, as its window says."""
    slots = (drift_slots(pod).get("challenger") for pod in subject.pods() if "podIP" in pod["status"])
    return [slot["digest"] if slot else None for slot in slots]


def asked(subject: Subject, model: Model) -> float:
    """Offer a model that passes on the holdout; when its question was recorded."""
    subject.put(model)
    subject.poll()

    def is_asked() -> bool:
        return bool((subject.status().get("challenger") or {}).get("digest") == model.digest)

    subject.wait("live leads are asked", is_asked)
    return time.monotonic()


def verdict(subject: Subject, model: Model) -> dict[str, Any]:
    """What live leads say of a model, once that is final."""

    def final() -> dict[str, Any] | None:
        known = subject.status().get("challenger") or {}
        return known if known.get("digest") == model.digest and known.get("until") else None

    return dict(subject.wait("a verdict of live leads", final, 240))


def test_a_bad_retraining_answers_no_lead(subject: Subject, better: Model, broken: Model):
    """It passes on its own holdout, which is as broken; live leads refuse it within the kubelet's minute and a half."""
    watched(subject, better)
    before = {pod["metadata"]["uid"] for pod in subject.pods()}
    with Load(subject.url(), some(better, 400), threads=1) as load:
        began = asked(subject, broken)
        answer = verdict(subject, broken)
        took = time.monotonic() - began
        sent = load.sent
        subject.wait("more answers", lambda: load.sent > sent + 50)
    print(
        f"\ncandidate recorded to verdict of live leads: {took:.1f} s; {load.sent} requests, {len(load.failures)} failed"
    )
    assert (answer["verdict"], answer["reason"]) == ("Fail", "UnlikeLiveLeads"), subject.shown()
    assert answer["psi"] > answer["championPsi"]
    assert subject.condition("Validated") == ("False", "UnlikeLiveLeads")
    assert subject.condition("Ready") == ("True", "Serving")
    entries = [(q["digest"], q["kind"], q["reason"]) for q in subject.status()["quarantine"]]
    assert entries == [(broken.digest, "Gate", "UnlikeLiveLeads")]
    assert load.versions == [better.version], "the bad model answered"
    assert not load.failures, load.failures[:3]
    assert {pod["metadata"]["uid"] for pod in subject.pods()} == before, "no pod was started for it"
    subject.wait("its place is empty", lambda: before_the_pods(subject) is None)
    subject.wait("the pods forget it", lambda: loaded(subject) == [None, None])


def test_a_sound_retraining_serves(subject: Subject, better: Model, later: Model):
    """The same training a night later: asked, loaded by the pods that serve, promoted."""
    watched(subject, better)
    with Load(subject.url(), some(better, 400), threads=1) as load:
        began = asked(subject, later)

        def is_loaded() -> float | None:
            is_there = later.digest in loaded(subject) or subject.champion() == later.digest
            return time.monotonic() if is_there else None

        seen = subject.wait("loaded in a pod", is_loaded, 150)
        subject.until_champion(later, 180)
        took = time.monotonic() - began
        subject.until("Ready", "True", "Serving")
        subject.wait("two pods", lambda: only(subject, later.digest))
    print(f"\ncandidate recorded to loaded in a pod: {seen - began:.1f} s, to promoted: {took:.1f} s")
    print(f"{load.sent} requests meanwhile, {len(load.failures)} failed")
    assert not load.failures, load.failures[:3]
    assert load.versions == [better.version, later.version]
    record = subject.status()["challenger"]
    assert (record["verdict"], record["digest"]) == ("Pass", later.digest)
    assert record["samples"] >= 150
    assert record["shift"]["leads"] >= 150
    subject.wait("its place is empty", lambda: before_the_pods(subject) is None)


def test_what_someone_puts_before_the_pods_is_put_right(
    subject: Subject, better: Model, later: Model, broken: Model
):
    """Without leads the candidate waits; someone puts another artifact in its place, and the operator puts it right."""
    subject.serve(better, gate=LIVE)
    asked(subject, later)
    subject.wait("it lies there", lambda: before_the_pods(subject) == later.raw)
    subject.until("Validated", "Unknown", "LiveGatePending")
    assert "customerops.dev/release" in subject.message("Validated")
    packed = base64.b64encode(gzip.compress(broken.raw)).decode()
    patch = json.dumps({"binaryData": {KEY: packed}})
    where = ("patch", "configmap", f"{subject.name}-challenger", "-n", subject.namespace)
    subject.cluster.kubectl(*where, "--type=merge", "-p", patch)
    subject.wait("it lies there again", lambda: before_the_pods(subject) == later.raw)
    subject.annotate("paused", "true")
    subject.wait("paused", lambda: subject.status()["phase"] == "Paused")
    send(subject, some(better, 400))
    time.sleep(10)
    assert subject.champion() == better.digest, "nothing is decided while paused"
    subject.annotate("paused", "false")
    subject.until_champion(later, 180)
    subject.until("Ready", "True", "Serving")
