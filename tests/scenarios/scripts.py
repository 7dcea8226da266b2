"""The scenarios: what happens to one LeadModel, told once for both runtimes. Each ends in a status that stands in `ends/`."""

from collections.abc import Callable

from leadmodel_artifact.artifact import digest
from scenarios.goods import BAD, BETTER, FAIR, GOOD, NO_MODEL, SPOILT, holdout, live, moved
from scenarios.text_scripts import launch_alarms_before_accuracy_falls, text_models_come_and_go
from scenarios.world import HOLDOUT, MODEL, Stage

Scenario = Callable[[Stage], None]


def start(stage: Stage, raw: bytes = GOOD) -> str:
    """A first model serves."""
    stage.world.put(HOLDOUT, holdout())
    stage.world.put(MODEL, raw)
    stage.apply()
    stage.serves(digest(raw))
    return digest(raw)


def first_model_serves(stage: Stage) -> None:
    """Judged on the first deploy too, then served."""
    start(stage)


def bad_first_model_serves_nobody(stage: Stage) -> None:
    """Nothing serves until a good one comes."""
    stage.world.put(HOLDOUT, holdout())
    stage.world.put(MODEL, BAD)
    stage.apply()
    stage.condition("Available", "False", "NoGoodRevision")
    stage.condition("Ready", "False", "GateFailed")


def refused_then_better(stage: Stage) -> None:
    """A bad one and one that is no model are refused, the good one serves on; a better one replaces it."""
    good = start(stage, FAIR)
    stage.judged(stage.put(BAD), "Fail")
    stage.serves(good)
    stage.judged(stage.put(NO_MODEL), "Fail")
    stage.serves(stage.put(BETTER))
    stage.condition("Ready", "True", "Serving")


def worse_than_champion(stage: Stage) -> None:
    """It passes minAuc but not the comparison."""
    start(stage, BETTER)
    stage.judged(stage.put(FAIR), "Fail")
    stage.condition("Validated", "False", "WorseThanChampion")


def bad_retrain_is_rolled_back(stage: Stage) -> None:
    """Its reference is of leads nobody sends: live leads breach, the previous model fits them."""
    good = start(stage)
    stage.proven()
    stage.serves(stage.put(SPOILT))
    back = lambda s: s.get("rollbacks") and s["champion"]["digest"] == good  # noqa: E731
    stage.until("the rollback", back, live(seed=23))
    stage.serves(good)
    stage.condition("Ready", "False", "RolledBack")


def bad_retrain_never_serves(stage: Stage) -> None:
    """The leads that the champion answered do not fit it, so it answers none; they fit a sound one."""
    good = start(stage)
    stage.apply(gate={"live": {"policy": "Require"}})
    stage.proven()
    stage.put(SPOILT)
    stage.condition("Validated", "False", "UnlikeLiveLeads")
    stage.serves(good)
    stage.serves(stage.put(BETTER))
    stage.condition("DriftDetected", "False", "WithinLimits")  # by the leads that it was asked about


def canary(stage: Stage) -> None:
    """A candidate answers a share of leads before it answers all; a pin on the older model does too, and a person takes it back."""
    good = start(stage)
    steps = [{"weight": 20, "for": "10s"}, {"weight": 50, "for": "10s"}]
    stage.apply(gate={"live": {"policy": "Require"}}, rollout={"steps": steps})
    stage.proven()
    better = stage.put(BETTER)
    answers = lambda s: (s.get("challenger") or {}).get("answered")  # noqa: E731
    stage.until("answers of the candidate", answers, live(seed=24))
    stage.serves(better)
    stage.apply(rollout={"steps": [{"weight": 20, "for": "1h"}]}, artifact={"digest": good})
    stage.until("a share of leads", lambda s: (s.get("challenger") or {}).get("shownSince"), live(seed=25))
    stage.condition("Validated", "Unknown", "Canary")
    stage.ask("abort", good)
    stage.condition("Validated", "False", "Manual")
    stage.serves(better)


