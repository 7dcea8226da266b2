"""Streams of live leads for the tests on a real cluster, and the story that leads up to a drift decision."""

import json
import urllib.request
from itertools import islice
from typing import Any

from e2e.harness.load import post
from e2e.harness.models import Model
from e2e.harness.subject import Subject

SPREAD = 10_000  # rows of the holdout that a short stream of leads is spread over


def send(subject: Subject, leads: list[dict[str, object]]) -> None:
    """Leads as they come in, each a request of its own."""
    url = subject.url()
    for lead in leads:
        post(url, lead)


def some(model: Model, count: int, start: int = 0) -> list[dict[str, object]]:
    """Leads from all over the holdout, others for each start."""
    leads = list(islice(model.leads(), SPREAD))
    return leads[start :: len(leads) // count][:count]


def proven(subject: Subject, model: Model, **spec: object) -> None:
    """A champion that live leads have spoken for."""
    subject.serve(model, **spec)
    send(subject, some(model, 400))
    subject.wait("proven", lambda: subject.status()["champion"].get("provenAt"))


def drift_slots(pod: dict[str, Any]) -> dict[str, Any]:
    """What each model of a pod saw of live leads."""
    with urllib.request.urlopen(
        f"http://{pod['status']['podIP']}:8080/ops/drift-window", timeout=5
    ) as answer:
        return dict(json.loads(answer.read())["slots"])


def replace(subject: Subject, model: Model) -> None:
    subject.put(model)
    subject.poll()
    subject.until_champion(model)
    subject.until("Ready", "True", "Serving")


def only(subject: Subject, digest: str, replicas: int = 2) -> bool:
    """Whether all pods are of this model, and ready."""
    pods = subject.pods()
    ready = [c["status"] for pod in pods for c in pod["status"].get("conditions", []) if c["type"] == "Ready"]
    serve = {pod["metadata"]["annotations"]["customerops.dev/champion"] for pod in pods}
    return serve == {digest} and ready == ["True"] * replicas
