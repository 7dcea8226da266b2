"""`leadmodel local …`: parses arguments, then runs the runtime or prints a view of the state folder. Owns the output."""

import leadmodel_messages.interrupt  # noqa: F401  # first: from here on a Ctrl-C prints no traceback

# isort: split
import argparse
import asyncio
import json
import signal
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import yaml

from leadmodel_cli.views import table, tree, why
from leadmodel_local.demo import command as demo
from leadmodel_local.options import NOT_DONE, parser
from leadmodel_local.port import LocalPort
from leadmodel_local.replay import command as replay
from leadmodel_local.runtime import Runtime, run
from leadmodel_local.serving.listener import HOST, Listener
from leadmodel_local.state import documents, files
from leadmodel_local.state.files import ModelFolder
from leadmodel_local.state.manifests import ManifestError
from leadmodel_messages.exits import LocalExit
from leadmodel_messages.leaving import leave
from leadmodel_messages.visible import visible, visible_document
from leadmodel_operator.planning.planned import Event, EventType
from leadmodel_operator.reconcile import Key


class Refusal(Exception):  # noqa: N818  # an answer to the person, not an error of the program
    """The program refuses; the message is one line that says what to do."""

    def __init__(self, message: str, code: int = LocalExit.NO) -> None:
        super().__init__(message)
        self.code = code


