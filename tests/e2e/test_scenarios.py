"""The scenarios that `tests/scenarios` plays on the local runtime, on the cluster: they end in the same statuses."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from e2e.harness.cluster import wait_for
from e2e.harness.subject import Subject
from scenarios.scripts import SCENARIOS
from scenarios.world import Stage, post_each

pytestmark = pytest.mark.rollout

ENDS = Path(__file__).parent.parent / "scenarios" / "ends"


@dataclass
class ClusterWorld:
    """A world of one namespace and a folder of the store."""

    subject: Subject

    def put(self, artifact: bytes | None) -> None:
        self.subject.put_raw(artifact)

    def put_holdout(self, holdout: bytes | None) -> None:
        files, path = self.subject.store.files, self.subject.path("holdout.csv")
        if holdout is None:
            files.pop(path, None)
        else:
            files[path] = holdout

    def apply(self, spec: dict[str, Any], annotations: dict[str, str]) -> None:
        body = self.subject.body()
        laid = dict(spec)
        for name, file in (("artifact", "model.json"), ("holdout", "holdout.csv")):
            uri = self.subject.store.uri(self.subject.path(file))
            laid[name] = {"uri": uri, **spec.get(name, {})}
        body["metadata"]["annotations"] = annotations
        self.subject.cluster.apply({**body, "spec": laid})

    def status(self) -> dict[str, Any]:
        return self.subject.status()

    def send(self, leads: list[dict[str, Any]]) -> None:
        post_each(self.subject.url(), leads)

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
