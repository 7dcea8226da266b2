"""Days and nights of a rehearsal: leads come, nights train, predictors are asked; each day's figures are kept."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from cronsim import CronSim

from leadmodel_local import work
from leadmodel_local.replay.past import DAY_S, Past, at
from leadmodel_local.replay.port import RehearsalPort
from leadmodel_local.replay.programs import Ended, Predictors, run
from leadmodel_operator.planning.observed import Event, JobKind
from leadmodel_operator.reconcile import Key
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.vocabulary import Evidence

BREACH_LOOK_S = 300.0  # a breach must be seen again within the gap that would begin it anew
FIRST_LABELS = 28  # days of leads before the first training, at most


@dataclass
class Day:
    """One day's figures. `psi`: the largest PSI of live leads that was seen."""

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
class Rehearsal:
    """One play. `told` hears of each day when it is over; `look_s`: seconds between looks while nothing breaches."""

    past: Past
    spec: Spec
    key: Key
    folder: Path
    told: Callable[[Day], None]
    look_s: float = 1800.0
    warm_up: int | None = None
    time_column: str = "created_at"

    async def run(self) -> list[Day]:
        """All days after the first training."""
        begin = self._begin()
        days = []
        with Predictors() as predictors:
            port = RehearsalPort(self.folder, self.key, self._spec(), predictors, begin)
            await self._first(port)
            while begin < self.past.times[-1]:
                day = Day(begin)
                await self._day(port, day)
                self._close(port, day)
                days.append(day)
                self.told(day)
                begin += DAY_S
        return days

    def _begin(self) -> float:
        """Midnight after the days that only train."""
        first, last = self.past.times[0], self.past.times[-1]
        known = (
            self.warm_up
            if self.warm_up is not None
            else min(FIRST_LABELS, max(1, int((last - first) / DAY_S / 3)))
        )
        if self.spec.retraining is None:
            known = 0
        return (first // DAY_S + known) * DAY_S

    def _spec(self) -> Spec:
        """The manifest's, with artifact and holdout where the trainings of the rehearsal put them."""
        if self.spec.retraining is None:
            return self.spec
        where = {"artifact": "model.json", "holdout": "holdout.csv.gz"}
        uris = {name: (self.folder / file).as_uri() for name, file in where.items()}
        artifact = replace(self.spec.artifact, uri=uris["artifact"], digest=None, poll_interval="0s")
        return replace(
            self.spec, artifact=artifact, holdout=replace(self.spec.holdout, uri=uris["holdout"], digest=None)
        )

    async def _first(self, port: RehearsalPort) -> None:
        if self.spec.retraining is not None:
            self._train(port)
        await port.settle()

    # --- a day -----------------------------------------------------------------------------------------------------------

    async def _day(self, port: RehearsalPort, day: Day) -> None:
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
                night = next(nights, end)
            elif port.serve is not None:
                await port.look(now)
                self._note(port, day)

    def _step(self, port: RehearsalPort) -> float:
        drift = port.status.drift if port.status else None
        breaching = drift is not None and drift.evidence is Evidence.FAIL
        return max(
            self.spec.drift.interval.seconds, min(self.look_s, BREACH_LOOK_S) if breaching else self.look_s
        )

    def _nights(self, begin: float, end: float) -> Iterator[float]:
        """When the schedule trains."""
        asked = self.spec.retraining
        if asked is None or asked.suspend:
            return
        zone = ZoneInfo(asked.time_zone)
        for moment in CronSim(asked.schedule, at(begin).astimezone(zone) - timedelta(seconds=1)):
            if moment.timestamp() >= end:
                return
            yield moment.timestamp()

    def _live(self, port: RehearsalPort, day: Day, begin: float, end: float) -> None:
        places = range(self.past.before(begin), self.past.before(end))
        day.leads += len(places)
        if port.serve is None:
            return
        scores = port.predictors.take([(self.past.times[i], self.past.lead(i)) for i in places])
        day.scores += [score for score in scores if score is not None]
        day.refused += sum(score is None for score in scores)

    def _note(self, port: RehearsalPort, day: Day) -> None:
        drift = port.status.drift if port.status else None
        if drift is not None and drift.psi is not None and (day.psi is None or drift.psi > day.psi):
            day.psi, day.feature, day.previous_psi = drift.psi, drift.feature or "", drift.previous_psi

    def _close(self, port: RehearsalPort, day: Day) -> None:
        champion = port.status.champion if port.status else None
        if champion is not None:
            day.champion, day.auc = champion.digest, champion.auc
        day.events, port.events = port.events, []

    def _train(self, port: RehearsalPort) -> None:
        """What the nightly Job would do: all leads that had come by then."""
        asked = self.spec.retraining
        assert asked is not None
        leads = self.folder / "leads.csv"
        self.past.write(leads, 0, self.past.before(port.now))
        source = replace(asked, leads=replace(asked.leads, uri=leads.as_uri()))
        command = work.retraining(self.key.name, replace(port.spec, retraining=source))
        assert command is not None
        command = [*command, f"--time-column={self.time_column}"]
        how = run(command, self.folder, {"SOURCE_DATE_EPOCH": f"{port.now:.0f}"})
        port.ended(f"retraining-{port.now:.0f}", JobKind.RETRAINING, Ended(how.code, how.message, how.said))
