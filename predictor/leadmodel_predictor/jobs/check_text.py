"""`leadmodel-check-text`: fetch a text model, answer every labelled message with the serving code, measure, report. The gate decides."""

import leadmodel_messages.interrupt  # noqa: F401  # first: from here on a Ctrl-C prints no traceback

# isort: split
import argparse
import os
from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn

from leadmodel_artifact.model import ArtifactError
from leadmodel_artifact.snapshot import digest, pack, unpack
from leadmodel_messages import table, termination
from leadmodel_messages.credentials import Source, environment
from leadmodel_messages.errors import ErrorWord
from leadmodel_messages.failure import Failure
from leadmodel_messages.leaving import leave
from leadmodel_messages.report import Outcome
from leadmodel_messages.table_bytes import TableError
from leadmodel_messages.text_report import OUT_OF_SCOPE, Messages, Serving, TextModelSeen, TextReport, dump
from leadmodel_messages.uris import place, uri_of
from leadmodel_predictor.jobs.text_figures import Labelled, measure
from leadmodel_predictor.jobs.validate import Unmeasured, deliver, end
from leadmodel_store.store import StoreError, fetch
from leadmodel_text.document import MAX_GZIP_BYTES, MAX_RAW_BYTES, Document, DocumentError
from leadmodel_text.enrich import Enricher, check_examples
from leadmodel_text.files import load

MAX_HOLDOUT, MAX_UNPACKED, MAX_CELLS = 16 << 20, 64 << 20, 2_000_000
MIN_ROWS = 50  # messages with an intent: fewer say too little


