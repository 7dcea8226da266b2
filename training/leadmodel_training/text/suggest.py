"""What to label next: clusters of messages that a model refused, which may be a class of their own, and its least sure messages. Ids only."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

import numpy as np
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfVectorizer
from threadpoolctl import threadpool_limits

from leadmodel_text.enrich import Enricher
from leadmodel_training.text.messages import Message
from leadmodel_training.text.tables import features_of

MIN_CLUSTER, MAX_CLUSTERS = 5, 20
MESSAGES_PER_CLUSTER = 20


@dataclass(frozen=True)
class Suggestions:
    """Ids of messages to look at.

    Attributes:
        messages: How many messages were read.
        refused: How many of them got no intent.
        clusters: Refused messages that are alike, the largest cluster first, those in its middle first.
        label_next: Messages whose labels would teach most: the least sure, from all clusters in turn.
    """

    messages: int
    refused: int
    clusters: list[list[str]]
    label_next: list[str]


def suggest(
    enricher: Enricher, messages: Sequence[Message], count: int, language: str | None = None, seed: int = 0
) -> Suggestions:
    """Cluster what the model refuses, and list `count` messages to label next."""
    answers = [
        enricher.enrich(message.text, language, ("intent",), refused=True, reasons=False)["intent"]
        for message in messages
    ]
    places = [i for i, answer in enumerate(answers) if answer["label"] is None]
    groups = _clusters([messages[i] for i in places], seed)
    inner = [[places[i] for i in group] for group in groups]
    unsure = [sorted(group, key=lambda i: (_confidence(answers[i]), i)) for group in inner]
    turns = (i for i in chain.from_iterable(zip_longest(*unsure)) if i is not None)
    return Suggestions(
        messages=len(messages),
        refused=len(places),
        clusters=[[messages[i].id for i in group] for group in inner if len(group) >= MIN_CLUSTER],
        label_next=[messages[i].id for i, _ in zip(turns, range(count), strict=False)],
    )


def _confidence(answer: dict[str, object]) -> float:
    refused = answer.get("refused")
    return float(refused["confidence"]) if isinstance(refused, dict) else 0.0


def _clusters(messages: Sequence[Message], seed: int) -> list[list[int]]:
    """Places of messages that are alike, by k-means over their features; the largest cluster first, its middle first."""
    if len(messages) < 2 * MIN_CLUSTER:
        return [list(range(len(messages)))] if messages else []
    count = int(np.clip(len(messages) // MESSAGES_PER_CLUSTER, 2, MAX_CLUSTERS))
    sets = features_of(messages)
    table = TfidfVectorizer(analyzer=sorted, min_df=1).fit_transform([set(names) | {""} for names in sets])
    with threadpool_limits(1):
        means = KMeans(count, random_state=seed, n_init=3).fit(table)
    distance = means.transform(table).min(axis=1)
    groups = [np.flatnonzero(means.labels_ == k) for k in range(count)]
    ordered = [group[np.argsort(distance[group], kind="stable")].tolist() for group in groups if len(group)]
    return sorted(ordered, key=lambda group: (-len(group), group[0]))
