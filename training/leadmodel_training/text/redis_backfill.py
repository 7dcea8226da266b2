"""`leadmodel-enrich backfill`: answers messages that a Redis holds, beside them: what is read of a message, and what is kept of an answer."""

import argparse
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from leadmodel_artifact.snapshot import digest
from leadmodel_privacy.backfill.beside import Answer
from leadmodel_privacy.backfill.command import run_task
from leadmodel_privacy.backfill.errors import Refused
from leadmodel_privacy.backfill.limits import Limits
from leadmodel_privacy.backfill.message_redactor import CLEAN, Redaction, SkipReason
from leadmodel_privacy.backfill.shapes import ShapeCounter
from leadmodel_privacy.encoded_text import is_opaque
from leadmodel_privacy.json_text import is_json, values
from leadmodel_text.document import Document
from leadmodel_text.enrich import Enricher
from leadmodel_text.files import dump
from leadmodel_training.text.options import TEXT_FIELDS
from leadmodel_training.text.train_command import note

NOT_KEPT = ("model", "version", "truncated")  # the side key names the model once


@dataclass(frozen=True)
class Enrich(Answer):
    """Answers by a text model: what is asked of it, the fields that hold text, and how many seconds answers live."""

    document: Document
    fields: Sequence[str]
    want: Sequence[str]
    language: str | None
    ttl_s: float

    @property
    def ttl_ms(self) -> int:
        """Milliseconds that answers live."""
        return int(self.ttl_s * 1000)

    @cached_property
    def version(self) -> str:
        """The document's digest, and 12 hex digits for what is asked: other answers are those of another model."""
        asked = json.dumps([sorted(self.fields), sorted(self.want), self.language])
        return f"{digest(dump(self.document))}/{hashlib.sha256(asked.encode()).hexdigest()[:12]}"

    @property
    def meaning(self) -> dict[str, str]:
        """The version."""
        return {"text": self.version}

    def reader(self, limits: Limits, shapes: ShapeCounter) -> "Answerer":  # noqa: ARG002  # no shape and no limit: a model reads the beginning
        """What answers each message."""
        return Answerer(Enricher(self.document), self)


@dataclass(frozen=True)
class Answerer:
    """Answers messages as bytes: the text in the named fields of JSON, or a text that is not JSON as a whole."""

    enricher: Enricher
    task: Enrich

    def message(self, raw: bytes) -> Redaction:
        """Answer an element of a list, a member of a sorted set, or a single value."""
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            return Redaction(skipped=SkipReason.NOT_TEXT)
        if is_opaque(text):
            return CLEAN
        return self._answer(self._named_texts(text) if is_json(text) else text)

    def named(self, name: bytes, raw: bytes) -> Redaction:
        """Answer the value of a field of a hash or stream entry; a field that is not named is read only if it holds JSON."""
        if name.decode(errors="replace") in self.task.fields or raw.strip()[:1] in {b"{", b"["}:
            is_text = name.decode(errors="replace") in self.task.fields
            return self.message(raw) if is_text or is_json(raw.decode(errors="replace")) else CLEAN
        return CLEAN

    def _named_texts(self, text: str) -> str:
        named = {*self.task.fields}
        return "\n".join(v.text for v in values(text) if not v.number and not named.isdisjoint(v.path))

    def _answer(self, text: str) -> Redaction:
        if not text.strip():
            return CLEAN
        answer = self.enricher.enrich(text, self.task.language, tuple(self.task.want), reasons=False)
        kept = {head: value for head, value in answer.items() if head not in NOT_KEPT}
        labels = tuple(
            (f"{head} {value.get('label', value.get('level')) or 'none'}", 1) for head, value in kept.items()
        )
        return Redaction(json.dumps(kept, separators=(",", ":")).encode(), labels)


def task_of(given: argparse.Namespace, document: Document) -> Enrich:
    """The task that the arguments ask for. Raises Refused for a time that is too short."""
    if given.ttl < 1:
        raise Refused("--ttl takes 1s or more")
    fields = tuple(given.field) or TEXT_FIELDS
    return Enrich(document, fields, given.want.split(","), given.language, given.ttl)


def backfill(given: argparse.Namespace, document: Document) -> int:
    """Run the backfill; the exit code."""
    return run_task(given, lambda given: task_of(given, document), note)
