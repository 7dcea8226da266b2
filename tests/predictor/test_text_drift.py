"""A new product in simulated messages is seen in the drift of texts while the text model is still right, and calm traffic is not."""

import random
from datetime import UTC, datetime

import pytest

from leadmodel_messages.window_psi import text_psis
from leadmodel_predictor.serving.model import ALERT_PSI
from leadmodel_predictor.serving.text_metrics import MIN_TEXTS
from leadmodel_predictor.serving.text_slot import answered
from leadmodel_text.base import base
from leadmodel_training.text.building import Naming, build
from leadmodel_training.text.training import Material, Wishes, learn
from support.served_texts import Mount, looked
from support.text_messages import made, strange, vocabulary

EACH = 334  # messages of each of three classes: a full window
PRODUCT = vocabulary(500, 30)  # the product's name, its parts, and what one does with them
SHARES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0)  # of messages about the product, week by week


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """A text model of simulated messages, as training makes it."""
    material = Material(made(each=100, telling=3), background=strange())
    document = build(
        learn(material, Wishes()), material, Naming("drift", datetime(2026, 1, 1, tzinfo=UTC)), base()
    )
    mount = Mount(tmp_path_factory.mktemp("drift"))
    mount.write(document)
    return looked(mount)


def about_the_product(text, chance):
    """The same message in the words of a new product: each word is one of them in half of the cases."""
    return " ".join(chance.choice(PRODUCT) if chance.random() < 0.5 else word for word in text.split())


def week(texts, seed, share=0.0):
    """What a week of messages raises over its limit, and the share of messages whose likeliest label is right."""
    chance = random.Random(seed)
    right = 0
    for message in made(each=EACH, seed=1000 + seed, telling=3):
        text = about_the_product(message.text, chance) if chance.random() < share else message.text
        found = answered(texts.slot, text, "en", ("intent",), refused=True)
        texts.count(texts.slot, found, live=True)
        answer = found.answer["intent"]
        label = answer["label"] or answer.get("refused", {}).get("label")
        right += label == message.labels[0]
    window = texts.snapshot(0.0).window()
    assert window.n == 1000
    psis = text_psis(window, MIN_TEXTS)
    assert {"intent", "unknown", "length"} <= set(psis)
    over = {name for name, index in psis.items() if index.value > index.limit(ALERT_PSI)}
    return over, right / (3 * EACH)


def test_a_new_product_is_seen_before_the_text_model_errs(texts):
    weeks = [week(texts, 100 + place, share) for place, share in enumerate(SHARES)]
    accuracy = [right for _, right in weeks]
    seen = next(place for place, (over, _) in enumerate(weeks) if over)
    assert all("unknown" in over and "intent" in over for over, _ in weeks[seen:])
    assert accuracy[0] - accuracy[seen] < 0.02, "it still is right"
    assert accuracy[0] - accuracy[-1] > 0.05, "and would not be for long"


def test_control_calm_traffic_raises_nothing(texts):
    assert [week(texts, seed)[0] for seed in range(20)] == [set()] * 20