def held_after_rollback(stage: Stage) -> None:
    """After a rollback a good candidate waits for the cooldown; a person may release it."""
    bad_retrain_is_rolled_back(stage)
    better = stage.put(BETTER)
    stage.condition("Validated", "Unknown", "HeldAfterRollback")
    stage.ask("release", better)
    stage.serves(better)
    stage.condition("Ready", "True", "Serving")


def world_moves(stage: Stage) -> None:
    """Both models breach: a warning, no rollback."""
    start(stage)
    stage.proven()
    better = stage.put(BETTER)
    stage.serves(better)
    stage.until("the warning", lambda s: (s.get("drift") or {}).get("verdict"), moved())
    stage.condition("DriftDetected", "True", "SustainedBreach")
    stage.serves(better)


def pinned(stage: Stage) -> None:
    """A pin holds against what lies at the URI; unpinned, the URI counts again."""
    good = start(stage)
    stage.apply(artifact={"digest": good})
    stage.condition("Ready", "True", "Serving")
    better = stage.put(BETTER)
    stage.serves(good)
    stage.apply(artifact={"digest": better})
    stage.serves(better)
    stage.apply(artifact={"digest": good})
    stage.serves(good)
    stage.spec["artifact"] = {}
    stage.put(BETTER)
    stage.serves(better)


def asked_back(stage: Stage) -> None:
    """A person goes back to an older model; what was left is not tried again until it is released."""
    good = start(stage)
    better = stage.put(BETTER)
    stage.serves(better)
    stage.ask("rollback-to", good)
    stage.serves(good)
    stage.condition("Ready", "False", "RolledBack")
    stage.ask("release", better)
    stage.serves(better)
    stage.condition("Ready", "True", "Serving")


def gate_raised(stage: Stage) -> None:
    """The champion fails a stricter gate: it serves on, and the resource is not ready; a mended gate makes it ready."""
    good = start(stage)
    stage.apply(minAuc=0.95)
    stage.condition("Ready", "False", "GateFailed")
    stage.serves(good)
    stage.apply(minAuc=0.55)
    stage.condition("Ready", "True", "Serving")


def source_away(stage: Stage) -> None:
    """The store has nothing: no model is blamed; it comes back."""
    stage.world.put(HOLDOUT, holdout())
    stage.apply()
    stage.condition("Validated", "Unknown", "ArtifactNotFound")
    stage.serves(stage.put(GOOD))


def holdout_too_small(stage: Stage) -> None:
    """Too few labelled leads hold; a mended holdout is noticed."""
    stage.world.put(HOLDOUT, holdout(120))
    stage.world.put(MODEL, GOOD)
    stage.apply()
    stage.condition("Validated", "Unknown", "HoldoutTooSmall")
    stage.put(GOOD, holdout())
    stage.serves(digest(GOOD))


def paused(stage: Stage) -> None:
    """Nothing changes while it is paused; then what waits goes its way."""
    good = start(stage)
    stage.apply(paused=True)
    better = stage.put(BETTER)
    stage.until("it is paused", lambda s: s["phase"] == "Paused")
    stage.serves(good)
    stage.apply(paused=False)
    stage.put(BETTER)
    stage.serves(better)


def status_lost(stage: Stage) -> None:
    """The status is gone: what was decided is known from the ledger, nothing is judged or rolled anew."""
    start(stage)
    better = stage.put(BETTER)
    stage.serves(better)
    stage.world.lose_status()
    stage.serves(better)
    stage.condition("Ready", "True", "Serving")


SCENARIOS: dict[str, Scenario] = {
    found.__name__: found
    for found in (
        first_model_serves,
        bad_first_model_serves_nobody,
        refused_then_better,
        worse_than_champion,
        bad_retrain_is_rolled_back,
        bad_retrain_never_serves,
        canary,
        held_after_rollback,
        world_moves,
        pinned,
        asked_back,
        gate_raised,
        source_away,
        holdout_too_small,
        paused,
        status_lost,
        text_models_come_and_go,
        launch_alarms_before_accuracy_falls,
    )
}
