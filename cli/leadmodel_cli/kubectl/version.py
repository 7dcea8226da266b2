"""`kubectl leadmodel version`: of the plugin, and of the operators that run."""

import json
from argparse import Namespace
from importlib import metadata
from typing import Any

from leadmodel_cli.kubectl.cluster import Cluster, ClusterError
from leadmodel_messages.exits import KubectlExit
from leadmodel_messages.visible import visible

OPERATOR = "app.kubernetes.io/name=leadmodel-operator"


def own_version() -> str:
    """The version of the installed package."""
    return metadata.version("leadmodel")


def operators(cluster: Cluster) -> list[dict[str, Any]]:
    """Namespace, name, image and ready pods of each operator; empty where none runs. Raises ClusterError."""
    deployments = cluster.items("deployments", selector=OPERATOR, everywhere=True)
    return [
        {
            "namespace": item["metadata"]["namespace"],
            "name": item["metadata"]["name"],
            "image": item["spec"]["template"]["spec"]["containers"][0]["image"],
            "ready": (item.get("status") or {}).get("readyReplicas", 0),
        }
        for item in deployments
    ]


def version(cluster: Cluster, options: Namespace) -> int:
    """Print the version of the plugin and, unless `--client`, the operators of the cluster.

    Raises:
        ClusterError: The operators could not be read; the version of the plugin is printed all the same.
    """
    known: dict[str, Any] = {"plugin": own_version()}
    trouble: ClusterError | None = None
    if not options.client:
        try:
            known["operators"] = operators(cluster)
        except ClusterError as error:
            trouble = ClusterError(f"the operators of the cluster could not be read: {error}")
    print(json.dumps(known, indent=2) if options.output == "json" else _text(known))
    if trouble is not None:
        raise trouble
    return KubectlExit.DONE


def _text(known: dict[str, Any]) -> str:
    lines = [f"kubectl leadmodel {known['plugin']}"]
    for operator in known.get("operators", []):
        where = f"{operator['namespace']}/{operator['name']}"
        lines.append(f"operator {where}: {operator['image']}, {operator['ready']} ready")
    if known.get("operators") == []:
        lines.append("operator: none runs")
    return visible("\n".join(lines))
