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
from leadmodel_messages.uris import uri_of
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
from leadmodel_training.text.lines import enrich_lines
from leadmodel_training.text.messages import Message, labelled, read_leads, read_messages
from leadmodel_training.text.options import HEADS, parser
from leadmodel_training.text.refusals import EnrichmentRefused
from leadmodel_training.text.suggest import suggest
from leadmodel_training.text.training import INTENT, Material, Wishes, learn

DEFAULT = "sales_en.json.gz"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code."""
    p = parser()
    given = p.parse_args(arguments)
    unknown = set(given.want.split(",")) - {*HEADS}
    if unknown:
        p.error(f"--want takes {', '.join(HEADS)}, comma separated")
    if given.command == "train" and not 0 < given.precision < 1:
        p.error("--precision must lie between 0 and 1")
    if given.command == "train" and not 0 <= given.seed < 2**32:
        p.error("--seed must be 0 or more, and below 4294967296")
    run = {"train": _train, "check": _check, "suggest": _suggest, None: _enrich}[given.command]
    try:
        return run(given)
    except (EnrichmentRefused, StoreError, TableError, DocumentError, OSError) as error:
        reason = f"{error.reason}: " if isinstance(error, EnrichmentRefused | StoreError) else ""
        print(f"leadmodel-enrich: {reason}{error}", file=sys.stderr)
        away = isinstance(error, StoreError) and error.reason is StoreReason.UNREACHABLE
        return EnrichExit.LATER if away else EnrichExit.REFUSED
    except UnicodeDecodeError:
        print("leadmodel-enrich: standard input is no UTF-8 text; use `iconv -t UTF-8`", file=sys.stderr)
        return EnrichExit.USAGE
    except KeyboardInterrupt:
        print("leadmodel-enrich: stopped", file=sys.stderr)
        return 130


def _enrich(given: argparse.Namespace) -> int:
    """Read JSON lines from standard input and write them with their answers."""
    enricher = Enricher(_model(given.model))
    left = 0
    for line, answered in enrich_lines(
        enricher, sys.stdin, given.field, given.want.split(","), given.language
    ):
        print(line)
        left += not answered
    if left:
        print(
            f"leadmodel-enrich: {left} lines have no text in the field and are left as they are",
            file=sys.stderr,
        )
    return EnrichExit.USAGE if left else EnrichExit.DONE


def _train(given: argparse.Namespace) -> int:
    """Learn a model, write it and its report, and print the report for people."""
    material = _material(given)
    learned = learn(material, Wishes(given.precision, given.allow_overlap, given.seed))
    source = document.Source(given.name, given.licence, len(material.messages))
    naming = Naming(given.name, _now(), tuple(given.languages.split(",")), (source,))
    built = build(learned, material, naming, _model(given.base))
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
    messages = labelled(read_messages(_bytes(given.messages), (INTENT,)), 0)
    if not messages:
        raise TableError("no message has a text and a label")
    figures = check(Enricher(_model(given.model)), messages, given.language)
    print(json.dumps(figures))
    low = figures["macro_f1"] < given.min_macro_f1 or (figures["precision"] or 0.0) < given.min_precision
    return EnrichExit.REFUSED if low else EnrichExit.DONE


def _suggest(given: argparse.Namespace) -> int:
    """Print ids of messages to look at."""
    enricher, messages = Enricher(_model(given.model)), _messages(given.messages)
    print(json.dumps(asdict(suggest(enricher, messages, given.count, given.language))))
    return EnrichExit.DONE


def _model(uri: str | None) -> Document:
    """The model under a URI, or the one that comes with the program."""
    return load(_bytes(uri) if uri else files("leadmodel_training.text").joinpath(DEFAULT).read_bytes())


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
