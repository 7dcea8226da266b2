"""A candidate answers a share of leads, step by step, from pods that are not touched; nobody who asks meanwhile notices."""

import time
from typing import Any

import pytest

from e2e.harness.leads import send, some
from e2e.harness.load import Load, post
from e2e.harness.models import Model
from e2e.harness.subject import Subject

pytestmark = pytest.mark.rollout

LIVE = {"live": {"policy": "Require", "maxWait": "10m"}}
PEOPLE = 200


def leads_of(model: Model) -> list[dict[str, Any]]:
    """Leads with ids, so that each person keeps the model that answers."""
    return [{**lead, "id": f"person-{number}"} for number, lead in enumerate(some(model, PEOPLE))]


def served_with_steps(subject: Subject, model: Model, *steps: tuple[int, str]) -> None:
    rollout = {"steps": [{"weight": weight, "for": span} for weight, span in steps]}
    subject.serve(model, gate=LIVE, rollout=rollout)
    send(subject, some(model, 400))
    subject.wait("leads in the pods", lambda: (subject.status().get("drift") or {}).get("samples", 0) >= 300)


def challenger(subject: Subject) -> dict[str, Any]:
    return dict(subject.status().get("challenger") or {})


def shown(subject: Subject, weight: int) -> None:
    """Wait until every pod has reported a share."""

    def is_shown() -> bool:
        known = challenger(subject)
        return known.get("weight") == weight and bool(known.get("shownSince"))

    subject.wait(f"a share of {weight} % in every pod", is_shown, 240)


def answers(subject: Subject, leads: list[dict[str, Any]]) -> dict[str, str | None]:
    """Which digest answered each person; None where the answer names none."""
    return {lead["id"]: post(subject.url(), lead).get("digest") for lead in leads}


def uids(subject: Subject) -> set[str]:
    return {pod["metadata"]["uid"] for pod in subject.pods()}


def test_a_candidate_takes_over_step_by_step(subject: Subject, better: Model, later: Model):
    served_with_steps(subject, better, (10, "2m"), (50, "1m"))
    leads, pods = leads_of(better), uids(subject)
    with Load(subject.url(), leads, threads=1) as load:
        subject.put(later)
        subject.poll()
        shown(subject, 10)
        assert subject.condition("Validated") == ("Unknown", "Canary")
        assert "step 1 of 2, 10 % of leads" in subject.message("Validated")
        first, again = answers(subject, leads), answers(subject, leads[:50])
        assert uids(subject) == pods, "no pod was started for it"
        shown(subject, 50)
        second = answers(subject, leads)
        assert uids(subject) == pods
        subject.until_champion(later, 240)
        subject.until("Ready", "True", "Serving")
    ours, theirs = ({who for who, by in given.items() if by == later.digest} for given in (first, second))
    print(
        f"\n{len(ours)} and {len(theirs)} of {PEOPLE} people at 10 and 50 %; {load.sent} requests, {len(load.failures)} failed"
    )
    assert again.items() <= first.items(), "the same people each time"
    assert set(first.values()) == {better.digest, later.digest}
    assert 0.03 * PEOPLE < len(ours) < 0.2 * PEOPLE
    assert 0.38 * PEOPLE < len(theirs) < 0.62 * PEOPLE
    assert ours < theirs, "a greater share only adds people"
    assert not load.failures, load.failures[:3]
    assert load.versions == [better.version, later.version]
    assert challenger(subject)["answered"] > 0
    assert set(answers(subject, leads[:20]).values()) == {None}, "without a share answers are as before"


def test_abort_ends_it_within_the_kubelets_minute_and_a_half(subject: Subject, better: Model, later: Model):
    served_with_steps(subject, better, (50, "1h"))
    pods = uids(subject)
    with Load(subject.url(), leads_of(better), threads=1) as load:
        subject.put(later)
        subject.poll()
        shown(subject, 50)
        subject.annotate("abort", later.digest)
        began = time.monotonic()
        subject.wait("the place is empty", lambda: not _data(subject), 30)
        wrote = time.monotonic() - began
        subject.wait("no answer for 20 s", lambda: time.monotonic() - load.last[later.version] > 20, 150)
        took = load.last[later.version] - began
    print(
        f"\nabort to an empty place: {wrote:.1f} s; to the candidate's last answer: {took:.1f} s; "
        f"{load.sent} requests, {len(load.failures)} failed"
    )
    assert took < 90
    assert not load.failures, load.failures[:3]
    assert uids(subject) == pods, "an abort changes no pod"
    assert subject.champion() == better.digest
    assert [(q["digest"], q["kind"]) for q in subject.status()["quarantine"]] == [(later.digest, "Manual")]


def _data(subject: Subject) -> dict[str, Any]:
    place = subject.cluster.get("configmap", f"{subject.name}-challenger", subject.namespace) or {}
    return {**(place.get("data") or {}), **(place.get("binaryData") or {})}
