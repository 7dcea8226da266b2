"""What the ledger's scripts cost beside a PING, a limiter under sixteen processes, and follow-ups that wait."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent / "tests")]

import redis  # noqa: E402

from leadmodel_followup.dispatch.settings import DispatchSettings  # noqa: E402
from leadmodel_followup.ledger.events import Event, Kind  # noqa: E402
from leadmodel_followup.ledger.ledger import Ledger  # noqa: E402
from leadmodel_followup.ledger.records import ALWAYS, Conditions, FollowUp, Rate, Submission  # noqa: E402
from leadmodel_followup.planning.identity import ContactHasher, follow_up_id  # noqa: E402
from leadmodel_followup.planning.spec import DAY_MS, Cap  # noqa: E402
from leadmodel_followup.worker.bell import Bell  # noqa: E402
from leadmodel_followup.worker.jobs import queue  # noqa: E402
from support import followup_limiter  # noqa: E402
from support.redis_servers import Server  # noqa: E402

HASHER = ContactHasher("acme", b"0123456789abcdef")
RATES = tuple(Rate(name, 1, 1_000_000) for name in ("tenant", "from:a", "to:b"))


def timed(call, values: list) -> float:
    """Call once per value, one after the other. Returns microseconds per call, as a mean."""
    began = time.perf_counter()
    for value in values:
        call(value)
    return (time.perf_counter() - began) / len(values) * 1e6


def made(count: int, due_ms: int) -> Iterator[FollowUp]:
    """So many follow-ups, each of a contact of its own."""
    for i in range(count):
        name = follow_up_id("acme", f"lead-{i}", "plan", 1, "step-1")
        yield FollowUp(name, f"lead-{i}", HASHER.contact(str(i)), "sms", "step-1", due_ms)


def _in_pings(took: dict[str, float]) -> dict:
    return {name: {"us": round(us, 1), "pings": round(us / took["ping"], 2)} for name, us in took.items()}


def scripts(port: int, given) -> dict:
    """Microseconds per call, and as a multiple of a PING in the same run; begin with two caps and three rates.

    `bare` is a script that does nothing: the floor of every step of the ledger.
    """
    client = Server("", Path(), port=port).client()
    client.flushall()
    now = time.time_ns() // 1_000_000
    ledger, every = Ledger(client, "acme"), list(made(given.calls, now))
    for each in every:
        ledger.consent(each.contact, "sms", each.contact, now, "form")
    caps, half = (Cap(1, DAY_MS), Cap(3, 7 * DAY_MS)), len(every) // 2
    bare = [(each.id, Conditions(each.contact, ALWAYS, 60_000, caps)) for each in every[:half]]
    full = [(each.id, Conditions(each.contact, ALWAYS, 60_000, caps, RATES)) for each in every[half:]]
    nothing = client.register_script("return 1")
    took = {
        "ping": timed(lambda _: client.ping(), every),
        "bare": timed(lambda _: nothing(keys=["fu:{acme}"]), every),
        "create": timed(lambda each: ledger.create(each, now), every),
        "beginWithoutRates": timed(lambda each: ledger.begin(*each), bare),
        "begin": timed(lambda each: ledger.begin(*each), full),
        "sent": timed(lambda each: ledger.sent(each.id, 1, "p"), every),
    }
    return _in_pings(took)


def limiter(port: int, given) -> dict:
    """Sixteen processes under three rates: the most beyond rate and burst in any window, and the server's time per decision.

    `beyond` of 0 or less is within. The control decides in two calls of the server.
    """
    client = redis.Redis(port=port)
    let = followup_limiter.crowd(port, seconds=given.seconds)
    stats = client.info("commandstats")["cmdstat_evalsha"]
    loose = followup_limiter.crowd(port, followup_limiter.two_calls_ask, seconds=given.seconds)
    alone = scripts(port, given)
    return {
        "processes": 16,
        "asked": let.asked,
        "left": len(let.times),
        "beyond": round(let.beyond(), 2),
        "controlBeyond": round(loose.beyond(), 2),
        "serverUsPerDecision": stats["usec_per_call"],
        **{name: alone[name] for name in ("ping", "bare", "begin")},
    }


def crowds(port: int, _) -> dict:
    """Milliseconds of the one call that looks at all of a person with many follow-ups, or at all people behind one address.

    For so long the server answers nobody else.
    """
    client = Server("", Path(), port=port).client()
    return {str(many): _crowd(client, many) for many in (10, 100, 1000)}


def _crowd(client: "redis.Redis", many: int) -> dict[str, float]:
    client.flushall()
    now = time.time_ns() // 1_000_000
    ledger = Ledger(client, "acme")
    names = [follow_up_id("acme", f"lead-{i}", "plan", 1, "step-1") for i in range(many)]
    for i, name in enumerate(names):
        ledger.create(FollowUp(name, f"lead-{i}", "one", "sms", "step-1", now), now)
        ledger.consent(f"person-{i}", "sms", "shared", now, "form")
        ledger.create(FollowUp(f"{name[:4]}person{i:06}", "lead", f"person-{i}", "sms", "step-1", now), now)
    ledger.consent("one", "sms", "own", now, "form")
    conditions = Conditions("own", ALWAYS, 60_000, (Cap(1000, DAY_MS),))
    stop = Event("sms", Kind.OPTED_OUT, now, address="shared")
    calls = {
        "submit": lambda: ledger.submit(Submission("one", "lead-0", now, tuple(names)), []),
        "begin": lambda: ledger.begin(names[-1], conditions),
        "stopOfPerson": lambda: ledger.stop("one"),
        "stopFromSharedAddress": lambda: ledger.apply(stop),
    }
    return {name: round(timed(lambda _, call=call: call(), [0]) / 1000, 2) for name, call in calls.items()}


def _bytes_each(client: "redis.Redis", ledger: Ledger, count: int, arm: str = "") -> int:
    """Bytes per follow-up of so many that wait in an empty server."""
    client.execute_command("FLUSHALL", "SYNC")  # or what was there is given back meanwhile
    now = time.time_ns() // 1_000_000
    ledger.create(next(made(1, now + DAY_MS)), now)  # which loads the script
    before = client.info("memory")["used_memory"]
    for each in made(count, now + DAY_MS):
        ledger.submit(Submission(each.contact, each.lead, now, arm=arm), [each])
    return round((client.info("memory")["used_memory"] - before) / count)


def memory(port: int, given) -> dict:
    """Bytes per waiting follow-up with a contact of its own, in an arm of an experiment and without; a tick that finds none of them due."""
    client = Server("", Path(), port=port).client()
    ledger, calls = Ledger(client, "acme"), range(2000)
    in_arm = _bytes_each(client, ledger, given.waiting, "control")
    each_bytes = _bytes_each(client, ledger, given.waiting)
    bell = Bell(ledger, {"sms": queue(client, "sms")}, 32, 30, DispatchSettings())
    rounds = [
        _in_pings(
            {
                "ping": timed(lambda _: client.ping(), list(calls)),
                "tick": timed(lambda _: bell.tick(), list(calls)),
            }
        )
        for _ in range(5)
    ]
    best = min(rounds, key=lambda one: one["tick"]["us"])
    return {
        "waiting": given.waiting,
        "bytes": each_bytes,
        "bytesInArm": in_arm,
        "serverMb": _rss_mb(client),
        **best,
    }


def _rss_mb(client: "redis.Redis") -> int:
    pid = client.info("server")["process_id"]
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6)
