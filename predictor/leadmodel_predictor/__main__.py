"""`leadmodel-predictor`: arguments and environment → settings → uvicorn. Nothing else in the server reads either."""

import leadmodel_messages.interrupt  # noqa: F401  # first: from here on a Ctrl-C prints no traceback

# isort: split
import argparse
import os
import socket
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from time import time
from typing import NoReturn
from uuid import uuid4

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
)

from leadmodel_artifact.model import ArtifactError
from leadmodel_artifact.snapshot import MAX_RAW_BYTES, digest, unpack
from leadmodel_messages import refusal, termination
from leadmodel_messages.credentials import Source, environment
from leadmodel_messages.exits import PredictorExit
from leadmodel_messages.leaving import leave
from leadmodel_messages.refusal import Refusal
from leadmodel_messages.uris import uri_of
from leadmodel_predictor.http.app import Application
from leadmodel_predictor.http.guard import Guard
from leadmodel_predictor.http.server import Server
from leadmodel_predictor.serving.challengers import Challengers
from leadmodel_predictor.serving.metrics import Metrics
from leadmodel_predictor.serving.model import Model
from leadmodel_predictor.serving.reload import Reloads
from leadmodel_predictor.serving.ring import Ring
from leadmodel_predictor.serving.slots import Slot, Slots, load_slot, pair
from leadmodel_predictor.serving.text_model import TextModel
from leadmodel_store.store import StoreError, fetch

# Kubernetes sets LEADMODEL_PORT=tcp://10.0.0.1:80 in every pod beside a Service named `leadmodel`
SERVICE_LINKS = ("tcp://", "udp://", "sctp://")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the program's arguments; every flag can also be set as LEADMODEL_… in the environment."""
    p = argparse.ArgumentParser(prog="leadmodel-predictor", description="Serve a lead-scoring model.")
    _add_models(p)
    p.add_argument(
        "--text-model",
        help="text model that POST /enrich answers with: a path or URI, looked at every few seconds; may be absent",
    )
    p.add_argument(
        "--challenger",
        help="a model to score the same leads unseen before it may serve: a path or URI, looked at every few seconds; may be absent",
    )
    _add_address(p)
    _add_limits(p)
    p.add_argument(
        "--fast-path",
        action="store_true",
        help="ignored: every connection answers POST /predict itself; the flag goes with the next release",
    )
    termination.add_option(p)
    _take_defaults_from_environment(p)
    return p


def _add_models(p: argparse.ArgumentParser) -> None:
    p.add_argument("--artifact", help="model.json or a snapshot of it: a path or URI")
    p.add_argument("--previous", help="the model to compare live leads with: a path or URI; may be absent")
    p.add_argument("--expect-digest", help="the digest the artifact must have")
    p.add_argument("--previous-digest", help="the digest the previous model must have")
    p.add_argument(
        "--min-auc", type=float, default=0.65, help="refuse an artifact that claims less (default: .65)"
    )
    p.add_argument("--measured-auc", type=float, help="the AUC that validation measured")


def _add_address(p: argparse.ArgumentParser) -> None:
    p.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on; empty: all, IPv4 and IPv6 (default: 127.0.0.1)",
    )
    p.add_argument("--port", type=int, default=8080, help="port to listen on (default: 8080)")
    p.add_argument(
        "--fd",
        type=_numbers,
        help="sockets inherited from the parent, comma separated, instead of --host and --port",
    )
    p.add_argument(
        "--token-file", type=Path, help="file with the bearer token for changing calls; absent: loopback only"
    )


def _add_limits(p: argparse.ArgumentParser) -> None:
    p.add_argument(
        "--drain-seconds",
        type=float,
        default=5.0,
        help="how long to go on accepting after SIGTERM, or after the last lead that still came (default: 5)",
    )
    p.add_argument(
        "--max-drain-seconds",
        type=float,
        default=30.0,
        help="how long to go on accepting at most, while leads still come (default: 30; not with --fd)",
    )
    p.add_argument(
        "--idle-seconds",
        type=float,
        default=Guard.idle_seconds,
        help="how long a connection may be idle; more than the load balancer's (default: 75)",
    )
    p.add_argument(
        "--max-waiting",
        type=int,
        default=Guard.max_waiting,
        help="requests that may wait for an answer, further ones get 503 (default: 1024)",
    )


def _take_defaults_from_environment(p: argparse.ArgumentParser) -> None:
    for action in p._actions:  # noqa: SLF001  # argparse has no public list of them
        name = "LEADMODEL_" + action.dest.upper()
        value = os.environ.get(name)
        is_link = value is not None and value.startswith(SERVICE_LINKS)
        if value is not None and not is_link and action.dest != "help":
            p.set_defaults(**{action.dest: value})


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))


