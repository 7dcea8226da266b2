"""Rolls predictors out without losing a request: start the new ones first, drain the old ones when all new ones are ready."""

import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from leadmodel_local.serving.listener import Listener, bind
from leadmodel_local.serving.predictors import Pod, list_pods
from leadmodel_local.state import children, files
from leadmodel_local.state.children import Children
from leadmodel_local.state.files import ModelFolder
from leadmodel_messages import commands
from leadmodel_messages.commands import Inherited, Model, Program
from leadmodel_operator.planning.planned import Serve

RESTARTS_S = (0, 1, 2, 4, 8, 16, 32, 60)
DRAIN_S = 2
KILL_AFTER_S = 30


class PodState(StrEnum):
    """Where a predictor stands in a rollout."""

    LEAVING = "Leaving"  # drains, or has drained
    READY = "Ready"  # has the wanted template and takes leads
    STARTING = "Starting"  # has the wanted template, runs, takes no leads yet
    ENDED = "Ended"  # has the wanted template and does not run
    OLD = "Old"  # has another template and runs
    OLD_ENDED = "OldEnded"  # has another template and does not run


@dataclass(frozen=True)
class Actions:
    """One step of a rollout: how many predictors to add, and which to start again, to drain, to clear away."""

    add: int
    restart: tuple[Pod, ...]
    drain: tuple[Pod, ...]
    clear: tuple[Pod, ...]


def state_of(pod: Pod, template: Mapping[str, Any] | None) -> PodState:
    """Return the state of a predictor in a rollout of this template."""
    if pod.leaving:
        return PodState.LEAVING
    if pod.template != template:
        return PodState.OLD if pod.alive else PodState.OLD_ENDED
    if pod.ready:
        return PodState.READY
    return PodState.STARTING if pod.alive else PodState.ENDED


def next_actions(pods: Sequence[Pod], template: Mapping[str, Any] | None, replicas: int) -> Actions:
    """Decide the next step towards `replicas` predictors of this template. Old ones serve until all new ones are ready."""

    def those(*states: PodState) -> tuple[Pod, ...]:
        return tuple(pod for pod in pods if state_of(pod, template) in states)

    ready, waiting = those(PodState.READY), those(PodState.STARTING, PodState.ENDED)
    surplus = (*ready, *waiting)[replicas:]
    replaced = len(ready) >= replicas
    return Actions(
        add=max(0, replicas - len(ready) - len(waiting)),
        restart=those(PodState.ENDED) if replaced else those(PodState.ENDED, PodState.OLD_ENDED),
        drain=(*surplus, *those(PodState.OLD, PodState.OLD_ENDED)) if replaced else surplus,
        clear=those(PodState.LEAVING),
    )


def template_of(serve: Serve) -> dict[str, Any]:
    """Return everything a predictor is started from; a change of the template replaces all predictors."""
    return {
        "champion": serve.champion,
        "previous": serve.previous,
        "image": serve.image,
        "measuredAuc": serve.measured_auc,
        "env": {str(item["name"]): str(item.get("value", "")) for item in serve.pod.env},
        **({"text": True} if serve.text else {}),
        **({"challenger": True} if serve.challenger else {}),
    }


def replicas_of(serve: Serve) -> int:
    """Return the number of predictors; without an autoscaler's choice the smallest that is allowed."""
    if serve.replicas is not None:
        return serve.replicas
    return serve.autoscaling.min_replicas if serve.autoscaling else 1


