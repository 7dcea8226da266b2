"""Days and nights: leads come, pods are asked every few minutes, and at one each night a model is trained on the leads of four weeks."""

from collections import deque
from dataclasses import replace

import numpy as np
from simulation.auc import Placed, compare, place, report
from simulation.cluster import Cluster
from simulation.live import ask
from simulation.models import Model, table, train
from simulation.play import Asked, Day, Outcome, Play
from simulation.windows import SIZE, Traffic

from leadmodel_operator.planning.live_response import Response
from leadmodel_operator.planning.planned import Serve
from leadmodel_operator.resource.vocabulary import Evidence, Reason
from leadmodel_predictor.serving.model import drift_score
from leadmodel_training.world import DAY_S, HOUR_S, IMPORTED, Leads, Shift, ShiftKind, join
from leadmodel_training.world_days import draw

HISTORY_DAYS = 28
TRAIN_AT = HOUR_S + 1500  # trained, judged and rolled out by 01:25
HELD_SHARE = 0.2
SEED_LIMIT = 3.0
BREACH_S = 300.0  # between looks while a breach lasts


class Run:
    """One play while it runs."""

    def __init__(self, play: Play) -> None:
        self.play, self.outcome, self.today = play, Outcome(), Day()
        self.rng = np.random.default_rng([play.seed, 77])
        self.models: dict[str, Model] = {}
        self.bad: set[str] = set()
        self.seed_score = 0.0
        self.cluster = Cluster(self._measure, self._windows, spec=play.spec, forgetful=play.forgetful)
        thin = replace(play.world, per_day=min(play.world.per_day, play.kept_per_day))
        past = [draw(thin, play.seed, [day]) for day in range(HISTORY_DAYS)]
        self.history = deque(past, maxlen=HISTORY_DAYS)
        self.holdout = past[0]
        self.begin = play.world.start.timestamp() + HISTORY_DAYS * DAY_S
        self.traffic = Traffic(play.world, past[0].take(slice(0, 0)), play.pods)

    def run(self) -> Outcome:
        for day in range(self.play.days):
            self.today = Day()
            self._one_day(day)
            self.outcome.days.append(self.today)
        return self.outcome

    # --- leads -------------------------------------------------------------------------------------------------------

    def _live(self, day: int) -> Leads:
        """The leads of a day; on the day of the turn the later hours are of the changed world."""
        play = self.play
        leads = draw(play.world, play.seed, [HISTORY_DAYS + day])
        over = play.turn_end is not None and day >= play.turn_end
        if play.shift is None or day < play.turn_day or over:
            return leads
        shift = replace(play.shift, day=HISTORY_DAYS + play.turn_day)
        changed = draw(
            replace(play.world, shifts=(*play.world.shifts, shift)), play.seed, [HISTORY_DAYS + day]
        )
        if day > play.turn_day:
            return changed
        turn = self.begin + day * DAY_S + play.turn_hour * HOUR_S
        return join([leads.take(leads.time < turn), changed.take(changed.time >= turn)])

    def _thinned(self, leads: Leads) -> Leads:
        most = self.play.kept_per_day
        if len(leads) <= most:
            return leads
        return leads.take(np.sort(self.rng.choice(len(leads), most, replace=False)))

    def _one_day(self, day: int) -> None:
        begin, today, before = self.begin + day * DAY_S, self._live(day), self.traffic.leads
        kept = before.take(slice(max(0, len(before) - SIZE * self.play.pods), None))
        yesterday = before.take(before.time > begin - DAY_S)
        recent = max(kept, yesterday, key=len)
        self.traffic = Traffic(self.play.world, join([recent, today]), self.play.pods)
        self._look_through(day, begin, begin + TRAIN_AT)
        if day % self.play.retrain_every == 0:
            self._night(day, begin + TRAIN_AT)
        self._look_through(day, begin + TRAIN_AT + 60, begin + DAY_S)
        self.history.append(self._thinned(today))

    # --- nights ------------------------------------------------------------------------------------------------------

    def _night(self, night: int, at: float) -> None:
        before, self.cluster.now = self._champion(), at
        digest = self._train(night, bad=night in self.play.bad_nights)
        if not (self.play.live and self._refused_live(digest, at)):
            self.cluster.retrained(digest)
            self._note_night(digest, before, at - self.begin)
        status = self.cluster.status
        assert status is not None
        keep = {r.digest for r in (status.champion, status.previous, status.best) if r} | {digest}
        self.models = {d: m for d, m in self.models.items() if d in keep}

    def _refused_live(self, digest: str, at: float) -> bool:
        """Whether live leads refuse tonight's candidate while they fit the champion."""
        champion, bad = self._champion(), digest in self.bad
        if champion is None:
            return False
        pair = self.models[champion], self.models[digest]
        answer = ask(self.traffic, self.cluster.begun, pair, at, self.play.spec)
        self.outcome.asked.append(
            Asked(
                at - self.begin,
                bad,
                answer.response is Response.REFUSE,
                answer.verdict.reason,
                answer.minutes,
                answer.verdict.psi,
                answer.verdict.champion_psi,
            )
        )
        return answer.response is Response.REFUSE

    def _train(self, night: int, *, bad: bool) -> str:
        leads, shift = join(self.history), self.play.bad
        leak = bad and shift is not None and shift.kind is ShiftKind.LEAK
        if bad and shift is not None:
            leads = spoil(leads, shift, np.random.default_rng([self.play.seed, night, 5]))
        held = np.arange(len(leads)) >= round((1 - HELD_SHARE) * len(leads))
        model = train(leads, self.play.world, night=night, held=held, leak=leak, salt=f"{self.play.seed}")
        self.models[model.digest], self.holdout = model, leads.take(held)
        if bad:
            self.bad.add(model.digest)
        return model.digest

    def _placed(self, digest: str | None) -> Placed | None:
        if digest not in self.models:
            return None
        model = self.models[digest]
        return place(model.score(table(self.holdout, self.play.world, leak=model.leak)), self.holdout.y)

    def _measure(self, asked):
        new = self._placed(asked.digest)
        assert new is not None
        others = [
            None if (other := self._placed(digest)) is None else compare(digest, new, other)
            for digest in (asked.champion, asked.best)
        ]
        night = self.models[asked.digest].version
        return report(
            asked.digest,
            new,
            holdout=f"sha256:{night:064x}",
            version=night,
            champion=others[0],
            best=others[1],
        )

    def _champion(self) -> str | None:
        status = self.cluster.status
        return status.champion.digest if status and status.champion else None

    def _note_night(self, digest: str, before: str | None, at: float) -> None:
        status, now, outcome = self.cluster.status, self._champion(), self.outcome
        assert status is not None
        bad = digest in self.bad
        if now == digest and now != before:
            outcome.promotions += 1
            outcome.promoted.append(at)
            outcome.bad_served += [at] * bad
        elif status.hold is not None:
            outcome.holds.append(at)
            outcome.asked_a_person |= status.hold.until is None
        elif status.candidate is not None and status.candidate.verdict is Evidence.FAIL:
            outcome.refusals.append((at, status.candidate.reason or Reason.PENDING, bad))

    # --- looks -------------------------------------------------------------------------------------------------------

    def _windows(self, pod: int, begun: float, now: float, serve: Serve, since: float | None):
        previous = self.models.get(serve.previous) if serve.previous else None
        found = self.traffic.window(pod, begun, now, self.models[serve.champion], previous, since)
        self.seed_score = max(self.seed_score, drift_score(found))
        return found

    def _look_through(self, day: int, begin: float, end: float) -> None:
        if self.cluster.status is None:
            return
        if day < self.play.first_look_day:
            self._look(end - 1)
            return
        now = begin
        while now < end:
            step = BREACH_S if self._look(now) else self.play.look_s
            self._lose_windows(now, step)
            now += step

    def _lose_windows(self, now: float, step: float) -> None:
        share, lost = step / DAY_S, 0
        for pod in range(len(self.cluster.begun)):
            if self.rng.random() < self.play.restarts_per_day * share:
                self.cluster.restart(pod, now)
                lost += 1
        if self.rng.random() < self.play.rollouts_per_day * share:
            for pod in range(len(self.cluster.begun)):
                self.cluster.restart(pod, now)
                lost += 1
        self.today.windows_lost += lost

    def _look(self, now: float) -> bool:
        """Whether the champion breaches."""
        cluster = self.cluster
        before, was = self._champion(), cluster.status.drift if cluster.status else None
        self.seed_score = 0.0
        cluster.look(now)
        found = cluster.status.drift if cluster.status else None
        if self._champion() != before:
            self._note_change(now, before)
            return False
        if found is None:
            return False
        self._note(now, found, was)
        return found.evidence is Evidence.FAIL

    def _note(self, now: float, found, was) -> None:
        day, outcome = self.today, self.outcome
        psi = found.psi or 0.0
        day.looks += 1
        day.answered += found.evidence in {Evidence.PASS, Evidence.FAIL}
        day.warned += psi >= 0.1
        day.large += psi >= 0.25
        day.breached += found.evidence is Evidence.FAIL
        day.psi, day.seed = max(day.psi, psi), max(day.seed, self.seed_score)
        day.seed_fired += self.seed_score > SEED_LIMIT
        if found.psi is not None:
            day.readings.append(((now - self.begin) % DAY_S, found.psi))
        if found.sustained and not (was is not None and was.sustained):
            outcome.sustained.append((now - self.begin, found.feature or ""))
            outcome.pairs.append((psi, np.nan if found.previous_psi is None else found.previous_psi))

    def _note_change(self, now: float, champion: str | None) -> None:
        """Between two nights the champion changes by a rollback, or because a hold has ended."""
        status, outcome = self.cluster.status, self.outcome
        assert status is not None
        if not status.rollbacks or status.rollbacks[0].from_ != champion:
            outcome.promotions += 1
            outcome.bad_served += [now - self.begin] * (self._champion() in self.bad)
            return
        outcome.rollbacks.append(now - self.begin)
        outcome.false_rollbacks += champion not in self.bad
        outcome.pairs.append(_figures(next(q.evidence for q in status.quarantine if q.digest == champion)))


def _figures(evidence: str) -> tuple[float, float]:
    """The two PSIs of a rollback's sentence: "PSI 1.23 in x; the previous model has PSI 0.01 …"."""
    words = evidence.replace(";", " ").split()
    found = [float(words[i + 1]) for i, word in enumerate(words[:-1]) if word == "PSI"]
    return found[0], found[1]


def spoil(leads: Leads, shift: Shift, rng: np.random.Generator) -> Leads:
    """The rows as a broken export hands them to training; the leads themselves were sound."""
    made = replace(
        leads, **{name: getattr(leads, name).copy() for name in ("length", "staff", "source", "follow_ups")}
    )
    if shift.kind is ShiftKind.LEAK:
        made.follow_ups[:] = rng.poisson(np.where(made.y, 4.0 * shift.size, 0.4))
        return made
    hit = rng.random(len(made)) < shift.size / 100
    made.length[hit], made.staff[hit], made.source[hit] = 0.0, 0.0, IMPORTED
    return made
