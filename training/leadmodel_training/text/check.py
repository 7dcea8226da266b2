"""Measures a text model on messages with labels, by the same code that serves."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from leadmodel_text.enrich import Enricher
from leadmodel_training.text.messages import Message


def check(enricher: Enricher, messages: Sequence[Message], language: str | None = None) -> dict[str, Any]:
    """Figures of the intents of messages with labels: share answered, precision of answers, macro-F1 of the likeliest classes, by class.

    A label that the model has no class for is in no class: every answer to it is wrong, its F1 is 0, and it is counted, not named.
    """
    labels = [message.labels[0] or "" for message in messages]
    answers = [
        enricher.enrich(message.text, language, ("intent",), refused=True, reasons=False)["intent"]
        for message in messages
    ]
    kept = [answer["label"] for answer in answers]
    likeliest = [answer["label"] or (answer.get("refused") or {}).get("label") for answer in answers]
    answered = [(label, meant) for label, meant in zip(kept, labels, strict=True) if label is not None]
    intent = enricher.document.intent
    classes = {*intent.classes} if intent is not None else set()
    f1 = {name: _f1(name, likeliest, labels) for name in sorted({*labels})}
    return {
        "messages": len(messages),
        "coverage": len(answered) / len(messages),
        "precision": sum(a == b for a, b in answered) / len(answered) if answered else None,
        "macro_f1": sum(f1.values()) / len(f1),
        "by_class": {name: value for name, value in f1.items() if name in classes},
        "unknown": sum(label not in classes for label in labels),
        "unknown_labels": len({*labels} - classes),
        "abstained": dict(Counter(answer["why"] for answer in answers if answer["label"] is None)),
    }


def _f1(name: str, likeliest: Sequence[str | None], labels: Sequence[str]) -> float:
    right = sum(a == b == name for a, b in zip(likeliest, labels, strict=True))
    return 2 * right / (likeliest.count(name) + labels.count(name))
