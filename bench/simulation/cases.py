"""What is played: the cases of the study, their worlds, their numbers and their seeds. Nothing is computed here.

Trials and every change of a rule used the flat week and seeds below 1,000. The final tables use seeds from 1,000 on, and a second
world with a weekly cycle that nothing was tuned on.
"""

from dataclasses import dataclass, field, replace

from simulation.cluster import SPEC
from simulation.play import Play

from leadmodel_training.world import DEFAULT_SIZE, Shift, ShiftKind, World

FINAL_SEED = 1000
FLAT, WEEKLY, OTHER = "flat week", "weekly cycle", "weekly, livelier"
LIVELY = World(wobble=0.2, daily=0.6, industries=40, signal=0.8)
WORLDS = {FLAT: World(weekly=False), WEEKLY: World()}
CALM_WORLDS = {**WORLDS, OTHER: LIVELY}
RATES = (2_000, 20_000, 100_000)
LOOK_S = {200: 3600.0, 2_000: 1800.0, 20_000: 1200.0, 100_000: 900.0}  # while nothing breaches
BAD_NIGHT, TURN_DAY, TURN_HOUR = 3, 2, 10.0
NEVER = 1_000_000


@dataclass(frozen=True)
class Case:
    """Plays that differ in their seed only."""

    part: str
    name: str
    world: str
    rate: int
    plays: tuple[Play, ...] = field(repr=False)


def case(
    part: str,
    name: str,
    world: str,
    rate: int,
    count: int,
    seed: int,
    *,
    days: int,
    shift: Shift | None = None,
    bad: Shift | None = None,
    bad_nights: tuple[int, ...] = (),
    turn_end: int | None = None,
    retrain_every: int = 1,
    first_look_day: int = 0,
    restarts: float = 0.0,
    rollouts: float = 0.0,
    forgetful: bool = False,
    live: bool = False,
) -> Case:
    """`count` plays with seeds of their own."""
    play = Play(
        world=replace(CALM_WORLDS[world], per_day=rate),
        seed=0,
        days=days,
        shift=shift,
        turn_day=TURN_DAY,
        turn_hour=TURN_HOUR,
        turn_end=turn_end,
        bad=bad,
        bad_nights=bad_nights,
        retrain_every=retrain_every,
        restarts_per_day=restarts,
        rollouts_per_day=rollouts,
        first_look_day=first_look_day,
        look_s=LOOK_S[rate],
        forgetful=forgetful,
        live=live,
        spec=SPEC,
        cause=name,
    )
    return Case(part, name, world, rate, tuple(replace(play, seed=seed + i) for i in range(count)))


def shift_of(kind: ShiftKind, size: float | None = None) -> Shift:
    """The shift at its usual size; the play says when."""
    return Shift(kind, DEFAULT_SIZE[kind] if size is None else size, 0)


# --- the parts -----------------------------------------------------------------------------------------------------------

CORRUPT = shift_of(ShiftKind.CORRUPT)
BAD = {"corrupt retrain (40 % of rows)": CORRUPT, "leaked feature": shift_of(ShiftKind.LEAK)}
MOVES = {
    "world shift, 1 sd at once": shift_of(ShiftKind.STEP),
    "world shift, 1 sd over 14 days": shift_of(ShiftKind.SLOW),
    "concept drift": shift_of(ShiftKind.CONCEPT),
    "serving bug (30 % zeros)": shift_of(ShiftKind.ZEROS),
    "night bot (30 %)": shift_of(ShiftKind.BOT),
    "a source appears (20 %)": shift_of(ShiftKind.APPEARS),
    "the largest source ends": shift_of(ShiftKind.VANISHES),
    "a tenth of the leads": shift_of(ShiftKind.QUIET),
}
DAYS_A_PLAY = 10


def calm(seed: int, share: float) -> list[Case]:
    """Days without drift: 50 in the world of the trials and 200 in the other, at each rate."""
    plan = {FLAT: 5, WEEKLY: 20, OTHER: 10}
    return [
        case(
            "calm", "no drift", world, rate, max(1, round(plan[world] * share)), seed + 100_000 + 40 * place,
            days=DAYS_A_PLAY,
        )
        for place, (world, rate) in enumerate((w, r) for w in CALM_WORLDS for r in RATES)
    ]  # fmt: skip


def bad(seed: int, share: float) -> list[Case]:
    """One night's training reads spoilt rows."""
    plan = {20_000: 15, 2_000: 6, 100_000: 4}
    return [
        case(
            "bad", name, world, rate, max(2, round(count * share)), seed + 1000 + 50 * place,
            days=BAD_NIGHT + 1, bad=shift, bad_nights=(BAD_NIGHT,), first_look_day=BAD_NIGHT,
        )
        for place, world in enumerate(WORLDS)
        for name, shift in BAD.items()
        for rate, count in plan.items()
    ]  # fmt: skip


def moves(seed: int, share: float) -> list[Case]:
    """The world changes; every model is sound."""
    plan = {20_000: 4, 2_000: 3}
    return [
        case(
            "moves", name, world, rate, max(2, round(count * share)), seed + 2000 + 20 * place,
            days=9 if shift.kind is ShiftKind.SLOW else 6, shift=shift, first_look_day=1,
        )
        for place, world in enumerate(WORLDS)
        for name, shift in MOVES.items()
        for rate, count in plan.items()
    ]  # fmt: skip


