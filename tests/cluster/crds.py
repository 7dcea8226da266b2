"""Definitions of other projects that the chart's objects need, as their Go modules carry them."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

MONITORING = "github.com/prometheus-operator/prometheus-operator@v0.85.0"
SUM = "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s="  # of that module, as go.sum would hold it
KINDS = ("servicemonitors", "podmonitors", "prometheusrules")


def monitoring() -> list[Path]:
    """Files of the definitions of the Prometheus Operator that the chart uses; downloaded once."""
    command = ["go", "mod", "download", "-json", MONITORING]
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "GOFLAGS": "", "GOTOOLCHAIN": "local"}
        result = subprocess.run(command, cwd=folder, env=env, check=True, text=True, capture_output=True)
    module = json.loads(result.stdout)
    if module["Sum"] != SUM:
        raise RuntimeError(f"{MONITORING} is not the module that was tested: {module['Sum']}")
    where = Path(module["Dir"]) / "example" / "prometheus-operator-crd"
    return [where / f"monitoring.coreos.com_{kind}.yaml" for kind in KINDS]
