"""The days and nights of a replay: leads arrive, nights train, predictors are asked for windows; figures are kept per day."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path

from leadmodel_local import work
from leadmodel_local.replay import nights as nights_of
from leadmodel_local.replay.instant import at
from leadmodel_local.replay.leads import DAY_S, PastLeads
from leadmodel_local.replay.nights import Outcomes
from leadmodel_local.replay.port import ReplayPort
from leadmodel_local.replay.programs import Predictors, run
from leadmodel_local.rows import LeadsError
from leadmodel_messages import failure
from leadmodel_messages.errors import ErrorWord
from leadmodel_messages.exits import TrainExit
from leadmodel_messages.failure import Failure
from leadmodel_operator.planning.observed import JobKind
from leadmodel_operator.planning.planned import Event
from leadmodel_operator.reconcile import Key
from leadmodel_operator.resource.runs import next_run
from leadmodel_operator.resource.schedules import zone
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.vocabulary import Evidence

BREACH_INTERVAL_S = 300.0  # a longer gap would begin a breach anew
MAX_WARM_UP = 28  # days of leads before the first training, at most


@dataclass
class Day:
    """Figures of one day; `psi` is the largest PSI of live leads on that day."""

    begin: float
    leads: int = 0
    refused: int = 0
    champion: str | None = None
    auc: float | None = None
    psi: float | None = None
    feature: str = ""
    previous_psi: float | None = None
    scores: list[float] = field(default_factory=list)
    events: list[tuple[float, Event]] = field(default_factory=list)


@dataclass
class Replay:
    """One replay. `on_day` is called after each day; `interval_s` is the time between windows while nothing breaches."""

    past: PastLeads
    spec: Spec
    key: Key
    folder: Path
    on_day: Callable[[Day], None]
    interval_s: float = 1800.0
    warm_up: int | None = None
    time_column: str = "created_at"
    _told_hopeless: bool = False

    def costs(self) -> list[float]:
        """Return the seconds that each day is expected to take.

        Raises:
            LeadsError: The outcomes of all leads are too few for any training.
        """
        days, begin = [], self._begin()
        if (outcomes := self._outcomes) and (why := outcomes.why_hopeless(self.past.times[-1] + 1)):
            raise LeadsError(f"no night of this replay can train: {why}")
        while begin < self.past.times[-1]:
            end = begin + DAY_S
            nights = sum(self._cost(night) for night in self._nights(begin, end))
            days.append(nights + nights_of.DAY_S + nights_of.LIVE_S * len(self._places(begin, end)))
            begin = end
        return days

    def skipped(self) -> int:
        """Return how many nights have too few outcomes to train."""
        first, last = self._begin(), self.past.times[-1]
        nights = self._nights(first, last)
        return sum(1 for night in nights if self._outcomes and self._outcomes.why_hopeless(night))

    def _cost(self, night: float) -> float:
        assert self.spec.retraining is not None
        assert self._outcomes is not None
        if self._outcomes.why_hopeless(night):
            return 0.0
        return nights_of.NIGHT_S + nights_of.LEAD_S[self.spec.retraining.recipe] * self.past.before(night)

    @cached_property
    def _outcomes(self) -> Outcomes | None:
        """The outcomes that trainings need; None where nothing is trained."""
        return Outcomes(self.past, self.spec.retraining) if self.spec.retraining else None

    def _places(self, begin: float, end: float) -> range:
        return range(self.past.before(begin), self.past.before(end))

    async def run(self) -> list[Day]:
        """Replay all days after the first training."""
        begin = self._begin()
        days = []
        with Predictors() as predictors:
            port = ReplayPort(self.folder, predictors, spec=self._spec(), key=self.key, now=begin)
            await self._first(port)
            while begin < self.past.times[-1]:
                day = Day(begin)
                await self._day(port, day)
                self._close(port, day)
                days.append(day)
                self.on_day(day)
                begin += DAY_S
        return days

    def _begin(self) -> float:
        """Return the midnight after the days that only train, in Unix seconds."""
        first, last = self.past.times[0], self.past.times[-1]
        days = min(MAX_WARM_UP, max(1, int((last - first) / DAY_S / 3)))
        if self.warm_up is not None:
            days = self.warm_up
        if self.spec.retraining is None:
            days = 0
        return (first // DAY_S + days) * DAY_S

    def _spec(self) -> Spec:
        """Return the spec of the manifest, with the artifact and the holdout that the replay's trainings write."""
        if self.spec.retraining is None:
            return self.spec
        names = {"artifact": "model.json", "holdout": "holdout.csv.gz"}
        uris = {name: (self.folder / file).as_uri() for name, file in names.items()}
        artifact = replace(self.spec.artifact, uri=uris["artifact"], digest=None, poll_interval="0s")
        return replace(
            self.spec, artifact=artifact, holdout=replace(self.spec.holdout, uri=uris["holdout"], digest=None)
        )

    async def _first(self, port: ReplayPort) -> None:
        if self.spec.retraining is not None:
            self._train(port)
        await port.settle()

    # --- a day -----------------------------------------------------------------------------------------------------------

    async def _day(self, port: ReplayPort, day: Day) -> None:
        now, end = day.begin, day.begin + DAY_S
        nights = self._nights(day.begin, end)
        night = next(nights, end)
        while now < end:
            then = min(end, night, now + self._step(port))
            self._live(port, day, now, then)
            now = port.now = then
            if now == night and now < end:
                self._train(port)
                await port.settle()
                if port.asks:
                    await port.pass_with_windows(port.now)
                night = next(nights, end)
            elif port.serve is not None:
                await port.pass_with_windows(now)
                self._keep_psi(port, day)

    def _step(self, port: ReplayPort) -> float:
        drift = port.status.drift if port.status else None
        breaching = drift is not None and drift.evidence is Evidence.FAIL
        often = breaching or port.asks
        return max(
            self.spec.drift.interval.seconds,
            min(self.interval_s, BREACH_INTERVAL_S) if often else self.interval_s,
        )

    def _nights(self, begin: float, end: float) -> Iterator[float]:
        """Yield when the schedule trains, in Unix seconds."""
        retraining = self.spec.retraining
        if retraining is None or retraining.suspend:
            return
        since, known = at(begin) - timedelta(seconds=1), zone(retraining.time_zone)
        while (since := next_run(retraining.schedule, since, known)).timestamp() < end:
            yield since.timestamp()

    def _live(self, port: ReplayPort, day: Day, begin: float, end: float) -> None:
        places = self._places(begin, end)
        day.leads += len(places)
        if port.serve is None:
            return
        scores = port.predictors.score([(self.past.times[i], self.past.lead(i)) for i in places])
        day.scores += [score for score in scores if score is not None]
        day.refused += sum(score is None for score in scores)

    def _keep_psi(self, port: ReplayPort, day: Day) -> None:
        drift = port.status.drift if port.status else None
        if drift is not None and drift.psi is not None and (day.psi is None or drift.psi > day.psi):
            day.psi, day.feature, day.previous_psi = drift.psi, drift.feature or "", drift.previous_psi

    def _close(self, port: ReplayPort, day: Day) -> None:
        champion = port.status.champion if port.status else None
        if champion is not None:
            day.champion, day.auc = champion.digest, champion.auc
        day.events, port.events = port.events, []

    def _train(self, port: ReplayPort) -> None:
        """Train as the nightly Job would, on all leads that had arrived by then."""
        retraining, outcomes = self.spec.retraining, self._outcomes
        assert retraining is not None
        assert outcomes is not None
        if (why := outcomes.why_hopeless(port.now)) is not None:
            self._skip(port, why)
            return
        leads = self.folder / "leads.csv"
        self.past.write(leads, 0, self.past.before(port.now))
        source = replace(retraining, leads=replace(retraining.leads, uri=leads.as_uri()))
        texts = port.spec.enrichment  # none serves in a replay
        text_model = texts.artifact.uri if texts is not None else ""
        command = work.retraining(self.key.name, replace(port.spec, retraining=source), text_model)
        assert command is not None
        command = [*command, f"--time-column={self.time_column}"]
        result = run(command, self.folder, {"SOURCE_DATE_EPOCH": f"{port.now:.0f}"})
        port.end_job(f"retraining-{port.now:.0f}", JobKind.RETRAINING, result.message, result.code)

    def _skip(self, port: ReplayPort, why: str) -> None:
        """Let the first night without enough outcomes end as its training would, and the others pass: the cause is the same."""
        if self._told_hopeless:
            return
        self._told_hopeless = True
        message = failure.dump(Failure(ErrorWord.TOO_FEW_OUTCOMES, why))
        port.end_job(f"retraining-{port.now:.0f}", JobKind.RETRAINING, message, TrainExit.REFUSED)
