"""What makes no model, by name: too few messages, labels without a pattern, classes that overlap, personal data, labels that leak."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from string import capwords

import numpy as np

from leadmodel_messages.errors import ErrorWord
from leadmodel_privacy.detect import default
from leadmodel_training.text.calibration import Judged
from leadmodel_training.text.messages import Message
from leadmodel_training.text.tables import Presence

MIN_MESSAGES = 10  # of different leads, of each class
MIN_URGENCY = 200
MAX_CLASSES, MAX_CLASS_LENGTH = 32, 64
ERRORS = 2  # standard errors by which labels must be foretold better than by the largest class alone
MAX_CONFUSED = 0.3  # of the messages of two classes, those taken for the other


class EnrichmentRefused(ValueError):  # noqa: N818  # as TrainingRefused
    """These messages make no model; the message never shows a text."""

    def __init__(self, reason: ErrorWord, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def check_leaks(
    messages: Sequence[Message], beside: Mapping[str, Sequence[Message]], kept_out: Collection[str]
) -> None:
    """Refuse labels that were given after the outcome, and messages of leads that a holdout needs unseen.

    Args:
        messages: Those with labels.
        beside: Those that are learned from, too, by what they are.
        kept_out: The leads of the holdout.
    """
    late = sum(message.leaked for message in messages)
    if late:
        raise EnrichmentRefused(
            ErrorWord.LEAK_SUSPECTED,
            f"{late} messages were labelled after the outcome of their lead; leave them out, or label them by the text alone",
        )
    for what, group in {"labelled": messages, **beside}.items():
        held = sum(message.lead in kept_out for message in group)
        if held:
            raise EnrichmentRefused(
                ErrorWord.LEAK_SUSPECTED,
                f"{held} {what} messages are of leads in the holdout; leave them out",
            )


def check_classes(messages: Sequence[Message]) -> list[str]:
    """Return the classes, sorted; refuse too many, those that hold personal data, and those with too few messages."""
    leads: defaultdict[str, set[str]] = defaultdict(set)
    texts: defaultdict[str, set[str]] = defaultdict(set)
    for message in messages:
        leads[message.labels[0] or ""].add(message.lead)
        texts[message.labels[0] or ""].add(message.text)
    classes = sorted(leads)
    if len(classes) > MAX_CLASSES or any(len(name) > MAX_CLASS_LENGTH for name in classes):
        raise EnrichmentRefused(
            ErrorWord.BAD_REQUEST,
            f"the labels are {len(classes)} different texts; at most {MAX_CLASSES} of at most {MAX_CLASS_LENGTH} characters are classes",
        )
    check_personal(classes, "names of classes")
    counts = {name: min(len(leads[name]), len(texts[name])) for name in classes}
    few = [f"{name} ({count})" for name, count in counts.items() if count < MIN_MESSAGES]
    if few or len(classes) < 2:
        reason = ", ".join(few) or "one class alone"
        raise EnrichmentRefused(
            ErrorWord.TOO_FEW_MESSAGES,
            f"a class needs {MIN_MESSAGES} different messages of different leads, and a model two classes: {reason}",
        )
    return classes


def check_urgency(messages: Sequence[Message]) -> list[int]:
    """Return 1 per urgent message and 0 per other; refuse other labels, and too few."""
    words = {"1": 1, "0": 0, "true": 1, "false": 0, "yes": 1, "no": 0}
    labels = [words.get((message.labels[0] or "").lower()) for message in messages]
    if None in labels:
        raise EnrichmentRefused(
            ErrorWord.BAD_REQUEST, f"urgency is 1 or 0, and {labels.count(None)} messages have another label"
        )
    known = [label for label in labels if label is not None]
    least = min(known.count(0), known.count(1))
    if len(known) < MIN_URGENCY or least < MIN_MESSAGES:
        raise EnrichmentRefused(
            ErrorWord.TOO_FEW_MESSAGES,
            f"urgency needs {MIN_URGENCY} messages with labels and {MIN_MESSAGES} of either kind; there are {len(known)} and {least}",
        )
    return known


def check_difference(judged: Judged) -> None:
    """Refuse labels that messages foretell no better than the largest class alone does, on messages out of fold."""
    largest = Counter(judged.targets.tolist()).most_common(1)[0][0]
    gain = (judged.labels == judged.targets).astype(float) - (judged.targets == largest)
    error = float(gain.std(ddof=1)) / len(gain) ** 0.5
    if float(gain.mean()) <= ERRORS * error:
        raise EnrichmentRefused(
            ErrorWord.NO_DIFFERENCE,
            f"the texts do not tell the labels apart: {float(gain.mean()):+.3f} (standard error {error:.3f}) right beyond the largest class",
        )


def overlaps(judged: Judged, classes: Sequence[str]) -> list[tuple[str, str, float]]:
    """Pairs of classes by the share of their messages that is taken for the other, those above the limit, largest first."""
    count = np.zeros((len(classes), len(classes)))
    np.add.at(count, (judged.targets, judged.labels), 1)
    pairs = []
    for i in range(len(classes)):
        for j in range(i):
            share = (count[i, j] + count[j, i]) / max(count[i].sum() + count[j].sum(), 1)
            if share > MAX_CONFUSED:
                pairs.append((classes[j], classes[i], float(share)))
    return sorted(pairs, key=lambda pair: -pair[2])


def check_overlap(judged: Judged, classes: Sequence[str]) -> None:
    """Refuse classes that are taken for one another."""
    pairs = overlaps(judged, classes)
    if pairs:
        named = ", ".join(f"{a} and {b} ({share:.0%})" for a, b, share in pairs[:5])
        raise EnrichmentRefused(
            ErrorWord.OVERLAP, f"classes are taken for each other: {named}; join or relabel them, or allow it"
        )


def check_personal(names: Iterable[str], what: str) -> None:
    """Refuse features or names of classes in which the detector finds personal data; the message names kinds, never a value."""
    kinds = Counter(entity for name in names for _, _, entity in default().detect(_as_written(name)))
    if kinds:
        listed = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
        raise EnrichmentRefused(
            ErrorWord.PERSONAL_DATA, f"{what} hold personal data by the detector: {listed}"
        )


def suspects(sets: Iterable[Presence]) -> frozenset[str]:
    """The words and pairs that would be personal data if they were written as names are; no table has them."""
    words = {name for names in sets for name in names if not name.startswith("~")}
    return frozenset(name for name in words if default().detect(capwords(name)))


def _as_written(name: str) -> str:
    return name.removeprefix("~")
