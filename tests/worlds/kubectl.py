"""A kubectl over the small world: reads its LeadModel, pods, Jobs and events as a cluster would show them, and takes annotations."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from leadmodel_cli.kubectl.cluster import RESOURCE, Completed
from leadmodel_operator.kubernetes.render.names import CHAMPION, LABEL, ROLE
from leadmodel_operator.planning.observed import JobState
from leadmodel_operator.resource.columns import column_figures
from leadmodel_operator.resource.conversion import dump
from leadmodel_operator.resource.vocabulary import API_VERSION, GROUP, KIND, PAUSED_ANNOTATION, Command
from worlds.leader import Leader
from worlds.names import KEY
from worlds.world import Job, Pod, World

Object = dict[str, Any]
STATES = {JobState.SUCCEEDED: "Complete", JobState.FAILED: "Failed"}


@dataclass
class WorldKubectl:
    """Runs the commands that the plugin gives; `calls` remembers them, `leader` acts after each annotation unless it is None."""

    world: World
    leader: Leader | None = None
    objects: dict[str, Object] = field(default_factory=dict)  # further objects by kind/name
    calls: list[list[str]] = field(default_factory=list)

    def __call__(self, arguments: Sequence[str]) -> Completed:
        words = [
            word
            for word in arguments
            if not word.startswith(("--context=", "--kubeconfig=", "--request-timeout="))
        ]
        self.calls.append(words)
        try:
            return Completed(
                0, self.annotate(words) if words[0] == "annotate" else json.dumps(self.get(words)), ""
            )
        except KeyError as missing:
            return Completed(1, "", f"Error from server (NotFound): {missing.args[0]} not found")

    @property
    def writes(self) -> list[list[str]]:
        """The commands that are not reads."""
        return [words for words in self.calls if words[0] not in {"get", "config"}]

    def lead_model(self) -> Object:
        """The LeadModel as the API server shows it."""
        world = self.world
        annotations = {f"{GROUP}/{command}": value for command, value in world.commands.items()}
        metadata = {
            "name": KEY.name,
            "namespace": KEY.namespace,
            "uid": "0",
            "generation": world.generation,
            "resourceVersion": str(world.status_rv),
            "creationTimestamp": world.now.isoformat(),
            "annotations": {**annotations, **({PAUSED_ANNOTATION: "true"} if world.paused else {})},
        }
        status = {**dump(world.status), "shown": column_figures(world.status)} if world.status else {}
        return {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": metadata,
            "spec": dump(world.spec),
            "status": status,
        }

    def get(self, words: list[str]) -> Object:
        """Answer `get KINDS [NAME] … -o json`."""
        kinds = words[1]
        name = words[2] if len(words) > 2 and not words[2].startswith("-") else None
        if kinds == RESOURCE:
            if name not in {None, KEY.name}:
                raise KeyError(f'leadmodels "{name}"')
            return self.lead_model() if name else {"items": [self.lead_model()]}
        if name is not None:
            return self.objects.get(f"{kinds}/{name}") or self.raise_missing(f'{kinds} "{name}"')
        items: list[Object] = []
        for kind in kinds.split(","):
            items += {"pods": self.pods, "jobs": self.jobs, "events.events.k8s.io": self.events}.get(
                kind, list
            )()
            items += [item for key, item in self.objects.items() if key.startswith(f"{kind}/")]
        return {"items": items}

    @staticmethod
    def raise_missing(name: str) -> Object:
        """Say that an object does not exist."""
        raise KeyError(name)

    def annotate(self, words: list[str]) -> str:
        """Take annotations, and let the operator act on them."""
        assert words[1:3] == [RESOURCE, KEY.name]
        for word in words:
            key, is_set, value = word.partition("=")
            if key.startswith(f"{GROUP}/") and is_set and key != PAUSED_ANNOTATION:
                self.world.commands[Command(key.removeprefix(f"{GROUP}/"))] = value
            elif key.rstrip("-") == PAUSED_ANNOTATION:
                self.world.paused = bool(is_set)
        if self.leader is not None:
            self.leader.settle()
        return f"leadmodel.customerops.dev/{KEY.name} annotated\n"

    def pods(self) -> list[Object]:
        """The predictor pods."""
        return [pod_object(pod) for pod in self.world.pods]

    def jobs(self) -> list[Object]:
        """The Jobs."""
        return [job_object(job) for job in self.world.jobs.values()]

    def events(self) -> list[Object]:
        """The events of the LeadModel, all of the present instant."""
        return [
            {
                "kind": "Event",
                "metadata": {"name": f"e{number}", "namespace": KEY.namespace},
                "regarding": {"kind": KIND, "name": KEY.name, "uid": "0"},
                "type": event.type,
                "reason": event.reason,
                "note": event.message,
                "eventTime": self.world.now.isoformat(),
            }
            for number, event in enumerate(self.world.events)
        ]


def meta(name: str, role: str) -> Object:
    """Metadata with the labels of the operator."""
    return {"name": name, "namespace": KEY.namespace, "labels": {LABEL: KEY.name, ROLE: role}}


def pod_object(pod: Pod) -> Object:
    """A pod as the API server shows it."""
    ready = {"type": "Ready", "status": "True" if pod.ready else "False"}
    waiting = {"waiting": {"reason": pod.fault.reason}} if pod.fault else {"running": {}}
    return {
        "kind": "Pod",
        "metadata": {**meta(pod.name, "predictor"), "annotations": {CHAMPION: pod.champion}},
        "spec": {"nodeName": "node-1"},
        "status": {
            "phase": "Running",
            "conditions": [ready],
            "containerStatuses": [{"restartCount": 0, "state": waiting}],
        },
    }


def job_object(job: Job) -> Object:
    """A Job as the API server shows it."""
    done = [{"type": STATES[job.state], "status": "True", "reason": "Done"}] if job.state in STATES else []
    metadata = {**meta(job.name, str(job.kind)), "creationTimestamp": job.created.isoformat()}
    return {"kind": "Job", "metadata": metadata, "status": {"active": 0 if done else 1, "conditions": done}}