def parser() -> argparse.ArgumentParser:
    """Return the parser of the program's arguments."""
    p = argparse.ArgumentParser(
        prog="leadmodel-check-text",
        description="Measure a text model on messages with labels and print the report as JSON.",
    )
    p.add_argument("--model", required=True, help="text.json or text.json.gz: a path or URI")
    p.add_argument("--holdout", required=True, help="messages with labels, CSV or JSON lines: a path or URI")
    p.add_argument("--label", default="intent", help="column of the intent (default: intent)")
    p.add_argument("--text", default="text", help="column of the text (default: text)")
    p.add_argument("--expect-digest", help="the digest the text model must have")
    p.add_argument("--serving", help="the text model to compare with: a path or URI")
    p.add_argument("--serving-digest", help="the digest the text model to compare with must have")
    p.add_argument("--image", default="", help="the image this runs in, repeated in the report")
    p.add_argument("--mailbox", help="what takes the text model: NAMESPACE/NAME of a ConfigMap, or /a/file")
    termination.add_option(p)
    return p


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; the exit code."""
    given = parser().parse_args(arguments)
    return end("leadmodel-check-text", given.termination_log, lambda: dump(run(given)))


def run(given: argparse.Namespace) -> TextReport:
    """Fetch text model and messages, measure, and hand the bytes to the mailbox if one is given.

    Raises:
        Unmeasured: The text model, the messages or the mailbox cannot be used.
    """
    raw = _fetched(given.model, Source.ARTIFACT)
    packed = pack(raw)
    seen = TextModelSeen(digest(raw), len(raw), len(packed))
    if given.expect_digest and seen.digest != given.expect_digest:
        return TextReport(Outcome.REFUSED, ErrorWord.SOURCE_MOVED, given.image, seen)
    if len(packed) > MAX_GZIP_BYTES:
        size = f"{len(packed)} bytes gzipped, at most {MAX_GZIP_BYTES} are taken"
        raise _too_large(given.model, size, seen.digest)
    try:
        enricher = _enricher(raw)
    except DocumentError as error:
        return TextReport(Outcome.REFUSED, ErrorWord.SCHEMA_MISMATCH, given.image, seen, detail=str(error))
    report = _measure(given, enricher, _described(seen, enricher.document))
    if given.mailbox:
        deliver(given.mailbox, packed)
    return report


def _enricher(raw: bytes) -> Enricher:
    enricher = Enricher(load(raw))
    check_examples(enricher)
    return enricher


def _described(seen: TextModelSeen, document: Document) -> TextModelSeen:
    heads = ("intent", "sentiment", "urgency", "language")
    has = tuple(name for name in heads if getattr(document, name) is not None)
    return replace(
        seen, name=document.name, version=document.version, languages=document.languages, heads=has
    )


def _measure(given: argparse.Namespace, enricher: Enricher, seen: TextModelSeen) -> TextReport:
    data, messages = _holdout(given)
    rows = sum(message.intent is not None for message in messages)
    report = TextReport(Outcome.MEASURED, "", given.image, seen, Messages(digest(data), rows))
    if rows < MIN_ROWS:
        detail = f"{rows} messages have an intent, at least {MIN_ROWS} are needed"
        return replace(
            report, outcome=Outcome.NOT_MEASURABLE, reason=ErrorWord.HOLDOUT_TOO_SMALL, detail=detail
        )
    if enricher.document.intent is None:
        return report
    figures = measure(enricher, messages)
    return replace(
        report,
        measured=figures.measured,
        precision_kept=figures.precision_kept,
        scope_auroc=figures.scope_auroc,
        serving=_serving(given, messages),
    )


def _serving(given: argparse.Namespace, messages: Sequence[Labelled]) -> Serving | None:
    """The figures of the text model that serves, on the same messages; None where it cannot be read or is another one."""
    if not given.serving:
        return None
    try:
        raw = _fetched(given.serving, Source.ARTIFACT)
        enricher = Enricher(load(raw))
    except (Unmeasured, DocumentError):
        return None
    if enricher.document.intent is None or digest(raw) != given.serving_digest:
        return None
    return Serving(digest(raw), measure(enricher, messages).measured)


# --- reading -------------------------------------------------------------------------------------------------------------------


def _fetched(where: str, source: Source) -> bytes:
    """The unpacked bytes of a text model. Raises Unmeasured."""
    uri = uri_of(where)
    try:
        fetched = fetch(uri, max_bytes=MAX_RAW_BYTES, environ=environment(source, os.environ))
        raw = unpack(fetched.data)
    except StoreError as error:
        word = ErrorWord(f"Artifact{error.reason}")
        raise Unmeasured(Failure(word, str(error), place(uri), etag=error.etag, size=error.size)) from None
    except ArtifactError:
        return fetched.data  # a damaged file: its digest says so, and reading refuses it
    if len(raw) > MAX_RAW_BYTES:
        raise _too_large(where, f"more than {MAX_RAW_BYTES} bytes", None)
    return raw


def _too_large(where: str, size: str, known: str | None) -> Unmeasured:
    message = f"the text model has {size}"
    return Unmeasured(Failure(ErrorWord.ARTIFACT_TOO_LARGE, message, place(uri_of(where)), digest=known))


def _holdout(given: argparse.Namespace) -> tuple[bytes, list[Labelled]]:
    """The messages that have a text and a label, and the bytes they were read from. Raises Unmeasured."""
    try:
        environ = environment(Source.HOLDOUT, os.environ)
        data = fetch(uri_of(given.holdout), max_bytes=MAX_HOLDOUT, environ=environ).data
        return data, _labelled(data, given.text, given.label)
    except StoreError as error:
        raise _no_holdout(str(error)) from None
    except TableError as error:
        raise _no_holdout(f"the messages cannot be read: {error}") from None


def _labelled(data: bytes, text: str, label: str) -> list[Labelled]:
    read = table.read(data, MAX_UNPACKED, MAX_CELLS)
    if not read.names:
        raise TableError("the file holds no messages; give one line per message")
    for name in (text, label):
        if name not in read.names:
            raise TableError(f"there is no column {name!r}; name it in spec.enrichment.holdout")
    places = read.names.index(text), read.names.index(label)
    rows = ((row[places[0]], row[places[1]]) for row in read.rows)
    return [
        Labelled(str(words), None if intent == OUT_OF_SCOPE else str(intent))
        for words, intent in rows
        if words is not None and str(words).strip() and intent is not None
    ]


def _no_holdout(message: str) -> Unmeasured:
    return Unmeasured(Failure(ErrorWord.HOLDOUT_UNAVAILABLE, message))


def program() -> NoReturn:
    """Run `leadmodel-check-text` as a program of its own."""
    leave(main)


if __name__ == "__main__":
    program()
