"""What the text of a lead costs: the tokeniser and the features, as multiples of `str.split` on the same text in the same run.

    python bench/text.py [--rounds N]

CPU time, the least of the rounds, which take turns. Hostile texts are read twice, once four times as long: a ratio of four is linear.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "tests"), str(HERE.parent / "tests" / "text")]

from test_tokens_hostile import HOSTILE  # noqa: E402

from leadmodel_text.features import features  # noqa: E402
from leadmodel_text.tokens import MAX_CHARS, spans, tokens  # noqa: E402

MESSAGE = "Could we get a quote for 25 seats before Friday, pls"  # 52 characters
LONG = 20_000


def microseconds(calls: dict[str, Callable[[], object]], rounds: int, repeat: int) -> dict[str, float]:
    """The CPU time of each call, the least of the rounds."""
    least = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for name, call in calls.items():
            started = time.process_time()
            for _ in range(repeat):
                call()
            least[name] = min(least[name], (time.process_time() - started) / repeat * 1e6)
    return least


def heads(text: str, rounds: int, repeat: int) -> None:
    """Print the time of each step for a text, and its multiple of `str.split`."""
    words = tokens(text).words
    least = microseconds(
        {
            "str.split": text.split,
            "tokens": lambda: tokens(text),
            "features": lambda: features(words),
            "tokens and features": lambda: features(tokens(text).words),
            "spans": lambda: spans(text),
        },
        rounds,
        repeat,
    )
    print(f"\n{len(text)} characters, {len(words)} words")
    for name, cost in least.items():
        print(f"  {name:20} {cost:10.2f} µs {cost / least['str.split']:8.1f} x")


def hostile(rounds: int) -> None:
    """Print, for each hostile kind, what 20,000 characters cost, and what four times the text costs where nothing is cut."""
    print(
        f"\n{LONG} hostile characters: tokens within the limit, and a text of 8,000 against 2,000 characters without one"
    )
    for kind, unit in HOSTILE.items():
        text = (unit * LONG)[:LONG]
        least = microseconds(
            {
                "limit": lambda text=text: tokens(text),
                "short": lambda text=text: tokens(text[:MAX_CHARS], LONG),
                "long": lambda text=text: tokens(text[: 4 * MAX_CHARS], LONG),
            },
            rounds,
            2,
        )
        print(f"  {kind:20} {least['limit'] / 1000:8.2f} ms {least['long'] / least['short']:8.1f} x")


def main() -> None:
    """Print the costs of a short message, of a long one and of hostile texts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    heads(MESSAGE, rounds, 2000)
    heads((MESSAGE + ". ") * (MAX_CHARS // (len(MESSAGE) + 2)), rounds, 50)
    hostile(max(3, rounds // 5))


if __name__ == "__main__":
    main()
