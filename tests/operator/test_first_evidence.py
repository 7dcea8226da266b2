"""First evidence: what the pods held of a candidate counts for it as champion, until its own leads are enough."""

import math
from dataclasses import replace
from datetime import timedelta
from itertools import islice

import pytest

from leadmodel_messages.window import PairedWindow
from leadmodel_operator.planning import ledger, promotion
from leadmodel_operator.planning.first_evidence import MAX_PACKED, first_evidence, leads, unpack, with_first
from leadmodel_operator.planning.observed import PodSeen
from leadmodel_operator.resource.status import Status
from leadmodel_operator.resource.vocabulary import Evidence
from worlds.leader import Leader
from worlds.names import START, digest
from worlds.programs import Truth
from worlds.windows import LEADS, make_slot, make_window
from worlds.world import World

A, B, C, P = digest("A"), digest("B"), digest("C"), digest("P")


def pod(number: int, *, challenger: str = B, unread: int = 0) -> PodSeen:
    """A pod that serves A beside P and has loaded a candidate."""
    window = make_window(A, P, drifts=False, previous_drifts=True, now=START)
    slot = make_slot(challenger, drifts=False, leads=LEADS - unread)
    slot = replace(slot, n=LEADS, unread=unread, paired=PairedWindow(n=LEADS - unread))
    window = replace(window, challenger=slot, takes_challenger=True)
    return PodSeen(f"pod-{number}", A, "predictor:1", ready=True, champion=A, previous=P, window=window)


def packed(*pods: PodSeen, previous: str | None = A) -> str | None:
    return first_evidence(pods, champion=A, challenger=B, previous=previous)


def test_it_holds_the_candidate_as_champion_and_its_previous_model_on_the_same_leads():
    found = unpack(packed(pod(1), pod(2)), B, START)
    assert found.champion == make_slot(B, drifts=False, leads=2 * LEADS)
    assert found.previous == make_slot(A, drifts=False, leads=2 * LEADS)
    assert not found.since  # no lead came after a breach of the new champion began
    older = unpack(packed(pod(1), previous=P), B, START)
    assert older.previous == make_slot(P, drifts=True)
    assert unpack(packed(pod(1), previous=C), B, START).previous is None


def test_leads_that_it_was_not_given_are_none_of_its_own():
    assert unpack(packed(pod(1, unread=100)), B, START).champion.n == LEADS - 100


def test_pods_of_another_candidate_or_champion_do_not_count():
    other = replace(pod(2), champion=C)
    assert leads([unpack(packed(pod(1), pod(3, challenger=C), other), B, START)]) == LEADS
    assert packed(pod(1, challenger=C)) is None
    assert packed() is None


def test_it_is_small_and_kept_out_where_it_is_not():
    usual, huge = pod(1), pod(2)
    slot = make_slot(B, drifts=False)
    numbers = iter(100 + math.sin(n) for n in range(6400))
    features = {
        f"column_{n}": replace(
            slot.features["score"], observed=(1,) * 64, expected=tuple(islice(numbers, 64))
        )
        for n in range(100)
    }
    window = replace(huge.window, challenger=replace(slot, features=features))
    size = len(packed(usual) or "")
    assert 0 < size < 1024
    kept = packed(replace(huge, window=window))
    assert kept is None
    assert MAX_PACKED < 100_000  # of the MiB that a ledger of 150 records may have


@pytest.mark.parametrize("text", ["", "no base64", "bm8gemxpYg==", None])
def test_what_cannot_be_read_is_none(text):
    assert unpack(text, B, START) is None


def test_it_lasts_a_day_and_is_of_one_champion():
    kept = packed(pod(1))
    assert unpack(kept, B, START + timedelta(hours=23)) is not None
    assert unpack(kept, B, START + timedelta(hours=25)) is None
    assert unpack(kept, A, START) is None


def test_it_counts_beside_own_leads_only_while_these_are_few():
    first = unpack(packed(pod(1)), B, START)
    few, enough = (
        make_window(B, A, drifts=False, previous_drifts=False, now=START, leads=n) for n in (10, 150)
    )
    assert leads(with_first([few], first, 150)) == LEADS + 10
    assert leads(with_first([enough], first, 150)) == 150
    assert with_first([], first, 150) == []  # no pod answers
    assert with_first([few], None, 150) == [few]


