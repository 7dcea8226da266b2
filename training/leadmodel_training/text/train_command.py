"""`leadmodel-enrich train`: reads messages, keeps a holdout out, learns, and writes holdout, report and model, in this order."""

import argparse
import gzip
import json
import os
import sys
from datetime import UTC, datetime

from leadmodel_artifact.snapshot import digest
from leadmodel_messages import failure, termination, text_training
from leadmodel_messages.credentials import Source
from leadmodel_messages.errors import ErrorWord
from leadmodel_messages.exits import EnrichExit
from leadmodel_messages.failure import Failure
from leadmodel_messages.table_bytes import TableError
from leadmodel_messages.text_training import TextTrainingAnswer
from leadmodel_messages.uris import place, show
from leadmodel_store.store import StoreError
from leadmodel_text import document
from leadmodel_text.document import Document, DocumentError
from leadmodel_text.enrich import Enricher, check_examples
from leadmodel_text.files import dump, load, pack
from leadmodel_training.text import holdout, report
from leadmodel_training.text.building import Naming, build
from leadmodel_training.text.holdout import Split
from leadmodel_training.text.messages import read_leads, read_messages
from leadmodel_training.text.places import check_target, read_bytes, read_model, write_bytes
from leadmodel_training.text.refusals import EnrichmentRefused
from leadmodel_training.text.training import INTENT, Material, Wishes, learn
from leadmodel_training.text.usage import languages_of

NO_MEMORY = "there is not enough memory for these messages; raise the limit or take fewer"


def train(given: argparse.Namespace) -> int:
    """Learn a model and print the report for people; a termination message names the model."""
    for where, source in (
        (given.holdout_out, Source.HOLDOUT),
        (given.report, Source.ARTIFACT),
        (given.out, Source.ARTIFACT),
    ):
        if where:
            check_target(where, source)
    base = read_model(given.base)
    split = _split(given)
    held = holdout.lines(split) if given.holdout_out else b""
    learned = learn(split.material, Wishes(given.precision, given.allow_overlap, given.seed), note)
    rows = len(split.held) + len(split.strange)
    provenance = (document.Source(given.name, given.licence, len(split.material.messages)),)
    naming = Naming(
        given.name, _now(), languages_of(given.languages), provenance, rows, digest(held) if held else ""
    )
    built = build(learned, split.material, naming, base)
    raw = dump(built)
    check_examples(Enricher(load(raw)))
    data = pack(built) if given.out.endswith(".gz") else raw
    if given.holdout_out:  # first: a model never names a holdout that is not there
        write_bytes(given.holdout_out, _packed(given.holdout_out, held), Source.HOLDOUT)
    if given.report:
        write_bytes(given.report, (json.dumps(learned.report, indent=2) + "\n").encode())
    write_bytes(given.out, data)
    note(f"wrote {show(given.out)}")
    for line in report.lines(learned.report):
        sys.stdout.write(line + "\n")
    termination.write(given.termination_log, text_training.dump(_answer(built, digest(raw), given.out)))
    return EnrichExit.DONE


def _split(given: argparse.Namespace) -> Split:
    """What is read, and what of it is kept out."""
    note(f"reading {show(given.messages)}")
    labels = tuple(dict.fromkeys(given.label or (INTENT,)))
    material = Material(
        messages=read_messages(read_bytes(given.messages), labels),
        labels=labels,
        unlabelled=read_messages(read_bytes(given.unlabelled)) if given.unlabelled else (),
        background=read_messages(read_bytes(given.background)) if given.background else (),
        held=read_leads(read_bytes(given.holdout, Source.HOLDOUT)) if given.holdout else frozenset(),
    )
    note(f"{len(material.messages):,} messages")
    if not given.holdout_out:
        return Split(material)
    split = holdout.split(material, given.holdout_share)
    note(f"{len(split.held):,} messages are kept out, and {len(split.strange):,} of the background")
    return split


def _packed(where: str, data: bytes) -> bytes:
    return gzip.compress(data, mtime=0) if where.endswith(".gz") else data


def _answer(built: Document, identity: str, out: str) -> TextTrainingAnswer:
    quality = built.quality
    figures = {
        "macro_f1": quality.macro_f1,
        "coverage": quality.coverage,
        "precision_kept": quality.precision_kept,
        "scope_auroc": quality.oos_auroc,
        "ece": quality.ece,
    }
    return TextTrainingAnswer(
        digest=identity,
        name=built.name,
        version=built.version,
        n_train=quality.n_train,
        n_holdout=quality.n_holdout,
        holdout=quality.holdout_digest or None,
        uri=place(out),
        **{name: None if value is None else round(value, 6) for name, value in figures.items()},
    )


def leave_failure(given: argparse.Namespace, error: Exception) -> None:
    """Leave the reason why there is no model as termination message, where somebody waits for one."""
    message = str(error) or NO_MEMORY
    termination.write(given.termination_log, failure.dump(Failure(_word(error), message[:500])))


def _word(error: Exception) -> ErrorWord:
    """The error word that names the cause."""
    match error:
        case EnrichmentRefused() | StoreError():
            return ErrorWord(error.reason)
        case TableError():
            return ErrorWord.LEADS_UNREADABLE
        case DocumentError():
            return ErrorWord.SCHEMA_MISMATCH
        case MemoryError():
            return ErrorWord.OUT_OF_MEMORY
        case _:
            return ErrorWord.BAD_REQUEST


def note(line: str) -> None:
    """Say on standard error what is done, for people and for the log of a Job."""
    sys.stderr.write(f"leadmodel-enrich: {line}\n")
    sys.stderr.flush()


def _now() -> datetime:
    """The clock, or SOURCE_DATE_EPOCH where builds are to be the same."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    return datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)  # noqa: TID251  # outermost layer
