"""From messages with labels to the tables of a text model and a report: refusals first, then figures out of fold, then the fit on all."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from leadmodel_messages.text_report import OUT_OF_SCOPE
from leadmodel_training.text.calibration import Calibration, Judged, by_class, calibrate, quality
from leadmodel_training.text.learning import (
    Beside,
    Labelled,
    Tables,
    fit_tables,
    leave_one_source_out,
    out_of_fold,
    unseen,
)
from leadmodel_training.text.messages import Message, labelled
from leadmodel_training.text.refusals import (
    check_classes,
    check_difference,
    check_leaks,
    check_overlap,
    check_personal,
    check_urgency,
    overlaps,
    suspects,
)
from leadmodel_training.text.tables import Floats, Presence, Table, features_of
from leadmodel_training.text.urgency import fit_urgency, urgency_by_source, urgency_quality

INTENT, URGENCY = "intent", "urgency"
PRECISION = 0.85


@dataclass(frozen=True)
class Material:
    """What is learned from.

    Attributes:
        messages: Messages whose labels stand in the order of `labels`.
        labels: Which heads the labels are for: intent, urgency.
        unlabelled: Messages for self-training.
        background: Messages that are in no class.
        held: Leads that a holdout keeps unseen.
    """

    messages: Sequence[Message]
    labels: Sequence[str] = (INTENT,)
    unlabelled: Sequence[Message] = ()
    background: Sequence[Message] = ()
    held: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Wishes:
    """How to learn: the precision of answers, whether classes may overlap, and the seed of the folds."""

    precision: float = PRECISION
    allow_overlap: bool = False
    seed: int = 0


@dataclass(frozen=True)
class Intents:
    """The fitted intents with what turns scores into answers, and the answers out of fold."""

    classes: tuple[str, ...]
    tables: Tables
    calibration: Calibration
    judged: Judged
    unknown: Floats


@dataclass(frozen=True)
class Urgency:
    """The fitted head of urgency, and the log odds of each message out of fold."""

    table: Table
    judged: Floats


@dataclass(frozen=True)
class Learned:
    """What training gives: the heads, each None where no label was for it, and the report as it is written in JSON."""

    intents: Intents | None
    urgency: Urgency | None
    report: dict[str, Any] = field(default_factory=dict)


def _silent(step: str) -> None:
    pass


def learn(material: Material, wishes: Wishes, note: Callable[[str], None] = _silent) -> Learned:
    """Learn every head that the messages have labels for; `note` hears which head begins.

    Raises:
        EnrichmentRefused: These messages make no model.
    """
    material = _scoped(material)
    beside = {"unlabelled": material.unlabelled, "background": material.background}
    check_leaks(material.messages, beside, material.held)
    intents, urgency = None, None
    report: dict[str, Any] = {"messages": len(material.messages)}
    for place, name in enumerate(material.labels):
        known = labelled(material.messages, place)
        note(f"learning {name} from {len(known):,} messages")
        if name == INTENT:
            intents, report[INTENT] = _learn_intents(known, material, wishes)
        else:
            urgency, report[URGENCY] = _learn_urgency(known, wishes)
    return Learned(intents, urgency, report)


def _scoped(material: Material) -> Material:
    """The same, with messages whose intent is `out_of_scope` in the background as well, and without an intent."""
    if INTENT not in material.labels:
        return material
    place = material.labels.index(INTENT)
    strange = [message for message in material.messages if message.labels[place] == OUT_OF_SCOPE]
    messages = [
        replace(m, labels=tuple(None if label == OUT_OF_SCOPE else label for label in m.labels))
        for m in material.messages
    ]
    return replace(material, messages=messages, background=[*material.background, *strange])


def _labelled(messages: Sequence[Message], targets: Sequence[int]) -> Labelled:
    leads, sources = [m.lead for m in messages], [m.source for m in messages]
    return Labelled(features_of(messages), leads, sources, np.array(targets, np.int64))


def _learn_intents(
    messages: Sequence[Message], material: Material, wishes: Wishes
) -> tuple[Intents, dict[str, Any]]:
    classes = check_classes(messages)
    own = _labelled(messages, [classes.index(m.labels[0] or "") for m in messages])
    read = features_of(material.unlabelled)
    new = unseen(read, own.sets)
    more = [read[i] for i in new], features_of(material.background)
    writers = [material.unlabelled[i].lead for i in new], [m.lead for m in material.background]
    beside = Beside(*more, _barred(own.sets, *more), *writers)
    folded = out_of_fold(own, beside, wishes.seed)
    judged = folded.judged(wishes.precision)
    check_difference(judged)
    if not wishes.allow_overlap:
        check_overlap(judged, classes)
    calibration = calibrate(folded.answers, wishes.precision)
    tables = fit_tables(own, beside)
    for table in filter(None, (tables.classes, tables.scope)):
        check_personal(table.features, "features")
    sources = leave_one_source_out(own, beside, wishes.precision, wishes.seed)
    report = {
        "classes": dict(sorted(Counter(m.labels[0] or "" for m in messages).items())),
        "unlabelled": len(material.unlabelled),
        "unlabelled_left_out_as_labelled": len(material.unlabelled) - len(new),
        "background": len(material.background),
        "precision_wanted": wishes.precision,
        "calibration": asdict(calibration),
        "pooled": asdict(quality(judged)),
        "source_left_out": {source: asdict(figures) for source, figures in sources.items()},
        "by_class": by_class(judged, classes),
        "overlaps": overlaps(judged, classes),
        "features": len(tables.classes.features),
        "features_left_out_as_personal": len(beside.barred),
    }
    return Intents(tuple(classes), tables, calibration, judged, 1 - folded.answers.known), report


def _barred(*groups: Sequence[Presence]) -> frozenset[str]:
    return frozenset().union(*map(suspects, groups))


def _learn_urgency(messages: Sequence[Message], wishes: Wishes) -> tuple[Urgency, dict[str, Any]]:
    own = _labelled(messages, check_urgency(messages))
    barred = _barred(own.sets)
    table, judged = fit_urgency(own, barred, wishes.seed)
    check_personal(table.features, "features")
    sources = urgency_by_source(own, barred, wishes.seed)
    report = {
        "messages": len(messages),
        "urgent": int(own.targets.sum()),
        "pooled": asdict(urgency_quality(judged, own.targets)),
        "source_left_out": {source: asdict(figures) for source, figures in sources.items()},
        "features": len(table.features),
    }
    return Urgency(table, judged), report
