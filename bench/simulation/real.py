"""Real leads, month by month, through the real trainer, validation, ring, gate, drift rule and planner.

The leads are 45,211 calls of a bank in the order in which they were made. Their day is not in the data: times are spread evenly over
the thirty-one months by us, so an hour means nothing here and every month has as many leads as the next.
"""

from argparse import Namespace
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from simulation.auc import place
from simulation.cluster import SPEC, Cluster

from leadmodel_artifact.artifact import dump
from leadmodel_artifact.lead import coded, lead_values
from leadmodel_messages.table_values import number
from leadmodel_operator.planning.planned import Serve, Validation
from leadmodel_operator.resource.fields import Duration
from leadmodel_operator.resource.spec_serving import Predictor
from leadmodel_operator.resource.vocabulary import Evidence
from leadmodel_predictor.jobs.validate import parser
from leadmodel_predictor.jobs.validate import run as validate
from leadmodel_predictor.serving.model import drift_score
from leadmodel_predictor.serving.ring import Ring
from leadmodel_predictor.serving.slots import Slot, load_slot, pair
from leadmodel_training.columns import Rows
from leadmodel_training.pipeline import train_model
from leadmodel_training.request import TrainingRequest
from leadmodel_training.rows import labels, read
from leadmodel_training.split import TrainingRefused
from leadmodel_training.step_timer import StepTimer

