"""Pods of follow-ups around the fake API server: they start, read the settings that lie in their ConfigMap, and report."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field, replace
from typing import Any

from leadmodel_messages.followups_report import FollowUpsReport, dump
from leadmodel_operator.planning.followup_settings import settings_digest
from worlds.fake_api import Object
from worlds.fake_cluster import NAME, NAMESPACE, FakeCluster
from worlds.fuzzed_specs import FOLLOW_UPS

OBJECT = f"{NAME}-followups"
SETTINGS = FOLLOW_UPS
RESOURCES = ("configmaps", "deployments", "networkpolicies", "poddisruptionbudgets", "services")
_EMPTY = FollowUpsReport("sha256:" + "0" * 64)


@dataclass
class FakeFollowUps:
    """What is true of the pods of follow-ups in a fake cluster.

    Attributes:
        report: What each pod reports besides the digest of the settings.
        answer: What pods answer in place of a report; None: a report.
        fault: State of the container of pods that do not start; None: they start.
        stale: By the name of a pod, the digest that it reports in place of that of its file.
    """

    cluster: FakeCluster
    report: FollowUpsReport = _EMPTY
    answer: bytes | None = None
    fault: Object | None = None
    stale: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cluster.move_senders = self.move
        self._others = self.cluster.api.pods
        self.cluster.api.pods = self.answer_of_pod

    def objects(self) -> set[str]:
        """The resources of which there is an object of follow-ups."""
        return {place[0] for place in self.cluster.api.objects if place[2] == OBJECT}

    def body(self, resource: str) -> Object:
        """The object of follow-ups of a resource."""
        return dict(self.cluster.api.objects[(resource, NAMESPACE, OBJECT)])

    def settings(self) -> dict[str, Any]:
        """The settings document that pods read."""
        return dict(json.loads(self.body("configmaps")["data"]["followups.json"]))

    def settings_digest(self) -> str:
        """The digest of the settings document."""
        return settings_digest(self.body("configmaps")["data"]["followups.json"])

    def pods(self) -> list[Object]:
        """The pods of follow-ups."""
        return [pod for pod in self.cluster.all("pods") if pod["metadata"]["name"].startswith(f"{OBJECT}-")]

    def move(self, deployment: Object) -> None:
        """Make the pods that are missing, and start them or let them fail."""
        place = ("replicasets", NAMESPACE, f"{OBJECT}-rs")
        labels = {"metadata": {"labels": dict(deployment["spec"]["template"]["metadata"]["labels"])}}
        owner = self.cluster.api.objects.get(place) or self.cluster.make(
            "replicasets", place[2], deployment, labels
        )
        for number in range(deployment["spec"]["replicas"]):
            name = f"{OBJECT}-{number}"
            if ("pods", NAMESPACE, name) not in self.cluster.api.objects:
                spec = copy.deepcopy(deployment["spec"]["template"]["spec"])
                self.cluster.make(
                    "pods", name, {"kind": "ReplicaSet", **owner}, {"kind": "Pod", **labels, "spec": spec}
                )
        for pod in self.pods():
            self._start(pod)

    def _start(self, pod: Object) -> None:
        status: Object = {"podIP": "127.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]}
        if "configmaps" not in self.objects():
            status = {"containerStatuses": [{"state": {"waiting": {"reason": "ContainerCreating"}}}]}
        elif self.fault is not None:
            status = {"podIP": "127.0.0.1", "containerStatuses": [self.fault]}
        if pod.get("status") != status:
            self.cluster.api.put(
                ("pods", NAMESPACE, pod["metadata"]["name"]), {**copy.deepcopy(pod), "status": status}
            )

    def answer_of_pod(self, namespace: str, name: str, target: str) -> Any:
        """Answer for a pod of follow-ups; other pods answer for themselves."""
        if not name.startswith(f"{OBJECT}-"):
            return self._others(namespace, name, target)
        self.asked.append(target)
        if self.answer is not None:
            return self.answer
        digest = self.stale.get(name) or self.settings_digest()
        return json.dumps(dump(replace(self.report, settings=digest))).encode()
