"""Definitions of other projects that the chart's objects need, as their Go modules carry them."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

MONITORING = "github.com/prometheus-operator/prometheus-operator@v0.85.0"
KINDS = ("servicemonitors", "podmonitors", "prometheusrules")


def monitoring() -> list[Path]:
    """Files of the definitions of the Prometheus Operator that the chart uses; downloaded once."""
    command = ["go", "mod", "download", "-json", MONITORING]
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"}
        result = subprocess.run(command, cwd=folder, env=env, check=True, text=True, capture_output=True)
    where = Path(json.loads(result.stdout)["Dir"]) / "example" / "prometheus-operator-crd"
    return [where / f"monitoring.coreos.com_{kind}.yaml" for kind in KINDS]
