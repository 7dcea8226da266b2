"""The clock of `support.virtual_time` jumps over waiting, keeps the order of what was to come, and notices a dead end."""

import asyncio
import time

import pytest

from support import virtual_time


def test_hours_pass_in_an_instant_and_in_order():
    order = []

    async def sleeper(hours: float) -> None:
        await asyncio.sleep(hours * 3600)
        order.append(hours)

    async def main() -> float:
        await asyncio.gather(*(sleeper(hours) for hours in (3, 1, 2)))
        return asyncio.get_running_loop().time()

    began = time.monotonic()
    assert virtual_time.run(main()) == pytest.approx(3 * 3600)
    assert order == [1, 2, 3]
    assert time.monotonic() - began < 60


def test_a_program_that_waits_for_ever_is_named(monkeypatch):
    monkeypatch.setattr(virtual_time, "PATIENCE_S", 0.05)
    with pytest.raises(RuntimeError, match="waits for ever"):
        virtual_time.run(asyncio.Event().wait())
