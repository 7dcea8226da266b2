"""One lead through 100 trees of 31 leaves, in process: the generated conditionals, decoding included or not, beside scikit-learn.

The floor is the linear model of the same leads. scikit-learn scores the same trees' counterpart (HistGradientBoostingClassifier,
same size, trained on the same leads) on one ready-made row of numbers, which spares it the DataFrame. Times are CPU times, one thread.

    python bench/trees.py [--rounds N]
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
from serving.figures import goal, ratio, spread, table
from serving.machine import describe
from serving.models import Lead, as_json, made
from serving.rounds import sample
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from leadmodel_artifact.artifact import load
from leadmodel_artifact.compiler import make_coded_scorer, make_scorer
from leadmodel_artifact.lead import lead_values, level_number
from leadmodel_artifact.model import Artifact, FeatureKind, Trees
from leadmodel_artifact.scoring import explain_score
from leadmodel_predictor.serving.decode import Reader

TREES, LEAVES = 100, 31


def each_us(work: Callable[[int], object], count: int, loops: int) -> float:
    """µs of CPU of one call, over the rows in turn."""
    begun = time.process_time()
    for _ in range(loops):
        for i in range(count):
            work(i)
    return (time.process_time() - begun) * 1e6 / (count * loops)


def peer(artifact: Artifact, rows: list[tuple]) -> Callable[[int], object]:
    """scikit-learn's own trees of this size, fitted to the artifact's scores above or below their median."""
    matrix = np.array([[_number(f, v) for f, v in zip(artifact.features, row, strict=True)] for row in rows])
    scores = np.array([explain_score(artifact, row) for row in rows])
    model = HistGradientBoostingClassifier(
        max_iter=TREES, max_leaf_nodes=LEAVES, min_samples_leaf=5, early_stopping=False
    )
    model.fit(matrix, scores > np.median(scores))
    return lambda i: model.predict_proba(matrix[i : i + 1])


def _number(feature, value) -> float:
    if feature.kind is FeatureKind.CATEGORICAL:
        return float(level_number(feature, value))
    return np.nan if value is None else float(value)


def works(path, leads: list[Lead]) -> tuple[Artifact, list[tuple], dict[str, Callable[[int], object]]]:
    """What is timed for one artifact."""
    artifact = load(path.read_bytes())
    scorer = make_scorer(artifact)
    reader = Reader((artifact, make_coded_scorer(artifact)), None)
    rows = [lead_values(artifact, lead) for lead in leads]
    bodies = [as_json(lead) for lead in leads]

    def whole(i: int) -> float:
        lead = reader.decode(bodies[i])
        return scorer(*reader.values(lead, reader.hour(lead, 0)))

    worst = max(abs(scorer(*row) - explain_score(artifact, row)) for row in rows)
    assert worst <= 1e-9, f"the generated scorer differs from the plain meaning by {worst}"
    return artifact, rows, {"score": lambda i: scorer(*rows[i]), "decode, validate, score": whole}


def compile_ms(artifact: Artifact) -> float:
    """Of the scorer, on load and off the event loop."""
    begun = time.process_time()
    make_scorer(artifact)
    return (time.process_time() - begun) * 1e3


def main() -> None:
    """Measure and print."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rounds", type=int, default=9)
    given = p.parse_args()
    files = made()
    leads = sample(files)
    _, _, linear = works(files.champion, leads)
    artifact, rows, trees = works(files.trees, leads)
    assert isinstance(artifact.model, Trees)
    leaves = [sum(f < 0 for f in tree.feature) for tree in artifact.model.trees]
    timed = {f"linear, {name}": (work, 10) for name, work in linear.items()}
    timed |= {f"trees, {name}": (work, 5) for name, work in trees.items()}
    timed["scikit-learn's trees, one row"] = (peer(artifact, rows), 0)
    found: dict[str, list[float]] = {name: [] for name in timed}
    compiled = [compile_ms(artifact) for _ in range(given.rounds)]
    with threadpool_limits(1):
        for _ in range(given.rounds):
            for name, (work, loops) in timed.items():
                found[name].append(each_us(work, len(rows) if loops else 50, loops or 1))
    print(f"{describe()}; {given.rounds} rounds: median (least to most)")
    print(f"{len(leaves)} trees, {min(leaves)} to {max(leaves)} leaves, {len(artifact.features)} features\n")
    base = found["trees, score"]
    body = [[name, spread(times).show(2), ratio(times, base).show(2)] for name, times in found.items()]
    print(table(["what", "CPU µs a lead", "ratio to trees, score"], body))
    print(f"\ncompiling the trees: {spread(compiled).show(0)} ms, on load and off the event loop\n")
    print(
        table(
            ["goal", "wanted", "median", ""],
            [goal("100 × 31 trees, one lead, µs", spread(base).median, below=10)],
        )
    )


if __name__ == "__main__":
    main()
