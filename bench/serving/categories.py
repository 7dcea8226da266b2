"""What reading 20 categories costs by what they ask for: CPU time of decoding and scoring a lead, beside categories of plain words."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec
from serving.figures import ratio, spread

from leadmodel_artifact.compiler import make_coded_scorer
from leadmodel_artifact.model import Artifact, Feature, FeatureKind, Linear
from leadmodel_predictor.serving.decode import Reader

FIELDS, LEADS = 20, 1000
PLAIN, LEVELS = "plain", ("ads", "web", "fair")
KINDS = {  # levels, and what else a feature has
    PLAIN: (LEVELS, {}),
    "required": (LEVELS, {"required": True}),
    "required, with a word for missing": (LEVELS, {"required": True, "missing": ("NA",)}),
    "codes 1, 2, 3": (("1", "2", "3"), {}),
}


def rows(artifact: Artifact, rounds: int) -> list[list[str]]:
    """Rows of a table: kind, µs a lead, ratio to the plain kind; the rounds are interleaved. The artifact lends name and version."""
    measured: Mapping[str, list[float]] = {kind: [] for kind in KINDS}
    readers = {kind: _reader(artifact, kind) for kind in KINDS}
    for number in range(-1, rounds):  # round -1 warms up
        for kind, (levels, _) in KINDS.items():
            took = _once(readers[kind], levels)
            if number >= 0:
                measured[kind].append(took)
    plain = measured[PLAIN]
    return [[kind, spread(times).show(2), ratio(times, plain).show(2)] for kind, times in measured.items()]


def _reader(artifact: Artifact, kind: str) -> Reader:
    levels, more = KINDS[kind]
    names = [f"c{i}" for i in range(FIELDS)]
    features = tuple(
        replace(Feature(name, FeatureKind.CATEGORICAL, name, levels=levels), **more) for name in names
    )
    weights = tuple(0.01 * i for i in range(FIELDS * (len(levels) + 2)))
    model = replace(artifact, features=features, model=Linear(0.1, weights), calibration=None)
    return Reader((model, make_coded_scorer(model)), None)


def _once(reader: Reader, levels: Sequence[str]) -> float:
    """µs of CPU a lead."""
    body = msgspec.json.encode({f"c{i}": levels[1] for i in range(FIELDS)})
    begun = time.process_time()
    for _ in range(LEADS):
        reader.score(reader.decode(body), 3)
    return (time.process_time() - begun) * 1e6 / LEADS
