"""The live gate of a night: the candidate's windows over the leads that the champion's pods hold, judged by the operator's own rules.

Leads of the past cannot be given to a candidate that reads a field the champion does not read: such a candidate is judged on the leads
that come while it is asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from simulation.models import Model
from simulation.windows import Traffic

from leadmodel_messages.window import Window
from leadmodel_messages.window_sums import alike
from leadmodel_operator.planning.drift_reading import Reading, read
from leadmodel_operator.planning.live_gate import judge_live
from leadmodel_operator.planning.live_response import LiveVerdict, Response, respond
from leadmodel_operator.resource.spec import Spec

STEP_S = 300.0  # between looks while more leads may come


@dataclass(frozen=True)
class Answered:
    """The last verdict, what follows from it, and after how many minutes."""

    verdict: LiveVerdict
    response: Response
    minutes: float


def ask(
    traffic: Traffic, begun: Sequence[float], pair: tuple[Model, Model], at: float, spec: Spec
) -> Answered:
    """Ask from `at` on until the verdict is final. `pair`: champion and candidate; `begun`: when each pod started."""
    waited, longest = 0.0, spec.gate.live.max_wait.seconds
    while True:
        verdict = _verdict(traffic, begun, pair, at, at + waited, spec)
        response = respond(verdict, spec.gate.live, binding=True, waited=waited >= longest)
        if response is not Response.ASK:
            return Answered(verdict, response, waited / 60)
        waited = min(longest, waited + STEP_S)


def _verdict(
    traffic: Traffic,
    begun: Sequence[float],
    pair: tuple[Model, Model],
    asked: float,
    now: float,
    spec: Spec,
) -> LiveVerdict:
    champion, challenger = pair
    first = [asked if challenger.leak and not champion.leak else start for start in begun]
    known = _read(traffic, begun, champion, now, spec)
    given = _read(traffic, first, challenger, now, spec)
    unread = known.samples - given.samples
    return judge_live(
        known,
        replace(given, samples=known.samples),
        unread=unread,
        policy=spec.gate.live,
        max_psi=spec.drift.max_psi,
    )


def _read(traffic: Traffic, begun: Sequence[float], model: Model, now: float, spec: Spec) -> Reading:
    policy = replace(spec.drift, min_samples=spec.gate.live.min_samples)
    windows: list[Window] = [
        traffic.window(pod, start, now, model, None, None) for pod, start in enumerate(begun)
    ]
    return read(alike(windows), policy)
