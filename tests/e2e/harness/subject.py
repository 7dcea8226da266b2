"""One LeadModel on the real cluster, in a namespace of its own, as a test acts on it and looks at it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from e2e.harness.cluster import Cluster, wait_for
from e2e.harness.diagnosis import diagnose
from e2e.harness.load import opens
from e2e.harness.models import Model
from e2e.harness.store import Store


@dataclass
class Subject:
    """One LeadModel."""

    cluster: Cluster
    store: Store
    namespace: str
    name: str = "conversion"

    def body(self, **spec: Any) -> dict[str, Any]:
        """The object; `spec` is laid over a quick default, of which None leaves a part out.

        Live leads are asked about no candidate: where nobody sends any, that would take `gate.live.maxWait`.
        """
        base: dict[str, Any] = {
            "artifact": {"uri": self.store.uri(self.path("model.json")), "pollInterval": "0s"},
            "holdout": {"uri": self.store.uri(self.path("holdout.csv.gz"))},
            "minAuc": 0.6,
            "gate": {"live": {"policy": "Off"}},
            "drift": {"interval": "1s", "sustainedFor": "4s"},
        }
        for key, value in spec.items():
            base[key] = {**base[key], **value} if isinstance(value, dict) and key in base else value
        base = {key: value for key, value in base.items() if value is not None}
        return {
            "apiVersion": "customerops.dev/v1alpha1",
            "kind": "LeadModel",
            "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": base,
        }

    def apply(self, **spec: Any) -> None:
        """Apply it."""
        self.cluster.apply(self.body(**spec))

    def serve(self, model: Model, seconds: int = 120, **spec: Any) -> float:
        """Apply and wait until this model serves; the seconds it took."""
        self.put(model)
        started = time.monotonic()
        self.apply(**spec)
        wait = ("wait", "--for=condition=Ready", f"lm/{self.name}", "-n", self.namespace)
        try:
            self.cluster.kubectl(*wait, f"--timeout={seconds}s")
        except RuntimeError as error:
            raise AssertionError(f"{error}\n{self.shown()}") from None
        assert self.champion() == model.digest
        return time.monotonic() - started

    # --- store ---

    def path(self, name: str) -> str:
        """Where a file of this LeadModel lies in the store."""
        return f"/{self.namespace}/{self.name}/{name}"

    def put(self, model: Model, *, holdout: bytes | None = None) -> None:
        """Upload a model and its holdout."""
        self.store.files[self.path("holdout.csv.gz")] = holdout or model.holdout
        self.store.files[self.path("model.json")] = model.raw

    def put_raw(self, raw: bytes | None) -> None:
        """Upload whatever bytes as model.json (None: remove it)."""
        if raw is None:
            self.store.files.pop(self.path("model.json"), None)
        else:
            self.store.files[self.path("model.json")] = raw

    # --- what a person does ---

    def annotate(self, verb: str, value: str) -> None:
        """Ask for something once."""
        what = f"customerops.dev/{verb}={value}"
        self.cluster.kubectl("annotate", "lm", self.name, "-n", self.namespace, what, "--overwrite")

    def poll(self) -> None:
        """Have the source asked now."""
        self.annotate("poll", str(time.time_ns()))

    def run_now(self, kind: str, job: str) -> None:
        """Run the CronJob of this kind (retraining, backfill) once, as a Job of this name."""
        cron = f"{self.name}-{kind}"
        self.wait("the CronJob", lambda: self.cluster.get("cronjob", cron, self.namespace))
        self.cluster.kubectl("create", "job", job, f"--from=cronjob/{cron}", "-n", self.namespace)

    # --- what is seen ---

    def object(self) -> dict[str, Any]:
        """The whole object."""
        lead_model = self.cluster.get("lm", self.name, self.namespace)
        assert lead_model is not None
        return lead_model

    def status(self) -> dict[str, Any]:
        """Its status."""
        return dict(self.object().get("status") or {})

    def shown(self) -> str:
        """Tell everything that helps people who look at a failed test."""
        return diagnose(self.cluster, self.namespace, self.name)

    def condition(self, kind: str) -> tuple[str, str]:
        """Status and reason of a condition."""
        for condition in self.status().get("conditions") or []:
            if condition["type"] == kind:
                return condition["status"], condition["reason"]
        return "Unknown", ""

    def message(self, kind: str) -> str:
        """The sentence of a condition."""
        return next((c["message"] for c in self.status()["conditions"] if c["type"] == kind), "")

    def champion(self) -> str | None:
        """The digest of the champion."""
        return (self.status().get("champion") or {}).get("digest")

    def until(self, kind: str, status: str, reason: str | None = None, seconds: float = 120) -> None:
        """Until a condition says so."""

        def says() -> bool:
            condition = self.condition(kind)
            return condition[0] == status and reason in {None, condition[1]}

        self.wait(f"{kind}={status}/{reason}", says, seconds)

    def until_champion(self, model: Model, seconds: float = 120) -> None:
        """Until this model is decided to serve."""
        self.wait(f"champion {model.digest[7:19]}", lambda: self.champion() == model.digest, seconds)

    def wait(self, what: str, ready: Callable[[], Any], seconds: float = 120) -> Any:
        """Wait until `ready` answers something true; a failure shows the state of everything."""
        try:
            return wait_for(what, ready, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.shown()}") from None

    def wait_gone(self, ready: Callable[[], Any], seconds: float = 120) -> None:
        """Until what was deleted is gone."""
        self.wait("everything is gone", ready, seconds)

    def pods(self, role: str = "predictor") -> list[dict[str, Any]]:
        """Its pods that are not on their way out."""
        selector = f"customerops.dev/leadmodel={self.name},customerops.dev/role={role}"
        pods = self.cluster.items("pods", self.namespace, selector)
        return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]

    def url(self) -> str:
        """POST here, through the Service; only once the node routes to it."""
        service = self.cluster.get("service", self.name, self.namespace)
        assert service is not None
        address = service["spec"]["clusterIP"]
        wait_for(f"the node routes to {address}", lambda: opens(address, 80), 60)
        return f"http://{address}/predict"

    def events(self) -> list[str]:
        """Reasons of its events."""
        events = self.cluster.items("events.events.k8s.io", self.namespace)
        return [event["reason"] for event in events if event.get("regarding", {}).get("name") == self.name]
