"""The work queue: one pass for many events, none lost, none put off that a time was set for, and nobody fought with at full speed."""

import asyncio
from dataclasses import replace
from itertools import pairwise
from typing import Self

import pytest

from leadmodel_operator.kubernetes.process.workqueue import WorkQueue
from leadmodel_operator.kubernetes.turns import Turns
from leadmodel_operator.reconcile import Key
from support import virtual_time

KEY = Key("sales", "conversion")


class Uncounted:
    def added(self, depth): ...
    def began(self, waited): ...
    def ended(self, took, result): ...


class Passes:
    """A queue whose passes take a moment; `began` has when each of them began, in seconds from the start."""

    def __init__(self, *, took: float = 0.002, after: float | None = 600.0, acts: bool = False) -> None:
        self.took, self.after, self.acts, self.began = took, after, acts, []
        self.queue = WorkQueue(self._pass, lambda *_: None, Uncounted())

    async def _pass(self, key: Key) -> float | None:
        self.began.append(asyncio.get_running_loop().time() - self.start)
        if self.acts:
            self.queue.useful(key)
        await asyncio.sleep(self.took)
        return self.after

    async def __aenter__(self) -> Self:
        self.start = asyncio.get_running_loop().time()
        self.task = asyncio.create_task(self.queue.run())
        return self

    async def __aexit__(self, *_) -> None:
        self.task.cancel()
        await asyncio.wait({self.task})

    async def tell(self, seconds: float) -> None:
        """Events of the key, a hundred a second."""
        while asyncio.get_running_loop().time() - self.start < seconds:
            self.queue.add(KEY)
            await asyncio.sleep(0.01)


# --- one pass for many events -----------------------------------------------------------------------------------------------


async def at_start() -> int:
    """What lists tell before the first worker is there: object after object of one LeadModel."""
    passes = Passes()
    for _ in range(10):
        passes.queue.add(KEY)
        await asyncio.sleep(0.01)
    async with passes:
        await asyncio.sleep(0.5)
    return len(passes.began)


def test_what_is_told_before_a_pass_begins_is_seen_by_that_pass():
    assert virtual_time.run(at_start()) == 1


def test_control_a_queue_that_takes_waiting_for_running_makes_two(monkeypatch):
    add = WorkQueue.add

    def eager(self, key, after=None):
        if key in self._running:
            self._dirty.add(key)
        add(self, key, after)

    monkeypatch.setattr(WorkQueue, "add", eager)
    assert virtual_time.run(at_start()) == 2


def test_what_is_told_while_a_pass_runs_makes_another():
    async def tell() -> int:
        async with Passes(took=0.1) as passes:
            passes.queue.add(KEY)
            await asyncio.sleep(0.08)
            passes.queue.add(KEY)
            await asyncio.sleep(0.5)
        return len(passes.began)

    assert virtual_time.run(tell()) == 2


async def long_burst(took: float) -> list[float]:
    async with Passes(took=took) as passes:
        await passes.tell(8.0)
    return passes.began


@pytest.mark.parametrize("took", [0.002, 0.1])
def test_a_burst_is_looked_at_less_and_less_often_however_long_a_pass_takes(took):
    began = virtual_time.run(long_burst(took))
    assert began[0] < 0.1, "the first event at once"
    assert len(began) <= 9
    assert max(b - a for a, b in pairwise(began)) < 2.5, "and never left alone"


def test_control_a_pace_that_forgets_with_a_long_pass_is_found_out(monkeypatch):
    slow_down = WorkQueue.slow_down
    monkeypatch.setattr(WorkQueue, "slow_down", lambda self, key, _, now: slow_down(self, key, now, now))
    assert len(virtual_time.run(long_burst(0.1))) > 9


def test_an_event_after_quiet_is_acted_upon_at_once():
    async def tell() -> float:
        async with Passes() as passes:
            await passes.tell(3.0)
            await asyncio.sleep(3.0)
            asked = asyncio.get_running_loop().time() - passes.start
            passes.queue.add(KEY)
            await asyncio.sleep(0.3)
        return passes.began[-1] - asked

    assert 0 <= virtual_time.run(tell()) < 0.1


# --- passes that had something to do -------------------------------------------------------------------------------------------


async def fought_over() -> list[float]:
    """Whatever a pass does, somebody undoes it at once."""
    async with Passes(acts=True) as passes:
        await passes.tell(6.0)
    return passes.began


def test_what_a_pass_causes_is_seen_soon_and_a_fight_slows_down():
    began = virtual_time.run(fought_over())
    assert sum(when < 0.5 for when in began) >= 4
    assert len(began) <= 12


def test_control_two_who_fight_at_full_speed_are_found_out(monkeypatch):
    monkeypatch.setattr(WorkQueue, "slow_down", lambda *_: None)
    assert len(virtual_time.run(fought_over())) > 100


# --- times that were asked for ----------------------------------------------------------------------------------------------------


async def longest_wait(after: float) -> float:
    """In the midst of a burst, once passes have come far apart."""
    async with Passes(after=after) as passes:
        await passes.tell(6.0)
    return max(b - a for a, b in pairwise(passes.began))


def test_a_reading_that_is_due_is_not_put_off_by_a_burst():
    assert virtual_time.run(longest_wait(0.4)) < 0.6


def test_control_without_a_time_of_its_own_the_burst_would_have_put_it_off():
    assert virtual_time.run(longest_wait(600.0)) > 1.5


# --- the end ----------------------------------------------------------------------------------------------------------------------


async def begun_while_draining() -> int:
    """A pass runs, the other workers are idle, and events of other keys go on."""
    async with Passes(took=1.0) as passes:
        passes.queue.add(KEY)
        await asyncio.sleep(0.5)
        draining = asyncio.create_task(passes.queue.drain(5.0))
        for number in range(5):
            passes.queue.add(Key("sales", f"other-{number}"))
            await asyncio.sleep(0.1)
        await draining
        return len(passes.began)


def test_no_pass_begins_once_the_queue_is_drained():
    assert virtual_time.run(begun_while_draining()) == 1


def test_control_a_queue_whose_idle_workers_go_on(monkeypatch):
    monkeypatch.setattr(Turns, "take", lambda self, real=Turns.take: real(replace(self, each=5)))
    assert virtual_time.run(begun_while_draining()) > 1
