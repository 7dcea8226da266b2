"""Predictors as child processes behind one port: started, watched, replaced without losing a request.

All predictors of a LeadModel accept from one inherited socket; each has a port of its own beside it, where it is asked how it
fares. A rollout starts the new ones first and drains the old ones when all new ones are ready.
"""

import http.client
import shutil
import signal
import socket
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from leadmodel_local import children, files
from leadmodel_local.children import Children
from leadmodel_local.files import Place
from leadmodel_messages import commands
from leadmodel_messages.commands import Inherited, Model, Program
from leadmodel_messages.window import Window
from leadmodel_operator.planning.observed import Fault, FaultKind, PodSeen, RolloutSeen, Serve
from leadmodel_operator.planning.scraping import TIMEOUT_S, WINDOW_LIMIT, read_window, window_target

RESTARTS_S = (0, 1, 2, 4, 8, 16, 32, 60)
HOST = "127.0.0.1"
DRAIN_S = 2


@dataclass(frozen=True)
class Pod:
    """One predictor as its folder tells."""

    name: str
    folder: Path
    template: dict[str, Any]
    port: int
    leaving: bool
    restarts: int
    lives: bool
    ready: bool


def template(serve: Serve) -> dict[str, Any]:
    """What a predictor depends on: change it and all are replaced."""
    return {
        "champion": serve.champion,
        "previous": serve.previous,
        "image": serve.image,
        "measuredAuc": serve.measured_auc,
        "env": {str(item["name"]): str(item.get("value", "")) for item in serve.pod.env},
    }


def ask(port: int, target: str, limit: int, timeout: float = TIMEOUT_S) -> bytes | None:
    """The body of a 200 answer of at most `limit` bytes, else None."""
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout)
    try:
        connection.request("GET", target)
        answer = connection.getresponse()
        body = answer.read(limit + 1)
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return body if answer.status == 200 and len(body) <= limit else None


class Listener:
    """The port of each LeadModel. Bound here, so that it stays when all predictors are gone; they alone listen and accept."""

    def __init__(self) -> None:
        self._sockets: dict[Path, socket.socket] = {}

    def of(self, place: Place, wanted: int = 0) -> socket.socket:
        """Its socket; the same port as ever. Shared (SO_REUSEPORT) with predictors that outlived a crash."""
        there = self._sockets.get(place.folder)
        if there is not None:
            return there
        try:
            number = int(place.port.read_text())
        except (OSError, ValueError):
            number = wanted
        there = _bound(number)
        files.write(place.port, f"{there.getsockname()[1]}\n")
        self._sockets[place.folder] = there
        return there

    def close(self, place: Place | None = None) -> None:
        """Let go of one port, or of all."""
        for folder in [place.folder] if place else list(self._sockets):
            there = self._sockets.pop(folder, None)
            if there is not None:
                there.close()


def _bound(port: int) -> socket.socket:
    there = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    there.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    there.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        there.bind((HOST, port))
    except OSError:
        there.close()
        raise OSError(f"port {port} is taken; choose another with --port") from None
    return there


def pods(place: Place) -> list[Pod]:
    """All predictors, by name, each asked whether it is ready."""
    found = []
    for folder in sorted((place.folder / "pods").glob("*")):
        about = files.read_json(folder / "about.json")
        if about is not None:
            found.append(_pod(folder, about))
    return found


def _pod(folder: Path, about: dict[str, Any]) -> Pod:
    lives = children.lives(folder)
    leaving = (folder / "leaving").exists()
    ready = lives and not leaving and ask(about["port"], "/readyz", 64, 0.5) is not None
    restarts = files.read_json(folder / "restarts") or 0
    return Pod(folder.name, folder, about["template"], about["port"], leaving, restarts, lives, ready)


