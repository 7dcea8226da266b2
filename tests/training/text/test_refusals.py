"""Messages that make no model are refused by name, each beside messages that are the same but for the fault."""

import random
from dataclasses import replace

import pytest

from leadmodel_messages.errors import ENRICHMENT, ErrorWord
from leadmodel_messages.table_bytes import TableError
from leadmodel_training.text.messages import read_messages
from leadmodel_training.text.refusals import EnrichmentRefused, check_personal, suspects
from leadmodel_training.text.training import URGENCY, Material, Wishes, learn
from support.text_messages import made, strange


def word_of(messages, wishes=None, **more):
    """The word of the refusal, which holds no text; None where the messages make a model."""
    refusal = None
    try:
        learn(Material(messages, **more), wishes or Wishes())
    except EnrichmentRefused as refused:
        refusal = refused
    assert refusal is None or refusal.reason in ENRICHMENT
    assert not any(message.text in str(refusal) for message in messages)
    return refusal and refusal.reason


def shuffled(messages, seed):
    labels = [message.labels for message in messages]
    random.Random(seed).shuffle(labels)
    return [replace(m, labels=label) for m, label in zip(messages, labels, strict=True)]


def test_control_these_messages_make_a_model():
    assert word_of(made(10, telling=4)) is None


def test_a_class_of_nine_is_too_few():
    assert word_of(made(10, telling=4)[1:]) == ErrorWord.TOO_FEW_MESSAGES


def test_ten_messages_of_nine_leads_are_too_few():
    messages = made(10, telling=4)
    assert word_of([replace(messages[0], lead=messages[1].lead), *messages[1:]]) == ErrorWord.TOO_FEW_MESSAGES


def test_one_text_of_ten_leads_is_too_few():
    messages = made(10, telling=4)
    same = [replace(m, text=messages[0].text) if m.labels == messages[0].labels else m for m in messages]
    assert word_of(same) == ErrorWord.TOO_FEW_MESSAGES


def test_one_class_is_too_few():
    assert word_of(made(30, classes=("order",))) == ErrorWord.TOO_FEW_MESSAGES


@pytest.mark.parametrize("seed", range(10))
def test_shuffled_labels_make_no_difference(seed):
    messages = shuffled(made(30), seed)
    assert word_of(messages, Wishes(allow_overlap=True)) == ErrorWord.NO_DIFFERENCE


def test_classes_of_the_same_words_overlap_and_are_named():
    messages = made(40, classes=("bug", "fault", "price"), words_of=(0, 0, 1))
    with pytest.raises(EnrichmentRefused, match="bug and fault") as refused:
        learn(Material(messages), Wishes())
    assert refused.value.reason == ErrorWord.OVERLAP
    assert word_of(messages, Wishes(allow_overlap=True)) is None


def test_a_label_that_is_personal_data_is_refused_unnamed():
    label = "jane.doe@example.org"
    messages = made(10, classes=(label, "price"))
    with pytest.raises(EnrichmentRefused) as refused:
        learn(Material(messages), Wishes())
    assert refused.value.reason == ErrorWord.PERSONAL_DATA
    assert label not in str(refused.value)


def test_a_feature_that_is_personal_data_is_refused_unnamed():
    with pytest.raises(EnrichmentRefused, match="EMAIL 1") as refused:
        check_personal(["price", "jane@example.org"], "features")
    assert "jane" not in str(refused.value)


def test_words_that_would_be_names_if_written_so_are_no_features():
    assert suspects([{"dear john", "price list", "~john"}]) == {"dear john"}


def test_texts_in_place_of_labels_are_refused():
    messages = [replace(m, labels=(m.text,)) for m in made(12)]
    assert word_of(messages) == ErrorWord.BAD_REQUEST


def test_a_label_given_after_the_outcome_is_a_leak():
    row = '{"text": "what does a seat cost", "intent": "price", "labelled_at": "2026-01-%s", "outcome_at": "2026-01-05"}'
    early, late = read_messages(f"{row % '04'}\n{row % '06'}\n".encode(), ("intent",))
    assert not early.leaked
    assert word_of([*made(10, telling=4), late]) == ErrorWord.LEAK_SUSPECTED
    assert word_of([*made(10, telling=4), early]) is None


TIMES = '{"text": "what does a seat cost", "intent": "price", "labelled_at": %s, "outcome_at": %s}\n'


@pytest.mark.parametrize(
    ("given", "known", "leaked"),
    [
        ('"2026-01-05T10:00:00+09:00"', '"2026-01-05T02:00:00Z"', False),
        ('"2026-01-05T01:00:00-05:00"', '"2026-01-05T02:00:00Z"', True),
        ('"2026-01-06"', "1767600000", True),
        ("1767600000", '"2026-01-06"', False),
        ("1767600000", "1767599999.5", True),
        ("null", '"2026-01-06"', False),
        ('"2026-01-06"', '"n/a"', False),
    ],
)
def test_times_of_labels_and_outcomes_are_compared_as_times(given, known, leaked):
    assert read_messages((TIMES % (given, known)).encode(), ("intent",))[0].leaked == leaked


@pytest.mark.parametrize("field", ["labelled_at", "outcome_at"])
def test_a_time_that_cannot_be_read_is_refused_by_field_and_line(field):
    good = TIMES % ('"2026-01-04"', '"2026-01-05"')
    wrong = good.replace(f'"{field}": "2026-', f'"{field}": "yesterday-')
    assert len(read_messages(f"{good}\n{good}".encode(), ("intent",))) == 2
    with pytest.raises(TableError, match=f"'{field}' in line 3 is no time") as refused:
        read_messages(f"{good}\n{wrong}".encode(), ("intent",))
    assert "yesterday" not in str(refused.value)


@pytest.mark.parametrize("where", ["unlabelled", "background"])
def test_a_message_of_a_lead_in_the_holdout_beside_the_labels_is_a_leak(where):
    messages, more = made(10, telling=4), {where: strange(20)}
    assert word_of(messages, held=frozenset({more[where][4].lead}), **more) == ErrorWord.LEAK_SUSPECTED
    assert word_of(messages, held=frozenset({"another"}), **more) is None


def test_a_message_of_a_lead_in_the_holdout_is_a_leak():
    messages = made(10, telling=4)
    assert word_of(messages, held=frozenset({messages[4].lead})) == ErrorWord.LEAK_SUSPECTED
    assert word_of(messages, held=frozenset({"another"})) is None


def test_urgency_needs_two_hundred_labels():
    messages = [replace(m, labels=(str(int(m.labels[0] == "order")),)) for m in made(70)]
    assert word_of(messages, labels=(URGENCY,)) is None
    assert word_of(messages[::2], labels=(URGENCY,)) == ErrorWord.TOO_FEW_MESSAGES


def test_urgency_is_yes_or_no():
    messages = [replace(m, labels=("soon",)) for m in made(70)]
    assert word_of(messages, labels=(URGENCY,)) == ErrorWord.BAD_REQUEST


def test_texts_are_redacted_before_they_are_read():
    data = b'{"text": "write to jane@example.org", "intent": "price"}\n'
    assert read_messages(data, ("intent",))[0].text == "write to [EMAIL]"
