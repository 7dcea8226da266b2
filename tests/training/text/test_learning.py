"""What is learned from messages: it serves as it was trained, names nobody, and reads unlabelled and foreign messages beside."""

import random
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from leadmodel_text.cues import CUES
from leadmodel_text.document import Cue, Document, ScoreHead, Table
from leadmodel_text.enrich import Enricher
from leadmodel_text.files import dump, load, pack
from leadmodel_text.tables import Tables
from leadmodel_text.tokens import VERSION, tokens
from leadmodel_training.text.building import Naming, build
from leadmodel_training.text.learning import Beside, Labelled, fit_tables, out_of_fold
from leadmodel_training.text.messages import Message
from leadmodel_training.text.report import lines
from leadmodel_training.text.tables import features_of
from leadmodel_training.text.training import Material, Wishes, learn
from support.text_messages import CLASSES, made, strange, vocabulary

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BASE = Document("base", 0, "", VERSION, ("en",))


def built(messages, **more):
    material = Material(messages, **more)
    learned = learn(material, Wishes())
    return learned, build(learned, material, Naming("own", NOW), BASE)


def labelled(messages):
    targets = np.array([CLASSES.index(m.labels[0]) for m in messages])
    return Labelled(features_of(messages), [m.lead for m in messages], [m.source for m in messages], targets)


def accuracy(own, beside):
    answers = out_of_fold(own, beside, 0).answers
    return float((answers.scores.argmax(axis=1) == answers.targets).mean())


@pytest.fixture(scope="module")
def model():
    return built(made(), background=strange())


def many(count):
    """Messages of all vocabularies, with what the tokeniser treats on its own."""
    chance = random.Random(3)
    words = [w for seed in (0, 1, 2, 99, 1007) for w in vocabulary(seed, 12)]
    words += ["[NAME]", "12,50", "é", "don't", "https://example.org/a", "\u200b", "!!", "a"]
    texts = [" ".join(chance.choices(words, k=chance.randrange(25))) for _ in range(count)]
    return [Message(f"{i}", text, f"{i}") for i, text in enumerate(texts)]


def served(document, messages):
    tables = Tables([document.intent.table, document.intent.scope])
    sums = [tables.sums(tokens(message.text).words) for message in messages]
    return [one.scores(0) for one in sums], [one.scores(1) for one in sums]


def test_serving_equals_training_bit_for_bit(model):
    learned, document = model
    messages = many(10_000)
    sets = features_of(messages)
    for data in (dump(document), pack(document)):
        classes, scope = served(load(data), messages)
        assert classes == learned.intents.tables.classes.scores(sets).tolist()
        assert scope == learned.intents.tables.scope.scores(sets).tolist()


def test_control_one_weight_is_one_step_off(model):
    learned, document = model
    weights = bytes([(document.intent.table.weights[0] + 1) % 128]) + document.intent.table.weights[1:]
    table = replace(document.intent.table, weights=weights)
    messages = many(2_000)
    classes, _ = served(replace(document, intent=replace(document.intent, table=table)), messages)
    assert classes != learned.intents.tables.classes.scores(features_of(messages)).tolist()


def test_the_document_answers_its_own_examples(model):
    _, document = model
    enricher = Enricher(load(pack(document)))
    vocabulary_ = set(document.intent.table.features)
    assert {example.intent for example in document.examples} == {*CLASSES}
    for example in document.examples:
        assert set(example.text.split()) <= vocabulary_
        assert enricher.enrich(example.text, language="en")["intent"]["label"] == example.intent


def test_the_same_messages_make_the_same_document(model):
    _, document = model
    assert dump(built(made(), background=strange())[1]) == dump(document)


def urgent_messages():
    """Messages of which every third is urgent, and cues that were written after their labels were read."""
    messages = [replace(m, labels=(str(int(m.labels[0] == "order")),)) for m in made(100, telling=0)]
    texts = {tuple(tokens(m.text).words) for m in messages if m.labels == ("1",)}
    return messages, (*CUES, Cue("tuned", "en", 0.99, tuple(sorted(texts))))


def with_cues(cues):
    return replace(BASE, urgency=ScoreHead(Table((), b"", 1.0, (0.0,)), 1.0, 0.5, 0.8, 0.0, 1, cues))


def auc_of(document, messages):
    answers = [Enricher(document).enrich(m.text, "en", ("urgency",))["urgency"]["score"] for m in messages]
    return roc_auc_score([m.labels == ("1",) for m in messages], answers)


def test_rules_that_were_tuned_to_their_test_change_no_figure():
    messages, tuned = urgent_messages()
    material = Material(messages, ("urgency",))
    learned = learn(material, Wishes())
    figures = []
    for cues in (CUES, tuned):
        other = with_cues(cues)
        figures.append(build(learned, material, Naming("own", NOW), other).quality.urgency_auc)
    assert figures[0] == figures[1] < 0.7


def test_control_figures_of_answers_would_believe_such_rules():
    messages, tuned = urgent_messages()
    material = Material(messages, ("urgency",))
    other = with_cues(tuned)
    document = build(learn(material, Wishes()), material, Naming("own", NOW), other)
    assert auc_of(document, messages) > 0.99


