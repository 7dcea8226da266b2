"""Follow-ups through kills and lost answers, and what the ledger's scripts cost beside a PING.

`python bench/followups.py [kills|scripts|memory|templates|webhooks ...] [--server valkey|redis] [--count N] [--chance P]`. Each prints JSON lines.
Under kills, `look-up` and `none` are the product with and without a provider that can be asked, `blind` and `no-ledger` the controls.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent / "tests")]

from followup_webhooks import webhooks  # noqa: E402

from leadmodel_followup.ledger.ledger import Ledger  # noqa: E402
from leadmodel_followup.ledger.records import ALWAYS, Conditions, FollowUp, Rate  # noqa: E402
from leadmodel_followup.planning.identity import ContactHasher, follow_up_id  # noqa: E402
from leadmodel_followup.planning.spec import DAY_MS, Cap  # noqa: E402
from leadmodel_followup.templates.segments import segments  # noqa: E402
from leadmodel_followup.templates.templates import Kind, Templates  # noqa: E402
from support.followup_kills import Fire, run  # noqa: E402
from support.followup_templates import example_files, fields, folder  # noqa: E402
from support.hostile_templates import GROWTH_MB, outcomes, sources  # noqa: E402
from support.redis_servers import Server  # noqa: E402

HASHER = ContactHasher("acme", b"0123456789abcdef")
RATES = tuple(Rate(name, 1, 1_000_000) for name in ("tenant", "from:a", "to:b"))


def kills(port: int, given: argparse.Namespace) -> dict:
    """Each policy once; the one without look-up gives up after five seconds instead of a day."""
    results = {}
    for policy in given.policies.split(","):
        count = given.count if policy == "look-up" else min(given.count, 300)
        chance = given.chance if policy == "look-up" else 0.09
        give_up = 5000 if policy == "none" else DAY_MS
        fire = Fire(port, policy=policy, count=count, kill=chance, give_up_ms=give_up, workers=2)
        results[policy] = {"followUps": count, **asdict(run(fire))}
    return results


def timed(call, values: list) -> float:
    """Microseconds per call."""
    began = time.perf_counter()
    for value in values:
        call(value)
    return (time.perf_counter() - began) / len(values) * 1e6


def made(count: int) -> tuple[list[FollowUp], int]:
    """So many follow-ups that are due, each of a contact of its own."""
    now = time.time_ns() // 1_000_000
    names = [(f"lead-{i}", HASHER.contact(str(i))) for i in range(count)]
    ids = [follow_up_id("acme", lead, "plan", 1, "step-1") for lead, _ in names]
    return [
        FollowUp(n, lead, who, "sms", "step-1", now) for n, (lead, who) in zip(ids, names, strict=True)
    ], now


def scripts(port: int, given: argparse.Namespace) -> dict:
    """Microseconds per call, and as a multiple of a PING in the same run; begin with two caps and three rates."""
    client = Server("", Path(), port=port).client()
    client.flushall()
    ledger, (every, now) = Ledger(client, "acme"), made(given.calls)
    for each in every:
        ledger.consent(each.contact, "sms", "address", now, "form")
    bare = Conditions("address", ALWAYS, 60_000, (Cap(1, DAY_MS), Cap(3, 7 * DAY_MS)))
    full = Conditions(bare.address, bare.window, bare.look_ms, bare.caps, RATES)
    half = len(every) // 2
    took = {
        "ping": timed(lambda _: client.ping(), every),
        "create": timed(lambda each: ledger.create(each, now), every),
        "beginWithoutRates": timed(lambda each: ledger.begin(each.id, bare), every[:half]),
        "begin": timed(lambda each: ledger.begin(each.id, full), every[half:]),
        "sent": timed(lambda each: ledger.sent(each.id, 1, "p"), every),
    }
    return {name: {"us": round(us, 1), "pings": round(us / took["ping"], 2)} for name, us in took.items()}


def memory(port: int, given: argparse.Namespace) -> dict:
    """Bytes per waiting follow-up with a contact of its own, and a tick that claims nothing among all that wait."""
    client = Server("", Path(), port=port).client()
    client.flushall()
    ledger, (every, now) = Ledger(client, "acme"), made(given.waiting)
    before = client.info("memory")["used_memory"]
    for each in every:
        later = FollowUp(each.id, each.lead, each.contact, each.channel, each.step, now + DAY_MS)
        ledger.create(later, now)
    each_bytes = (client.info("memory")["used_memory"] - before) / given.waiting
    ping = timed(lambda _: client.ping(), every[:2000])
    idle = timed(lambda _: ledger.claim(32, 1000), every[:2000])
    return {
        "waiting": given.waiting,
        "bytes": round(each_bytes),
        "idleClaimUs": round(idle, 1),
        "pingUs": round(ping, 1),
    }


def templates(_: int, given: argparse.Namespace) -> dict:
    """CPU time of each hostile source, as a multiple of reading the example's e-mail; microseconds of usual texts and the segments of one.

    The control reads six of the sources with the sandbox of Jinja2 alone, in the same bounds: how many of them lived.
    """
    with tempfile.TemporaryDirectory() as place:
        files = {name: text for name, text in example_files().items() if name.startswith("offer.en")}
        usual = folder(Path(place), files)
        began = time.process_time()
        read = [Templates.from_folder(usual) for _ in range(20)][-1]
        reading_ms = (time.process_time() - began) / 20 * 1000
    every = outcomes(list(sources()))
    slowest = sorted(every.items(), key=lambda item: -item[1][0])[:3]
    dead = ["product of a text", "wide format", "filter center", "filter indent", "filter batch", "laughs"]
    body = read.render("offer", "en", Kind.EMAIL, fields()).body
    return {
        "sources": len(sources()),
        "ended": len(every),
        "growthMb": GROWTH_MB,
        "readingUsualMs": round(reading_ms, 2),
        "slowest": {name: {"ms": ms, "usual": round(ms / reading_ms, 1)} for name, (ms, _) in slowest},
        "sandboxAloneLived": sum(len(outcomes([f"{name} (txt)"], "sandbox")) for name in dead),
        "renderUs": round(
            timed(lambda _: read.render("offer", "en", Kind.EMAIL, fields()), [0] * given.calls), 1
        ),
        "segmentsUs": round(timed(segments, [body[:160]] * given.calls), 1),
    }


PARTS = {"kills": kills, "scripts": scripts, "memory": memory, "templates": templates, "webhooks": webhooks}


def main() -> None:
    """Measure what is named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", choices=[*PARTS, []], default=[])
    parser.add_argument("--server", choices=["valkey", "redis"], default="valkey")
    parser.add_argument("--count", type=int, default=3000, help="follow-ups under kills")
    parser.add_argument(
        "--chance", type=float, default=0.09, help="chance of a SIGKILL at each of the four points"
    )
    parser.add_argument("--policies", default="look-up,none,blind,no-ledger")
    parser.add_argument("--calls", type=int, default=4000)
    parser.add_argument("--waiting", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=1000, help="messages per channel with six events each")
    given = parser.parse_args()
    for name in given.what or PARTS:
        with tempfile.TemporaryDirectory() as folder:
            server = Server(given.server, Path(folder), ("--appendonly", "yes")).start()
            try:
                figures = PARTS[name](server.port, given)
            finally:
                server.stop(kill=True)
        print(
            json.dumps({"measured": name, "server": given.server, "load": os.getloadavg()[0], **figures}),
            flush=True,
        )


if __name__ == "__main__":
    main()
