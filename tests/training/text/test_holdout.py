"""What a training keeps out: the same people each time, and no copy of what is learned."""

import json
import random
from dataclasses import replace
from pathlib import Path

from leadmodel_messages.text_report import OUT_OF_SCOPE
from leadmodel_training.text.holdout import lines, split
from leadmodel_training.text.messages import Message, read_messages
from leadmodel_training.text.near_copies import groups
from leadmodel_training.text.tables import features_of
from leadmodel_training.text.training import INTENT, URGENCY, Material
from support.text_command import write
from support.text_messages import made, strange, vocabulary

SHARE = 0.2


def held(messages, **more):
    return split(Material(messages, **more), SHARE)


def ids(messages):
    return {message.id for message in messages}


def test_about_a_share_is_kept_out_of_every_class():
    parts = held(made(100), background=strange(300))
    kept = [message.labels[0] for message in parts.held]
    assert 30 < len(kept) < 90
    assert {*kept} == {"order", "price", "repair"}
    assert 30 < len(parts.strange) < 90
    assert len(parts.held) + len(parts.material.messages) == 300


def test_a_class_of_few_messages_has_one_that_is_kept_out():
    for seed in range(20):
        parts = held(made(3, seed=seed))
        assert {message.labels[0] for message in parts.held} == {"order", "price", "repair"}


def test_the_same_people_are_kept_out_whatever_comes_later():
    first, more = made(100), made(100, seed=4, source="mail")
    mixed = [*first, *more]
    random.Random(1).shuffle(mixed)
    before, after = ids(held(first).held), ids(held(mixed).held)
    assert before == after & ids(first)
    assert len(after) > len(before)


def test_rows_without_a_name_are_kept_out_by_their_text(tmp_path):
    messages = made(60)
    named = [replace(message, id="", lead="") for message in messages]
    kept = []
    for name, rows in (("one", named), ("other", named[::-1])):
        path = write(tmp_path / name, rows)
        parts = held(read_messages(Path(path).read_bytes(), (INTENT,)))
        kept.append({message.text for message in parts.held})
    assert kept[0] == kept[1]
    assert kept[0]


def test_all_messages_of_a_lead_stay_on_one_side():
    messages = [replace(message, lead=f"lead {i % 30}") for i, message in enumerate(made(100))]
    parts = held(messages)
    out, learned = ({m.lead for m in side} for side in (parts.held, parts.material.messages))
    assert out
    assert not out & learned


def copied(words, changes):
    """A message of twelve words and one per change, each with one word replaced by a word of its own."""
    texts = [" ".join(words)]
    texts += [" ".join(new if i == place else old for i, old in enumerate(words)) for place, new in changes]
    return [
        Message(f"{words[0]} {i}", text, f"{words[0]} {i}", labels=("copy",)) for i, text in enumerate(texts)
    ]


def families(count, replaced):
    """`count` families of five copies, which differ in `replaced` words."""
    news = iter(vocabulary(7, 10_000))
    families = []
    for seed in range(count):
        words = vocabulary(100 + seed, 12)
        family = copied(words, [(i, "") for i in range(4)])
        texts = [" ".join([*(next(news) for _ in range(replaced)), *words[replaced:]]) for _ in family]
        families.append([replace(m, text=text) for m, text in zip(family, texts, strict=True)])
    return families


def cut_in_two(parts, families):
    out = ids(parts.held)
    return sum(0 < len(ids(family) & out) < len(family) for family in families)


def test_near_copies_stay_on_one_side():
    near = families(40, replaced=1)
    parts = held([message for family in near for message in family])
    assert cut_in_two(parts, near) == 0
    assert 3 <= sum(ids(family) <= ids(parts.held) for family in near) <= 20


def test_control_messages_that_differ_more_are_cut_in_two():
    far = families(40, replaced=6)
    parts = held([message for family in far for message in family])
    assert cut_in_two(parts, far) > 10


def test_unlabelled_copies_of_what_is_kept_out_are_not_learned_from():
    messages = made(60)
    copies = [
        replace(message, id=f"copy {message.id}", lead=f"copy {message.lead}", labels=())
        for message in messages
    ]
    parts = held(messages, unlabelled=[*copies, *strange(20)])
    out = {message.text for message in parts.held}
    assert not out & {message.text for message in parts.material.unlabelled}
    assert len(parts.material.unlabelled) == 60 * 3 - len(out) + 20


def test_the_file_has_redacted_texts_and_intents_or_that_of_no_class(tmp_path):
    rows = [replace(message, text=f"{message.text} jane.doe@example.org") for message in made(40)]
    messages = read_messages(Path(write(tmp_path / "m.jsonl", rows)).read_bytes(), (INTENT,))
    parts = held(messages, background=strange(100))
    written = [json.loads(line) for line in lines(parts).decode().splitlines()]
    assert all({*row} == {"text", "intent"} for row in written)
    assert sum(row["intent"] == OUT_OF_SCOPE for row in written) == len(parts.strange) > 0
    assert all("[EMAIL]" in row["text"] for row in written if row["intent"] != OUT_OF_SCOPE)
    assert b"jane" not in lines(parts)
    assert len(read_messages(lines(parts), (INTENT,))) == len(written)


def test_messages_with_no_intent_are_not_taken_for_those_of_no_class():
    messages = [
        replace(message, labels=(message.labels[0] if i % 2 else None, "1"))
        for i, message in enumerate(made(60))
    ]
    parts = held(messages, labels=(INTENT, URGENCY))
    assert all(message.labels[0] for message in parts.held)
    assert parts.held
    assert not parts.strange


def test_groups_are_those_of_comparing_every_pair():
    chance = random.Random(3)
    words = vocabulary(5, 8)
    texts = [" ".join(chance.sample(words, chance.randint(1, 8))) for _ in range(150)]
    sets = [frozenset(text.split()) for text in texts]
    parents = list(range(len(sets)))
    for i, one in enumerate(sets):
        for j in range(i):
            if len(one & sets[j]) / len(one | sets[j]) >= 0.8:
                low, high = sorted((parents[i], parents[j]))
                parents = [low if parent == high else parent for parent in parents]
    messages = [Message(str(i), text, str(i)) for i, text in enumerate(texts)]
    assert groups(features_of(messages), [m.lead for m in messages]) == parents
    assert len({*parents}) < len(parents)
