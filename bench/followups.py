"""Follow-ups through kills and lost answers, what each step of them costs, and whole pods under load.

`python bench/followups.py [PART ...] [--server valkey|redis] [--count N] [--chance P]` prints a line of JSON per part.
Under kills, `look-up` and `none` are the product with and without a provider that can be asked, `blind` and `no-ledger` the controls; `fire` is
the same through whole pods with RQ. The other parts: `scripts` and `limiter` of the ledger, `crowds` of follow-ups or people in one call,
`memory` of what waits and the tick that finds nothing due, `templates`, `webhooks`, and of pods `sends`, `late`, `killed` and `restarted`.
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

import followup_pods  # noqa: E402
from followup_ledger import crowds, limiter, memory, scripts, timed  # noqa: E402
from followup_webhooks import webhooks  # noqa: E402

from leadmodel_followup.planning.spec import DAY_MS  # noqa: E402
from leadmodel_followup.templates.segments import segments  # noqa: E402
from leadmodel_followup.templates.templates import Kind, Templates  # noqa: E402
from support.followup_kills import Fire, run  # noqa: E402
from support.followup_templates import example_files, fields, folder  # noqa: E402
from support.hostile_templates import GROWTH_MB, outcomes, sources  # noqa: E402
from support.redis_servers import Server  # noqa: E402


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


PARTS = {
    "kills": kills,
    "scripts": scripts,
    "limiter": limiter,
    "memory": memory,
    "crowds": crowds,
    "templates": templates,
    "webhooks": webhooks,
    **{name: followup_pods.part(name) for name in followup_pods.PARTS},
}


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
    parser.add_argument("--waiting", type=int, default=100_000, help="follow-ups that wait")
    parser.add_argument("--seconds", type=float, default=5.0, help="time under the limiter")
    parser.add_argument("--sends", type=int, default=480, help="messages of a pod")
    parser.add_argument("--full", action="store_true", help="fire: 3,000 follow-ups in place of 150")
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
