"""The scenarios that `tests/scenarios` plays on the local runtime, on the cluster: they end in the same statuses."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from e2e.harness.cluster import wait_for
from e2e.harness.reading import while_waiting
from e2e.harness.subject import Subject
from scenarios.scripts import SCENARIOS
from scenarios.world import Stage, laid

pytestmark = pytest.mark.rollout

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
        return {container["containerID"] for container in containers}

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


@pytest.mark.parametrize("name", SCENARIOS)
def test_it_ends_as_on_a_laptop(subject, name):
    stage = Stage(ClusterWorld(subject))
    SCENARIOS[name](stage)
    assert stage.end() == json.loads((ENDS / f"{name}.json").read_text())
    stage.world.delete()
