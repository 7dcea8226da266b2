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
    """Namespace, name, image and ready pods of each operator; empty where none runs or nothing may be read."""
    try:
        deployments = cluster.items("deployments", selector=OPERATOR, everywhere=True)
    except ClusterError:
        return []
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
    """Print the version of the plugin and, unless `--client`, the operators of the cluster."""
    known: dict[str, Any] = {"plugin": own_version()}
    if not options.client:
        known["operators"] = operators(cluster)
    if options.output == "json":
        print(json.dumps(known, indent=2))
        return KubectlExit.DONE
    print(f"kubectl leadmodel {known['plugin']}")
    for operator in known.get("operators", []):
        where = f"{operator['namespace']}/{operator['name']}"
        print(visible(f"operator {where}: {operator['image']}, {operator['ready']} ready"))
    if not options.client and not known["operators"]:
        print("operator: none that you may see")
    return KubectlExit.DONE
