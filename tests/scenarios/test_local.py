"""The scenarios on the local runtime. With LEADMODEL_RENEW=1 the ends are written anew: look at what changed in them."""

import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from scenarios.scripts import SCENARIOS
from scenarios.world import Stage, laid
from worlds.local_world import Machine, put

ENDS = Path(__file__).parent / "ends"


@dataclass
class LocalWorld:
    """A world of files: one manifest in the folder that a runtime watches."""

    machine: Machine
    namespace: str

    def __post_init__(self) -> None:
        self.store = self.machine.folder / "store" / self.namespace
        self.store.mkdir(parents=True)
        self.manifest = self.machine.folder / "manifests" / f"{self.namespace}.yaml"
        self.kept = self.machine.state / self.namespace / "conversion"

    def put(self, file: str, content: bytes | None) -> None:
        if content is None:
            (self.store / file).unlink(missing_ok=True)
        else:
            put(self.store / file, content)

    def apply(self, spec: dict[str, Any], annotations: dict[str, str]) -> None:
        about = {"name": "conversion", "namespace": self.namespace, "annotations": annotations}
        document = {
            "apiVersion": "customerops.dev/v1alpha1",
            "kind": "LeadModel",
            "metadata": about,
            "spec": laid(spec, lambda file: (self.store / file).as_uri()),
        }
        put(self.manifest, yaml.safe_dump(document).encode())

    def status(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.kept / "status.json").read_bytes())["status"]
        except OSError:
            return {}
        return found

    def url(self) -> str:
        return str(self.status()["url"])

    def processes(self) -> set[str]:
        return {path.read_text() for path in self.kept.glob("pods/*/pid")}

    def lose_status(self) -> None:
        self.machine.kill()
        (self.kept / "status.json").unlink()
        self.machine.start()

    def delete(self) -> None:
        self.manifest.unlink()
        end = time.monotonic() + self.patience()
        while self.kept.exists():
            assert time.monotonic() < end
            time.sleep(0.05)

    def patience(self) -> float:
        return 120.0


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenarios")
    (folder / "manifests").mkdir()
    with Machine(folder, watched=folder / "manifests") as found:
        yield found
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("name", SCENARIOS)
def test_it_ends_as_on_a_cluster(machine, name):
    world = LocalWorld(machine, name.replace("_", "-"))
    stage = Stage(world)
    SCENARIOS[name](stage)
    end, kept = stage.end(), ENDS / f"{name}.json"
    world.delete()
    if "LEADMODEL_RENEW" in os.environ:
        kept.write_text(json.dumps(end, indent=1, sort_keys=True) + "\n")
    assert end == json.loads(kept.read_text())
