"""Keeps messages out of training, as JSON lines by which a candidate and the model that serves are judged.

A hash of the lead decides who is kept out, so that the next training keeps the same people out: the model that serves has not learned
from them, either. Near copies and all messages of a lead stay on one side.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

from leadmodel_messages.text_report import OUT_OF_SCOPE
from leadmodel_training.text.messages import Message
from leadmodel_training.text.near_copies import groups
from leadmodel_training.text.tables import features_of
from leadmodel_training.text.training import INTENT, Material

SHARE = 0.2
_BYTES = 8


@dataclass(frozen=True)
class Split:
    """What is learned from; the messages kept out, with their intent as only label; and those of no class that are kept out."""

    material: Material
    held: Sequence[Message] = ()
    strange: Sequence[Message] = ()


def split(material: Material, share: float) -> Split:
    """Keep about `share` of the leads out, and of each intent at least one group of copies; unlabelled copies are left out."""
    place = material.labels.index(INTENT)
    own, strange, others = material.messages, material.background, material.unlabelled
    everyone = [*own, *strange, *others]
    group = groups(features_of(everyone), [message.lead for message in everyone])
    keys: dict[int, bytes] = {}
    for root, message in zip(group, [*own, *strange], strict=False):
        keys[root] = min(keys.get(root, b"\xff" * _BYTES), _key(message))
    ranks = {root: int.from_bytes(_hash(key)) / 256**_BYTES for root, key in keys.items()}
    kept = {root for root, rank in ranks.items() if rank < share}
    kept |= _one_of_each(ranks, kept, group, [message.labels[place] for message in own])
    a, b = len(own), len(own) + len(strange)
    own_rest, own_out = _sides(own, group[:a], kept)
    strange_rest, strange_out = _sides(strange, group[a:b], kept)
    others_rest, _ = _sides(others, group[b:], kept)
    rest = replace(material, messages=own_rest, background=strange_rest, unlabelled=others_rest)
    held = [replace(m, labels=(m.labels[place],)) for m in own_out if m.labels[place] and m.text.strip()]
    return Split(rest, held, [message for message in strange_out if message.text.strip()])


def lines(split: Split) -> bytes:
    """The holdout as JSON lines with redacted `text` and `intent`; a message of no class has the intent that a check takes for none."""
    rows = [(message.text, message.labels[0]) for message in split.held]
    rows += [(message.text, OUT_OF_SCOPE) for message in split.strange]
    return "".join(json.dumps({"text": text, INTENT: label}) + "\n" for text, label in rows).encode()


def _one_of_each(
    ranks: Mapping[int, float], kept: Collection[int], group: Sequence[int], labels: Sequence[str | None]
) -> set[int]:
    """The first group of each intent that has none among those kept out."""
    roots: dict[str, set[int]] = {}
    for root, label in zip(group, labels, strict=False):
        if label:
            roots.setdefault(label, set()).add(root)
    return {min(each, key=lambda root: ranks[root]) for each in roots.values() if each.isdisjoint(kept)}


def _sides(
    messages: Sequence[Message], group: Sequence[int], kept: Collection[int]
) -> tuple[list[Message], list[Message]]:
    """The messages to learn from, and those of groups that are kept out."""
    sides: tuple[list[Message], list[Message]] = [], []
    for message, root in zip(messages, group, strict=True):
        sides[root in kept].append(message)
    return sides


def _key(message: Message) -> bytes:
    """What names a message in every training: its lead, or where the table names none its text, for rows move."""
    return _hash((message.text if message.is_nameless else message.lead).encode(errors="surrogatepass"))


def _hash(data: bytes) -> bytes:
    return blake2b(data, digest_size=_BYTES).digest()
