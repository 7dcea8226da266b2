"""The answers of a text model: intent, sentiment, urgency and language of a text, each with a confidence and reasons, or null and why.

One pass makes the tokens; all tables are summed over them side by side. Nothing of a text goes into an answer: reasons are features of
the model's vocabulary, names of cues, and places in the text.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from leadmodel_text.document import Document, DocumentError, Table
from leadmodel_text.intent import guess, logistic, refusal
from leadmodel_text.language import Language
from leadmodel_text.reasons import of_column, of_cues
from leadmodel_text.sentiment import Sentiment
from leadmodel_text.tables import Column, Sums, Tables
from leadmodel_text.tokens import VERSION, Reading, tokens
from leadmodel_text.urgency import Cues, level, noisy_or

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

HEADS = ("intent", "sentiment", "urgency", "language")
DIGITS = 4  # of a probability in an answer
_LABELS, _SCOPE = 0, 1  # places of the tables of intent; that of urgency comes behind


class Text:
    """One text on its way through the heads: its tokens and where they stand, its language, and the sums of its features."""

    __slots__ = ("confidence", "language", "length", "reading", "reasons", "sums", "truncated", "words")

    def __init__(
        self, reading: Reading, spoken: tuple[str | None, float], sums: Sums, *, reasons: bool
    ) -> None:
        self.reading, self.sums, self.reasons = reading, sums, reasons
        self.words, self.truncated = reading.words, reading.truncated
        self.language, self.confidence = spoken
        self.length = len(self.words) - self.words.count("") - self.words.count("0")

    @property
    def distinct(self) -> int:
        """How many different words the text has."""
        return len({"", "0", *self.words}) - 2

    def known(self, table: int) -> float:
        """Return the share of the distinct words that a table knows; 0 without words."""
        distinct = self.distinct
        return self.sums.words(table) / distinct if distinct else 0.0

    @property
    def unknown(self) -> float:
        """The share of the distinct words that the first table does not know, as a document's reference counts it; 0 without words."""
        return 1 - self.known(_LABELS) if self.distinct else 0.0


