"""What a failed wait shows: the state of one LeadModel and its surroundings, so that nobody has to ask the cluster afterwards."""

from e2e.harness.cluster import HELM_NAMESPACE, Cluster

KINDS = "deployments,replicasets,pods,jobs,cronjobs,configmaps,services"
LINES = "--tail=25"
CONDITIONS = 'jsonpath={range .status.conditions[*]}{.type}={.status} {.reason}: {.message}{"\\n"}{end}'


def diagnose(cluster: Cluster, namespace: str, name: str) -> str:
    """Tell conditions, the whole LeadModel, objects, events and the last log lines. Never raises: the wait that failed is the news."""
    sections = {
        "conditions": _ask(cluster, "get", "leadmodel", name, "-n", namespace, "-o", CONDITIONS),
        "LeadModel": _ask(cluster, "get", "leadmodel", name, "-n", namespace, "-o", "yaml"),
        "objects": _ask(cluster, "get", KINDS, "-n", namespace, "-o", "wide"),
        "events": _ask(cluster, "get", "events", "-n", namespace, "--sort-by=.metadata.creationTimestamp"),
        **{f"log of pod {pod}": _log(cluster, namespace, pod) for pod in _pods(cluster, namespace)},
        "log of the operator": _operator_log(cluster),
    }
    return "\n".join(f"--- {title}\n{text.strip() or '(nothing)'}" for title, text in sections.items())


def _pods(cluster: Cluster, namespace: str) -> list[str]:
    return _ask(cluster, "get", "pods", "-n", namespace, "-o", "jsonpath={.items[*].metadata.name}").split()


def _log(cluster: Cluster, namespace: str, pod: str) -> str:
    return _ask(cluster, "logs", pod, "-n", namespace, "--all-containers", "--prefix", LINES)


def _operator_log(cluster: Cluster) -> str:
    where = ("-n", HELM_NAMESPACE, "-l", "app.kubernetes.io/name=leadmodel-operator")
    return _ask(cluster, "logs", *where, "--all-containers", "--prefix", LINES)


def _ask(cluster: Cluster, *arguments: str) -> str:
    """Ask kubectl; an error is an answer too."""
    try:
        return cluster.kubectl(*arguments, "--request-timeout=20s", check=False)
    except OSError as error:
        return repr(error)
