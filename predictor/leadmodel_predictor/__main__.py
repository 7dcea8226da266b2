"""`leadmodel-predictor`: settings → uvicorn. Nothing else reads the environment or the arguments."""

import argparse
import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from time import time
from types import FrameType
from uuid import uuid4

import uvicorn
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from leadmodel_artifact.artifact import MAX_RAW_BYTES, ArtifactError, digest
from leadmodel_predictor.app import Application
from leadmodel_predictor.metrics import Metrics
from leadmodel_predictor.model import Model
from leadmodel_predictor.ring import Ring
from leadmodel_predictor.slots import Slot, Slots, load_slot, pair, unpack
from leadmodel_store.store import StoreError, fetch

REFUSED = 3


def parser() -> argparse.ArgumentParser:
    """What the program takes; every flag also as LEADMODEL_… in the environment."""
    p = argparse.ArgumentParser(prog="leadmodel-predictor", description="Serve a lead-scoring model.")
    p.add_argument("--artifact", help="model.json or a snapshot of it: a path or URI")
    p.add_argument("--previous", help="the model to compare live leads with: a path or URI; may be absent")
    p.add_argument("--expect-digest", help="the digest the artifact must have")
    p.add_argument("--previous-digest", help="the digest the previous model must have")
    p.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    p.add_argument("--port", type=int, default=8080, help="port to listen on (default: 8080)")
    p.add_argument(
        "--fd",
        type=_numbers,
        help="sockets inherited from the parent, comma separated, instead of --host and --port",
    )
    p.add_argument(
        "--min-auc", type=float, default=0.65, help="refuse an artifact that claims less (default: .65)"
    )
    p.add_argument("--measured-auc", type=float, help="the AUC that validation measured")
    p.add_argument(
        "--token-file", type=Path, help="file with the bearer token for changing calls; absent: loopback only"
    )
    p.add_argument(
        "--drain-seconds",
        type=float,
        default=5.0,
        help="how long to go on accepting after SIGTERM (default: 5)",
    )
    p.add_argument(
        "--termination-log", type=Path, default=Path("/dev/termination-log"), help=argparse.SUPPRESS
    )
    for action in p._actions:  # noqa: SLF001  # argparse has no public list of them
        name = "LEADMODEL_" + action.dest.upper()
        if name in os.environ and action.dest != "help":
            p.set_defaults(**{action.dest: os.environ[name]})
    return p


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))


def _uri(where: str) -> str:
    return where if "://" in where else Path(where).absolute().as_uri()


class Loader:
    """Reads the configured models."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        self.seen: str | None = None  # digest of the champion's bytes, also when they are refused

    def champion(self, expect: str | None) -> Slot:
        """The champion. Raises ArtifactError, StoreError."""
        data = fetch(_uri(self.given.artifact), max_bytes=MAX_RAW_BYTES, environ=os.environ).data
        self.seen = digest(unpack(data))
        return load_slot(data, expect)

    def previous(self) -> tuple[Slot | None, str | None]:
        """The previous model, or why there is none; never a reason not to serve."""
        if not self.given.previous:
            return None, None
        try:
            data = fetch(_uri(self.given.previous), max_bytes=MAX_RAW_BYTES, environ=os.environ).data
            return load_slot(data, self.given.previous_digest), None
        except (ArtifactError, StoreError) as error:
            return None, str(error.reason)

    def first(self) -> Slots:
        """Both slots at the start."""
        return pair(self.champion(self.given.expect_digest), *self.previous())

    def again(self, model: Model) -> Slots:
        """Both slots for a reload: whoever served becomes previous."""
        champion = self.champion(None)
        served = model.slots
        if champion.digest == served.champion.digest:
            return served
        return pair(champion, served.champion)


class Server(uvicorn.Server):
    """A server that goes on accepting for a while after SIGTERM, with readiness failing and connections closing."""

    def __init__(self, config: uvicorn.Config, app: Application, drain: float) -> None:
        super().__init__(config)
        self.app, self.drain = app, drain

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain on the first signal, leave at once on the second."""
        if self.app.predict.draining or sig == signal.SIGINT:
            super().handle_exit(sig, frame)
            return
        self.app.predict.draining = True
        asyncio.get_event_loop().call_later(self.drain, self._leave)

    def _leave(self) -> None:
        self.should_exit = True


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; the exit code."""
    p = parser()
    given = p.parse_args(arguments)
    if not given.artifact:
        p.error("--artifact (or LEADMODEL_ARTIFACT) is required")
    loader = Loader(given)
    try:
        slots = loader.first()
        token = given.token_file.read_text().strip() if given.token_file else None
        auc = given.measured_auc if given.measured_auc is not None else slots.champion.artifact.auc
        if not (auc >= given.min_auc):
            raise SystemExit(_refuse(given, f"Model AUC {auc:.4f} is below {given.min_auc}", loader.seen))
    except ArtifactError as error:
        return _refuse(given, f"{error.reason}: {error}", loader.seen)
    except OSError as error:
        print(f"leadmodel-predictor: {error}", file=sys.stderr)
        return 1
    _serve(given, slots, loader, token)
    return 0


def _refuse(given: argparse.Namespace, message: str, seen: str | None) -> int:
    print(f"leadmodel-predictor: {message}", file=sys.stderr)
    if given.termination_log.exists():
        given.termination_log.write_text(json.dumps({"error": message[:1000], "digest": seen}))
    return REFUSED


def _serve(given: argparse.Namespace, slots: Slots, loader: Loader, token: str | None) -> None:
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    boot = uuid4().hex
    model = Model(slots, Ring(slots, boot), Metrics(registry), time(), boot, given.measured_auc)
    app = Application(model, lambda: loader.again(model), token, given.min_auc)
    inherited = [socket.socket(fileno=number) for number in given.fd or ()]
    config = uvicorn.Config(
        app,
        http="httptools",
        loop="uvloop",
        lifespan="off",
        ws="none",
        access_log=False,
        log_level="warning",
        timeout_keep_alive=30,
        timeout_graceful_shutdown=20,
        server_header=False,
        host=given.host,
        port=given.port,
    )
    where = f"sockets {given.fd}" if inherited else f"{given.host}:{given.port}"
    print(f"serving {slots.champion.digest} on {where}", file=sys.stderr)
    Server(config, app, given.drain_seconds).run(sockets=inherited or None)


if __name__ == "__main__":
    sys.exit(main())
