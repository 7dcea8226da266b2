"""What the four heads of a text model cost, beside VADER and scikit-learn's own pipeline on the same texts in the same run.

    python bench/enrichment.py [--rounds N] [--texts N]

Texts are the messages of training/sales_en of 42 to 62 characters, in turn, so that a text is new to the processor when it comes again.
Both sides learn from all messages: the tables here are fitted for their size and speed, not to be served. Every program is timed by the
processor's time of a call, of which the least of all rounds counts, for what disturbs a call only adds to its time; programs take turns.
The memory of a loaded model is the growth of a new process.
"""

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

import msgspec
import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from leadmodel_text.base import base
from leadmodel_text.cues import CUES
from leadmodel_text.document import MAX_FEATURES, ClassHead, Document, ScoreHead, Table
from leadmodel_text.enrich import Enricher
from leadmodel_text.features import features
from leadmodel_text.files import dump, load, pack
from leadmodel_text.tokens import VERSION, tokens

MESSAGES = Path(__file__).parent.parent / "training" / "sales_en" / "messages.jsonl"
HOSTILE = {
    "new words": "".join(f"w{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}{chr(97 + n // 676)}x " for n in range(4000)),
    "one word": "a" * 20_000,
    "one cue": "not " * 5000,
    "shared grams": "pricing prices priced pricey " * 700,
    "marks": "e\u0301\u0302\u0303" * 5000,
}  # fmt: skip
LOADING = """
import sys, time
from leadmodel_text.enrich import Enricher
from leadmodel_text.files import load
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096
data = open(sys.argv[1], "rb").read()
load(data)
before = resident()
started = time.process_time()
enricher = Enricher(load(data))
took = time.process_time() - started
for line in open(sys.argv[2]):
    enricher.enrich(line)
print(took * 1e3, (resident() - before) / 1e6)
"""


def table(
    texts: Sequence[str], labels: Sequence[object], size: int = MAX_FEATURES
) -> tuple[Table, list[str]]:
    """Fit a logistic regression on features that stand in two texts or more, and keep its weights as bytes."""
    vectorizer = CountVectorizer(
        analyzer=lambda text: features(tokens(text).words), binary=True, min_df=2, max_features=size
    )
    columns = vectorizer.fit_transform(texts).astype(float)
    columns = columns.multiply(1 / np.sqrt(np.maximum(columns.sum(axis=1), 1))).tocsr()
    model = LogisticRegression(C=30, max_iter=300).fit(columns, labels)
    scale = float(np.abs(model.coef_).max() / 127)
    weights = np.round(model.coef_.T / scale).astype("int8").tobytes()
    return Table(
        tuple(vectorizer.get_feature_names_out()), weights, scale, tuple(map(float, model.intercept_))
    ), [str(name) for name in model.classes_]


def document(rows: Sequence[dict]) -> Document:
    """Make a document of four heads from the messages on whose labels both passes agree."""
    texts = [row["text"] for row in rows]
    labels, classes = table(texts, [row["labels"][0] for row in rows])
    scope, _ = table(texts, [row["labels"][0] != "small_talk" for row in rows])
    urgent, _ = table(texts, [row["urgent"][0] for row in rows])
    intent = ClassHead(tuple(classes), labels, 1.0, scope, 0.4, 0.3, 0.3, 2)
    urgency = ScoreHead(urgent, 1.0, 0.4, 0.7, 0.3, 2, CUES)
    return replace(
        base(), name="bench", version=1, tokenizer=VERSION, languages=("en",), intent=intent, urgency=urgency
    )


def timed(
    programs: dict[str, Callable[[str], object]], texts: Sequence[str], rounds: int
) -> dict[str, float]:
    """Return the microseconds of a call per program: the median over the texts of the least of all rounds; programs take turns."""
    least = {name: [math.inf] * len(texts) for name in programs}
    for _ in range(rounds):
        for name, program in programs.items():
            for place, text in enumerate(texts):
                started = time.thread_time_ns()
                program(text)
                least[name][place] = min(time.thread_time_ns() - started, least[name][place])
    return {name: median(values) / 1000 for name, values in least.items()}


def loaded(whole: Document, texts: Sequence[str], folder: Path) -> tuple[float, float]:
    """Return milliseconds and megabytes of a document that a new process loads and serves."""
    model, lines = folder / "text.json.gz", folder / "texts.txt"
    model.write_bytes(pack(whole))
    lines.write_text("\n".join(" ".join(text.split()) for text in texts))
    run = subprocess.run(
        [sys.executable, "-c", LOADING, str(model), str(lines)], capture_output=True, text=True, check=True
    )
    took, size = map(float, run.stdout.split())
    return took, size


def load_average() -> str:
    """Name the load of the last minute, without which no figure means anything."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"


def main() -> int:
    """Fit a model and its peers on the messages, time both, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--texts", type=int, default=200)
    options = parser.parse_args()
    rows = [json.loads(line) for line in MESSAGES.read_text().splitlines()]
    rows = [row for row in rows if len(set(row["labels"])) == 1 and len(set(row["urgent"])) == 1]
    whole = document(rows)
    enricher, encode = Enricher(load(pack(whole))), msgspec.json.Encoder().encode
    peer = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
        LogisticRegression(C=30, max_iter=300),
    )
    peer.fit([row["text"] for row in rows], [row["labels"][0] for row in rows])
    vader = SentimentIntensityAnalyzer()
    texts = [row["text"] for row in rows if 42 <= len(row["text"]) <= 62][: options.texts]
    programs = {
        "tokens": tokens,
        "intent, language given": lambda text: enricher.enrich(text, "en", ("intent",), reasons=False),
        "intent only": lambda text: enricher.enrich(text, want=("intent",), reasons=False),
        "four heads": lambda text: enricher.enrich(text, reasons=False),
        "with reasons": enricher.enrich,
        "with reasons and JSON": lambda text: encode(enricher.enrich(text)),
        "VADER, sentiment alone": vader.polarity_scores,
        "scikit-learn, intent alone": lambda text: peer.predict_proba([text]),
    }
    head, size = whole.intent, len(pack(whole))
    assert head is not None
    print(f"Python {platform.python_version()}, {load_average()}")
    print(
        f"{len(head.table.features)} features of intent, {len(head.classes)} classes, {len(dump(whole)) / 1e3:.0f} KB, {size / 1e3:.0f} KB packed"
    )
    print(
        f"\n{len(texts)} texts of {median(map(len, texts)):.0f} characters, {options.rounds} rounds, processor's time, p50 of the least"
    )
    with threadpool_limits(1):
        costs = timed(programs, texts, options.rounds)
    for name, cost in costs.items():
        print(f"  {name:28} {cost:8.1f} µs {cost / costs['four heads']:7.2f} x  {1e6 / cost:8.0f} /s")
    print("\na long text: the least of four heads with reasons, by a new model and again")
    long = " ".join(row["text"] for row in rows)
    for name, text in {
        "2,000 characters": long[:2000],
        **{f"20,000, {kind}": text[:20_000] for kind, text in HOSTILE.items()},
    }.items():
        new = min(timed({name: Enricher(whole).enrich}, [text], 1)[name] for _ in range(options.rounds))
        again = timed({name: enricher.enrich}, [text], options.rounds)[name]
        print(f"  {name:28} {new / 1000:8.2f} ms new, {again / 1000:8.2f} ms again")
    build = Path(__file__).parent.parent / "build"
    build.mkdir(exist_ok=True)
    took, grown = loaded(whole, [row["text"] for row in rows], build)
    print(f"\nloading {took:.1f} ms, memory after {len(rows)} texts {grown:.1f} MB; {load_average()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