def now() -> datetime:
    """Return the present instant in UTC."""
    return datetime.now(UTC)  # noqa: TID251  # the outermost layer


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code."""
    options = parser().parse_args(arguments)
    try:
        return COMMANDS[options.verb](options)
    except Refusal as error:
        print(f"leadmodel: {visible(str(error))}", file=sys.stderr)
        return error.code
    except KeyboardInterrupt:
        return LocalExit.INTERRUPTED


# --- up ------------------------------------------------------------------------------------------------------------------------


def up(options: argparse.Namespace) -> int:
    """Run the LeadModels of the manifests until a signal."""
    options.state.mkdir(parents=True, exist_ok=True)
    try:
        lock = files.hold(options.state / "lock")
    except files.Busy:
        raise Refusal(f"{options.state} is in use by another `leadmodel local up`; give --state") from None
    signals: list[int] = []
    for sig in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sig, lambda number, _frame: signals.append(number))
    with lock:
        port = LocalPort(
            options.state.absolute(),
            now,
            _print_event,
            listener=Listener(options.port),
            channels=options.channels and options.channels.absolute(),
        )
        runtime = Runtime(port, tuple(options.files), _log)
        missing = [str(path) for path in options.files if not path.exists()]
        if missing:
            raise Refusal(
                f"{', '.join(missing)}: there is no such file; name a manifest of a LeadModel",
                LocalExit.USAGE,
            )
        try:
            runtime.load()
            ports = runtime.take_ports()
        except ManifestError as error:
            raise Refusal(str(error), LocalExit.USAGE) from None
        except OSError as error:
            port.listener.close()
            raise Refusal(str(error)) from None
        for key, number in ports:
            _log(f"{key.namespace}/{key.name} takes leads at http://{HOST}:{number}/predict")
        _log(NOT_DONE)
        try:
            asyncio.run(run(runtime, lambda: bool(signals) or _is_released(options.while_held)))
        finally:
            runtime.stop()
    return 0


def _is_released(lock: Path | None) -> bool:
    return lock is not None and not files.held(lock)


def _log(line: str) -> None:
    print(visible(line), file=sys.stderr, flush=True)


def _print_event(key: Key, event: Event, at: datetime) -> None:
    mark = "!" if event.type is EventType.WARNING else " "
    line = f"{at:%H:%M:%S} {mark} {key.namespace}/{key.name}  {event.reason}: {event.message}"
    print(visible(line), flush=True)


# --- views ---------------------------------------------------------------------------------------------------------------------


def _chosen(options: argparse.Namespace) -> list[ModelFolder]:
    folders = files.model_folders(options.state)
    if options.name is None:
        return folders
    chosen = [
        folder
        for folder in folders
        if options.name in {folder.key.name, f"{folder.key.namespace}/{folder.key.name}"}
    ]
    if not chosen:
        known = ", ".join(folder.key.name for folder in folders) or "none"
        raise Refusal(f"there is no LeadModel {options.name} in {options.state}; there: {known}")
    return chosen


def _print_each(options: argparse.Namespace, view: Callable[[files.ModelFolder], list[str]]) -> int:
    folders = _chosen(options)
    if not folders:
        raise Refusal(f"there is no LeadModel in {options.state}; start one with `leadmodel local up FILE`")
    if not files.held(options.state / "lock"):
        _log(f"leadmodel: nothing runs on {options.state}; this is how it was left")
    for folder in folders:
        print(visible("\n".join(view(folder))))
    return 0


def get(options: argparse.Namespace) -> int:
    """Print the table, the tree or the documents; with `--watch` again after each change."""
    before = ""
    while True:
        folders = _chosen(options)
        if not folders and not options.watch:
            raise Refusal(
                f"there is no LeadModel in {options.state}; start one with `leadmodel local up FILE`"
            )
        page = _render(folders, options.output) if folders else ""
        if page != before:
            print(page, flush=True)
        if not options.watch:
            return 0
        before = page
        time.sleep(0.5)


def _render(folders: list[ModelFolder], output: str | None) -> str:
    models = [documents.read(folder) for folder in folders]
    if output in {"json", "yaml"}:
        document = models[0] if len(models) == 1 else {"apiVersion": "v1", "kind": "List", "items": models}
        if output == "json":
            return json.dumps(document, indent=2)
        return str(yaml.safe_dump(document, sort_keys=False, width=120)).rstrip()
    models = visible_document(models)
    if output == "tree":
        children = [documents.read_children(folder) for folder in folders]
        return tree.draw([tree.build(*pair, now()) for pair in zip(models, children, strict=True)])
    return table.text(table.rows(models, now(), wide=output == "wide"))


# --- run -----------------------------------------------------------------------------------------------------------------------


def run_requested(options: argparse.Namespace) -> int:
    """Ask the runtime for a run of this kind, wait for the end and print the output of the run."""
    folder = _chosen(options)[0]
    spec, path = (files.read_json(folder.object) or {}).get("spec", {}), RUNS[options.kind]
    for name in path.split("."):
        spec = spec.get(name)
        if spec is None:
            raise Refusal(f"{folder.key.name} has no spec.{path}; write one first")
    if not files.held(options.state / "lock"):
        raise Refusal(f"nothing runs on {options.state}; start `leadmodel local up FILE` first")
    name = f"{folder.key.name}-{options.kind}-{now().timestamp():.0f}"
    files.write_json(folder.run_request(options.kind), name)
    ended = folder.job(name) / "exit"
    while not ended.exists():
        if not files.held(options.state / "lock"):
            raise Refusal("the runtime ended before the run did")
        time.sleep(0.1)
    for name, stream in (("stderr", sys.stderr), ("stdout", sys.stdout)):
        stream.write(visible((ended.parent / name).read_text(encoding="utf-8", errors="replace")))
    return int(ended.read_text(encoding="utf-8"))


def _replay(options: argparse.Namespace) -> int:
    try:
        return replay.main(options)
    except ValueError as error:
        raise Refusal(str(error), LocalExit.USAGE) from None


def _dashboard(options: argparse.Namespace) -> int:
    from leadmodel_cli.dashboard.serve import PortError  # the web server is loaded by its own command alone
    from leadmodel_local.dashboard import show

    try:
        return show(options.state, options.port, now)
    except PortError as error:
        raise Refusal(str(error), LocalExit.USAGE) from None


RUNS = {"retraining": "retraining", "backfill": "piiBackfill", "enrichment": "enrichment.training"}
COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "up": up,
    "get": get,
    "why": lambda options: _print_each(
        options, lambda folder: why.why(documents.read(folder), documents.read_trace(folder))
    ),
    "history": lambda options: _print_each(options, lambda folder: why.history(documents.read(folder))),
    "run": run_requested,
    "dashboard": _dashboard,
    "demo": lambda options: demo.main(options, now),
    "replay": _replay,
}


def program() -> NoReturn:
    """Run `leadmodel` as a program of its own."""
    leave(main)


if __name__ == "__main__":
    program()