@dataclass
class Group:
    """The predictors of one LeadModel."""

    place: Place
    children: Children
    listener: Listener

    def render(self, serve: Serve | None, now: datetime) -> None:
        """Write down what should be; the steps towards it follow."""
        before = files.read_json(self.place.serve)
        if serve is None:
            self.place.serve.unlink(missing_ok=True)
            return
        wanted = {
            "template": template(serve),
            "version": serve.template,
            "decision": serve.decision,
            "replicas": serve.replicas
            if serve.replicas is not None
            else serve.autoscaling.min_replicas
            if serve.autoscaling
            else 1,
            "deadline": serve.progress_deadline,
        }
        if before is not None and before.get("wanted") == wanted:
            return
        since = before["since"] if before and before["wanted"]["template"] == wanted["template"] else None
        files.write_json(self.place.serve, {"wanted": wanted, "since": since or now.isoformat()})

    def step(self, now: datetime) -> None:
        """One step towards what was rendered: start what is missing, then drain what is too much."""
        document = files.read_json(self.place.serve)
        wanted: dict[str, Any] = document["wanted"] if document else {"template": None, "replicas": 0}
        there = pods(self.place)
        staying = [p for p in there if not p.leaving]
        new = [p for p in staying if p.template == wanted["template"]]
        for _ in range(wanted["replicas"] - len(new)):
            self._add(wanted["template"])
        for pod in new:
            if not pod.lives:
                self._start(pod, now)
        ready = [p for p in new if p.ready]
        surplus = sorted(new, key=lambda p: p.ready, reverse=True)[wanted["replicas"] :]
        if len(ready) >= wanted["replicas"]:
            surplus += [p for p in staying if p not in new]
        else:
            for pod in staying:
                if pod not in new and not pod.lives:
                    self._start(pod, now)
        for pod in surplus:
            files.write(pod.folder / "leaving", now.isoformat())
        self._clear([p for p in there if p.leaving], now)

    def _add(self, wanted: dict[str, Any]) -> None:
        names = [int(p.name) for p in (self.place.folder / "pods").glob("*") if p.name.isdigit()]
        folder = self.place.pod(f"{max(names, default=0) + 1:04d}")
        files.write_json(folder / "about.json", {"template": wanted, "port": 0})
        self._launch(folder, wanted)

    def _start(self, pod: Pod, now: datetime) -> None:
        """Start it again, later and later the more often it failed."""
        code = children.exit_code(pod.folder)
        ended = pod.folder / "exit"
        if children.began(pod.folder) and not (pod.folder / "failed.json").exists():
            said = {"code": code, "message": children.message(pod.folder), "at": now.isoformat()}
            files.write_json(pod.folder / "failed.json", said)
            files.write_json(pod.folder / "restarts", pod.restarts + 1)
            return
        failed = files.read_json(pod.folder / "failed.json")
        wait = RESTARTS_S[min(pod.restarts, len(RESTARTS_S)) - 1] if pod.restarts else 0
        if failed and now - datetime.fromisoformat(failed["at"]) < timedelta(seconds=wait):
            return
        ended.unlink(missing_ok=True)
        if self._launch(pod.folder, pod.template):
            (pod.folder / "failed.json").unlink(missing_ok=True)

    def _launch(self, folder: Path, wanted: dict[str, Any]) -> bool:
        path = self.place.snapshot(wanted["champion"])
        if not path.exists():
            return False
        shared, own = self.listener.of(self.place), _bound(0)
        files.write_json(folder / "about.json", {"template": wanted, "port": own.getsockname()[1]})
        command = [sys.executable, "-m", Program.PREDICTOR.module]
        command += commands.predictor(
            champion=Model(str(path), wanted["champion"]),
            previous=self._model(wanted["previous"]),
            listen=Inherited((shared.fileno(), own.fileno())),
            measured_auc=wanted["measuredAuc"],
            drain_s=DRAIN_S,
        )
        command += commands.termination_log(folder / children.MESSAGE)
        with own:
            self.children.start(
                folder, command, environ=wanted["env"], sockets=(shared.fileno(), own.fileno())
            )
        return True

    def _model(self, digest: str | None) -> Model | None:
        return Model(str(self.place.snapshot(digest)), digest) if digest else None

    def _clear(self, leaving: list[Pod], now: datetime) -> None:
        for pod in leaving:
            if not pod.lives:
                shutil.rmtree(pod.folder, ignore_errors=True)
            elif not (pod.folder / "told").exists():
                if children.pid(pod.folder) is not None:
                    children.stop(pod.folder)
                    files.write(pod.folder / "told", now.isoformat())
            elif now - datetime.fromisoformat((pod.folder / "told").read_text()) > timedelta(seconds=30):
                children.stop(pod.folder, signal.SIGKILL)

    def evict(self, names: tuple[str, ...], now: datetime) -> None:
        """These go, others come instead."""
        for name in names:
            if self.place.pod(name).exists():
                files.write(self.place.pod(name) / "leaving", now.isoformat())


# --- what the planner reads --------------------------------------------------------------------------------------------------


def pod_seen(pod: Pod, window: Window | None) -> PodSeen:
    """One predictor."""
    failed = files.read_json(pod.folder / "failed.json")
    fault = (
        Fault(FaultKind.TERMINATED, "Error", failed["code"], failed["message"])
        if failed and failed["code"]
        else None
    )
    return PodSeen(
        name=pod.name,
        template_champion=pod.template["champion"],
        image=pod.template["image"],
        ready=pod.ready,
        champion=window.champion.digest if window and window.champion else None,
        previous=window.previous.digest if window and window.previous else None,
        window=window,
        fault=fault,
    )


def window_of(pod: Pod, since: float | None) -> Window | None:
    """What it saw of live leads."""
    return read_window(ask(pod.port, window_target(since), WINDOW_LIMIT))


def rollout_seen(place: Place, there: list[Pod], now: datetime) -> RolloutSeen | None:
    """The group as the planner reads it."""
    document = files.read_json(place.serve)
    if document is None:
        return None
    wanted = document["wanted"]
    shape = wanted["template"]
    new = [p for p in there if not p.leaving and p.template == shape]
    ready = sum(p.ready for p in there)
    settled = len(there) == len(new) == sum(p.ready for p in new) == wanted["replicas"]
    late = now - datetime.fromisoformat(document["since"]) > timedelta(seconds=wanted["deadline"])
    return RolloutSeen(
        champion=shape["champion"],
        previous=shape["previous"],
        image=shape["image"],
        template=wanted["version"],
        decision=wanted["decision"],
        settled=settled,
        deadline_exceeded=late and sum(p.ready for p in new) < wanted["replicas"],
        replicas=wanted["replicas"],
        ready=ready,
        updated=len(new),
        available=ready >= wanted["replicas"],
    )
