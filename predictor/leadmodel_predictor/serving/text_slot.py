"""One text model as a process holds it: everything of the document is checked before anything changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from leadmodel_artifact.snapshot import digest, unpack
from leadmodel_messages.errors import ErrorWord
from leadmodel_text.document import Document, DocumentError
from leadmodel_text.enrich import HEADS, Enricher, check_examples
from leadmodel_text.files import load
from leadmodel_text.sentiment import LABELS as SENTIMENTS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

OTHER = "other"  # the language of all texts that the table of languages does not know
LEVELS = ("low", "medium", "high")  # of urgency


class TextRefused(Exception):  # noqa: N818  # the document is refused, the program goes on
    """A document that serves nobody; `reason` says why in one word, and nothing of the document is shown."""

    def __init__(self, reason: ErrorWord) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class TextSlot:
    """One loaded text model. `labels`: what each head may answer; `languages`: those that a caller may name."""

    enricher: Enricher
    digest: str
    labels: Mapping[str, Collection[str]]
    languages: tuple[str, ...]

    @property
    def document(self) -> Document:
        """The document of the model."""
        return self.enricher.document


@dataclass(frozen=True)
class Answered:
    """One text as answered, with what counts: its share of unknown words, where these say something of the model, and its words."""

    answer: dict[str, Any]
    unknown: float | None
    words: int


def answered(
    slot: TextSlot, text: str, language: str | None, want: Collection[str], *, refused: bool
) -> Answered:
    """Answer one text with a slot, as `Enricher.enrich` does; one text at a time, for answers share their caches."""
    enricher, document = slot.enricher, slot.document
    whole = enricher.read(text, language, want)
    is_summed = document.intent is not None and ("intent" in want or "urgency" in want)
    is_foreign = whole.language is not None and whole.language not in document.languages
    unknown = whole.unknown if is_summed and not is_foreign else None
    return Answered(enricher.answer(whole, want, refused=refused), unknown, len(whole.words))


def load_text(data: bytes) -> TextSlot:
    """A slot from the bytes of a document or of its gzip. Raises TextRefused."""
    try:
        document = load(data)
        enricher = Enricher(document)
    except DocumentError:
        raise TextRefused(ErrorWord.SCHEMA_MISMATCH) from None
    try:
        check_examples(enricher)
    except (DocumentError, ArithmeticError):  # figures that no program can compute with
        raise TextRefused(ErrorWord.EXAMPLES_DIFFER) from None
    languages = _languages(document)
    intents = document.intent.classes if document.intent is not None else ()
    labels = dict(zip(HEADS, (intents, SENTIMENTS, LEVELS, languages), strict=True))
    return TextSlot(enricher, digest(unpack(data)), labels, languages)


def _languages(document: Document) -> tuple[str, ...]:
    detected = document.language.classes if document.language is not None else ()
    return tuple(dict.fromkeys((*document.languages, *detected, OTHER)))
