"""What is played and what happened: values only."""

from dataclasses import dataclass, field

from simulation.cluster import SPEC

from leadmodel_operator.resource.spec import Spec
from leadmodel_training.world import Shift, World


@dataclass(frozen=True)
class Play:
    """Days and nights in a world. Day and night 0 come after four weeks of history.

    `shift` changes the leads themselves from hour `turn_hour` of day `turn_day` on, until `turn_end` (a day) if that is given.
    `bad` spoils what training reads on `bad_nights`; the live leads stay sound.
    """

    world: World
    seed: int
    days: int
    shift: Shift | None = None
    turn_day: int = 2
    turn_hour: float = 10.0
    turn_end: int | None = None
    bad: Shift | None = None
    bad_nights: tuple[int, ...] = ()
    retrain_every: int = 1  # days
    restarts_per_day: float = 0.0  # of each pod
    rollouts_per_day: float = 0.0  # of the pod template: all pods begin anew
    pods: int = 2
    kept_per_day: int = 3600  # leads a day that training reads: a holdout of at most 20,000 rows
    first_look_day: int = 0  # until then pods are asked twice a day only, so that a champion is proven
    look_s: float = 600.0  # between looks while nothing breaches; the real interval is 30 s
    forgetful: bool = False  # a control: without the memory that the leads moved
    live: bool = False  # whether candidates are judged on live leads before they answer any
    spec: Spec = SPEC
    cause: str = ""


@dataclass
class Day:
    """One day's figures."""

    looks: int = 0
    answered: int = 0  # looks with enough leads to say anything
    warned: int = 0  # looks with PSI ≥ .1
    large: int = 0  # looks with PSI ≥ .25, beyond noise or not
    breached: int = 0  # looks that breach: large and beyond noise
    psi: float = 0.0
    seed: float = 0.0  # the largest mean-shift score (`lead_model_drift_score`) of a pod
    seed_fired: int = 0  # looks with it over 3
    windows_lost: int = 0
    readings: list[tuple[float, float]] = field(default_factory=list)  # seconds since the day began, PSI


@dataclass(frozen=True)
class Asked:
    """What live leads said of one night's candidate, and how many minutes that took."""

    at: float
    bad: bool  # trained on spoilt rows
    refused: bool
    reason: str
    minutes: float
    psi: float | None
    champion_psi: float | None


@dataclass
class Outcome:
    """What happened in a play. Times are seconds since the play's day 0."""

    days: list[Day] = field(default_factory=list)
    rollbacks: list[float] = field(default_factory=list)
    false_rollbacks: int = 0  # of a model that was trained on sound rows
    sustained: list[tuple[float, str]] = field(default_factory=list)  # breaches that lasted, and where
    pairs: list[tuple[float, float]] = field(default_factory=list)  # PSI of champion and previous then
    promotions: int = 0
    refusals: list[tuple[float, str, bool]] = field(default_factory=list)  # time, reason, badly trained
    bad_served: list[float] = field(default_factory=list)  # when a badly trained model began to serve
    holds: list[float] = field(default_factory=list)
    asked_a_person: bool = False
    asked: list[Asked] = field(default_factory=list)
    promoted: list[float] = field(default_factory=list)
