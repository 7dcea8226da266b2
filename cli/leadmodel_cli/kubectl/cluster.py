"""The cluster as kubectl shows it. kubectl itself is run, so that kubeconfigs, exec plugins, proxies and rights are those of its user.

A start of kubectl costs less than importing the official client, which loads some seven hundred models.
"""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from leadmodel_operator.resource.vocabulary import GROUP, PLURAL

Document = dict[str, Any]
RESOURCE = f"{PLURAL}.{GROUP}"
NO_KIND = f'have a resource type "{PLURAL}"'  # as kubectl puts it
LABEL, ROLE = f"{GROUP}/leadmodel", f"{GROUP}/role"


class ClusterError(Exception):
    """kubectl could not do what was asked; the message is its own last line."""


class NotThereError(ClusterError):
    """The object does not exist."""


@dataclass(frozen=True)
class Completed:
    """How a run of kubectl ended."""

    code: int
    stdout: str
    stderr: str


Runner = Callable[[Sequence[str]], Completed]


def run_kubectl(arguments: Sequence[str]) -> Completed:
    """Run the kubectl of the PATH and wait for its end.

    Raises:
        ClusterError: There is no kubectl.
    """
    program = shutil.which("kubectl")
    if program is None:
        raise ClusterError("kubectl is not on the PATH; install it first")
    command = [program, *arguments]
    result = subprocess.run(command, check=False, encoding="utf-8", capture_output=True, errors="replace")  # noqa: S603
    return Completed(result.returncode, result.stdout, result.stderr)


def event_time(event: Document) -> str:
    """The newest instant of an event, in ISO 8601; empty where it has none."""
    series = (event.get("series") or {}).get("lastObservedTime")
    return str(series or event.get("eventTime") or event.get("deprecatedLastTimestamp") or "")


@dataclass
class Cluster:
    """Reads documents of one cluster, and writes annotations of LeadModels: nothing else is ever written."""

    flags: tuple[str, ...] = ()  # --context and --kubeconfig
    namespace: str | None = None  # None: the one of the context
    everywhere: bool = False  # -A
    run: Runner = field(default=run_kubectl, repr=False)

    def call(self, *arguments: str) -> str:
        """Run kubectl and return what it prints.

        Raises:
            NotThereError: The object does not exist.
            ClusterError: kubectl ended with another error.
        """
        done = self.run([*self.flags, *arguments])
        if done.code:
            lines = [line for line in done.stderr.splitlines() if line.strip()]
            message = (lines[-1] if lines else f"kubectl ended with exit code {done.code}").removeprefix(
                "Error from server "
            )
            if NO_KIND in message:
                message += "; this cluster has no LeadModels: install the operator's chart"
            kind = NotThereError if "(NotFound)" in message else ClusterError
            raise kind(message)
        return done.stdout

    def get(self, kind: str, name: str, namespace: str | None = None) -> Document:
        """Read one object. Raises as `call` does, and ValueError for a name that kubectl would take for an option."""
        if name.startswith("-"):
            raise ValueError(f"{name} is no name")
        document: Document = json.loads(self.call("get", kind, name, *self._where(namespace), "-o", "json"))
        return document

    def items(
        self, kinds: str, *, selector: str = "", namespace: str | None = None, everywhere: bool = False
    ) -> list[Document]:
        """List objects by label. Raises as `call` does."""
        where = ("-A",) if everywhere else self._where(namespace)
        labels = ("-l", selector) if selector else ()
        text = self.call("get", kinds, *where, *labels, "-o", "json")
        return list(json.loads(text).get("items") or [])

    def lead_models(self) -> list[Document]:
        """List the LeadModels of the namespace, or of all with -A."""
        return self.items(RESOURCE, everywhere=self.everywhere)

    def lead_model(self, name: str, namespace: str | None = None) -> Document:
        """Read a LeadModel. Raises as `call` does."""
        return self.get(RESOURCE, name, namespace)

    def parts(self, document: Document, kinds: str) -> list[Document]:
        """List the objects that carry the label of a LeadModel."""
        metadata = document["metadata"]
        return self.items(kinds, selector=f"{LABEL}={metadata['name']}", namespace=metadata["namespace"])

    def raw(self, path: str) -> str:
        """Read a path of the API server, such as an endpoint of a pod through its proxy."""
        return self.call("get", "--raw", path)

    def annotate(self, document: Document, words: Iterable[str]) -> None:
        """Set (`key=value`) or remove (`key-`) annotations of a LeadModel.

        Raises:
            ClusterError: The user has no right to patch it, or kubectl failed otherwise.
        """
        metadata = document["metadata"]
        self.call("annotate", RESOURCE, metadata["name"], "-n", metadata["namespace"], "--overwrite", *words)

    def _where(self, namespace: str | None) -> tuple[str, ...]:
        chosen = namespace or self.namespace
        return ("-n", chosen) if chosen else ()
