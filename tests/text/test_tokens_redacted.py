"""A raw text and what redaction leaves of it have the same words, so that a model trained on redacted texts reads raw ones alike.

The texts are those of the detector's own generator, its decoys, and forms and signatures in seven languages. No text is excepted.
"""

import random
import re

import pytest

from leadmodel_privacy.configuration import Config
from leadmodel_privacy.detect import Detector
from leadmodel_text.tokens import tokens
from support.privacy_decoys import decoys
from support.privacy_texts import CLEAN, fill, heavy, mixed

LETTERS = (
    "Hi, please call {NAME} on {PHONE}. Thanks",
    "My card {CREDIT_CARD} was charged, write to {EMAIL}.",
    "Please send the invoice to {ADDRESS}.\nBest regards,\n{NAME}\n{PHONE}\n{EMAIL}",
    "Device {MAC} at {IP} cannot reach {URL}.",
    "Sehr geehrte Damen und Herren,\nbitte erstatten Sie den Betrag auf {IBAN}.\nMit freundlichen Grüßen\n{NAME}\n{ADDRESS}\nTel. {PHONE}",
    "Hallo, ich heiße {NAME}, der Drucker ist kaputt. Rückruf bitte unter {PHONE}.",
    "Die Rechnung ging an {EMAIL}, geboren am {DOB}",
    "Madame, Monsieur,\nje m'appelle {NAME} et je veux annuler. Mon numéro est {PHONE}.\nCordialement,\n{NAME}",
    "Merci de livrer au {ADDRESS}.\n{NAME}\n{EMAIL}",
    "Hola, me llamo {NAME}. Mi tarjeta {CREDIT_CARD} no funciona.\nSaludos,\n{NAME}",
    "Vivo en {ADDRESS} y mi teléfono es {PHONE}.",
    "Buongiorno, mi chiamo {NAME} e vorrei un preventivo. IBAN {IBAN}\nSaluti,\n{NAME}",
    "Goedemiddag, mijn naam is {NAME}, bel mij op {PHONE}.\nMet vriendelijke groet,\n{NAME}",
    "Olá, meu nome é {NAME} e quero cancelar. O IBAN é {IBAN}.\nAtenciosamente,\n{NAME}\n{URL}",
)
DETECTORS = {level: Detector(Config(names=level)) for level in ("cues", "balanced")}
_RUN = re.compile(r"[^\W\d_]{4,}")


def letters(seed, count):
    """Messages of the forms above, each once in so many, with sentences before and behind."""
    chance = random.Random(seed)
    for i in range(count):
        form = LETTERS[i % len(LETTERS)]
        yield fill(chance, f"{chance.choice(CLEAN)}. {form}" if i % 2 else form)


def texts(seed):
    """About 3,700 texts, 2,500 of which hold personal data."""
    messages = [*heavy(seed, 2_000), *mixed(seed, 500), *decoys(seed, 500), *letters(seed, 700)]
    return [message.text for message in messages]


@pytest.mark.parametrize("level", DETECTORS)
@pytest.mark.parametrize("seed", range(50, 53))
def test_raw_and_redacted_texts_have_the_same_words(seed, level):
    redact, changed = DETECTORS[level].redact, 0
    for text in texts(seed):
        redacted, counts = redact(text)
        changed += bool(counts)
        assert tokens(text) == tokens(redacted), redacted
    assert changed > 2_000


def test_plain_words_differ():
    """The control: without the rules nearly every redacted text has words of its own."""
    pairs = [(text, DETECTORS["cues"].redact(text)[0]) for text in texts(54)[:1000]]
    pairs = [(text, redacted) for text, redacted in pairs if text != redacted]
    differing = sum(
        re.findall(r"\w+", text.lower()) != re.findall(r"\w+", redacted.lower()) for text, redacted in pairs
    )
    assert differing == len(pairs) > 500


def test_no_word_of_what_was_removed_is_read():
    removed = 0
    for message in letters(55, 1_400):
        redacted, _ = DETECTORS["cues"].redact(message.text)
        gone = set(_RUN.findall(message.text.lower())) - set(_RUN.findall(redacted.lower()))
        removed += len(gone)
        assert gone.isdisjoint(tokens(message.text).words)
        assert gone.isdisjoint(tokens(redacted).words)
    assert removed > 3_000


@pytest.mark.parametrize("level", DETECTORS)
@pytest.mark.parametrize("entity", [*Config().entities, "CUSTOMER_NO", "EMAIL_12"])
def test_a_placeholder_is_a_gap_or_a_number(entity, level):
    expected = "" if entity == "NAME" else "0"
    for text in ("call [{}] now", "call ([{}]), now", "call [{}]'s now", "call: [{}]. now"):
        placed = text.format(entity)
        assert tokens(placed).words == ["call", expected, "now"]
        assert DETECTORS[level].redact(placed)[0] == placed
