"""`leadmodel-enrich`: learns, checks and uses models of what a text says. Only this module reads the wall clock."""

import leadmodel_messages.interrupt  # noqa: F401  # first: from here on a Ctrl-C prints no traceback

# isort: split
import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.resources import files
from typing import NoReturn

from leadmodel_messages.credentials import Source, environment
from leadmodel_messages.exits import EnrichExit
from leadmodel_messages.leaving import leave
from leadmodel_messages.table_bytes import TableError
from leadmodel_messages.uris import show, uri_of
from leadmodel_store.store import StoreError, StoreReason, fetch, put
from leadmodel_text import document
from leadmodel_text.document import Document, DocumentError
from leadmodel_text.enrich import Enricher
from leadmodel_text.files import dump, load, pack
from leadmodel_training.rows import MAX_BYTES
from leadmodel_training.targets import PATIENCE_S
from leadmodel_training.text import report
from leadmodel_training.text.building import Naming, build
from leadmodel_training.text.check import check
from leadmodel_training.text.lines import enrich_lines, lines_of
from leadmodel_training.text.messages import Message, labelled, read_leads, read_messages
from leadmodel_training.text.options import parser
from leadmodel_training.text.refusals import EnrichmentRefused
from leadmodel_training.text.suggest import suggest
from leadmodel_training.text.training import INTENT, Material, Wishes, learn
from leadmodel_training.text.usage import UsageError, check_language, check_usage, languages_of

DEFAULT = "sales_en.json.gz"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code."""
    given = parser().parse_args(arguments)
    run = {"train": _train, "check": _check, "suggest": _suggest, None: _enrich}[given.command]
    try:
        check_usage(given)
        return run(given)
    except UsageError as error:
        print(f"leadmodel-enrich: {error}", file=sys.stderr)
        return EnrichExit.USAGE
    except BrokenPipeError:
        raise  # nobody reads on, which `leave` knows to be no failure
    except (EnrichmentRefused, StoreError, TableError, DocumentError, OSError) as error:
        reason = f"{error.reason}: " if isinstance(error, EnrichmentRefused | StoreError) else ""
        print(f"leadmodel-enrich: {reason}{error}", file=sys.stderr)
        away = isinstance(error, StoreError) and error.reason is StoreReason.UNREACHABLE
        return EnrichExit.LATER if away else EnrichExit.REFUSED
    except KeyboardInterrupt:
        print("leadmodel-enrich: stopped", file=sys.stderr)
        return 130


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


def _train(given: argparse.Namespace) -> int:
    """Learn a model, write it and its report, and print the report for people."""
    others = _model(given.base)
    material = _material(given)
    learned = learn(material, Wishes(given.precision, given.allow_overlap, given.seed))
    source = document.Source(given.name, given.licence, len(material.messages))
    naming = Naming(given.name, _now(), languages_of(given.languages), (source,))
    built = build(learned, material, naming, others)
    data = pack(built) if given.out.endswith(".gz") else dump(built)
    load(data)
    _put(given.out, data)
    if given.report:
        _put(given.report, (json.dumps(learned.report, indent=2) + "\n").encode())
    for line in report.lines(learned.report):
        print(line)
    return EnrichExit.DONE


def _material(given: argparse.Namespace) -> Material:
    labels = tuple(dict.fromkeys(given.label or (INTENT,)))
    return Material(
        messages=read_messages(_bytes(given.messages), labels),
        labels=labels,
        unlabelled=_messages(given.unlabelled),
        background=_messages(given.background),
        held=read_leads(_bytes(given.holdout)) if given.holdout else frozenset(),
    )


def _check(given: argparse.Namespace) -> int:
    """Print the figures of a model on messages with labels, and whether they are above the limits."""
    enricher = _enricher(given)
    messages = labelled(read_messages(_bytes(given.messages), (INTENT,)), 0)
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


def _enricher(given: argparse.Namespace) -> Enricher:
    """The model that is asked for, which knows the language that is given."""
    document = _model(given.model)
    check_language(given.language, document)
    return Enricher(document)


def _model(where: str | None) -> Document:
    """The model at a path or URI, or the one that comes with the program. Raises DocumentError naming the file."""
    if where is None:
        return load(files("leadmodel_training.text").joinpath(DEFAULT).read_bytes())
    try:
        document = load(_bytes(where))
        Enricher(document)  # made by the tokeniser of this program
    except DocumentError as error:
        raise DocumentError(
            f"{show(where)} is no text model of this release, as `leadmodel-enrich train` writes them: {error}"
        ) from None
    return document


def _messages(uri: str | None) -> list[Message]:
    return read_messages(_bytes(uri)) if uri else []


def _bytes(uri: str) -> bytes:
    environ = environment(Source.LEADS, os.environ)
    return fetch(uri_of(uri), max_bytes=MAX_BYTES, environ=environ, seconds=PATIENCE_S).data


def _put(uri: str, data: bytes) -> None:
    put(uri_of(uri), data, environ=environment(Source.ARTIFACT, os.environ), seconds=PATIENCE_S)


def _now() -> datetime:
    """The clock, or SOURCE_DATE_EPOCH where builds are to be the same."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    return datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)  # noqa: TID251  # outermost layer


def program() -> NoReturn:
    """Run `leadmodel-enrich` as a program of its own."""
    leave(main)


if __name__ == "__main__":
    program()
