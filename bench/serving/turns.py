"""A predictor without sockets in a process of its own, which measures a round whenever it is asked: `turns.py ARTIFACT LEADS.json [FLAG...]`.

A line of standard input is a round; the answer is the µs of CPU a request. The packages of an older release may come by PYTHONPATH.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import uvloop
from inprocess import CONNECTIONS, once, requests
from serving import inside
from serving.models import Lead


async def rounds(artifact: str, leads: list[Lead], flags: Sequence[str] = ()) -> None:
    """Answer until standard input ends."""
    config = inside.leadmodel(["--artifact", artifact, "--min-auc", "0.5", *flags])
    await inside.look(config)
    connections = inside.Connections(config, CONNECTIONS)
    sent = requests(leads)
    for _ in sys.stdin:
        print(await once(connections, sent), flush=True)


if __name__ == "__main__":
    uvloop.run(rounds(sys.argv[1], json.loads(Path(sys.argv[2]).read_text()), sys.argv[3:]))