def test_what_one_lead_writes_is_in_no_document():
    name = "zyxwvutsrq"
    messages = made()
    planted = [replace(m, text=f"{m.text} {name}") if i == 3 else m for i, m in enumerate(messages)]
    often = [
        replace(m, text=f"{m.text} {name}", lead="one lead") if i < 5 else m for i, m in enumerate(messages)
    ]
    for each in (planted, often):
        document = dump(built(each)[1]).decode()
        assert name not in document
        assert name[:4] not in document


@pytest.mark.parametrize("where", ["unlabelled", "background"])
@pytest.mark.parametrize(("leads", "known"), [(1, False), (2, True)])
def test_what_one_lead_writes_beside_the_labelled_messages_is_in_no_document(where, leads, known):
    beside = made(seed=4) if where == "unlabelled" else strange()
    planted = [
        replace(m, text=f"{m.text} zyxwvutsrq", lead=f"writer {i % leads}") if i < 20 else m
        for i, m in enumerate(beside)
    ]
    document = dump(built(made(), **{where: planted})[1]).decode()
    assert ("zyxwvutsrq" in document) == known


def test_control_what_two_leads_write_is_a_feature():
    messages = [replace(m, text=f"{m.text} zyxwvutsrq") if i < 2 else m for i, m in enumerate(made())]
    assert "zyxwvutsrq" in dump(built(messages)[1]).decode()


def test_unlabelled_messages_help_where_labels_are_few():
    few, test = labelled(made(10)), labelled(made(200, seed=1))
    pool = features_of(made(200, seed=2))
    right = [
        float((fit_tables(few, beside).classes.scores(test.sets).argmax(axis=1) == test.targets).mean())
        for beside in (Beside(), Beside(pool))
    ]
    assert right[1] > right[0] + 0.02


def of_own_words(each):
    """Messages each of which has words of its own: nothing in other messages tells their classes."""
    return [
        Message(f"{i}", " ".join(vocabulary(5000 + i, 8)), f"{i}", "form", (CLASSES[i % 3],))
        for i in range(3 * each)
    ]


def copies(messages):
    return [replace(m, id=f"copy {m.id}", lead=f"copy {m.lead}") for m in messages]


def test_a_copy_by_another_lead_tells_nothing_out_of_fold():
    messages = of_own_words(40)
    assert accuracy(labelled([*messages, *copies(messages)]), Beside()) < 0.5


def test_control_a_text_that_differs_by_a_word_tells_its_class():
    messages = of_own_words(40)
    others = [replace(m, text=f"{m.text} xylo") for m in copies(messages)]
    assert accuracy(labelled([*messages, *others]), Beside()) > 0.7


def test_unlabelled_copies_of_labelled_messages_are_left_out_and_counted():
    messages, inbox = made(), made(20, seed=4)
    alone, document = built(messages, unlabelled=inbox)
    doubled, same = built(messages, unlabelled=[*inbox, *copies(messages)])
    assert doubled.report["intent"]["unlabelled_left_out_as_labelled"] == len(messages)
    assert alone.report["intent"]["unlabelled_left_out_as_labelled"] == 0
    assert dump(same) == dump(document)
    assert "90 of 150 unlabelled messages are left out" in "".join(lines(doubled.report))


def test_control_other_messages_in_the_inbox_make_another_document():
    inbox = made(20, seed=4)
    more = [*inbox, *made(seed=5)]
    assert dump(built(made(), unlabelled=more)[1]) != dump(built(made(), unlabelled=inbox)[1])


def test_a_background_leaves_the_labels_alone():
    own = labelled(made(10, telling=3))
    assert accuracy(own, Beside((), features_of(strange(200)))) == pytest.approx(
        accuracy(own, Beside()), abs=0.01
    )


def test_control_a_background_as_a_class_takes_messages():
    messages = made(10, telling=3)
    own, others = labelled(messages), features_of(made(200, seed=5, classes=("other",), telling=0))
    mixed = Labelled(
        [*own.sets, *others],
        [*own.leads, *map(str, range(200))],
        [*own.sources, *[""] * 200],
        np.concatenate([own.targets, np.full(200, len(CLASSES))]),
    )
    answers = out_of_fold(mixed, Beside(), 0).answers
    among = float((answers.scores.argmax(axis=1) == answers.targets)[: len(messages)].mean())
    assert among < accuracy(own, Beside()) - 0.05


def test_foreign_messages_are_out_of_scope(model):
    _, document = model
    enricher = Enricher(document)
    answers = [
        enricher.enrich(m.text, language="en", want=("intent",))["intent"] for m in strange(60, seed=7)
    ]
    assert sum(answer["label"] is None for answer in answers) >= 55
    assert {answer["why"] for answer in answers if answer["label"] is None} <= {
        "out_of_scope",
        "low_confidence",
    }


def test_messages_labelled_out_of_scope_are_the_background(model):
    marked = [replace(message, labels=("out_of_scope",)) for message in strange()]
    assert built([*made(), *marked])[1].intent == model[1].intent