@dataclass
class Rollout:
    """The predictors of one LeadModel on their way to what was rendered."""

    folder: ModelFolder
    children: Children
    listener: Listener

    def render(self, serve: Serve | None, now: datetime) -> None:
        """Write down what the predictors should be; `step` acts on that."""
        before = files.read_json(self.folder.serve)
        if serve is None:
            self.folder.serve.unlink(missing_ok=True)
            return
        wanted = {
            "template": template_of(serve),
            "version": serve.template,
            "decision": serve.decision,
            "replicas": replicas_of(serve),
            "deadline": serve.progress_deadline,
        }
        if before is not None and before.get("wanted") == wanted:
            return
        since = before["since"] if before and before["wanted"]["template"] == wanted["template"] else None
        files.write_json(self.folder.serve, {"wanted": wanted, "since": since or now.isoformat()})

    def step(self, now: datetime) -> None:
        """Take one step towards what was rendered."""
        document = files.read_json(self.folder.serve)
        wanted: dict[str, Any] = document["wanted"] if document else {"template": None, "replicas": 0}
        actions = next_actions(list_pods(self.folder), wanted["template"], wanted["replicas"])
        for _ in range(actions.add):
            self._add(wanted["template"])
        for pod in actions.restart:
            self._restart(pod, now)
        for pod in actions.drain:
            files.write(pod.folder / "leaving", now.isoformat())
        for pod in actions.clear:
            _clear(pod, now)

    def evict(self, names: tuple[str, ...], now: datetime) -> None:
        """Drain the predictors of these names; the next steps start others instead."""
        for name in names:
            if self.folder.pod(name).exists():
                files.write(self.folder.pod(name) / "leaving", now.isoformat())

    def _add(self, template: dict[str, Any]) -> None:
        names = [int(p.name) for p in (self.folder.folder / "pods").glob("*") if p.name.isdigit()]
        folder = self.folder.pod(f"{max(names, default=0) + 1:04d}")
        files.write_json(folder / "about.json", {"template": template, "port": 0})
        self._launch(folder, template)

    def _restart(self, pod: Pod, now: datetime) -> None:
        """Note how a predictor ended; start the predictor again, after a wait that grows with each failure."""
        failure = pod.folder / "failed.json"
        if children.was_started(pod.folder) and not failure.exists():
            code, message = children.exit_code(pod.folder), children.message(pod.folder)
            files.write_json(failure, {"code": code, "message": message, "at": now.isoformat()})
            files.write_json(pod.folder / "restarts", pod.restarts + 1)
            return
        failed = files.read_json(failure)
        wait = RESTARTS_S[min(pod.restarts, len(RESTARTS_S)) - 1] if pod.restarts else 0
        if failed and now - datetime.fromisoformat(failed["at"]) < timedelta(seconds=wait):
            return
        (pod.folder / "exit").unlink(missing_ok=True)
        if self._launch(pod.folder, pod.template):
            failure.unlink(missing_ok=True)

    def _launch(self, folder: Path, template: dict[str, Any]) -> bool:
        """Start a predictor; False when the bytes of its champion are not held."""
        if not self.folder.snapshot(template["champion"]).exists():
            return False
        shared, own = self.listener.socket_of(self.folder), bind(0)
        files.write_json(folder / "about.json", {"template": template, "port": own.getsockname()[1]})
        sockets = (shared.fileno(), own.fileno())
        with own:
            command = self._command(folder, template, sockets)
            self.children.start(folder, command, environ=template["env"], sockets=sockets)
        return True

    def _command(self, folder: Path, template: dict[str, Any], sockets: tuple[int, int]) -> list[str]:
        arguments = commands.predictor(
            champion=self._model(template["champion"]),
            previous=self._model(template["previous"]) if template["previous"] else None,
            listen=Inherited(sockets),
            measured_auc=template["measuredAuc"],
            drain_s=DRAIN_S,
            text_model=str(self.folder.text_model) if template.get("text") else None,
            challenger=str(self.folder.challenger) if template.get("challenger") else None,
        )
        log = commands.termination_log(folder / children.MESSAGE)
        return [sys.executable, "-m", Program.PREDICTOR.module, *arguments, *log]

    def _model(self, digest: str) -> Model:
        return Model(str(self.folder.snapshot(digest)), digest)


def _clear(pod: Pod, now: datetime) -> None:
    """Remove a predictor that has drained; ask one that runs to end, and kill that one when the drain takes too long."""
    asked_at = pod.folder / "told"
    if not pod.alive:
        shutil.rmtree(pod.folder, ignore_errors=True)
    elif not asked_at.exists():
        if children.process_group(pod.folder) is not None:
            children.stop(pod.folder)
            files.write(asked_at, now.isoformat())
    elif now - datetime.fromisoformat(asked_at.read_text(encoding="utf-8")) > timedelta(seconds=KILL_AFTER_S):
        children.stop(pod.folder, signal.SIGKILL)
