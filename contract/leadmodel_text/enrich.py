"""The answers of a text model: intent, sentiment, urgency and language of a text, each with a confidence and reasons, or null and why.

One pass makes the tokens; all tables are summed over them side by side. Nothing of a text goes into an answer: reasons are features of
the model's vocabulary, names of cues, and places in the text.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from leadmodel_text.document import ClassHead, Document, DocumentError, Table
from leadmodel_text.intent import Guess, answered, guess, logistic, refusal
from leadmodel_text.language import Language
from leadmodel_text.reasons import of_column, of_cues
from leadmodel_text.sentiment import Sentiment
from leadmodel_text.tables import Column, Sums, Tables
from leadmodel_text.text import Text
from leadmodel_text.tokens import VERSION, Reading, tokens
from leadmodel_text.urgency import Cues, Match, level, noisy_or, without_denials

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

HEADS = ("intent", "sentiment", "urgency", "language")
DIGITS = 4  # of a probability in an answer
_LABELS, _SCOPE = 0, 1  # places of the tables of intent; that of urgency comes behind


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
        # The answer of each head to a text that was read for it.
        answers = (self._intent, self._feeling, self._urgent, self._spoken)
        self.heads = dict(zip(HEADS, answers, strict=True))

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
        spoken: tuple[str | None, float] = (language, 1.0 if language is not None else 0.0)
        if language is None and self._language is not None:
            table, words = self._language, reading.words
            spoken = table.language_of(words) if "language" in want else (table.label_of(words), 0.0)
        sums = self._tables.sums(reading.words if "intent" in want or "urgency" in want else ())
        return Text(reading, spoken, sums, reasons=reasons)

    def answer(self, whole: Text, want: Collection[str] = HEADS, *, refused: bool = False) -> dict[str, Any]:
        """Answer the heads of `want` for a text that was read for these heads."""
        answer: dict[str, Any] = {name: head(whole) for name, head in self.heads.items() if name in want}
        if not refused and "refused" in answer.get("intent", ()):
            del answer["intent"]["refused"]
        answer["truncated"] = whole.truncated
        answer["model"], answer["version"] = self.document.name, self.document.version
        return answer

    def label(self, whole: Text) -> str | None:
        """The label of the intent alone, for callers to whom a whole answer would cost too much; None where it is not answered."""
        head = self.document.intent
        if head is None:
            return None
        if whole.length < max(1, head.min_words) or self._unsupported(whole):
            return None
        sums = whole.sums
        place = answered(head, sums.scores(_LABELS), sums.score(_SCOPE), whole.known(_LABELS))
        return None if place is None else head.classes[place]

    def scope(self, text: str) -> float | None:
        """The probability that a text is a case for any class, also of a text that is not answered; None without intents."""
        if self.document.intent is None:
            return None
        return logistic(self._tables.sums(tokens(text).words).score(_SCOPE))

    def _unsupported(self, text: Text) -> bool:
        """Whether a text is known to be in none of the document's languages; an unsure language is left to the bounds of each head."""
        return text.language is not None and text.language not in self.document.languages

    def _intent(self, text: Text) -> dict[str, Any]:
        head = self.document.intent
        if head is None:
            return _null("no_head")
        why, likeliest = self._judged(head, text)
        if likeliest is None:
            return _null(why)
        label = {"label": head.classes[likeliest.first], "confidence": round(likeliest.confidence, DIGITS)}
        if why is not None:
            return {**_null(why), "refused": label}
        second = {
            "label": head.classes[likeliest.second],
            "confidence": round(likeliest.second_confidence, DIGITS),
        }
        answer = {**label, "second": second, "scope": round(likeliest.scope, DIGITS)}
        if text.reasons:
            column = Column(_LABELS, likeliest.first, likeliest.second)
            answer["reasons"] = of_column(self._tables, text.reading, text.words, text.sums, column)
        return answer

    def _judged(self, head: ClassHead, text: Text) -> tuple[str | None, Guess | None]:
        """Why the intent of a text is not answered, None where it is; and the guess, None where the text allows none."""
        if text.length < max(1, head.min_words):
            return "too_short", None
        if self._unsupported(text):
            return "unsupported_language", None
        likeliest = guess(head, text.sums.scores(_LABELS), text.sums.score(_SCOPE))
        return refusal(head, likeliest, text.known(_LABELS)), likeliest

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
        words, sums = self._calmest(text, matches)
        linear = logistic(sums.score(self._pressing) / head.temperature) if why is None else 0.0
        score = noisy_or(linear, matches)
        answer: dict[str, Any] = {"score": round(score, DIGITS), "level": level(head, score)}
        if text.reasons:
            reasons = of_cues(matches, text.reading)
            if why is None and linear >= head.medium:
                column = Column(self._pressing, 0, None)
                reasons += of_column(self._tables, text.reading, words, sums, column)
            answer["reasons"] = reasons
        return answer

    def _calmest(self, text: Text, matches: Sequence[Match]) -> tuple[Sequence[str], Sums]:
        """The words and sums of a text as it stands or without its denials, whichever the table of urgency finds less urgent.

        The table knows "urgent", but not that "not urgent" denies it; and a denial makes no text more urgent.
        """
        words = without_denials(text.words, matches)
        if words is not text.words:
            sums = self._tables.sums(words)
            if sums.score(self._pressing) < text.sums.score(self._pressing):
                return words, sums
        return text.words, text.sums

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


def _null(why: str | None) -> dict[str, Any]:
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
