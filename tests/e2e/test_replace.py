"""A champion is replaced by what passes and by nothing else, and nobody who asks meanwhile notices."""

import time

import pytest

from e2e.harness.leads import only, some
from e2e.harness.load import Load
from e2e.harness.models import Model
from e2e.harness.subject import Subject

pytestmark = pytest.mark.rollout


def test_polled_and_worse_is_refused_quietly(subject: Subject, good: Model, worse: Model):
    subject.serve(good)
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
    subject.wait("the event", lambda: "GateFailed" in subject.events())


def test_pinned_and_worse_is_stalled_then_better_rolls(
    subject: Subject, good: Model, worse: Model, better: Model
):
    """One LeadModel under load from its first answer to its third model: not one request of all fails."""
    subject.serve(good)
    with Load(subject.url(), some(better, 400)) as load:
        subject.put(worse, holdout=good.holdout)
        subject.apply(artifact={"digest": worse.digest})
        subject.until("Ready", "False", "GateFailed")
        assert subject.condition("Stalled") == ("True", "GateFailed")
        assert subject.champion() == good.digest
        refused = [(q["digest"], q["kind"]) for q in subject.status()["quarantine"]]
        assert refused == [(worse.digest, "Gate")]
        subject.put(better)
        subject.apply()
        subject.until_champion(better)
        subject.until("Ready", "True", "Serving")
        subject.wait("old pods are gone", lambda: len(subject.pods()) == 2)
        sent = load.sent
        subject.wait("more answers", lambda: load.sent > sent + 50)
    print(f"\n{load.sent} requests while a model was refused and another rolled, {len(load.failures)} failed")
    assert load.sent > 300
    assert not load.failures, load.failures[:3]
    assert load.versions == [good.version, better.version]
    assert subject.status()["previous"]["digest"] == good.digest


@pytest.mark.parametrize("answers", [False, True], ids=["before it answers", "when it answers"])
def test_an_aborted_rollout_goes_back(subject: Subject, good: Model, better: Model, answers: bool):
    """Before the new model answers anyone, all old pods still run and are kept: the way back costs no start."""
    subject.serve(good, predictor={"replicas": 4})  # so that a rollout takes its time
    subject.wait("four pods", lambda: only(subject, good.digest, replicas=4))
    before = {pod["metadata"]["name"] for pod in subject.pods()}
    with Load(subject.url(), some(better, 400)) as load:
        subject.put(better)
        subject.poll()
        subject.until_champion(better)
        if answers:
            subject.wait("an answer of the new model", lambda: better.version in load.versions)
        subject.annotate("abort", better.digest)
        subject.until_champion(good)
        decided = time.monotonic()
        subject.wait("only the old model", lambda: only(subject, good.digest, replicas=4))
        sent = load.sent
        subject.wait("more answers", lambda: load.sent > sent + 200)
    late = load.last.get(better.version, decided) - decided
    print(f"\naborted rollout seen to last answer of its model: {max(late, 0.0):.1f} s")
    assert not load.failures, load.failures[:3]
    assert answers or {pod["metadata"]["name"] for pod in subject.pods()} == before
    assert [(q["digest"], q["kind"]) for q in subject.status()["quarantine"]] == [(better.digest, "Manual")]


def test_a_spec_that_goes_back_needs_no_store(subject: Subject, good: Model, better: Model):
    """`git revert` to a held digest while the store is gone."""
    subject.serve(good, artifact={"digest": good.digest})
    subject.put(better)
    subject.apply(artifact={"digest": better.digest})
    subject.until_champion(better)
    subject.until("Ready", "True", "Serving")
    subject.put_raw(None)
    subject.apply(artifact={"digest": good.digest})
    subject.until_champion(good)
    subject.until("Ready", "True", "Serving")
