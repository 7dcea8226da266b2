"""Leads that a text model may have learned from: their answers would be nearly all right, those for live leads are not.

The leads of the holdout must be new to the text model; leads that the lead model learns from get answers out of fold.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zlib import crc32

import numpy as np

from leadmodel_artifact.model import Feature, TextModel
from leadmodel_artifact.values import text_of
from leadmodel_text.document import Document
from leadmodel_text.features import features as features_of_words
from leadmodel_text.tokens import tokens
from leadmodel_training.columns import Rows, plain
from leadmodel_training.features import answers_column, iso
from leadmodel_training.lead_texts import Answers, TextSource, answers
from leadmodel_training.prepare import Leads
from leadmodel_training.split import Places, Refusal, Split, TrainingRefused
from leadmodel_training.text.building import Naming, build
from leadmodel_training.text.messages import Message
from leadmodel_training.text.near_copies import groups
from leadmodel_training.text.refusals import EnrichmentRefused
from leadmodel_training.text.tables import features_of
from leadmodel_training.text.training import Material, Wishes, learn

FOLDS = 5
MIN_WORDS = 5  # of a text that is known again without the name of its lead

Words = tuple[str, ...]


class Unproven(Exception):  # noqa: N818  # an outcome: the text features are left out
    """Nothing shows that the text model has not learned from these leads; the message says what would."""


@dataclass(frozen=True)
class Seen:
    """Rows, as places among all rows, whose lead or text is among the messages; and for each the leads of these messages."""

    places: Places
    writers: tuple[frozenset[str], ...]


def seen_leads(leads: Leads, split: Split, source: TextSource) -> Seen:
    """The training leads that the text model has learned from.

    Without its messages a text model is taken for one that learned from every lead that came in before its training ended.

    Raises:
        TrainingRefused: The text model has learned from leads of the holdout, or from labels given after the outcome.
        Unproven: The messages of the text model are not given, and leads came in before its training ended or have no time.
    """
    if source.is_shipped:
        return Seen(np.empty(0, np.intp), ())
    if source.messages is None:
        _check_times(leads, split, source)
        return Seen(np.empty(0, np.intp), ())
    _check_messages(source, source.messages)
    held = _matches(leads, split.holdout, source, source.messages)
    if len(held.places):
        raise TrainingRefused(
            Refusal.LEAK,
            f"the text model has learned from {len(held.places):,} of the {len(split.holdout):,} leads of the holdout; train it without "
            "them (leadmodel-enrich train --holdout), or take newer leads",
        )
    return _matches(leads, split.trained, source, source.messages)


def _check_times(leads: Leads, split: Split, source: TextSource) -> None:
    times = leads.times[np.concatenate([split.trained, split.holdout])]
    older = int(np.count_nonzero(~(times > source.document.version)))
    if older:
        raise Unproven(
            f"the text model was trained at {iso(source.document.version)}, and {older:,} of {len(times):,} leads came in before "
            "or have no time, so it may have learned from them; name its messages with --text-messages"
        )


def _check_messages(source: TextSource, messages: tuple[Message, ...]) -> None:
    late = sum(message.leaked for message in messages)
    if late:
        raise TrainingRefused(
            Refusal.LEAK,
            f"{late} messages of the text model were labelled after the outcome of their lead; train it without them",
        )
    if len(messages) < source.document.quality.n_train:
        raise TrainingRefused(
            Refusal.LEAK,
            f"the text model has learned from {source.document.quality.n_train} messages, --text-messages has only {len(messages)}; "
            "name the table that it was trained on",
        )


def _matches(leads: Leads, places: Places, source: TextSource, messages: tuple[Message, ...]) -> Seen:
    """Rows whose id is the lead of a message, or one of whose texts has the tokens of a message."""
    named = {message.lead for message in messages if not message.is_nameless}
    by_text: defaultdict[Words, set[str]] = defaultdict(set)
    for message in messages:
        by_text[_words(message.text)].add(message.lead)
    rows = leads.rows.take(places)
    writers: list[set[str]] = [set() for _ in places]
    if leads.roles.id is not None:
        for i, value in enumerate(plain(rows.columns[leads.roles.id])):
            writers[i] |= named & {text_of(value)} if value is not None else set()
    for field in source.fields:
        for i, value in enumerate(plain(rows.columns[field])):
            words = () if value is None else _words(text_of(value))
            writers[i] |= by_text.get(words, set()) if len(words) >= MIN_WORDS else set()
    kept = [i for i, found in enumerate(writers) if found]
    return Seen(places[kept], tuple(frozenset(writers[i]) for i in kept))


def _words(text: str) -> Words:
    return tuple(tokens(text).words)


def out_of_fold(rows: Rows, seen: Seen, source: TextSource, features: tuple[Feature, ...]) -> Answers:
    """Answers for the seen rows, by text models that learned neither from the messages of a row's lead nor from a near copy of them or of its text.

    Raises:
        Unproven: The messages of the other folds make no text model.
    """
    folds = np.array([min(map(_fold, writers)) for writers in seen.writers])
    columns: Answers = {}
    messages = source.messages or ()
    groups_of, own = _copies(rows.take(seen.places), seen, source)
    for fold in np.unique(folds).tolist():
        inside = np.flatnonzero(folds == fold)
        part = rows.take(seen.places[inside])
        left_out = set[int]().union(*(own[i] for i in inside))
        kept = [message for message, group in zip(messages, groups_of, strict=True) if group not in left_out]
        model = TextModel(_trained_without(fold, kept, source).document)
        for name, column in answers(part, features, {source.digest: model}).items():
            whole = columns.setdefault(name, np.empty(len(seen.places), column.dtype))
            whole[inside] = column
    return columns


def _fold(lead: str) -> int:
    return crc32(lead.encode("utf-8", "surrogatepass")) % FOLDS


def _copies(rows: Rows, seen: Seen, source: TextSource) -> tuple[list[int], list[set[int]]]:
    """The group of each message, near copies and messages of one lead being one; and the groups of each seen row and its messages."""
    messages = source.messages or ()
    texts = [
        (place, text_of(value))
        for field in source.fields
        for place, value in enumerate(plain(rows.columns[field]))
        if value is not None
    ]
    sets = [*features_of(messages), *(features_of_words(_words(text)) for _, text in texts)]
    leads = [*(message.lead for message in messages), *(min(seen.writers[place]) for place, _ in texts)]
    found = groups(sets, leads)
    group_of_lead = dict(zip(leads, found, strict=True))
    own = [{group_of_lead[lead] for lead in writers} for writers in seen.writers]
    for (place, _), group in zip(texts, found[len(messages) :], strict=True):
        own[place].add(group)
    return found[: len(messages)], own


def _trained_without(fold: int, kept: list[Message], source: TextSource) -> TextSource:
    """The text model trained anew on the messages that are kept."""
    document = source.document
    material = Material(kept, source.labels)
    try:
        learned = learn(material, Wishes(allow_overlap=True))
    except EnrichmentRefused as error:
        raise Unproven(f"out of fold {fold + 1} the messages make no text model: {error.reason}") from None
    trained_at = datetime.fromtimestamp(document.version, UTC)
    naming = Naming(document.name, trained_at, document.languages, document.provenance)
    return replace(source, document=_abstaining_as(document, build(learned, material, naming, document)))


def _abstaining_as(document: Document, built: Document) -> Document:
    """The built text model with the bounds of the one that serves, whose precision was wished for elsewhere."""
    if document.intent is None or built.intent is None:
        return built
    names = ("temperature", "min_confidence", "min_scope", "min_known", "min_words")
    return replace(
        built, intent=replace(built.intent, **{name: getattr(document.intent, name) for name in names})
    )


def with_out_of_fold(
    columns: Answers, places: Places, own: Answers, features: tuple[Feature, ...]
) -> Answers:
    """The columns with the answers `own` at `places`."""
    merged = {}
    for feature in features:
        name = answers_column(feature)
        merged[name] = columns[name].copy()
        merged[name][places] = own[name]
    return merged
