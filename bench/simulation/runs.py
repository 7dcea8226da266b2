"""Plays over a few processes, each play once: outcomes may be kept in a folder, under a name made of the play and of the code."""

import gc
import hashlib
import pickle
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from simulation.cases import Case
from simulation.nights import Run
from simulation.play import Outcome, Play

import leadmodel_artifact
import leadmodel_local.replay.instant
import leadmodel_messages
import leadmodel_operator.planning.plan
import leadmodel_statistics
import leadmodel_training.world
import leadmodel_training.world_days


def run_all(cases: Sequence[Case], workers: int, keep: Path | None) -> Iterator[tuple[Case, list[Outcome]]]:
    """The outcomes of each case, in order."""
    code = _code() if keep else ""
    with ProcessPoolExecutor(workers, initializer=_fresh) as pool:
        asked = [(case, [pool.submit(_one, play, keep, code) for play in case.plays]) for case in cases]
        for case, futures in asked:
            yield case, [future.result() for future in futures]


def _fresh() -> None:
    """Leave cycles to the end of each play, where `_outcome_of` collects them."""
    gc.disable()


def _one(play: Play, keep: Path | None, code: str) -> Outcome:
    if keep is None:
        return _outcome_of(play)
    path = keep / (hashlib.sha256(f"{code} {play!r}".encode()).hexdigest()[:24] + ".pickle")
    if path.exists():
        kept: Outcome = pickle.loads(path.read_bytes())
        return kept
    outcome = _outcome_of(play)
    keep.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_bytes(pickle.dumps(outcome))
    fresh.replace(path)
    return outcome


def _outcome_of(play: Play) -> Outcome:
    outcome = Run(play).run()
    gc.collect()
    return outcome


def _code() -> str:
    """A hash of what decides the outcomes."""
    here = Path(__file__).parent
    operator = Path(leadmodel_operator.planning.plan.__file__)
    files = [here / f"{n}.py" for n in ("auc", "cluster", "live", "models", "nights", "play", "windows")]
    files += [
        Path(leadmodel_local.replay.instant.__file__),
        Path(leadmodel_training.world.__file__),
        Path(leadmodel_training.world_days.__file__),
        *sorted(operator.parent.glob("*.py")),
        *sorted(operator.parent.with_name("resource").glob("*.py")),
    ]
    for package in (leadmodel_artifact, leadmodel_messages, leadmodel_statistics):
        files += sorted(Path(str(package.__file__)).parent.glob("*.py"))
    return hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()
