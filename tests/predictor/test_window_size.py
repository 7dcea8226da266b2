"""The drift window of the widest models that are watched: three of them fit into what an operator reads of one pod."""

import asyncio
import json
import random
import time
from dataclasses import replace

from leadmodel_artifact.artifact import dump
from leadmodel_artifact.model import MAX_LEVELS, MAX_NAME, Artifact, Feature, FeatureKind, Linear, Reference
from leadmodel_artifact.reference import SCORE, build
from leadmodel_messages import window_document
from leadmodel_messages.window import MAX_MONITORED
from leadmodel_operator.planning import scraping
from leadmodel_predictor.http.batch import Batch
from leadmodel_predictor.http.ops import reply
from leadmodel_predictor.serving.slots import challenged, load_slot
from support.other_models import exemplified
from support.predictor_thread import model_of
from support.small_models import linear

LEVELS = tuple(f"level {i}" for i in range(MAX_LEVELS))
FEATURES = tuple(
    Feature(name, FeatureKind.CATEGORICAL, name, levels=LEVELS)
    for name in (f"c{i} ".ljust(MAX_NAME, "x") for i in range(MAX_MONITORED - 1))
)
ROWS, LEADS = 2000, 1000


def widest(name: str) -> Artifact:
    """A model of as many categories as are watched, each of as many levels as may be, that expects others at other hours."""
    chance = random.Random(name)
    hours = [chance.randrange(24) for _ in range(ROWS)]
    scores = [chance.random() for _ in range(ROWS)]
    watched = [build(SCORE, FeatureKind.NUMERIC, scores, hours)]
    watched += [build(f.name, f.kind, chance.choices(LEVELS, k=ROWS), hours, levels=LEVELS) for f in FEATURES]
    counts = tuple(map(hours.count, range(24)))
    return exemplified(
        replace(
            linear(name=name),
            features=FEATURES,
            model=Linear(-1.0, (0.01,) * (len(FEATURES) * (MAX_LEVELS + 1))),
            reference=Reference("holdout-newest/v1", ROWS, tuple(watched), counts),
        )
    )


def body_of_window() -> bytes:
    """What a pod with three models answers that has seen a thousand leads."""
    model = model_of(widest("champion"), widest("previous"))
    model.challenge(challenged(model.slots, load_slot(dump(widest("challenger")), None)), [], after=None)
    columns = {f.source: random.Random(i).choices(LEVELS, k=LEADS) for i, f in enumerate(FEATURES)}
    asyncio.run(Batch(model).answer(json.dumps(columns).encode(), live=True))
    window = replace(model.ring.window(time.time()), takes_challenger=True)
    return bytes(reply(window_document.dump(window)).body)


def test_a_window_of_three_of_the_widest_models_is_read():
    """The control is half the limit, which lets none of it through."""
    body = body_of_window()
    window = scraping.read_window(body)
    for slot in (window.champion, window.previous, window.challenger):
        assert (slot.n, len(slot.features)) == (LEADS, MAX_MONITORED)
    assert scraping.WINDOW_LIMIT / 2 < len(body) <= scraping.WINDOW_LIMIT
