"""Whatever happens in whatever order, the invariants hold and it comes to rest; each seeded fault of the planner is noticed."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from leadmodel_operator.planning import champion, desired, live_leads, pass_state, rollout, validation
from leadmodel_operator.planning import plan as planner
from leadmodel_operator.planning.trace import Outcome, PlanStep, nothing
from leadmodel_operator.resource.status import Status
from leadmodel_operator.resource.vocabulary import Evidence, Reason
from worlds.histories import history, steps
from worlds.invariants import Broken
from worlds.world import World

pytestmark = pytest.mark.slow
EXAMPLES = 750 if os.environ.get("LEADMODEL_FULL") else 60  # of four parts
HELD = settings(deadline=None, max_examples=EXAMPLES, database=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("part", range(4))
def test_invariants_hold(part):
    """The API server's clock goes with ours, or it is behind it, or ahead."""
    behind = timedelta(seconds=(0, 1, 90, -30)[part])

    @seed(part)
    @HELD
    @given(st.lists(steps, min_size=12, max_size=40))
    def run(script):
        history(World(behind=behind), script)

    run()


FOUND = settings(
    deadline=None,
    max_examples=2000,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
)


def passes_all(real: Callable[..., Any]) -> Callable[..., Any]:
    """The gate says Pass whatever it measured."""
    return lambda *args, **kwargs: replace(real(*args, **kwargs), evidence=Evidence.PASS)


def forgets_refusals(_real: Callable[..., Any]) -> Callable[..., Any]:
    """A quarantine that holds nothing back."""
    return lambda _self, _digest: None


def goes_back_blindly(real: Callable[..., Any]) -> Callable[..., Any]:
    """Rolls back without asking whether the previous model would do better."""
    return lambda *args, **kwargs: real(
        *args, **{**kwargs, "rollback": replace(kwargs["rollback"], max_previous_psi=1e9)}
    )


def forgets_rollbacks(real: Callable[..., Any]) -> Callable[..., Any]:
    """No cooldown after a rollback."""
    return lambda *args, **kwargs: real(*args, **{**kwargs, "rollbacks": ()})


def repeats_commands(real: Callable[..., Any]) -> Callable[..., Any]:
    """Acts on the same annotation on every pass."""

    def run_commands(work: pass_state.PassState) -> Outcome:
        work.change(handled={})
        return real(work)

    return run_commands


def trims_needed(_real: Callable[..., Any]) -> Callable[..., Any]:
    """Keeps only what serves now."""
    return lambda work: frozenset({work.champion.digest} if work.champion else ())


def pairs_with_itself(_real: Callable[..., Any]) -> Callable[..., Any]:
    """The previous model stays, even when it becomes champion again."""
    return lambda work, _digest: work.status.previous or work.champion


def starts_from_nothing(_real: Callable[..., Any]) -> Callable[..., Any]:
    """A lost status is not rebuilt from the ledger."""
    return lambda _seen: Status()


def blames_the_model(_real: Callable[..., Any]) -> Callable[..., Any]:
    """Any pod that does not come up is the model's fault."""
    return lambda pod, _champion: pod.fault is not None


def ignores_pause(real: Callable[..., Any]) -> Callable[..., Any]:
    """Goes on although a person asked it to wait."""
    return lambda *args, **kwargs: real(*args, **{**kwargs, "paused": False})


def deletes_what_serves(_real: Callable[..., Any]) -> Callable[..., Any]:
    """The Deployment goes as soon as no champion is decided."""
    return lambda work, _serve: True


def waits_for_lost_bytes(real: Callable[..., Any]) -> Callable[..., Any]:
    """A store that has nothing under the URI is asked for ever."""

    def replace_lost(state: pass_state.PassState) -> Outcome:
        candidate = state.status.candidate
        if candidate is not None and candidate.reason is Reason.ARTIFACT_NOT_FOUND:
            return nothing(PlanStep.LOST_CHAMPION)
        return real(state)

    return replace_lost


def gives_up_on_a_silent_store(real: Callable[..., Any]) -> Callable[..., Any]:
    """A store that does not answer counts as one that has nothing."""

    def replace_lost(state: pass_state.PassState) -> Outcome:
        candidate = state.status.candidate
        if candidate is not None and candidate.reason is Reason.FETCH_RETRYING:
            state.change(candidate=replace(candidate, reason=Reason.ARTIFACT_NOT_FOUND))
        return real(state)

    return replace_lost


FAULTS = (
    (validation, "judge", passes_all),
    (pass_state.PassState, "permanent_entry", forgets_refusals),
    (live_leads, "decide", goes_back_blindly),
    (live_leads, "decide", forgets_rollbacks),
    (planner, "run_commands", repeats_commands),
    (desired, "snapshots_to_keep", trims_needed),
    (champion, "previous_after", pairs_with_itself),
    (planner, "rebuild", starts_from_nothing),
    (rollout, "blames_champion", blames_the_model),
    (planner, "PassState", ignores_pause),
    (desired, "may_touch_deployment", deletes_what_serves),
    (planner, "replace_lost", waits_for_lost_bytes),
    (planner, "replace_lost", gives_up_on_a_silent_store),
)


@pytest.mark.parametrize(("where", "name", "fault"), FAULTS, ids=[row[2].__name__ for row in FAULTS])
def test_caught(where, name, fault, monkeypatch):
    monkeypatch.setattr(where, name, fault(getattr(where, name)))

    @seed(0)
    @FOUND
    @given(st.lists(steps, min_size=12, max_size=40))
    def run(script):
        history(World(), script)

    with pytest.raises((Broken, AssertionError)):
        run()
