"""The study's shortcuts are exact: its references, windows and AUCs are those of the real programs."""

import numpy as np
import pytest
from simulation.auc import compare, place, variance
from simulation.models import NUMBERS, hours, table, train
from simulation.windows import Traffic

from leadmodel_artifact.lead import coded
from leadmodel_artifact.model import Artifact, DataWindow, Feature, FeatureKind, Trees
from leadmodel_predictor.serving.ring import Ring
from leadmodel_predictor.serving.slots import Slot, pair
from leadmodel_statistics.ranking import delong, delong_paired
from leadmodel_training.export import make_reference
from leadmodel_training.world import Leads, World
from leadmodel_training.world_days import draw

WORLD = World(per_day=900)


@pytest.fixture(scope="module")
def leads() -> Leads:
    return draw(WORLD, 3, range(6))


def held(leads: Leads) -> np.ndarray:
    return np.arange(len(leads)) >= 0.6 * len(leads)


@pytest.fixture(scope="module")
def model(leads):
    return train(leads, WORLD, night=1, held=held(leads))


def features(model) -> tuple[Feature, ...]:
    kinds = {"details_len": FeatureKind.TEXT_LENGTH}
    found = [Feature(name, kinds.get(name, FeatureKind.NUMERIC), name) for name in NUMBERS]
    found += [
        Feature(reference.name, FeatureKind.CATEGORICAL, reference.name, levels=reference.levels)
        for reference in model.reference.features
        if reference.kind is FeatureKind.CATEGORICAL
    ]
    return tuple(found)


def raw(leads: Leads, model) -> list[list]:
    rows = table(leads, WORLD)
    numbers = [[None if v != v else float(v) for v in rows.numbers[name].tolist()] for name in NUMBERS]
    words = []
    for reference in model.reference.features:
        if reference.kind is FeatureKind.CATEGORICAL:
            names = (*rows.levels[reference.name], None)
            words.append([names[code] for code in rows.codes[reference.name].tolist()])
    return numbers + words


def test_the_reference_is_what_training_exports(leads, model):
    kept = leads.take(held(leads))
    scores = model.score(table(kept, WORLD)).tolist()
    real = make_reference(features(model), raw(kept, model), scores, hours(kept).tolist())
    for found, wanted in zip(model.reference.features, real.features, strict=True):
        assert (found.name, found.counts, found.counts_by_hour) == (
            wanted.name,
            wanted.counts,
            wanted.counts_by_hour,
        )
        assert found.shrink == pytest.approx(wanted.shrink)
        assert (found.mean, found.std) == (pytest.approx(wanted.mean), pytest.approx(wanted.std))
    assert model.reference.hours == real.hours


def slot(model) -> Slot:
    artifact = Artifact(
        name="m", version=1, trained_at="", recipe="", auc=0.7, n_train=1, n_holdout=1, holdout_digest="",
        features=features(model), model=Trees(0.0, ()), reference=model.reference, examples=(), data=DataWindow(),
    )  # fmt: skip
    return Slot(artifact, b"", model.digest, lambda *_: 0.0)


@pytest.mark.parametrize("minutes", [70, 600, 2000])
def test_the_window_is_what_the_ring_ships(leads, model, minutes):
    other = train(leads, WORLD, night=2, held=np.arange(len(leads)) < 0.4 * len(leads))
    traffic = Traffic(WORLD, leads)
    ring = Ring(pair(slot(model), slot(other)), "pod-1")
    begun = float(leads.time[500])
    now = begun + 60 * minutes
    values = [coded(features(model), row) for row in zip(*raw(leads, model), strict=True)]
    first, second = traffic.scores(model).tolist(), traffic.scores(other).tolist()
    for i, at in enumerate(leads.time.tolist()):
        if i % 2 == 1 and begun <= at < now:
            hour = int(at // 3600 % 24)
            ring.add((at, hour, values[i], first[i], values[i], second[i]))
            ring.count_hour(at, hour)
    real = ring.window(now, (now - 1800,))
    found = traffic.window(1, begun, now, model, other, now - 1800)
    assert found.since == real.since
    assert found.span_s == pytest.approx(real.span_s, abs=0.01)
    for a, b in ((found.champion, real.champion), (found.previous, real.previous)):
        assert (a.n, a.unsupported, a.leads_by_hour) == (b.n, b.unsupported, b.leads_by_hour)
        assert a.hours.observed == b.hours.observed
        assert a.hours.expected == pytest.approx(b.hours.expected)
        for name, feature in a.features.items():
            assert (feature.n, feature.observed) == (b.features[name].n, b.features[name].observed), name
            assert feature.expected == pytest.approx(b.features[name].expected)
            if feature.kind != FeatureKind.CATEGORICAL:
                assert (feature.sum, feature.sumsq) == (
                    pytest.approx(b.features[name].sum),
                    pytest.approx(b.features[name].sumsq),
                )


def test_areas_and_their_differences_are_delongs():
    chance = np.random.default_rng(1)
    y = chance.random(400) < 0.2
    a = np.round(chance.normal(y, 1), 1)  # with ties
    b = np.round(a + chance.normal(0, 0.5, 400), 1)
    area, wanted = delong(a.tolist(), y.tolist())
    first, second = place(a, y), place(b, y)
    assert first.area == pytest.approx(area, abs=1e-12)
    assert variance(first.positive, first.negative) == pytest.approx(wanted, rel=1e-9)
    paired, found = delong_paired(a.tolist(), b.tolist(), y.tolist()), compare("d", first, second)
    assert (found.delta, found.se) == (pytest.approx(paired.delta, abs=1e-12), pytest.approx(paired.se))
