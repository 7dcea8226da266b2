"""What the tests on a real cluster share: kubectl, a store with ETags that pods reach, models trained on real leads, waiting."""

import gzip
import hashlib
import http.server
import json
import os
import random
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import yaml

from leadmodel_artifact.artifact import digest, dump
from leadmodel_training.__main__ import parser, train
from leadmodel_training.rows import Rows, read

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests" / "cluster"))

import cluster  # noqa: E402

HOST = cluster.HOST
HELM_RELEASE, HELM_NAMESPACE = "leadmodel", "leadmodel-system"
BASE = "localhost/base:bookworm"


def run(*command: str, stdin: str | None = None, check: bool = True) -> str:
    """A command, to its end; its output."""
    found = subprocess.run(command, check=False, text=True, capture_output=True, input=stdin, cwd=ROOT)
    if check and found.returncode:
        raise RuntimeError(f"{' '.join(command[:6])} failed: {found.stdout[-500:]}{found.stderr[-1500:]}")
    return found.stdout + ("" if check else found.stderr)


@dataclass
class Cluster:
    """kubectl and helm on the cluster of these tests."""

    kubeconfig: str
    tools: Path

    def kubectl(self, *arguments: str, stdin: str | None = None, check: bool = True) -> str:
        """kubectl."""
        return run(
            str(self.tools / "kubectl"),
            f"--kubeconfig={self.kubeconfig}",
            *arguments,
            stdin=stdin,
            check=check,
        )

    def helm(self, *arguments: str) -> str:
        """helm."""
        return run(str(self.tools / "helm"), f"--kubeconfig={self.kubeconfig}", *arguments)

    def get(self, kind: str, name: str, namespace: str) -> dict[str, Any] | None:
        """An object, None when it is not there."""
        found = self.kubectl("get", kind, name, "-n", namespace, "-o", "json", "--ignore-not-found")
        return json.loads(found) if found.strip() else None

    def items(self, kinds: str, namespace: str) -> list[dict[str, Any]]:
        """All of some kinds."""
        return list(json.loads(self.kubectl("get", kinds, "-n", namespace, "-o", "json"))["items"])


def wait_for(what: str, ready: Callable[[], Any], seconds: float = 60, every: float = 0.3) -> Any:
    """Until `ready` answers something true."""
    end = time.monotonic() + seconds
    while True:
        found = ready()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not happen within {seconds:.0f} s")
        time.sleep(every)


# --- store ---------------------------------------------------------------------------------------------------------------------


