"""`kubectl leadmodel replay`: the spec of a LeadModel of the cluster through `leadmodel local replay`, a program of its own."""

import json
import subprocess
import sys
import tempfile
from argparse import Namespace
from pathlib import Path

from leadmodel_cli.kubectl.cluster import Cluster
from leadmodel_operator.resource.vocabulary import API_VERSION, KIND


def replay(cluster: Cluster, options: Namespace) -> int:
    """Run the replay with the spec as the cluster has it, and return its exit code."""
    document = cluster.lead_model(options.name)
    name = {key: document["metadata"][key] for key in ("name", "namespace")}
    manifest = {"apiVersion": API_VERSION, "kind": KIND, "metadata": name, "spec": document["spec"]}
    with tempfile.TemporaryDirectory(prefix="leadmodel-") as folder:
        file = Path(folder) / "leadmodel.yaml"
        file.write_text(json.dumps(manifest), encoding="utf-8")  # JSON is YAML
        command = [sys.executable, "-m", "leadmodel_local.cli", "local", "replay", "--file", str(file)]
        return subprocess.run([*command, "--leads", options.leads, *options.rest], check=False).returncode  # noqa: S603