def back(seed: int, share: float) -> list[Case]:
    """The world changes and changes back; every model is sound, but some know only the world in between."""
    return [
        case(
            "back", f"a campaign of {days} days, 1 sd{' (control: no memory)' if forgetful else ''}", world,
            20_000, max(2, round((1 if forgetful else 3) * share)), seed + 7000 + 20 * place,
            days=10, shift=shift_of(ShiftKind.STEP), turn_end=TURN_DAY + days, first_look_day=1,
            forgetful=forgetful,
        )
        for place, world in enumerate(WORLDS)
        for days in (1, 3, 5)
        for forgetful in (False, True)
    ]  # fmt: skip


def few(seed: int, share: float) -> list[Case]:
    """200 leads a day."""
    found = []
    for place, world in enumerate(WORLDS):
        at, some = seed + 3000 + 100 * place, max(2, round(4 * share))
        found += [
            case("few", "no drift, retrained every night", world, 200, 2 * some, at, days=DAYS_A_PLAY),
            case(
                "few", "no drift, retrained every week", world, 200, some, at + 30, days=28, retrain_every=7
            ),
            *(
                case("few", f"{name}, retrained every night", world, 200, some, at + 50, days=8, bad=shift,
                     bad_nights=(3,))
                for name, shift in BAD.items()
            ),
            *(
                case("few", f"{name}, retrained every week", world, 200, some, at + 50, days=21, bad=shift,
                     bad_nights=(14,), retrain_every=7)
                for name, shift in BAD.items()
            ),
            case("few", "world shift, 1 sd at once, retrained every week", world, 200, some, at + 70, days=14,
                 shift=shift_of(ShiftKind.STEP), retrain_every=7),
        ]  # fmt: skip
    return found


def lost(seed: int, share: float) -> list[Case]:
    """Pods restart and the template is rolled out, so that windows are lost by day too."""
    usual = {"restarts": 3.0, "rollouts": 2.0}
    found = []
    for place, world in enumerate(WORLDS):
        for rate in (2_000, 20_000):
            at = seed + 4000 + 100 * place
            found += [
                case("lost", "no drift", world, rate, max(1, round(3 * share)), at, days=DAYS_A_PLAY, **usual),
                case("lost", "corrupt retrain (40 % of rows)", world, rate, max(2, round(6 * share)), at + 40,
                     days=BAD_NIGHT + 1, bad=CORRUPT, bad_nights=(BAD_NIGHT,), first_look_day=BAD_NIGHT, **usual),
                case("lost", "world shift, 1 sd at once", world, rate, max(2, round(2 * share)), at + 60, days=5,
                     shift=shift_of(ShiftKind.STEP), first_look_day=1, **usual),
            ]  # fmt: skip
    return found


def again(seed: int, share: float) -> list[Case]:
    """The same bad training night after night."""
    nights = tuple(range(BAD_NIGHT, BAD_NIGHT + 8))
    return [
        case("again", name, world, rate, max(2, round(2 * share)), seed + 5000 + 20 * place,
             days=BAD_NIGHT + 8, bad=shift, bad_nights=nights, first_look_day=BAD_NIGHT)
        for place, world in enumerate(WORLDS)
        for name, shift in BAD.items()
        for rate in (2_000, 20_000)
    ]  # fmt: skip


SIZES = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0)


def delays(seed: int, share: float) -> list[Case]:
    """How long a shift of some size takes to be said, without a night in between."""
    plan = {2_000: 4, 20_000: 4, 100_000: 3}
    return [
        case("delays", f"{size:g}", FLAT, rate, max(2, round(count * share)), seed + 6000,
             days=TURN_DAY + 2, shift=shift_of(ShiftKind.STEP, size), first_look_day=TURN_DAY, retrain_every=30)
        for size in SIZES
        for rate, count in plan.items()
    ]  # fmt: skip


SPOILT = {
    "corrupt retrain (40 % of rows)": CORRUPT,
    "corrupt retrain (10 % of rows)": shift_of(ShiftKind.CORRUPT, 10),
    "leaked feature": shift_of(ShiftKind.LEAK),
}
CHANGES = {
    "no drift": (None, None),
    "world shift, 1 sd at once": (shift_of(ShiftKind.STEP), None),
    "a campaign of 2 days, 1 sd": (shift_of(ShiftKind.STEP), TURN_DAY + 2),
    "a source appears (20 %)": (shift_of(ShiftKind.APPEARS), None),
    "night bot (30 %)": (shift_of(ShiftKind.BOT), None),
}


def live(seed: int, share: float) -> list[Case]:
    """Candidates are judged on live leads before they answer any; of spoilt ones the same plays without that come right after."""
    found = []
    for place, (world, rate) in enumerate((w, r) for w in WORLDS for r in (200, 2_000, 20_000)):
        at, some = seed + 8000 + 100 * place, max(2, round(10 * share))
        for name, shift in SPOILT.items():
            found += [
                case("live", name, world, rate, some, at, days=BAD_NIGHT + 1, bad=shift,
                     bad_nights=(BAD_NIGHT,), first_look_day=BAD_NIGHT, live=judged)
                for judged in (True, False)
            ]  # fmt: skip
        for name, (shift, end) in CHANGES.items():
            found.append(
                case("live", name, world, rate, some, at + 50, days=8, shift=shift, turn_end=end,
                     first_look_day=NEVER, live=True)
            )  # fmt: skip
    return found


PARTS = {
    "calm": calm,
    "bad": bad,
    "moves": moves,
    "back": back,
    "few": few,
    "lost": lost,
    "again": again,
    "delays": delays,
    "live": live,
}
