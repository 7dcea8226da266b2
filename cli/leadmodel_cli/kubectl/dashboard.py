"""`kubectl leadmodel dashboard`: the page over the documents that kubectl reads, with the user's own rights."""

import json
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from leadmodel_artifact.jsonnode import LayoutError
from leadmodel_cli.dashboard.serve import serve
from leadmodel_cli.kubectl.cluster import Cluster, ClusterError, Document
from leadmodel_cli.kubectl.parts import children
from leadmodel_cli.views.children import Children, Mood, Pod
from leadmodel_cli.views.story import Look
from leadmodel_messages.exits import KubectlExit
from leadmodel_messages.window import Window
from leadmodel_messages.window_document import parse
from leadmodel_operator.kubernetes.render.names import path
from leadmodel_operator.kubernetes.render.objects import PORT

PATIENCE = "--request-timeout=10s"  # a cluster that is away is said to be, and no kubectl piles up behind it
PODS_ASKED = 3  # of one LeadModel: a look at drift, not the operator's own sum


@dataclass
class ClusterSource:
    """Documents of a cluster, and figures of pods through the API server's proxy where the user may use it."""

    cluster: Cluster

    def lead_models(self) -> list[Document]:
        """Every LeadModel of the namespace, or of all. Raises ClusterError."""
        return self.cluster.lead_models()

    def look(self, namespace: str, name: str) -> Look:
        """One LeadModel with its pods and Jobs, and what its pods report. Raises ClusterError."""
        document = self.cluster.lead_model(name, namespace)
        try:
            family = children(self.cluster.parts(document, "pods,jobs"))
        except ClusterError as error:  # a viewer of LeadModels alone sees the rest
            return Look(document, Children(), note=f"Pods and Jobs could not be read: {error}")
        ready = [pod for pod in family.pods if pod.mood is Mood.GOOD][:PODS_ASKED]
        windows, notes = [], []
        for pod in ready:
            try:
                windows.append(self._window(namespace, pod))
            except (ClusterError, ValueError, LayoutError) as error:
                notes.append(f"{pod.name}: {error}")
        note = (
            f"Not every pod could be asked (it needs the right to pods/proxy): {'; '.join(notes)}"
            if notes
            else ""
        )
        return Look(document, family, windows, self._card(namespace, ready), note)

    def _window(self, namespace: str, pod: Pod) -> Window:
        return parse(self._ask(namespace, pod, "/ops/drift-window"))

    def _card(self, namespace: str, pods: list[Pod]) -> Any:
        try:
            return self._ask(namespace, pods[0], "/ops/model-card") if pods else None
        except (ClusterError, ValueError):
            return None

    def _ask(self, namespace: str, pod: Pod, target: str) -> Any:
        return json.loads(self.cluster.raw(path("pods", namespace, f"{pod.name}:{PORT}", "proxy") + target))


def dashboard(cluster: Cluster, options: Namespace, clock: Callable[[], datetime]) -> int:
    """Serve the page until Ctrl-C."""
    cluster = replace(cluster, flags=(*cluster.flags, PATIENCE))
    cluster.lead_models()  # says now, and not in the browser, that nothing may be read
    serve(
        ClusterSource(cluster),
        options.port,
        clock,
        lambda address: print(f"open {address}\nCtrl-C ends it", flush=True),
    )
    return KubectlExit.DONE
