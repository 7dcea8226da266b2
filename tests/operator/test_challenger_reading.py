"""What pods say of a candidate: which of their windows count, and the figures of both models on the same leads."""

from dataclasses import replace

import pytest

from leadmodel_messages.errors import ErrorWord
from leadmodel_messages.window import PairedWindow
from leadmodel_operator.planning.challenger_reading import ask_pods
from leadmodel_operator.planning.observed import PodSeen
from leadmodel_operator.resource.spec_policies import DriftPolicy, LiveGate
from leadmodel_operator.resource.status_challenger import ScoreShift
from leadmodel_operator.resource.vocabulary import Evidence, Reason
from worlds.names import START, digest
from worlds.windows import LEADS, make_slot, make_window

A, B, C = digest("A"), digest("B"), digest("C")


def pod(number, challenger=B, *, champion=A, drifts=False, champion_drifts=False, unread=0, **changes):
    window = make_window(champion, None, drifts=champion_drifts, previous_drifts=False, now=START)
    slot = replace(make_slot(challenger, drifts=drifts), unread=unread) if challenger else None
    window = replace(window, challenger=slot, **{"takes_challenger": True, **changes})
    return PodSeen(f"pod-{number}", champion, "predictor:1", ready=True, champion=champion, window=window)


def ask(*pods, ready=None):
    return ask_pods(
        pods, champion=A, challenger=B, ready=ready or len(pods), policy=LiveGate(), drift=DriftPolicy()
    )


def test_both_models_are_read_on_the_same_leads():
    verdict, _ = ask(pod(1), pod(2, drifts=True))
    assert (verdict.evidence, verdict.reason) == (Evidence.FAIL, Reason.UNLIKE_LIVE_LEADS)
    assert verdict.samples == 2 * LEADS
    assert verdict.champion_psi == pytest.approx(0.0)
    assert verdict.psi > 0.25
    both, _ = ask(pod(1, drifts=True, champion_drifts=True), pod(2, drifts=True, champion_drifts=True))
    assert (both.evidence, both.reason) == (Evidence.PASS, Reason.WORLD_MOVED)


@pytest.mark.parametrize(
    "other",
    [pod(2, C, drifts=True), pod(2, champion=C, drifts=True), pod(2, None), replace(pod(2), window=None)],
    ids=["another candidate", "another champion", "none loaded", "no answer"],
)
def test_pods_that_say_nothing_of_it_do_not_count(other):
    """Half of the ready pods are enough; the leads of the others count for neither model."""
    verdict, _ = ask(pod(1), other)
    assert verdict.evidence is Evidence.PASS
    assert verdict.samples == LEADS
    alone, _ = ask(other, replace(other, name="pod-3"))
    assert (alone.evidence, alone.reason) == (Evidence.INSUFFICIENT, Reason.NOT_LOADED)


def test_fewer_than_half_are_not_enough():
    verdict, shift = ask(
        pod(1, drifts=True), pod(2, None, challenger_error=ErrorWord.SCHEMA_MISMATCH), ready=3
    )
    assert (verdict.evidence, verdict.reason) == (Evidence.INSUFFICIENT, Reason.NOT_LOADED)
    assert "1 of 3" in verdict.message
    assert "SchemaMismatch" in verdict.message
    assert shift is None


def test_pods_without_a_place_cannot_load_any():
    verdict, _ = ask(pod(1, None, takes_challenger=False))
    assert verdict.reason is Reason.NOT_MOUNTED
    some, _ = ask(pod(1, None, takes_challenger=False), pod(2, None))
    assert some.reason is Reason.NOT_LOADED


def test_leads_that_could_not_be_given_add_up():
    verdict, _ = ask(pod(1, unread=100), pod(2, unread=150))
    assert verdict.unread == pytest.approx(0.25)
    assert verdict.samples == 2 * LEADS - 250


def test_scores_of_both_models_are_compared_lead_by_lead():
    same, swapped = [0] * 100, [0] * 100
    same[0] = same[99] = 50
    swapped[9] = swapped[90] = 25
    first, second = PairedWindow(100, 10.0, 2.0, tuple(same)), PairedWindow(50, -4.0, 1.0, tuple(swapped))
    pods = [pod(1), pod(2)]
    for number, paired in enumerate((first, second)):
        window = pods[number].window
        slot = replace(window.challenger, paired=paired)
        pods[number] = replace(pods[number], window=replace(window, challenger=slot))
    _, shift = ask(*pods)
    assert shift == ScoreShift(
        leads=150, mean=pytest.approx(0.04), rank=pytest.approx(1 / 3), moved=pytest.approx(1 / 3)
    )
