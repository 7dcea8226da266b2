"""Helm as the tests use it: the one on the PATH, else the one that tests/cluster builds; without either, tests skip with a reason."""

import functools
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster.build import bin_dir

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "leadmodel"
VALUE_SETS = sorted(path.name.removesuffix("-values.yaml") for path in (CHART / "ci").glob("*-values.yaml"))
KUBERNETES = "1.36.4"


@functools.cache
def binary() -> str:
    """Return the path of Helm. LEADMODEL_HELM=required makes a missing Helm a failure, as CI wants it."""
    built = bin_dir() / "helm"
    path = shutil.which("helm") or (str(built) if built.exists() else None)
    if path is None:
        reason = "no Helm: install it, or run `python tests/cluster/cluster.py helm` (needs Go)"
        if os.environ.get("LEADMODEL_HELM") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    return path


def template(*arguments: str, chart: Path = CHART) -> subprocess.CompletedProcess[str]:
    """Run `helm template` for release leadmodel in namespace leadmodel-system, with tests and without the cluster."""
    where = ("--namespace=leadmodel-system", f"--kube-version={KUBERNETES}")
    command = [binary(), "template", "leadmodel", str(chart), *where, *arguments]
    return subprocess.run(command, check=False, text=True, capture_output=True)


def render(*arguments: str, chart: Path = CHART) -> list[dict[str, Any]]:
    """Return the objects that the chart renders; fail with Helm's own words where it refuses."""
    result = template(*arguments, chart=chart)
    assert result.returncode == 0, result.stderr
    return [body for body in yaml.load_all(result.stdout, yaml.CSafeLoader) if body]


def render_set(name: str) -> list[dict[str, Any]]:
    """Return the objects of one value set of charts/leadmodel/ci."""
    return render(f"--values={CHART / 'ci' / f'{name}-values.yaml'}")


def one(objects: list[dict[str, Any]], kind: str, name: str | None = None) -> dict[str, Any]:
    """Return the one object of a kind, or of a kind and name."""
    (body,) = (o for o in objects if o["kind"] == kind and name in {None, o["metadata"]["name"]})
    return body