class Enricher:
    """The heads of one document, ready to answer; the caches inside are bounded by the vocabulary and by `tables.MAX_CACHED`."""

    def __init__(self, document: Document) -> None:
        if document.tokenizer != VERSION:
            raise DocumentError(f"tokenizer must be {VERSION}, the version of this program")
        self.document = document
        intent, urgency = document.intent, document.urgency
        tables: list[Table] = [] if intent is None else [intent.table, intent.scope]
        self._pressing = len(tables)
        self._tables = Tables(tables if urgency is None else [*tables, urgency.table])
        self._cues = Cues(urgency.cues if urgency is not None else ())
        self._language = Language(document.language) if document.language is not None else None
        self._sentiment = Sentiment(document.sentiment) if document.sentiment is not None else None
        self._heads = {"intent": self._intent, "sentiment": self._feeling, "urgency": self._urgent}

    def enrich(
        self,
        text: str,
        language: str | None = None,
        want: Collection[str] = HEADS,
        refused: bool = False,
        *,
        reasons: bool = True,
    ) -> dict[str, Any]:
        """Answer the heads of `want` for one text, as an object for JSON.

        Args:
            text: what a lead wrote; what lies behind the tokeniser's limit is not read.
            language: the language where the caller knows it; None: the language head answers.
            want: names of heads, of `HEADS`.
            refused: whether an intent that is not answered shows its likeliest label under `refused`.
            reasons: whether answers come with the features and cues behind them.
        """
        return self.answer(self.read(text, language, want, reasons=reasons), want, refused=refused)

    def read(
        self,
        text: str,
        language: str | None = None,
        want: Collection[str] = HEADS,
        *,
        reasons: bool = True,
    ) -> Text:
        """Read one text for the heads of `want`, with the arguments of `enrich`; for callers that count texts beside their answers."""
        reading = Reading(text)
        spoken = (language, 1.0) if language is not None else self._detected(reading.words)
        sums = self._tables.sums(reading.words if "intent" in want or "urgency" in want else ())
        return Text(reading, spoken, sums, reasons=reasons)

    def answer(self, whole: Text, want: Collection[str] = HEADS, *, refused: bool = False) -> dict[str, Any]:
        """Answer the heads of `want` for a text that was read for these heads."""
        answer: dict[str, Any] = {name: head(whole) for name, head in self._heads.items() if name in want}
        if "language" in want:
            answer["language"] = self._spoken(whole)
        if not refused and "refused" in answer.get("intent", ()):
            del answer["intent"]["refused"]
        answer["truncated"] = whole.truncated
        answer["model"], answer["version"] = self.document.name, self.document.version
        return answer

    def scope(self, text: str) -> float | None:
        """The probability that a text is a case for any class, also of a text that is not answered; None without intents."""
        if self.document.intent is None:
            return None
        return logistic(self._tables.sums(tokens(text).words).score(_SCOPE))

    def _detected(self, words: Sequence[str]) -> tuple[str | None, float]:
        return self._language.language_of(words) if self._language is not None else (None, 0.0)

    def _unsupported(self, text: Text) -> bool:
        """Whether a text is known to be in none of the document's languages; an unsure language is left to the bounds of each head."""
        return text.language is not None and text.language not in self.document.languages

    def _intent(self, text: Text) -> dict[str, Any]:
        head = self.document.intent
        if head is None:
            return _null("no_head")
        if text.length < max(1, head.min_words):
            return _null("too_short")
        if self._unsupported(text):
            return _null("unsupported_language")
        likeliest = guess(head, text.sums.scores(_LABELS), text.sums.score(_SCOPE))
        why = refusal(head, likeliest, text.known(_LABELS))
        label = {"label": head.classes[likeliest.first], "confidence": round(likeliest.confidence, DIGITS)}
        if why is not None:
            return {**_null(why), "refused": label}
        second = {
            "label": head.classes[likeliest.second],
            "confidence": round(likeliest.second_confidence, DIGITS),
        }
        answer = {**label, "second": second, "scope": round(likeliest.scope, DIGITS)}
        if text.reasons:
            answer["reasons"] = self._reasons(text, Column(_LABELS, likeliest.first, likeliest.second))
        return answer

    def _reasons(self, text: Text, column: Column) -> list[dict[str, Any]]:
        return of_column(self._tables, text.reading, text.sums, column)

    def _feeling(self, text: Text) -> dict[str, Any]:
        if self._sentiment is None:
            return _null("no_head")
        if not text.length:
            return _null("too_short")
        if self._unsupported(text):
            return _null("unsupported_language")
        if text.language is None and self._language is not None:
            return _null(self._unsure(text))  # a lexicon cannot tell a foreign word from a neutral one
        label, score, confidence = self._sentiment.sentiment(text.words)
        if label is None:
            return {**_null("low_confidence"), "score": round(score, DIGITS)}
        return {"label": label, "confidence": round(confidence, DIGITS), "score": round(score, DIGITS)}

    def _urgent(self, text: Text) -> dict[str, Any]:
        """Urgency: the cues of the text's language, and the table where it may speak; null where it may not and no cue is there."""
        head = self.document.urgency
        if head is None:
            return {"score": None, "level": None, "why": "no_head"}
        languages = (text.language,) if text.language is not None else self.document.languages
        matches = self._cues.matches(text.words, languages)
        why = self._silent(text)
        if why is not None and not any(match.cue.weight for match in matches):
            return {"score": None, "level": None, "why": why}
        linear = logistic(text.sums.score(self._pressing) / head.temperature) if why is None else 0.0
        score = noisy_or(linear, matches)
        answer: dict[str, Any] = {"score": round(score, DIGITS), "level": level(head, score)}
        if text.reasons:
            reasons = of_cues(matches, text.reading)
            if why is None and linear >= head.medium:
                reasons += self._reasons(text, Column(self._pressing, 0, None))
            answer["reasons"] = reasons
        return answer

    def _silent(self, text: Text) -> str | None:
        """Why the table of urgency may not speak; None where it may."""
        head = self.document.urgency
        if head is None or text.length < max(1, head.min_words):
            return "too_short"
        if self._unsupported(text):
            return "unsupported_language"
        return "out_of_scope" if text.known(self._pressing) < head.min_known else None

    def _spoken(self, text: Text) -> dict[str, Any]:
        if text.language is not None:
            return {"label": text.language, "confidence": round(text.confidence, DIGITS)}
        return _null(self._unsure(text))

    def _unsure(self, text: Text) -> str:
        """Why the language of a text is not known."""
        head = self.document.language
        if head is None:
            return "no_head"
        return "too_short" if text.length < head.min_words else "low_confidence"


def _null(why: str) -> dict[str, Any]:
    return {"label": None, "why": why}


def check_examples(enricher: Enricher) -> None:
    """Check that the examples of a document hold words of its vocabulary alone, and that they are answered as they say.

    Raises:
        DocumentError: naming the path of the first example that is not.
    """
    document = enricher.document
    heads = [head.table.features for head in (document.intent, document.urgency) if head is not None]
    vocabulary = {"", "0", *(feature for features in heads for feature in features)}
    spoken = next(iter(document.languages), None)
    for place, example in enumerate(document.examples):
        if not vocabulary.issuperset(tokens(example.text).words):
            raise DocumentError(f"examples[{place}].text must be made of features of the document")
        answer = enricher.enrich(example.text, spoken, ("intent", "urgency"), reasons=False)
        intent = answer["intent"]
        if (intent["label"], intent.get("confidence")) != (example.intent, example.confidence):
            raise DocumentError(f"examples[{place}].intent is not what this program answers")
        if answer["urgency"]["score"] != example.urgency:
            raise DocumentError(f"examples[{place}].urgency is not what this program answers")
