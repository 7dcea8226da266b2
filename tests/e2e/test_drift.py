"""Live leads decide: back to the previous model when, and only when, it fits them better. Two stories on real leads."""

import time

import pytest

from e2e.harness.leads import only, proven, replace, send, some
from e2e.harness.models import Model, drifted
from e2e.harness.subject import Subject

pytestmark = pytest.mark.drift


def decided_back(subject: Subject, leads: Model, rounds: int = 60) -> float:
    """Send leads until a rollback is decided; when that was seen."""
    for number in range(rounds):
        send(subject, some(leads, 100, number))
        if subject.status().get("rollbacks"):
            return time.monotonic()
    raise AssertionError(f"no rollback\n{subject.shown()}")


def test_a_corrupted_retraining_is_rolled_back(subject: Subject, good: Model, broken: Model):
    proven(subject, good, rollback={"maxPreviousPsi": 0.2})
    replace(subject, broken)
    before = {pod["metadata"]["name"] for pod in subject.pods()}
    seen = decided_back(subject, good)
    subject.wait("it serves again", lambda: subject.condition("RolledBack")[0] == "True")
    served = subject.wait("in every pod", lambda: only(subject, good.digest) and time.monotonic())
    print(f"\ndecided rollback seen to served by every pod: {served - seen:.1f} s")
    assert subject.condition("RolledBack") == ("True", "DriftSustained")
    subject.until("Stalled", "True", "RolledBack")
    assert subject.champion() == good.digest
    assert subject.condition("Ready") == ("False", "RolledBack")
    assert subject.condition("Available")[0] == "True"
    status = subject.status()
    assert [(q["digest"], q["kind"]) for q in status["quarantine"]] == [(broken.digest, "Drift")]
    assert [r["from"] for r in status["rollbacks"]] == [broken.digest]
    assert "previous model has PSI" in status["quarantine"][0]["evidence"]
    assert not before & {pod["metadata"]["name"] for pod in subject.pods()}
    held_down(subject, good, broken)


def held_down(subject: Subject, good: Model, broken: Model) -> None:
    """The same bytes at the source, asked for again: out of service until released, and then held until the cooldown ends."""
    subject.poll()
    time.sleep(8)
    assert subject.champion() == good.digest
    assert len(subject.status()["rollbacks"]) == 1
    subject.annotate("release", broken.digest)
    subject.until("Validated", "Unknown", "HeldAfterRollback")
    assert subject.champion() == good.digest
    subject.annotate("release", f"{broken.digest}@again")
    subject.until_champion(broken)


def test_a_moved_world_is_told_and_nothing_is_rolled_back(subject: Subject, good: Model, better: Model):
    """Both models drift on the same leads: an alert, an event, no rollback; and it ends when the world comes back."""
    proven(subject, good)
    replace(subject, better)
    leads = [drifted(lead) for lead in some(better, 400)]
    for _ in range(60):
        send(subject, leads[:200])
        if subject.condition("DriftDetected") == ("True", "SustainedBreach"):
            break
    assert subject.condition("DriftDetected") == ("True", "SustainedBreach"), subject.shown()
    assert "the world moved" in subject.message("DriftDetected")
    subject.wait("the event", lambda: "DriftSustained" in subject.events())
    assert subject.status()["phase"] == "Breaching"
    flips = watch_flips(subject, leads)
    assert flips == {("True", "SustainedBreach")}
    status = subject.status()
    assert not status.get("rollbacks")
    assert not status.get("quarantine")
    assert status["champion"]["digest"] == better.digest
    assert subject.condition("Ready") == ("True", "Serving")
    for number in range(30):
        send(subject, some(better, 100, number))
        if subject.condition("DriftDetected") == ("False", "WithinLimits"):
            break
    assert subject.condition("DriftDetected") == ("False", "WithinLimits")


def watch_flips(subject: Subject, leads: list[dict[str, object]]) -> set[tuple[str, str]]:
    """Every answer of DriftDetected while the world stays moved."""
    found = set()
    for number in range(20):
        send(subject, leads[20 * number : 20 * number + 20])
        found.add(subject.condition("DriftDetected"))
    return found
