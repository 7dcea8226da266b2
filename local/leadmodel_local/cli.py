"""`leadmodel local …`: arguments in, the runtime or a view of its state folder out. Reads the clock and prints; nothing else does."""

import argparse
import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from leadmodel_local import files, table, tree, why
from leadmodel_local.demo import show
from leadmodel_local.files import Place
from leadmodel_local.manifests import ManifestError
from leadmodel_local.port import LocalPort
from leadmodel_local.replay import show as rehearse
from leadmodel_local.runtime import Runtime, run
from leadmodel_operator.planning.observed import Event, EventType
from leadmodel_operator.reconcile import Key

NOT_DONE = (
    "On one machine there are no CEL rules, Secrets (their keys are read from the environment), autoscaler, network "
    "policy or cron: retraining and backfill run on `leadmodel local run`."
)


class Refusal(Exception):  # noqa: N818  # the answer is no
    """One line that says what to do."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def now() -> datetime:
    """The calendar."""
    return datetime.now(UTC)  # noqa: TID251  # the outermost layer


def parser() -> argparse.ArgumentParser:
    """What the program takes."""
    top = argparse.ArgumentParser(prog="leadmodel", description="LeadModel without a cluster.")
    local = top.add_subparsers(dest="area", required=True).add_parser(
        "local",
        help="the same decisions on this machine",
        description="Run LeadModels on this machine with the operator's own decisions: validation and predictors are child "
        "processes, everything else is files in the state folder.",
        epilog="First steps: `leadmodel local demo` shows the loop in a minute; `leadmodel local up model.yaml` runs yours. "
        + NOT_DONE,
    )
    local.add_argument("--state", type=Path, default=Path(".leadmodel"), help="state folder (.leadmodel)")
    verbs = local.add_subparsers(dest="verb", required=True, metavar="COMMAND")
    up = verbs.add_parser("up", help="run the LeadModels of manifests until Ctrl-C", description=NOT_DONE)
    up.add_argument(
        "files", nargs="+", type=Path, help="manifests, or folders of them; watched while it runs"
    )
    up.add_argument(
        "--port", type=int, default=0, help="port of the first LeadModel; default: a free one, then kept"
    )
    up.add_argument(
        "--while-held", type=Path, help=argparse.SUPPRESS
    )  # a lock of whoever started it: ends with them
    _views(verbs)
    show.options(
        verbs.add_parser(
            "demo",
            help="the whole loop in a minute",
            description="Train, serve, refuse, roll out, drift, roll back: the loop on this machine, with real programs.",
        )
    )
    rehearse.options(
        verbs.add_parser(
            "replay",
            help="past leads through the policy of a manifest, in simulated time",
            description="What would have been validated, promoted, found drifting, rolled back and alerted, day by day. Trains, "
            "validates and scores with the real programs and decides with the operator's own plan; hours pass in seconds.",
        )
    )
    asked = verbs.add_parser("run", help="run retraining or the PII backfill of a LeadModel now")
    asked.add_argument("kind", choices=["retraining", "backfill"])
    asked.add_argument("name")
    return top


def _views(verbs: Any) -> None:
    get = verbs.add_parser("get", help="the table of kubectl get leadmodels")
    get.add_argument("name", nargs="?")
    get.add_argument("-w", "--watch", action="store_true", help="again whenever it changes")
    get.add_argument("-o", "--output", choices=["wide", "tree", "json", "yaml"])
    for verb, text in (
        ("why", "the last decision in prose, with its numbers"),
        ("history", "all decisions"),
    ):
        verbs.add_parser(verb, help=text).add_argument("name", nargs="?")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; the exit code."""
    given = parser().parse_args(arguments)
    try:
        return COMMANDS[given.verb](given)
    except Refusal as error:
        print(f"leadmodel: {error}", file=sys.stderr)
        return error.code
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123  # whoever read us left; nothing more to say
        return 0
    except KeyboardInterrupt:
        return 130


# --- up ------------------------------------------------------------------------------------------------------------------------


