"""Counts the bytecode instructions and C calls of POST /predict: `counts.py ARTIFACT LEADS.json [FLAG...]`; the packages of an older release may come by PYTHONPATH.

The counts depend neither on the machine nor on its load. The answer is JSON: instructions of each Python function and calls of each
function of C, over COUNTED requests without sockets.
"""

import asyncio
import gc
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from inprocess import requests
from serving import inside

WARM, COUNTED = 200, 100  # requests


async def counted(artifact: str, sent: list[bytes], flags: Sequence[str] = ()) -> Counter[str]:
    """Instructions and C calls by function, of the requests behind the first ones."""
    config = inside.leadmodel(["--artifact", artifact, "--min-auc", "0.5", *flags])
    await inside.look(config)
    connections = inside.Connections(config, 1)
    [(protocol, wire)] = connections.pairs
    counts: Counter[str] = Counter()

    def count(frame: FrameType, event: str, what: Any) -> Any:
        if event in {"opcode", "c_call"}:
            name = what.__qualname__ if event == "c_call" else frame.f_code.co_qualname
            counts[f"{event} {name}"] += 1
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return count

    for request in sent[:WARM]:
        await connections.ask([request])
    gc.disable()
    for request in sent[WARM : WARM + COUNTED]:
        wire.written = b""
        sys.settrace(count)
        sys.setprofile(count)
        protocol.data_received(request)
        sys.setprofile(None)
        sys.settrace(None)
        assert wire.written.endswith(b"}"), "a request must be answered at once"
    return counts


if __name__ == "__main__":
    leads = requests(json.loads(Path(sys.argv[2]).read_text()))
    print(json.dumps(asyncio.run(counted(sys.argv[1], leads, sys.argv[3:]))))