NAME = "bank-marketing.csv.gz"
FIRST, LAST = datetime(2008, 5, 1, tzinfo=UTC), datetime(2010, 12, 1, tzinfo=UTC)
MONTHS = [datetime(2008 + (4 + i) // 12, (4 + i) % 12 + 1, 1, tzinfo=UTC) for i in range(32)]
EXCLUDED = (
    "duration",
    "day",
    "month",
)  # known after the call; and two calendar columns, which move every month by nature
NUMERIC = {"age", "balance", "campaign", "pdays", "previous"}
TRAIN_MONTHS, QUIET_S, BREACH_S = 12, 6 * 3600.0, 3600.0
MIN_AUC = 0.55  # the default .65 lets nearly no model of these leads pass: also shown


@dataclass
class Month:
    """What happened in a month. AUCs are of the outcomes that came later."""

    name: str
    rows: int
    rate: float
    training: str = "serves on"
    auc: float | None = None
    previous_auc: float | None = None
    psi: float | None = None
    feature: str = ""
    previous_psi: float | None = None
    seed: float = 0.0
    alerts: int = 0
    rolled_back: bool = False


def months(folder: Path, min_auc: float = MIN_AUC) -> Iterator[Month]:
    """The months one after the other, from the first that a model may serve in."""
    with TemporaryDirectory() as made:
        yield from _Real(read((folder / NAME).read_bytes()), Path(made), min_auc).run()


def spread(rows: Rows) -> tuple[Rows, np.ndarray]:
    """The rows with the times that we give them, and these in Unix seconds."""
    times = np.linspace(FIRST.timestamp(), LAST.timestamp() - 1, len(rows))
    stamps = [datetime.fromtimestamp(t, UTC).isoformat(timespec="seconds") for t in times.tolist()]
    return Rows({"created_at": np.array(stamps), **rows.columns}), times


class _Real:
    def __init__(self, rows: Rows, folder: Path, min_auc: float) -> None:
        self.rows, self.times = spread(rows)
        self.y = np.array(labels(rows.columns["y"], "y"))
        self.folder = folder
        self.slots: dict[str, Slot] = {}
        self.ring: Ring | None = None
        self.since: tuple[float, ...] = ()
        self.seed = 0.0
        spec = replace(
            SPEC,
            min_auc=min_auc,
            predictor=Predictor(replicas=1),
            drift=replace(SPEC.drift, interval=Duration("10m")),
        )
        self.cluster = Cluster(self._measure, self._window, spec=spec)

    def run(self) -> Iterator[Month]:
        for begin, end in pairwise(MONTHS[1:]):
            a, b = np.searchsorted(self.times, [begin.timestamp(), end.timestamp()])
            month = Month(begin.strftime("%Y-%m"), int(b - a), float(self.y[a:b].mean()))
            self._retrain(month, int(a), begin)
            if self.cluster.serve is not None:
                self._live(month, int(a), int(b))
            yield month

    # --- the first of a month --------------------------------------------------------------------------------------------

    def _retrain(self, month: Month, until: int, now: datetime) -> None:
        first = np.searchsorted(self.times, now.timestamp() - TRAIN_MONTHS * 30.4 * 86400)
        request = TrainingRequest(exclude=EXCLUDED, time_column="created_at", name="bank")
        try:
            made = train_model(self.rows.take(np.arange(first, until)), request, now, StepTimer())
        except TrainingRefused as refused:
            month.training = f"no model: {refused.reason}"
            return
        raw = dump(made.artifact)
        slot = load_slot(raw, None)
        self.slots[slot.digest] = slot
        (self.folder / f"{slot.digest[7:]}.json").write_bytes(raw)
        (self.folder / "holdout.csv.gz").write_bytes(made.holdout)
        self.cluster.now = max(self.cluster.now, now.timestamp())
        self.cluster.retrained(slot.digest)
        status = self.cluster.status
        assert status is not None
        if status.champion is not None and status.champion.digest == slot.digest:
            month.training = "promoted"
        elif status.hold is not None:
            month.training = "held after a rollback"
        elif status.candidate is not None and status.candidate.verdict is not Evidence.PASS:
            month.training = f"refused: {status.candidate.reason}"

    def _measure(self, request: Validation):
        """The validation program itself."""
        where = {"artifact": request.digest, "champion": request.champion, "best": request.best}
        files = {k: v and str(self.folder / f"{v[7:]}.json") for k, v in where.items()}
        words = ["--artifact", str(files["artifact"]), "--holdout", str(self.folder / "holdout.csv.gz")]
        for name in ("champion", "best"):
            words += [f"--{name}", str(files[name])] if files[name] else []
        given: Namespace = parser().parse_args([*words, "--image", "predictor:1"])
        return validate(given)

    # --- the days between -----------------------------------------------------------------------------------------------

    def _live(self, month: Month, a: int, b: int) -> None:
        serve, look = self.cluster.serve, float(self.times[a]) + QUIET_S
        assert serve is not None
        scored = self._begin(serve, a, b)
        self._judge(month, scored, a, b)
        for i in range(a, b):
            while self.times[i] > look:
                look += BREACH_S if self._look(month, look) else QUIET_S
            if self.cluster.serve != serve:
                serve = self.cluster.serve
                assert serve is not None
                scored = self._begin(serve, i, b, offset=a)
            self._add(i, scored[i - a])

    def _begin(self, serve: Serve, first: int, b: int, offset: int | None = None):
        """An empty ring, and every lead to come as both models see it."""
        champion = self.slots[serve.champion]
        previous = self.slots[serve.previous] if serve.previous else None
        self.ring = Ring(pair(champion, previous), "pod-0")
        offset = first if offset is None else offset
        both = [slot and self._scored(slot.digest, offset, b) for slot in (champion, previous)]
        return list(zip(both[0], both[1] or [(None, 0.0)] * (b - offset), strict=True))

    @cache  # noqa: B019  # one object a study
    def _scored(self, digest: str, a: int, b: int):
        slot = self.slots[digest]
        found = []
        for lead in self.rows.take(np.arange(a, b)).leads():
            sent = {k: number(v) if k in NUMERIC else v for k, v in lead.items()}
            values = coded(slot.artifact.features, lead_values(slot.artifact, sent))
            found.append((values, slot.scorer(*values)))
        return found

    def _judge(self, month: Month, scored, a: int, b: int) -> None:
        """How well the models that began the month did in it."""
        y = self.y[a:b]
        month.auc = place(np.array([one[0][1] for one in scored]), y).area
        if scored[0][1][0] is not None:
            month.previous_auc = place(np.array([one[1][1] for one in scored]), y).area

    def _add(self, i: int, both) -> None:
        at = float(self.times[i])
        hour = int(at // 3600 % 24)
        (values, score), (other, second) = both
        assert self.ring is not None
        self.ring.add((at, hour, values, score, other, second))
        self.ring.count_hour(at, hour)

    def _window(self, _pod: int, _begun: float, now: float, _serve: Serve, since: float | None):
        assert self.ring is not None
        found = self.ring.window(now, () if since is None else (since,))
        self.seed = max(self.seed, drift_score(found))
        return found

    def _look(self, month: Month, now: float) -> bool:
        """Whether the champion breaches."""
        status, self.seed = self.cluster.status, 0.0
        assert status is not None
        before, count = status.drift, len(status.rollbacks)
        self.cluster.look(now)
        status = self.cluster.status
        month.seed = max(month.seed, self.seed)
        if len(status.rollbacks) > count:
            month.rolled_back = True
            return False
        found = status.drift
        if found is None or found.psi is None:
            return False
        if found.sustained and not (before is not None and before.sustained):
            month.alerts += 1
        if month.psi is None or found.psi > month.psi:
            month.psi, month.feature, month.previous_psi = found.psi, found.feature or "", found.previous_psi
        return found.evidence is Evidence.FAIL
