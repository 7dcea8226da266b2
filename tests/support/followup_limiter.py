"""Many processes that want to send at once under three rates, as fast as they can ask; and when each was let."""

import multiprocessing
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

import redis

from leadmodel_followup.ledger.ledger import Ledger
from leadmodel_followup.ledger.records import ALWAYS, Conditions, FollowUp, Go, Rate
from leadmodel_followup.planning.identity import plan_tag

EVERY_US, BURST = 20_000, 25
RATES = tuple(Rate(name, EVERY_US, BURST) for name in ("tenant", "from:a", "to:b"))
Ask = Callable[["redis.Redis", Ledger, str], bool]


@dataclass(frozen=True)
class Let:
    """When messages were let, in milliseconds of the server, and how many asked."""

    times: Sequence[int]
    asked: int

    def beyond(self) -> float:
        """By how many the fullest of all windows of time exceeds burst and rate; 0 or less where none does.

        A time is cut to its millisecond, so a window may be one longer than it looks.
        """
        times = sorted(self.times)
        return max(
            j - i + 1 - BURST - (times[j] - times[i] + 1) * 1000 / EVERY_US
            for i in range(len(times))
            for j in range(i, len(times))
        )


def ledger_asks(_: "redis.Redis", ledger: Ledger, name: str) -> bool:
    """The product: one script looks and takes."""
    return isinstance(ledger.begin(name, Conditions(name, ALWAYS, 60_000, rates=RATES)), Go)


def two_calls_ask(client: "redis.Redis", _: Ledger, name: str) -> bool:
    """The same rule in two calls, as a control: between look and taking, others look."""
    seconds, rest = client.time()
    now = seconds * 1_000_000 + rest
    full = max(int(client.get("loose") or 0), now) + EVERY_US
    if full - BURST * EVERY_US > now:
        return False
    client.set("loose", full)
    client.hset(f"fu:{{acme}}:f:{name}", "began", now // 1000)
    return True


def _names(process: int, count: int) -> list[str]:
    return [f"{plan_tag('plan')}{process:04}{i:08}" for i in range(count)]


def _hammer(port: int, names: Sequence[str], until: float, ask: Ask, asked) -> None:
    client = redis.Redis(port=port)
    ledger, calls, left = Ledger(client, "acme"), 0, iter(names)
    name = next(left)
    while time.time() < until:
        calls += 1
        if ask(client, ledger, name):
            name = next(left)
    asked.put(calls)


def crowd(port: int, ask: Ask = ledger_asks, processes: int = 16, seconds: float = 1.5) -> Let:
    """All processes ask for so long, each for follow-ups to people of its own."""
    client = redis.Redis(port=port)
    client.flushall()
    ledger, now = Ledger(client, "acme"), round(time.time() * 1000)
    most = 2 * (BURST + round(seconds * 1_000_000 / EVERY_US))
    every = [_names(process, most) for process in range(processes)]
    for name in chain(*every):
        ledger.consent(name, "sms", name, now, "form")
        ledger.create(FollowUp(name, "lead", name, "sms", "step", now), now)
    client.config_resetstat()
    context = multiprocessing.get_context("fork")
    asked, until = context.Queue(), time.time() + seconds
    running = [context.Process(target=_hammer, args=(port, names, until, ask, asked)) for names in every]
    for one in running:
        one.start()
    total = sum(asked.get(timeout=60) for _ in running)
    for one in running:
        one.join()
    began = [client.hget(f"fu:{{acme}}:f:{name}", "began") for name in chain(*every)]
    return Let([int(at) for at in began if at], total)