def up(given: argparse.Namespace) -> int:
    """Run until a signal."""
    given.state.mkdir(parents=True, exist_ok=True)
    try:
        lock = files.hold(given.state / "lock")
    except files.Busy:
        raise Refusal(f"{given.state} is in use by another `leadmodel local up`; give --state") from None
    told: list[int] = []
    for sig in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sig, lambda number, _frame: told.append(number))
    with lock:
        port = LocalPort(given.state.absolute(), now, _tell, first_port=given.port)
        runtime = Runtime(port, tuple(given.files), _say)
        missing = [str(path) for path in given.files if not path.exists()]
        if missing:
            raise Refusal(f"{', '.join(missing)}: there is no such file; name a manifest of a LeadModel", 2)
        try:
            runtime.load()
        except ManifestError as error:
            raise Refusal(str(error), 2) from None
        _say(NOT_DONE)
        try:
            asyncio.run(run(runtime, lambda: bool(told) or _left(given.while_held)))
        finally:
            runtime.stop()
    return 0


def _left(lock: Path | None) -> bool:
    return lock is not None and not files.held(lock)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _tell(key: Key, event: Event, at: datetime) -> None:
    mark = "!" if event.type is EventType.WARNING else " "
    print(f"{at:%H:%M:%S} {mark} {key.namespace}/{key.name}  {event.reason}: {event.message}", flush=True)


# --- views ---------------------------------------------------------------------------------------------------------------------


def _chosen(given: argparse.Namespace) -> list[Place]:
    there = files.places(given.state)
    if given.name is None:
        return there
    found = [
        place for place in there if given.name in {place.key.name, f"{place.key.namespace}/{place.key.name}"}
    ]
    if not found:
        known = ", ".join(place.key.name for place in there) or "none"
        raise Refusal(f"there is no LeadModel {given.name} in {given.state}; there: {known}")
    return found


def _each(given: argparse.Namespace, lines: Callable[[dict[str, Any]], list[str]]) -> int:
    there = _chosen(given)
    if not there:
        raise Refusal(f"there is no LeadModel in {given.state}; start one with `leadmodel local up FILE`")
    if not files.held(given.state / "lock"):
        _say(f"leadmodel: nothing runs on {given.state}; this is how it was left")
    for place in there:
        print("\n".join(lines(table.document(place))))
    return 0


def get(given: argparse.Namespace) -> int:
    """Print the table, or the documents."""
    before = ""
    while True:
        there = _chosen(given)
        if not there and not given.watch:
            raise Refusal(f"there is no LeadModel in {given.state}; start one with `leadmodel local up FILE`")
        shown = _render(there, given.output) if there else ""
        if shown != before:
            print(shown, flush=True)
        if not given.watch:
            return 0
        before = shown
        time.sleep(0.5)


def _render(there: list[Place], output: str | None) -> str:
    if output in {"json", "yaml"}:
        found = [table.document(place) for place in there]
        document = found[0] if len(found) == 1 else {"apiVersion": "v1", "kind": "List", "items": found}
        if output == "json":
            return json.dumps(document, indent=2)
        return str(yaml.safe_dump(document, sort_keys=False, width=120)).rstrip()
    if output == "tree":
        return tree.draw([tree.of(place, now()) for place in there])
    return table.text(table.rows(there, now(), wide=output == "wide"))


# --- run -----------------------------------------------------------------------------------------------------------------------


def ask(given: argparse.Namespace) -> int:
    """Ask the runtime for a run and wait for its end."""
    place = _chosen(given)[0]
    field = {"retraining": "retraining", "backfill": "piiBackfill"}[given.kind]
    if field not in (files.read_json(place.object) or {}).get("spec", {}):
        raise Refusal(f"{place.key.name} has no spec.{field}; write one first")
    if not files.held(given.state / "lock"):
        raise Refusal(f"nothing runs on {given.state}; start `leadmodel local up FILE` first")
    name = f"{place.key.name}-{given.kind}-{now().timestamp():.0f}"
    files.write_json(place.asked(given.kind), name)
    ended = place.job(name) / "exit"
    while not ended.exists():
        if not files.held(given.state / "lock"):
            raise Refusal("the runtime ended before the run did")
        time.sleep(0.1)
    sys.stderr.write((ended.parent / "stderr").read_text(errors="replace"))
    sys.stdout.write((ended.parent / "stdout").read_text(errors="replace"))
    return int(ended.read_text())


def _replay(given: argparse.Namespace) -> int:
    try:
        return rehearse.main(given)
    except ValueError as error:
        raise Refusal(str(error), 2) from None


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "up": up,
    "get": get,
    "why": lambda given: _each(given, why.why),
    "history": lambda given: _each(given, why.history),
    "run": ask,
    "demo": lambda given: show.main(given, now),
    "replay": _replay,
}

if __name__ == "__main__":
    sys.exit(main())