def test_of_another_previous_model_only_the_champions_part_counts():
    first = unpack(packed(pod(1)), B, START)
    few = make_window(B, P, drifts=False, previous_drifts=False, now=START, leads=10)
    read = with_first([few], first, 150)
    assert leads(read) == LEADS + 10
    assert [window.previous is None for window in read] == [False, True]
    other = make_window(C, P, drifts=False, previous_drifts=False, now=START, leads=10)
    assert with_first([other], first, 150) == [other]


# --- in the small world ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def world() -> World:
    """A serves in pods that have a place for a candidate; of B, which comes tonight, the pods have few leads of their own."""
    made = World(rendering=4, live=True)
    made.leads[B] = 10
    made.upload("A", Truth())
    Leader(made).step(0.1)
    made.poll_by_schedule()
    Leader(made).step(0.1)
    assert made.status.champion.digest == A
    return made


def of(world: World, wanted: str):
    return next(record for record in world.ledger if record.digest == wanted)


def test_a_rollout_leaves_no_gap(world):
    world.retrain("B", Truth())
    Leader(world).step()
    assert world.status.champion.digest == B
    assert world.status.drift.evidence is Evidence.PASS
    assert world.status.drift.samples > 2 * LEADS
    assert world.status.champion.proven_at is None  # nothing was answered yet that proves it
    assert of(world, B).evidence
    assert of(world, A).evidence is None


def test_without_it_there_is_a_gap(world, monkeypatch):
    """Control: without what the pods held of the candidate, the new champion has no evidence of drift."""
    monkeypatch.setattr(promotion, "first_evidence", lambda *_args, **_kwargs: None)
    world.retrain("B", Truth())
    Leader(world).step()
    assert world.status.champion.digest == B
    assert world.status.drift.evidence is Evidence.INSUFFICIENT


def test_it_is_spent_once_its_own_leads_are_enough(world):
    world.retrain("B", Truth())
    Leader(world).step()
    world.leads[B] = 200
    Leader(world).step(0.2)
    assert of(world, B).evidence is None
    assert world.status.drift.samples == 400
    assert world.status.champion.proven_at is not None


def test_it_ends_after_a_day(world):
    world.retrain("B", Truth())
    Leader(world).step()
    Leader(world).step(25)
    assert of(world, B).evidence is None
    assert world.status.drift.evidence is Evidence.INSUFFICIENT


def test_nothing_is_spent_while_paused(world):
    world.retrain("B", Truth())
    Leader(world).step()
    kept = of(world, B).evidence
    world.paused, world.leads[B] = True, 200
    Leader(world).step(0.2)
    assert of(world, B).evidence == kept


def test_it_survives_the_loss_of_status(world):
    world.retrain("B", Truth())
    Leader(world).step()
    kept = of(world, B).evidence
    world.lose_status()
    Leader(world).step(0.1)
    assert world.status.champion.digest == B
    assert of(world, B).evidence == kept
    assert world.status.drift.evidence is Evidence.PASS


@pytest.mark.parametrize("cut", range(12))
def test_a_crash_between_any_two_writes_leaves_it_with_the_champion_alone(world, cut):
    world.retrain("B", Truth())
    for _ in range(3):
        Leader(world).run(stop_before=cut)
    Leader(world).step()
    assert world.status.champion.digest == B
    assert world.status.drift.evidence is Evidence.PASS
    assert [record.digest for record in world.ledger if record.evidence] == [B]


def test_evidence_of_a_promotion_that_was_not_recorded_is_of_nobody():
    """Ledger written, status not: the champion of status counts, and what the ledger says of another is dropped."""
    lost = ledger.Record(B, START, role="champion", evidence="kept")
    assert ledger.evidence_of([lost], Status()) is None
    assert not any(record.evidence for record in ledger.render([lost], Status()))


@pytest.mark.parametrize(("new", "sustained"), [(0, False), (60, True)], ids=["alone", "control"])
def test_it_begins_a_breach_and_sustains_none(world, new, sustained):
    """Only leads that came since the breach began sustain one; with them it takes fewer than the 150 of an empty window."""
    world.truths["A"] = Truth(drifts=True)
    world.leads[B] = new
    world.retrain("B", Truth(drifts=True))
    Leader(world).step()
    assert world.status.champion.digest == B  # the world moved
    assert world.status.drift.evidence is Evidence.FAIL
    for _ in range(12):
        Leader(world).step(0.1)
    assert world.status.drift.sustained is sustained
