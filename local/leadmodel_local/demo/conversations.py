"""Past conversations in a Valkey server of the demo, some with personal data.

All conversations are invented, and no value belongs to anyone: mail addresses at example.com, and telephone and card numbers that are
reserved for examples.
"""

import json
import random
import socket
from dataclasses import dataclass
from typing import Any

from leadmodel_local.demo.sandbox import Sandbox, StepFailed
from leadmodel_local.followups import valkey

COUNT, TURNS = 300, 4
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
    """The conversations as written: number of messages, number of messages with personal data, the values to be redacted."""

    messages: int
    personal: int
    values: frozenset[str]


def start_server(sandbox: Sandbox) -> str:
    """Start the Valkey server on a free port and return its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder, data = sandbox.path("valkey"), sandbox.path("valkey-data")
    data.mkdir(parents=True, exist_ok=True)
    command = [_server(), "--bind", "127.0.0.1", "--port", str(port), "--dir", str(data), "--save", ""]
    sandbox.children.start(folder, command, tied=True)
    return f"redis://127.0.0.1:{port}/0"


def _server() -> str:
    try:
        return valkey.binary()
    except valkey.NoServer as error:
        raise StepFailed(str(error)) from None


def client(url: str) -> Any:
    """Return a client for the server at this URL. Raises StepFailed when the client is not installed."""
    try:
        from valkey import Valkey
    except ImportError:
        raise StepFailed(valkey.NEEDED) from None
    return Valkey.from_url(url, decode_responses=True, socket_timeout=10)


def fill(url: str, seed: int) -> Sample:
    """Write conversations as lists of JSON messages."""
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


def count_messages(url: str, sample: Sample) -> tuple[int, int]:
    """Count the messages on the server, and those that still hold a value of the sample."""
    server = client(url)
    messages = [text for key in server.scan_iter("conversation:*") for text in server.lrange(key, 0, -1)]
    return len(messages), sum(any(value in text for value in sample.values) for text in messages)