class Loader:
    """Reads the models that the arguments name."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        self.seen: str | None = None  # digest of the champion's bytes, also when they are refused

    def champion(self, expect: str | None) -> Slot:
        """Load the champion. Raises ArtifactError, StoreError."""
        data = _fetch(self.given.artifact)
        self.seen = digest(unpack(data))
        return load_slot(data, expect)

    def previous(self) -> tuple[Slot | None, str | None]:
        """Load the previous model, or say why none is loaded: a predictor serves without a previous model too."""
        if not self.given.previous:
            return None, None
        try:
            data = _fetch(self.given.previous)
            return load_slot(data, self.given.previous_digest), None
        except (ArtifactError, StoreError) as error:
            return None, str(error.reason)

    def first(self) -> Slots:
        """Load both slots when the program starts."""
        return pair(self.champion(self.given.expect_digest), *self.previous())

    def again(self, model: Model) -> Slots:
        """Load both slots for a reload: the model that served becomes the previous one."""
        champion = self.champion(None)
        served = model.slots
        if champion.digest == served.champion.digest:
            return served
        return pair(champion, served.champion)


def _fetch(where: str) -> bytes:
    return fetch(
        uri_of(where), max_bytes=MAX_RAW_BYTES, environ=environment(Source.ARTIFACT, os.environ)
    ).data


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code."""
    p = parser()
    given = p.parse_args(arguments)
    if not given.artifact:
        p.error("--artifact (or LEADMODEL_ARTIFACT) is required")
    loader = Loader(given)
    try:
        slots = loader.first()
        if given.token_file is not None:
            read_token(given.token_file)
        auc = given.measured_auc if given.measured_auc is not None else slots.champion.artifact.auc
        if not (auc >= given.min_auc):
            raise SystemExit(_refuse(given, f"Model AUC {auc:.4f} is below {given.min_auc}", loader.seen))
    except ArtifactError as error:
        return _refuse(given, f"{error.reason}: {error}", loader.seen)
    except OSError as error:
        print(f"leadmodel-predictor: {error}", file=sys.stderr)
        return PredictorExit.UNREADABLE
    _serve(given, slots, loader)
    return PredictorExit.STOPPED


def read_token(path: Path) -> str:
    """The bearer token. Raises OSError when the file cannot be read or is empty: an empty token would let everybody in."""
    if not (token := path.read_text(encoding="utf-8").strip()):
        raise OSError(f"{path} is empty; put the token into it or leave --token-file out")
    return token


def _refuse(given: argparse.Namespace, message: str, seen: str | None) -> int:
    print(f"leadmodel-predictor: {message}", file=sys.stderr)
    termination.write(given.termination_log, refusal.dump(Refusal(message[:1000], seen)))
    return PredictorExit.REFUSED


def _serve(given: argparse.Namespace, slots: Slots, loader: Loader) -> None:
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    boot = uuid4().hex
    model = Model(slots, Ring(slots, boot), Metrics(registry), time(), boot, given.measured_auc)
    token = partial(read_token, given.token_file) if given.token_file is not None else None
    reloads = Reloads(model, lambda: loader.again(model), given.min_auc, token)
    app = Application(model, reloads, _texts(given, registry), _challengers(given, model, registry))
    inherited = [socket.socket(fileno=number) for number in given.fd or ()]
    where = f"sockets {given.fd}" if inherited else f"{given.host or 'every address'}:{given.port}"
    print(f"serving {slots.champion.digest} on {where}", file=sys.stderr)
    guard = Guard(
        lambda limit: model.metrics.limited[limit](),
        max_waiting=given.max_waiting,
        idle_seconds=given.idle_seconds,
    )
    model.metrics.watch(guard)
    server = Server(
        app,
        guard,
        given.host,
        given.port,
        drain_seconds=given.drain_seconds,
        max_drain_seconds=0.0 if inherited else given.max_drain_seconds,  # sockets of a parent stay open
    )
    server.run(inherited or None)


def _texts(given: argparse.Namespace, registry: CollectorRegistry) -> TextModel | None:
    if not given.text_model:
        return None
    texts = TextModel(uri_of(given.text_model), environment(Source.ARTIFACT, os.environ))
    registry.register(texts.metrics)
    return texts


def _challengers(given: argparse.Namespace, model: Model, registry: CollectorRegistry) -> Challengers | None:
    if not given.challenger:
        return None
    challengers = Challengers(uri_of(given.challenger), environment(Source.ARTIFACT, os.environ), model)
    registry.register(challengers.metrics)
    return challengers


def program() -> NoReturn:
    """Run `leadmodel-predictor` as a program of its own."""
    leave(main)


if __name__ == "__main__":
    program()
