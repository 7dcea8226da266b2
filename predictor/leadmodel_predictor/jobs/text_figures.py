"""Figures of a text model's intents on messages with labels, by the code that serves. Only the standard library."""

from collections.abc import Sequence
from dataclasses import dataclass

from leadmodel_messages.text_report import TextMeasured
from leadmodel_statistics.ranking import auc
from leadmodel_text.enrich import Enricher

ECE_BINS = 10  # equal bins of the confidence


@dataclass(frozen=True)
class Labelled:
    """A message: what it says, and its intent; None for a message of no intent."""

    text: str
    intent: str | None


@dataclass(frozen=True)
class Judged:
    """The answer to one message: the label that was given, and the likeliest one with its confidence."""

    label: str | None
    likeliest: str | None
    confidence: float


@dataclass(frozen=True)
class Figures:
    """What is measured of one text model; None where the messages do not let it be measured."""

    measured: TextMeasured
    precision_kept: float | None
    scope_auroc: float | None


def _judge(enricher: Enricher, text: str) -> Judged:
    """Answer a message whose language nobody knows, as that of a lead."""
    answer = enricher.enrich(text, None, ("intent",), refused=True, reasons=False)["intent"]
    likeliest = answer if answer["label"] is not None else answer.get("refused") or {}
    return Judged(answer["label"], likeliest.get("label"), likeliest.get("confidence", 0.0))


def measure(enricher: Enricher, messages: Sequence[Labelled]) -> Figures:
    """Measure a text model on messages, of which at least one has an intent.

    Macro-F1 is that of the likeliest intents, the share answered that of the messages with an intent; the calibration error is
    Σ |confidence − right| over bins of the likeliest intents (Naeini et al. 2015). Messages of no intent count for the scope alone.
    """
    own = [(_judge(enricher, m.text), m.intent) for m in messages if m.intent is not None]
    kept = [a.label == intent for a, intent in own if a.label is not None]
    measured = TextMeasured(_macro_f1(own), len(kept) / len(own), _calibration_error(own))
    return Figures(measured, sum(kept) / len(kept) if kept else None, _scope_auroc(enricher, messages))


def _macro_f1(own: Sequence[tuple[Judged, str]]) -> float:
    """The mean F1 of the intents of the messages; an intent that the model does not know has 0."""
    names = sorted({intent for _, intent in own})
    return sum(_f1(own, name) for name in names) / len(names)


def _f1(own: Sequence[tuple[Judged, str]], name: str) -> float:
    right = sum(a.likeliest == intent == name for a, intent in own)
    return 2 * right / (sum(a.likeliest == name for a, _ in own) + sum(intent == name for _, intent in own))


def _calibration_error(own: Sequence[tuple[Judged, str]]) -> float:
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(ECE_BINS)]
    judged = [(a.confidence, a.likeliest == intent) for a, intent in own if a.likeliest is not None]
    for confidence, right in judged:
        bins[min(int(confidence * ECE_BINS), ECE_BINS - 1)].append((confidence, right))
    gaps = (abs(sum(c for c, _ in each) - sum(right for _, right in each)) for each in bins)
    return sum(gaps) / len(judged) if judged else 0.0


def _scope_auroc(enricher: Enricher, messages: Sequence[Labelled]) -> float | None:
    """How well messages of an intent are told from those of none; None where either kind is missing."""
    truths = [message.intent is not None for message in messages]
    if all(truths):
        return None
    return auc([enricher.scope(message.text) or 0.0 for message in messages], truths)