@dataclass
class Store:
    """A plain HTTP server with ETags. `away` makes it answer 503."""

    files: dict[str, bytes] = field(default_factory=dict)
    away: bool = False
    server: http.server.ThreadingHTTPServer | None = None

    def start(self, address: str) -> None:
        """Serve on a free port of this address."""
        store = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # the library's name
                store.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer((address, 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        """One request."""
        data = self.files.get(request.path.partition("?")[0])
        if self.away or data is None:
            request.send_error(503 if self.away else 404)
            return
        tag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
        if request.headers.get("If-None-Match") == tag:
            request.send_response(304)
            request.end_headers()
            return
        request.send_response(200)
        request.send_header("ETag", tag)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    def uri(self, name: str) -> str:
        """The URI of a file."""
        assert self.server is not None
        host, port = self.server.server_address[:2]
        return f"http://{host!s}:{port}{name}"


# --- models ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Model:
    """An artifact with the holdout of its training."""

    raw: bytes
    holdout: bytes
    digest: str
    auc: float


def real_leads() -> Rows:
    """The real leads, in time order."""
    return read((Path(os.environ["LEADMODEL_DATA"]) / "bank-marketing.csv.gz").read_bytes())


def train_on(rows: Rows, exclude: str = "duration", name: str = "conversion") -> Model:
    """A linear model."""
    given = parser().parse_args(["--leads", "-", "--out", "-", "--exclude", exclude, "--name", name])
    artifact, held = train(rows, given, datetime(2026, 1, 5, tzinfo=UTC))
    raw = dump(artifact)
    return Model(raw, held, digest(raw), artifact.auc)


def corrupted(rows: Rows, share: float, seed: int = 7) -> Rows:
    """Rows of a broken export: in a share of them numbers lie in the wrong columns and levels are lost."""
    chance = random.Random(seed)
    columns = {name: list(column) for name, column in rows.columns.items()}
    for i in range(len(rows)):
        if chance.random() < share:
            columns["age"][i], columns["day"][i] = "0", "0"
            columns["balance"][i] = "99999"
            columns["job"][i] = columns["education"][i] = "unknown"
    return Rows(columns)


def lead_rows(holdout: bytes, numeric: set[str]) -> Iterator[dict[str, Any]]:
    """Leads of a holdout as a caller would send them."""
    rows = read(gzip.decompress(holdout))
    for lead in rows.leads():
        lead.pop("y", None)
        yield {name: float(value) if name in numeric else value for name, value in lead.items()}


def numeric_sources(model: Model) -> set[str]:
    """Fields a model reads as numbers."""
    return {f["source"] for f in json.loads(model.raw)["features"] if f["kind"] == "numeric"}


def post(url: str, body: Any, timeout: float = 5.0) -> Any:
    """POST JSON."""
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return json.loads(answer.read())


@dataclass
class Load:
    """Requests without pause, each on a connection of its own; every failure is kept."""

    url: str
    lead: dict[str, Any]
    sent: int = 0
    failures: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(4)]
        for thread in self._threads:
            thread.start()
        return self

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                post(self.url, self.lead)
            except OSError as error:
                self.failures.append(repr(error))
            self.sent += 1
            time.sleep(0.005)

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


# --- LeadModels --------------------------------------------------------------------------------------------------------------------


@dataclass
class Subject:
    """One LeadModel in a namespace of its own."""

    cluster: Cluster
    store: Store
    namespace: str
    name: str = "conversion"

    def apply(self, **spec: Any) -> None:
        """Apply it; `spec` is laid over a quick default."""
        base: dict[str, Any] = {
            "artifact": {"uri": self.store.uri(f"/{self.namespace}/model.json"), "pollInterval": "0s"},
            "holdout": {"uri": self.store.uri(f"/{self.namespace}/holdout.csv.gz")},
            "minAuc": 0.6,
            "drift": {"interval": "1s", "sustainedFor": "4s"},
        }
        for key, value in spec.items():
            base[key] = {**base[key], **value} if isinstance(value, dict) and key in base else value
        body = {
            "apiVersion": "customerops.dev/v1alpha1",
            "kind": "LeadModel",
            "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": base,
        }
        self.cluster.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(body))

    def put(self, model: Model, *, holdout: bytes | None = None) -> None:
        """Upload a model and its holdout."""
        self.store.files[f"/{self.namespace}/holdout.csv.gz"] = holdout or model.holdout
        self.store.files[f"/{self.namespace}/model.json"] = model.raw

    def put_raw(self, raw: bytes | None) -> None:
        """Upload whatever bytes as model.json (None: remove it)."""
        key = f"/{self.namespace}/model.json"
        if raw is None:
            self.store.files.pop(key, None)
        else:
            self.store.files[key] = raw

    def annotate(self, verb: str, value: str) -> None:
        """Ask for something once."""
        self.cluster.kubectl(
            "annotate",
            "lm",
            self.name,
            "-n",
            self.namespace,
            f"customerops.dev/{verb}={value}",
            "--overwrite",
        )

    def poll(self) -> None:
        """Have the source asked now."""
        self.annotate("poll", str(time.time_ns()))

    def object(self) -> dict[str, Any]:
        """The whole object."""
        found = self.cluster.get("lm", self.name, self.namespace)
        assert found is not None
        return found

    def status(self) -> dict[str, Any]:
        """Its status."""
        return dict(self.object().get("status") or {})

    def condition(self, kind: str) -> tuple[str, str]:
        """Status and reason of a condition."""
        for found in self.status().get("conditions") or []:
            if found["type"] == kind:
                return found["status"], found["reason"]
        return "Unknown", ""

    def champion(self) -> str | None:
        """The digest of the champion."""
        return (self.status().get("champion") or {}).get("digest")

    def until(self, kind: str, status: str, reason: str | None = None, seconds: float = 60) -> None:
        """Until a condition says so."""

        def says() -> bool:
            found = self.condition(kind)
            return found[0] == status and reason in {None, found[1]}

        try:
            wait_for(f"{kind}={status}/{reason}", says, seconds)
        except AssertionError as error:
            shown = yaml.safe_dump(self.status(), width=200)
            raise AssertionError(f"{error}\n{shown}") from None

    def url(self) -> str:
        """POST here, through the Service."""
        service = self.cluster.get("service", self.name, self.namespace)
        assert service is not None
        return f"http://{service['spec']['clusterIP']}/predict"

    def events(self) -> list[str]:
        """Reasons of its events."""
        found = self.cluster.items("events.events.k8s.io", self.namespace)
        return [event["reason"] for event in found if event.get("regarding", {}).get("name") == self.name]
