"""`leadmodel local dashboard`: the page over the state folder, with figures from the predictors of this machine."""

import json
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from leadmodel_artifact.jsonnode import LayoutError
from leadmodel_cli.dashboard.serve import serve
from leadmodel_cli.views.children import Mood, Pod
from leadmodel_cli.views.story import Document, Look
from leadmodel_local.state import documents, files
from leadmodel_messages.window import Window
from leadmodel_messages.window_document import parse

TIMEOUT_S = 2.0


@dataclass
class LocalSource:
    """LeadModels of a state folder."""

    state: Path

    def lead_models(self) -> list[Document]:
        """Every LeadModel of the folder."""
        return list(documents.read_all(self.state))

    def look(self, namespace: str, name: str) -> Look:
        """One LeadModel with its processes, and what its predictors report.

        Raises:
            LookupError: There is no such LeadModel.
        """
        for folder in files.model_folders(self.state):
            if (folder.key.namespace, folder.key.name) == (namespace, name):
                family = documents.read_children(folder)
                running = [pod for pod in family.pods if pod.mood is Mood.GOOD]
                answers = [window for pod in running if (window := _window(pod)) is not None]
                card = ask(running[0], "/ops/model-card") if running else None
                return Look(documents.read(folder), family, answers, card)
        raise LookupError(f"there is no LeadModel {namespace}/{name} in {self.state}")


def _window(pod: Pod) -> Window | None:
    try:
        return parse(ask(pod, "/ops/drift-window"))
    except LayoutError:
        return None


def ask(pod: Pod, target: str) -> Any:
    """Read an endpoint of a predictor on its own port; None where it does not answer."""
    port = pod.place.removeprefix("port ")
    if not port.isdigit():
        return None
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{int(port)}{target}", timeout=TIMEOUT_S) as answer:
            return json.load(answer)
    except (OSError, ValueError):
        return None


def show(state: Path, port: int, clock: Callable[[], datetime]) -> int:
    """Serve the page until Ctrl-C. Raises PortError if the port cannot be had."""
    serve(LocalSource(state), port, clock, _announce)
    return 0


def _announce(address: str) -> None:
    print(f"open {address}\nCtrl-C ends it", flush=True)  # noqa: T201  # what the person opens
