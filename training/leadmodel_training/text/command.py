"""`leadmodel-enrich`: learns, checks and uses models of what a text says."""

import leadmodel_messages.interrupt  # noqa: F401  # first: from here on a Ctrl-C prints no traceback

# isort: split
import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import NoReturn

from leadmodel_artifact.snapshot import digest
from leadmodel_messages.exits import EnrichExit
from leadmodel_messages.leaving import leave
from leadmodel_messages.table_bytes import TableError
from leadmodel_messages.text_report import OUT_OF_SCOPE
from leadmodel_store.store import StoreError, StoreReason
from leadmodel_text.document import DocumentError
from leadmodel_text.enrich import Enricher
from leadmodel_text.files import dump, pack
from leadmodel_training.text.check import check
from leadmodel_training.text.lines import enrich_lines, lines_of
from leadmodel_training.text.messages import Message, labelled, read_messages
from leadmodel_training.text.options import parser
from leadmodel_training.text.places import read_bytes, read_model, write_bytes
from leadmodel_training.text.refusals import EnrichmentRefused
from leadmodel_training.text.suggest import suggest
from leadmodel_training.text.train_command import NO_MEMORY, leave_failure, train
from leadmodel_training.text.training import INTENT
from leadmodel_training.text.usage import UsageError, check_language, check_usage


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code."""
    given = parser().parse_args(arguments)
    run = {
        "train": train,
        "check": _check,
        "suggest": _suggest,
        "backfill": _backfill,
        "export": _export,
        None: _enrich,
    }[given.command]
    try:
        check_usage(given)
        return run(given)
    except BrokenPipeError:
        raise  # nobody reads on, which `leave` knows to be no failure
    except (UsageError, EnrichmentRefused, TableError, DocumentError, OSError, MemoryError) as error:
        return _failed(given, error)
    except KeyboardInterrupt:
        print("leadmodel-enrich: stopped", file=sys.stderr)
        return 130


def _failed(given: argparse.Namespace, error: Exception) -> int:
    """Say why there is no answer, to people and to whoever waits for a training, and return the exit code."""
    if given.command == "train":
        leave_failure(given, error)
    reason = f"{error.reason}: " if isinstance(error, EnrichmentRefused | StoreError) else ""
    print(f"leadmodel-enrich: {reason}{str(error) or NO_MEMORY}", file=sys.stderr)
    if isinstance(error, UsageError):
        return EnrichExit.USAGE
    away = isinstance(error, StoreError) and error.reason is StoreReason.UNREACHABLE
    return EnrichExit.LATER if away else EnrichExit.REFUSED


def _enrich(given: argparse.Namespace) -> int:
    """Read JSON lines from standard input and write them with their answers."""
    enricher = _enricher(given)
    if sys.stdin is None:
        raise UsageError("standard input is closed; give it JSON lines")
    left, first, want = 0, 0, given.want.split(",")
    lines = enrich_lines(enricher, lines_of(sys.stdin.buffer), given.field, want, given.language)
    for number, (line, answered) in enumerate(lines, 1):
        print(line)
        left += not answered
        first = first or (0 if answered else number)
    if left:
        print(
            f"leadmodel-enrich: {left} lines have no text in the field and are left as they are, the first is line {first}",
            file=sys.stderr,
        )
    return EnrichExit.USAGE if left else EnrichExit.DONE


def _check(given: argparse.Namespace) -> int:
    """Print the figures of a model on messages with labels, and whether they are above the limits."""
    enricher = _enricher(given)
    messages = labelled(read_messages(read_bytes(given.messages), (INTENT,)), 0)
    messages = [message for message in messages if message.labels[0] != OUT_OF_SCOPE]
    if not messages:
        raise TableError("no message has a text and a label")
    figures = check(enricher, messages, given.language)
    print(json.dumps(figures))
    if figures["unknown"]:
        intent = enricher.document.intent
        print(
            f"leadmodel-enrich: {figures['unknown']} of {len(messages)} messages have a label that is no class of the model: "
            f"{', '.join(intent.classes if intent else ()) or 'it has none'}",
            file=sys.stderr,
        )
    low = figures["macro_f1"] < given.min_macro_f1 or (figures["precision"] or 0.0) < given.min_precision
    return EnrichExit.REFUSED if low or figures["unknown"] == len(messages) else EnrichExit.DONE


def _suggest(given: argparse.Namespace) -> int:
    """Print ids of messages to look at."""
    enricher, messages = _enricher(given), _messages(given.messages)
    print(json.dumps(asdict(suggest(enricher, messages, given.count, given.language))))
    return EnrichExit.DONE


def _export(given: argparse.Namespace) -> int:
    """Write a model to where predictors read it, and print its digest."""
    document = read_model(given.model)
    raw = dump(document)
    write_bytes(given.out, pack(document) if given.out.endswith(".gz") else raw)
    print(json.dumps({"digest": digest(raw), "name": document.name, "version": document.version}))
    return EnrichExit.DONE


def _backfill(given: argparse.Namespace) -> int:
    """Answer messages that a Redis holds."""
    document = _enricher(given).document
    try:
        from leadmodel_training.text.redis_backfill import backfill
    except ModuleNotFoundError as error:
        raise UsageError(f"the backfill needs {error.name}: pip install 'leadmodel[training]'") from None
    return backfill(given, document)


def _enricher(given: argparse.Namespace) -> Enricher:
    """The model that is asked for, which knows the language that is given."""
    document = read_model(given.model)
    check_language(given.language, document)
    return Enricher(document)


def _messages(uri: str) -> list[Message]:
    return read_messages(read_bytes(uri))


def program() -> NoReturn:
    """Run `leadmodel-enrich` as a program of its own."""
    leave(main)


if __name__ == "__main__":
    program()
