"""Puts what was learned into a `leadtext/v1` document, with quality, reference, provenance, and examples made of its own vocabulary."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from scipy.special import expit

from leadmodel_text import document
from leadmodel_text.cues import CUES
from leadmodel_text.document import ClassHead, Document, Example, Quality, Reference, ScoreHead, Source
from leadmodel_text.enrich import Enricher
from leadmodel_text.tokens import VERSION, tokens
from leadmodel_training.text.messages import Message
from leadmodel_training.text.tables import Table, is_word
from leadmodel_training.text.training import INTENT, URGENCY, Intents, Learned, Material

MEDIUM, HIGH = 0.5, 0.8  # from a probability of one half on a message is urgent
MIN_WORDS = 1  # a greeting has one
EVERYTHING = 40.0  # log odds of being in scope where there is no background: a probability of 1
NOTHING = -40.0  # log odds of urgency where only cues speak: a probability of 0
EXAMPLE_WORDS = 5


@dataclass(frozen=True)
class Naming:
    """What a document says of itself: its name, languages, end of training, where its messages come from, and those kept out of it."""

    name: str
    now: datetime
    languages: tuple[str, ...] = ("en",)
    provenance: tuple[Source, ...] = ()
    n_holdout: int = 0
    holdout_digest: str = ""


def build(learned: Learned, material: Material, naming: Naming, base: Document) -> Document:
    """Build the document; heads that were not learned, and language and sentiment, are those of `base`, as far as it knows the languages."""
    intents, urgency = learned.intents, learned.urgency
    cues = base.urgency.cues if base.urgency is not None else CUES
    base = _understanding(base, naming.languages)
    built = Document(
        name=naming.name,
        version=int(naming.now.timestamp()),
        trained_at=naming.now.isoformat(timespec="seconds"),
        tokenizer=VERSION,
        languages=naming.languages,
        intent=_intent(intents) if intents else base.intent,
        sentiment=base.sentiment,
        urgency=_urgency(urgency.table, cues) if urgency else base.urgency,
        language=base.language,
        quality=_quality(learned, len(material.messages), naming),
        reference=_reference(learned, material.messages),
        provenance=naming.provenance,
    )
    return replace(built, examples=_examples(built))


def _understanding(base: Document, languages: Collection[str]) -> Document:
    """The base for messages in these languages: in others than its own it would take every word for a word without meaning.

    Cues are there for every language, so urgency keeps them, without its table; intent and sentiment go.
    """
    if {*base.languages} & {*languages}:
        return base
    urgency = base.urgency
    if urgency is not None:
        urgency = replace(urgency, table=document.Table((), b"", 1.0, (NOTHING,)), min_known=0.0)
    return replace(base, intent=None, sentiment=None, urgency=urgency)


def _intent(intents: Intents) -> ClassHead:
    tables, calibration = intents.tables, intents.calibration
    everything = document.Table((), b"", 1.0, (EVERYTHING,))
    return ClassHead(
        classes=intents.classes,
        table=tables.classes.part(),
        temperature=calibration.temperature,
        scope=tables.scope.part() if tables.scope is not None else everything,
        min_confidence=calibration.min_confidence,
        min_scope=calibration.min_scope,
        min_known=calibration.min_known,
        min_words=MIN_WORDS,
    )


def _urgency(table: Table, cues: tuple[document.Cue, ...]) -> ScoreHead:
    return ScoreHead(
        table=table.part(),
        temperature=1.0,
        medium=MEDIUM,
        high=HIGH,
        min_known=0.0,
        min_words=MIN_WORDS,
        cues=cues,
    )


def _quality(learned: Learned, messages: int, naming: Naming) -> Quality:
    intent, urgency = learned.report.get(INTENT), learned.report.get(URGENCY)
    quality = Quality(n_train=messages, n_holdout=naming.n_holdout, holdout_digest=naming.holdout_digest)
    if intent is not None:
        pooled, left_out = intent["pooled"], intent["source_left_out"].values()
        precisions = [s["precision"] for s in left_out if s["precision"] is not None]
        quality = replace(
            quality,
            macro_f1=pooled["macro_f1"],
            coverage=pooled["coverage"],
            precision_kept=pooled["precision"],
            oos_auroc=pooled["scope_auroc"],
            ece=pooled["ece"],
            transfer=float(np.mean([s["macro_f1"] for s in left_out])) if left_out else None,
            transfer_precision=float(np.mean(precisions)) if precisions else None,
            by_class={name: figures["f1"] for name, figures in intent["by_class"].items()},
        )
    if urgency is not None:
        quality = replace(quality, urgency_auc=urgency["pooled"]["auc"], urgency_f1=urgency["pooled"]["f1"])
    return quality


def _reference(learned: Learned, messages: Sequence[Message]) -> Reference:
    """Answers out of fold: shares of all messages per label, where what is missing to 1 was not answered."""
    labels: dict[str, dict[str, float]] = {}
    if learned.intents is not None:
        judged, n = learned.intents.judged, len(learned.intents.judged.kept)
        counts = Counter(judged.labels[judged.kept].tolist())
        labels[INTENT] = {name: counts[i] / n for i, name in enumerate(learned.intents.classes)}
    if learned.urgency is not None:
        chances = expit(learned.urgency.judged)
        shares = {"high": float((chances >= HIGH).mean()), "low": float((chances < MEDIUM).mean())}
        labels[URGENCY] = {**shares, "medium": max(0.0, 1 - sum(shares.values()))}
    unknown = learned.intents.unknown if learned.intents is not None else np.zeros(0)
    bins = np.minimum((unknown * document.UNKNOWN_BINS).astype(int), document.UNKNOWN_BINS - 1)
    lengths = [len(tokens(message.text).words) for message in messages]
    places = np.searchsorted(document.LENGTH_EDGES, lengths, side="right")
    return Reference(
        labels=labels,
        unknown=tuple(np.bincount(bins, minlength=document.UNKNOWN_BINS).tolist()),
        lengths=tuple(np.bincount(places, minlength=len(document.LENGTH_EDGES) + 1).tolist()),
    )


def _examples(built: Document) -> tuple[Example, ...]:
    """A text per class of the heaviest words of its vocabulary, and what every program must answer to the text."""
    if built.intent is None:
        return ()
    enricher = Enricher(built)
    return tuple(_example(enricher, text) for text in _texts(built.intent))


def _example(enricher: Enricher, text: str) -> Example:
    answer = enricher.enrich(text, language=enricher.document.languages[0], want=(INTENT, URGENCY))
    intent, urgency = answer[INTENT], answer.get(URGENCY) or {}
    return Example(text, intent.get("label"), intent.get("confidence"), urgency.get("score"))


def _texts(head: ClassHead) -> list[str]:
    """Words with the largest weights of each class, one text per class."""
    rows = np.frombuffer(head.table.weights, np.int8).reshape(-1, len(head.classes))
    words = [i for i, name in enumerate(head.table.features) if is_word(name)]
    heaviest = np.argsort(-rows[words].astype(int), axis=0, kind="stable")[:EXAMPLE_WORDS]
    return [" ".join(head.table.features[words[i]] for i in column) for column in heaviest.T]
