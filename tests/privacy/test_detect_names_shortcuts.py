"""The shortcuts of the name tagger change no answer: the same spans as from a tagger that reads and judges every word."""

from functools import cache
from unittest.mock import patch

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from leadmodel_privacy import name_finder, names
from leadmodel_privacy.configuration import Config
from leadmodel_privacy.detect import Detector
from leadmodel_privacy.name_features import Sums, features
from leadmodel_privacy.name_tagger import DATA, Tagger, join_name, tagger, weights_from
from leadmodel_privacy.name_tokens import END, NAME, START, Lexicon, name_token, tokens
from leadmodel_privacy.name_tokens import style as style_of
from leadmodel_privacy.scanned_text import ScannedText
from leadmodel_privacy.word_lists import word_set
from support.privacy_names import read
from support.privacy_texts import heavy, mixed

STRICT = Detector(Config(names="strict"))
WORDS = (
    "Anna", "schmidt", "van", "der", "Zorvan", "xq", "will", "said", "the", "I", "a", "y", "de", "la", "[NAME]", "[EMAIL]",
    "Mr", "Dear", "a@b.io", "don't", "c'est", "l'anna", "d'accord", "O'Neill", "aujourd'hui", "peer-to-peer", "Anna-Maria",
    "bank", "1st", "x1", "_", "«bonjour»", "-", "'", "é", "cafe\u0301", "İ", "ﬁ", "ß", "you're", "THE", "invoice",
)  # fmt: skip
GAPS = (" ", " ", " ", ", ", ". ", "\n", ": ", " - ", "", "-", "'", "1", "_", "’", "\u00a0", "\u200b")
TEXTS = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(GAPS)), max_size=12).map(
    lambda parts: "".join(word + gap for word, gap in parts)
)


class PlainTagger(Tagger):
    """Tag every word of a text, without the shortcuts of the product."""

    def names(self, scanned: ScannedText, kept, threshold):
        personal = scanned.personal()
        if any(is_name for _, _, is_name in personal) and not self.lexicon.may_hold_name(scanned.low):
            return
        taken = scanned.taken(kept)
        before, reading = [], tokens(scanned.text, scanned.low, self.lexicon, personal, taken)
        for _ in range(8):
            if before == reading:
                break
            before, reading = reading, self.read(reading, threshold)
        for token in reading:
            if token.kind == NAME:
                yield from (
                    (start, end, "NAME") for start, end in scanned.unclaimed_parts(token.start, token.end)
                )

    def read(self, read, threshold):
        done, coming = [START, START], [*read, END, END]
        style = style_of(read)
        for i, token in enumerate(read):
            right = coming[i + 1], coming[i + 2]
            if token.kind == NAME:
                join_name(done, token)
            elif self._is_name(done, token, right, style, threshold):
                join_name(done, name_token(token, token))
                self._look_back(done, right, style, threshold)
            else:
                done.append(token)
        return done[2:]


@cache
def plain() -> PlainTagger:
    return PlainTagger(tagger().lexicon, weights_from((DATA / "weights.xz").read_bytes()))


class Careless(Lexicon):
    """The control: a lexicon that skips a text as soon as one word is plain."""

    def is_plain(self, low: str) -> bool:
        return not self.plain.isdisjoint(low.split())


def spans(reader: Tagger, text: str) -> list[tuple[int, int, str]]:
    """The spans that a detector finds with this tagger."""
    with patch.object(name_finder, "tagger", lambda: reader):
        return STRICT.detect(text)


@settings(max_examples=1500, deadline=None)
@given(TEXTS)
def test_shortcuts_change_no_answer(text):
    assert spans(tagger(), text) == spans(plain(), text)


def test_shortcuts_change_no_answer_in_messages():
    messages = [chat.text for file in ("chats", "invented", "nobody") for chat in read(f"{file}.txt")]
    messages += [message.text for message in (*mixed(11, 400), *heavy(12, 300))]
    for text in [*messages, *map(str.lower, messages)]:
        assert spans(tagger(), text) == spans(plain(), text), text


def test_a_careless_shortcut_is_caught():
    careless = Tagger(Careless(tagger().lexicon.listed), weights_from((DATA / "weights.xz").read_bytes()))
    assert find(
        TEXTS, lambda text: spans(careless, text) != spans(plain(), text), settings=settings(deadline=None)
    )


WEIGHTS = weights_from((DATA / "weights.xz").read_bytes())
SUMS = Sums(WEIGHTS)


def contexts(text: str):
    """Each word of a text with the two tokens on either side, and the style of the text."""
    read = tokens(text, text.lower(), tagger().lexicon, (), bytes(len(text)))
    around = [START, START, *read, END, END]
    return [(tuple(around[i : i + 5]), style_of(read)) for i in range(len(read))]


def added_up(around, style) -> int:
    """The sum as the features define it."""
    return WEIGHTS.get("bias", 0) + sum(WEIGHTS.get(feature, 0) for feature in features(around, style))


@settings(max_examples=1500, deadline=None)
@given(TEXTS.filter(lambda text: len(text.lower()) == len(text)))
def test_tables_give_the_sum_of_the_features(text):
    for around, style in contexts(text):
        assert SUMS.of(around, style) == added_up(around, style)


@pytest.mark.parametrize("letter", sorted({name[0] for name in WEIGHTS}))
def test_each_kind_of_feature_counts_in_the_sum(letter):
    """The control: without the weights of one kind, some sums of real messages are others."""
    fewer = Sums({name: w for name, w in WEIGHTS.items() if name[0] != letter or name == "bias"})
    messages = [chat.text for chat in read("chats.txt")]
    messages += [text.lower() for text in messages]
    assert any(
        fewer.of(around, style) != added_up(around, style)
        for text in messages
        for around, style in contexts(text)
    )


COLONS = word_set(
    "customer patient client contact recipient sender attn from signed caller applicant insured employee cardholder vorname"
)


@settings(max_examples=1500, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                *sorted(COLONS), "signed by", "Name", "nom", "nombre", "nome", "naam", ":", " :", ": ", " ", "Anna", "anna Schmidt", "10:30", "order",
                "my name is ", "call me ", "ich heiße ", "Je m'appelle ", "me llamo ", "Mi chiamo ", "ik heet ", "nazywam się ", "i am called ", "CUSTOMER",
            ]
        ),
        max_size=8,
    ).map("".join)
)  # fmt: skip
def test_no_introduction_is_missed_by_its_test(text):
    scanned = ScannedText(text)
    with patch.object(names, "may_introduce", lambda _: True):
        every = list(names.names(scanned))
    assert list(names.names(scanned)) == every


@pytest.mark.parametrize("label", sorted(COLONS))
def test_the_control_of_introductions_holds_one_of_each_label(label):
    text = f"{label}: Ludovica Pfeiffer"
    assert list(names.names(ScannedText(text))) == [(len(label) + 2, len(text), "NAME")]
    with patch.object(names, "may_introduce", lambda _: False):
        assert not list(names.names(ScannedText(text)))
