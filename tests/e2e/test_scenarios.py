"""The scenarios that `tests/scenarios` plays on the local runtime, on the cluster: they end in the same statuses."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from e2e.harness.cluster import FULL, wait_for
from e2e.harness.reading import while_waiting
from e2e.harness.subject import Subject
from scenarios.scripts import SCENARIOS
from scenarios.world import Stage, laid

pytestmark = pytest.mark.rollout

TWINS = {  # scenarios whose story another test tells on this cluster; all end on a laptop in `make test`, these here with LEADMODEL_FULL=1
    "first_model_serves": "test_serve.py::test_apply_to_served_answers_what_scikit_learn_answers",
    "bad_first_model_serves_nobody": "test_refuse.py::test_refused_for_its_own_reason",
    "refused_then_better": "test_replace.py::test_pinned_and_worse_is_stalled_then_better_rolls",
    "worse_than_champion": "test_replace.py::test_polled_and_worse_is_refused_quietly",
    "canary": "test_canary.py::test_a_candidate_takes_over_step_by_step",
    "bad_retrain_never_serves": "test_live_gate.py::test_a_bad_retraining_answers_no_lead",
    "bad_retrain_is_rolled_back": "test_drift.py::test_a_corrupted_retraining_is_rolled_back",
    "world_moves": "test_drift.py::test_a_moved_world_is_told_and_nothing_is_rolled_back",
    "holdout_too_small": "test_refuse.py::test_refused_for_its_own_reason",
    "status_lost": "test_faults.py::test_a_lost_status_is_rebuilt_and_no_pod_restarts",
}
ENDS = Path(__file__).parent.parent / "scenarios" / "ends"


@dataclass
class ClusterWorld:
    """A world of one namespace and a folder of the store."""

    subject: Subject

    def put(self, file: str, content: bytes | None) -> None:
        files, path = self.subject.store.files, self.subject.path(file)
        if content is None:
            files.pop(path, None)
        else:
            files[path] = content

    def apply(self, spec: dict[str, Any], annotations: dict[str, str]) -> None:
        body, store = self.subject.body(), self.subject.store
        body["metadata"]["annotations"] = annotations
        whole = laid(spec, lambda file: store.uri(self.subject.path(file)))
        self.subject.cluster.apply({**body, "spec": whole})

    def status(self) -> dict[str, Any]:
        with while_waiting():  # a scenario asks for it ten times a second
            return self.subject.status()

    def url(self) -> str:
        return self.subject.url()

    def processes(self) -> set[str]:
        containers = [c for pod in self.subject.pods() for c in pod["status"].get("containerStatuses", [])]
        return {
            c["containerID"] for c in containers if "containerID" in c
        }  # one that is being made has none yet

    def lose_status(self) -> None:
        patch = '[{"op": "remove", "path": "/status"}]'
        where = ("lm", self.subject.name, "-n", self.subject.namespace, "--subresource=status")
        self.subject.cluster.kubectl("patch", *where, "--type=json", "-p", patch)

    def delete(self) -> None:
        cluster, namespace = self.subject.cluster, self.subject.namespace
        cluster.kubectl("delete", "lm", self.subject.name, "-n", namespace)
        wait_for("nothing of it serves", lambda: not cluster.items("pods", namespace))

    def patience(self) -> float:
        return 180.0


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=FULL) if name in TWINS else name for name in SCENARIOS]
)
def test_it_ends_as_on_a_laptop(subject, name):
    stage = Stage(ClusterWorld(subject))
    SCENARIOS[name](stage)
    assert stage.end() == json.loads((ENDS / f"{name}.json").read_text())
    stage.world.delete()
